"""What a task waits on while its stream has nothing: it runs as the loop reads, with all that a task is promised."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import weakref
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fault_server_client import FaultServer
from kit import Script, answer, async_kimi, frame, run

from kimistream import AsyncKimi, Text

GATED = [frame("one"), frame("two"), *answer("three")]


def gated(fault_server: FaultServer) -> str:
    head = Script().head(200, {"Content-Type": "text/event-stream", "Connection": "close"})
    return fault_server.url(head.send(frame("one")).gate().send(b"".join(answer("two"))).close())


async def texts(stream: Any) -> AsyncIterator[str]:
    async for event in stream:
        if isinstance(event, Text):
            yield event.text


def test_each_task_keeps_its_context(fault_server: FaultServer) -> None:
    url = gated(fault_server)
    who: contextvars.ContextVar[int] = contextvars.ContextVar("who")

    async def read(client: AsyncKimi, number: int) -> list[tuple[str, int]]:
        who.set(number)
        return [(text, who.get()) async for text in texts(client.stream("hi"))]

    async def ask() -> None:
        client = async_kimi(url)
        tasks = [asyncio.ensure_future(read(client, number)) for number in range(8)]
        while await asyncio.to_thread(fault_server.at_gate, url) < 8:
            await asyncio.sleep(0.01)
        fault_server.open(url, 8)
        for number, found in enumerate(await asyncio.gather(*tasks)):
            assert found == [("one", number), ("two", number)]
        assert who.get(None) is None

    run(ask())


def test_a_task_that_is_woken_may_begin_close_and_cancel_others(fault_server: FaultServer) -> None:
    url, plain = gated(fault_server), fault_server.url(Script().event_stream(answer("x")))

    async def ask() -> None:
        client, other = async_kimi(url), async_kimi(plain)
        streams = [client.stream("hi") for _ in range(4)]
        ended: list[str] = []
        tasks: list[asyncio.Task[None]] = []

        said: list[str] = []

        async def read(number: int) -> None:
            try:
                await read_on(number)
            except asyncio.CancelledError as cancelled:
                said.append(str(cancelled))
                raise

        async def read_on(number: int) -> None:
            async for text in texts(streams[number]):
                if text == "two" and not ended:
                    ended.append(f"first {number}")
                    for task, stream in zip(tasks, streams, strict=True):
                        if task is not asyncio.current_task():
                            task.cancel("enough")
                            await stream.close()
                    ended.append((await other.stream("hi").message).text)

        tasks += [asyncio.ensure_future(read(number)) for number in range(4)]
        while await asyncio.to_thread(fault_server.at_gate, url) < 4:
            await asyncio.sleep(0.01)
        fault_server.open(url, 4)
        await asyncio.wait(tasks)
        assert ended[0].startswith("first")
        assert ended[1:] == ["x"]
        assert sorted(task.cancelled() for task in tasks) == [False, True, True, True]
        assert said == ["enough"] * 3

    run(ask())


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_loop_in_one_task_loses_no_other(fault_server: FaultServer, error: type[BaseException]) -> None:
    url = gated(fault_server)
    loop = asyncio.new_event_loop()
    client = async_kimi(url)
    found: dict[int, list[str]] = {number: [] for number in range(4)}

    async def read(number: int) -> None:
        async for text in texts(client.stream("hi")):
            found[number].append(text)
            if text == "two" and number == 0:
                raise error

    async def begin() -> list[asyncio.Task[None]]:
        tasks = [asyncio.ensure_future(read(number)) for number in range(4)]
        while await asyncio.to_thread(fault_server.at_gate, url) < 4:
            await asyncio.sleep(0.01)
        return tasks

    try:
        tasks = loop.run_until_complete(asyncio.wait_for(begin(), 60))
        fault_server.open(url, 4)
        with pytest.raises(error):
            loop.run_until_complete(asyncio.wait(tasks, timeout=60))
        loop.run_until_complete(asyncio.wait(tasks[1:], timeout=60))
        assert isinstance(tasks[0].exception(), error)
        assert all(found[number] == ["one", "two"] for number in range(1, 4))
        loop.run_until_complete(client.close())
    finally:
        loop.close()


def test_a_task_of_pure_python_reads_as_well(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().event_stream(GATED))

    async def read() -> list[str]:
        return [text async for text in texts(async_kimi(url).stream("hi"))]

    async def ask() -> None:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(lambda loop, coroutine, **named: asyncio.tasks._PyTask(coroutine, loop=loop, **named))  # type: ignore[attr-defined]
        task = asyncio.ensure_future(read())
        assert type(task) is asyncio.tasks._PyTask  # type: ignore[attr-defined]
        assert await task == ["one", "two", "three"]
        stalled = asyncio.ensure_future(read_one(fault_server))
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(stalled, 0.05)

    run(ask())


async def read_one(fault_server: FaultServer) -> str:
    return (await async_kimi(fault_server.url(Script().gate().event_stream(GATED))).stream("hi").message).text


def test_who_waits_by_hand_is_called_with_what_it_waits_on(fault_server: FaultServer) -> None:
    url = gated(fault_server)

    async def ask() -> None:
        events = aiter(async_kimi(url).stream("hi").text)
        assert await anext(events) == "one"
        second = events.__anext__().__await__()
        waiter: Any = second.send(None)
        woken: list[Any] = []
        waiter.add_done_callback(woken.append)
        fault_server.open(url)
        while not woken:
            await asyncio.sleep(0.01)
        assert woken == [waiter]
        assert waiter.done()
        assert waiter.result() is None
        with pytest.raises(StopIteration) as end:
            second.send(None)
        assert end.value.value == "two"

    run(ask())


def test_a_task_that_waits_for_ever_goes_with_its_loop(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().gate().event_stream(GATED))
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda loop, context: None)  # "Task was destroyed but it is pending"

    async def read() -> str:
        return (await async_kimi(url).stream("hi").message).text

    async def begin() -> weakref.ref[asyncio.Task[str]]:
        task = asyncio.ensure_future(read())
        while await asyncio.to_thread(fault_server.at_gate, url) < 1:
            await asyncio.sleep(0.01)
        return weakref.ref(task)

    task = loop.run_until_complete(asyncio.wait_for(begin(), 60))
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    del loop
    gc.collect()
    assert task() is None
    fault_server.wait_closed(url=url)
