"""AsyncKimi at its ends: cancellation, several event loops, loops that are gone, things that are dropped."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable
from typing import Any

import pytest
from fault_server_client import FaultServer
from kit import Script, answer, async_kimi, frame, has, python, run, stalled, stream_of, until

from kimistream import AsyncKimi, Text

ASKED: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}]}
STALLED = stalled(frame("One "), frame("two"))


def gated() -> Script:
    """ "a", a gate, "b"."""
    script = Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True).chunk(frame("a")).gate()
    for each in answer("b")[1:]:
        script.chunk(each)
    return script.last_chunk().keep()


async def read_with(client: AsyncKimi, kept: list[Any]) -> None:
    async with client.stream("hi") as stream:
        kept.append(stream)
        async for _ in stream:
            pass


async def read_chunks_with(client: AsyncKimi, kept: list[Any]) -> None:
    async with await client.chat.completions.create(stream=True, **ASKED) as stream:
        kept.append(stream)
        async for _ in stream:
            pass


async def read_the_message(client: AsyncKimi, kept: list[Any]) -> None:
    async with client.stream("hi") as stream:
        kept.append(stream)
        await stream.message


async def read_anonymously(client: AsyncKimi, _: list[Any]) -> None:
    async for _event in client.stream("hi"):
        pass


async def read_anonymous_chunks(client: AsyncKimi, _: list[Any]) -> None:
    async for _chunk in await client.chat.completions.create(stream=True, **ASKED):
        pass


async def await_an_anonymous_message(client: AsyncKimi, _: list[Any]) -> None:
    await client.stream("hi").message


@pytest.mark.parametrize(
    "read",
    [
        read_with,
        read_chunks_with,
        read_the_message,
        read_anonymously,
        read_anonymous_chunks,
        await_an_anonymous_message,
    ],
    ids=lambda read: read.__name__,
)
def test_cancelling_closes_and_keeps(read: Callable[..., Any], fault_server: FaultServer) -> None:
    url = fault_server.url(STALLED)
    kept: list[Any] = []

    async def ask() -> None:
        async with async_kimi(url) as client:
            task = asyncio.ensure_future(read(client, kept))
            await until(lambda: fault_server.attempts(url) == 1)
            if "anonym" not in read.__name__:
                await until(lambda: bool(kept) and has(kept[0], "One two"))
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            del task
            await asyncio.to_thread(fault_server.wait_closed, url=url)  # while the client lives

    run(ask())
    for stream in kept:
        assert (stream.partial.text, stream.partial.finish_reason) == ("One two", None)


@pytest.mark.parametrize("call", ["stream", "complete", "create", "create stream", "models"])
def test_cancelling_before_the_head(call: str, fault_server: FaultServer) -> None:
    url = fault_server.url(Script().stall())

    async def begin(client: AsyncKimi) -> Any:
        if call == "stream":
            return await client.stream("hi")
        if call == "complete":
            return await client.complete("hi")
        if call == "models":
            return await client.models.list()
        return await client.chat.completions.create(stream=call == "create stream", **ASKED)

    async def ask() -> None:
        async with async_kimi(url) as client:
            task = asyncio.ensure_future(begin(client))
            await until(lambda: fault_server.attempts(url) == 1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            del task  # in Python 3.10 it holds what it waited in
            await asyncio.to_thread(fault_server.wait_closed, url=url)

    run(ask())


def test_a_stream_can_be_read_on_after_a_wait_was_cancelled(fault_server: FaultServer) -> None:
    url = fault_server.url(gated())

    async def ask() -> None:
        stream = await async_kimi(url).stream("hi")
        assert await anext(stream) == Text("a")
        for _ in range(3):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(anext(stream), 0.02)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(stream.message, 0.02)
        fault_server.open(url)
        assert await anext(stream) == Text("b")
        assert (await stream.message).text == "ab"

    run(ask())


def test_breaking_out_closes_the_connection(fault_server: FaultServer) -> None:
    url = fault_server.url(STALLED)

    async def ask() -> None:
        client = async_kimi(url)
        async for _ in client.stream("hi"):
            break
        await asyncio.to_thread(fault_server.wait_closed, url=url)
        async for _ in client.stream("hi").text:
            break
        await asyncio.to_thread(fault_server.wait_closed, url=url, count=2)
        async for _ in await client.chat.completions.create(stream=True, **ASKED):
            break
        await asyncio.to_thread(fault_server.wait_closed, url=url, count=3)
        stream = await client.stream("hi")
        await stream.close()
        assert [each async for each in stream] == []
        await asyncio.to_thread(fault_server.wait_closed, url=url, count=4)

    gc.disable()
    try:
        run(ask())
    finally:
        gc.enable()


def test_a_named_stream_that_a_loop_has_left_stays_open(fault_server: FaultServer) -> None:
    url = fault_server.url(stream_of("One ", "two"))

    async def ask() -> None:
        stream = async_kimi(url).stream("hi")
        async for each in stream:
            assert each == Text("One ")
            break
        assert (await stream.message).text == "One two"

    run(ask())


def test_closing_the_client_leaves_streams_under_way_alone(fault_server: FaultServer) -> None:
    """As in Kimi: they go on to their end, and nobody waits for ever."""
    url = fault_server.url(gated())

    async def ask() -> None:
        client = async_kimi(url)
        stream = await client.stream("hi")
        task = asyncio.ensure_future(client.stream("hi").message)
        await until(lambda: fault_server.at_gate(url) == 2)
        await client.close()
        fault_server.open(url, 3)
        assert (await stream.message).text == "ab"
        assert (await task).text == "ab"
        assert (await client.stream("again").message).text == "ab"

    run(ask())


def test_a_stream_outlives_its_client(fault_server: FaultServer) -> None:
    url = fault_server.url(gated())

    async def begin() -> Any:
        return await async_kimi(url).stream("hi")

    async def begin_chunks() -> Any:
        return (await async_kimi(url).chat.completions.create(stream=True, **ASKED)).__aiter__()

    async def ask() -> None:
        stream = await begin()
        gc.collect()
        fault_server.open(url, 2)
        assert (await stream.message).text == "ab"
        texts = [chunk.choices[0].delta.content async for chunk in await begin_chunks()]
        assert texts == ["a", "b", None]

    run(ask())


def test_a_finished_stream_holds_no_connection(fault_server: FaultServer) -> None:
    """Where the client has been closed, whoever keeps its streams keeps values only."""
    url = fault_server.url(stream_of("x"))

    async def ask() -> None:
        client = async_kimi(url)
        streams = [client.stream("hi") for _ in range(3)]
        await streams[0].message
        assert [each async for each in streams[1]] != []
        async with streams[2]:
            pass
        await client.close()
        await asyncio.to_thread(fault_server.wait_closed, url=url)

    run(ask())


# ---- event loops -----------------------------------------------------------------------------------------------------


def test_one_client_in_several_event_loops(fault_server: FaultServer) -> None:
    url = fault_server.url(stream_of("x"))
    client = async_kimi(url)

    async def ask() -> str:
        return "".join([text async for text in client.stream("hi").text])

    assert [run(ask()) for _ in range(5)] == ["x"] * 5
    results: list[list[str]] = []

    async def many() -> list[str]:
        return await asyncio.gather(*(ask() for _ in range(50)))

    threads = [threading.Thread(target=lambda: results.append(run(many()))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [["x"] * 50] * 2


def test_a_running_loop_and_blocking_calls(fault_server: FaultServer) -> None:
    """As in a notebook."""
    from kit import kimi

    url = fault_server.url(stream_of("x"))

    async def cell() -> None:
        assert kimi(url).stream("hi").message.text == "x"
        assert (await async_kimi(url).stream("hi").message).text == "x"

    run(cell())


def test_a_loop_closed_with_a_stream_open(fault_server: FaultServer) -> None:
    url = fault_server.url(STALLED)
    client = async_kimi(url)

    async def begin() -> Any:
        stream = await client.stream("hi")
        assert await anext(stream) == Text("One ")
        return stream

    stream = run(begin())
    assert stream.partial.text.startswith("One ")

    async def go_on(stream: Any) -> None:
        while True:
            await asyncio.wait_for(anext(stream), 1)

    with pytest.raises((RuntimeError, asyncio.TimeoutError)):
        run(go_on(stream))
    del stream
    gc.collect()
    fault_server.wait_closed(url=url)
    other = async_kimi(fault_server.url(stream_of("x")))

    async def ask() -> str:
        return (await other.stream("hi").message).text

    assert run(ask()) == "x"


def test_many_loops_one_after_another_with_streams_left_open(fault_server: FaultServer) -> None:
    url = fault_server.url(STALLED)
    client = async_kimi(url)
    left = []

    async def begin() -> None:
        stream = await client.stream("hi")
        await anext(stream)
        left.append(stream)

    for _ in range(20):
        run(begin())
    left.clear()
    gc.collect()
    fault_server.wait_closed(url=url, count=20)


def test_uvloop(fault_server: FaultServer) -> None:
    uvloop = pytest.importorskip("uvloop")
    fine, silent = fault_server.url(stream_of("a", "b")), fault_server.url(STALLED)

    async def ask() -> None:
        client, other = async_kimi(fine), async_kimi(silent)
        texts = await asyncio.gather(*(client.stream("hi").message for _ in range(50)))
        assert [each.text for each in texts] == ["ab"] * 50
        task = asyncio.ensure_future(other.complete("hi"))
        async for _ in other.stream("hi"):
            break
        await until(lambda: fault_server.attempts(silent) == 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await client.close()
        await other.close()

    loop = uvloop.new_event_loop()
    try:
        loop.run_until_complete(asyncio.wait_for(ask(), 120))
    finally:
        loop.close()
    fault_server.wait_closed(url=silent, count=2)


def test_no_warnings_in_development_mode(fault_server: FaultServer) -> None:
    """Nothing is left running, unawaited or unclosed that Python would complain of."""
    program = """
import asyncio, gc, sys
from kimistream import AsyncKimi, APIError
async def main():
    asyncio.get_running_loop().slow_callback_duration = 600  # else a busy machine is complained of
    client = AsyncKimi("sk-x", base_url=sys.argv[1])
    assert (await client.stream("hi").message).text == "x"
    async for _ in client.stream("hi"): break
    other = AsyncKimi("sk-x", base_url=sys.argv[2], max_retries=0)
    task = asyncio.ensure_future(other.complete("hi"))
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    client.stream("never opened")
    try: await other.stream("hi", timeout=0.1).message
    except APIError as error: print(type(error).__name__)
for _ in range(3):
    asyncio.run(main(), debug=True)
    gc.collect()
"""
    done = python(
        program, fault_server.url(stream_of("x")), fault_server.url(STALLED), flags=("-X", "dev", "-W", "error")
    )
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["APITimeoutError"] * 3, "")
