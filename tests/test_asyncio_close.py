"""`close()` wakes whoever waits on a stream of AsyncKimi, from any task, event loop or thread, and at any stage."""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest
from fault_server_client import FaultServer
from kit import Script, async_kimi, frame, has, run, stalled, stream_of, until

from kimistream import AsyncKimi, Image, Text, Thinking, Video

ASKED: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}]}
THOUGHT = stalled(frame(reasoning_content="Well"), frame(reasoning_content=" ..."))
WORDS = stalled(frame("One "), frame("two"))
PNG = b"\x89PNG\r\n\x1a\n" + bytes(24_000_000)  # more than a connection takes at once
MP4 = b"\0\0\0\x18ftypisom" + bytes(1000)
LIBCURL_IS_DONE = 0.5  # libcurl's own timers are over by then: what wakes a reader now is the close


class Reader:
    """A task that has taken what came, and waits for more."""

    def __init__(self, stream: Any, read: Callable[[Reader], Coroutine[Any, Any, Any]]) -> None:
        self.stream = stream
        self.taken: list[Any] = []
        self.task = asyncio.ensure_future(read(self))

    async def collect(self, items: Any) -> list[Any]:
        async for item in items:
            self.taken.append(item)
        return self.taken


async def events(reader: Reader) -> Any:
    return await reader.collect(reader.stream)


async def one_by_one(reader: Reader) -> Any:
    while True:
        try:
            reader.taken.append(await anext(reader.stream))
        except StopAsyncIteration:
            return reader.taken


async def texts(reader: Reader) -> Any:
    return await reader.collect(reader.stream.text)


async def thoughts(reader: Reader) -> Any:
    return await reader.collect(reader.stream.thinking)


async def message(reader: Reader) -> Any:
    answer = await reader.stream.message
    return answer.text, answer.finish_reason


async def head(reader: Reader) -> Any:
    async with reader.stream as stream:
        return [event async for event in stream], stream.partial


async def chunks(reader: Reader) -> Any:
    return [chunk.choices[0].delta.content for chunk in await reader.collect(reader.stream)]


async def as_a_task(stream: Any) -> None:
    await stream.close()


async def of_another_loop(stream: Any) -> None:
    await asyncio.to_thread(lambda: asyncio.run(stream.close()))


async def of_no_loop(stream: Any) -> None:
    def close() -> None:
        with pytest.raises(StopIteration):
            stream.close().send(None)

    await asyncio.to_thread(close)


def on(loop: str, coroutine: Coroutine[Any, Any, None]) -> None:
    if loop == "asyncio":
        return run(coroutine)
    made = pytest.importorskip(loop).new_event_loop()
    try:
        made.run_until_complete(asyncio.wait_for(coroutine, 120))
    finally:
        made.close()


@pytest.fixture(params=["asyncio", "uvloop"])
def loop(request: pytest.FixtureRequest) -> str:
    if request.param != "asyncio":
        try:
            importlib.import_module(request.param)
        except ImportError:
            pytest.skip(f"no {request.param}")
    name: str = request.param
    return name


@pytest.mark.parametrize("client_goes_first", [False, True])
@pytest.mark.parametrize("close", [as_a_task, of_another_loop, of_no_loop], ids=lambda close: close.__name__)
def test_a_close_ends_every_wait(
    close: Callable[[Any], Awaitable[None]], client_goes_first: bool, loop: str, fault_server: FaultServer
) -> None:
    """All readers wait at the same time, so that the wait is one."""
    words, thought = fault_server.url(WORDS), fault_server.url(THOUGHT)
    silent = fault_server.url(Script().stall())

    async def ask() -> None:
        client = async_kimi(words)
        other = async_kimi(thought)
        readers = {
            "events": Reader(await client.stream("hi"), events),
            "one by one": Reader(await client.stream("hi"), one_by_one),
            "texts": Reader(client.stream("hi"), texts),
            "thoughts": Reader(other.stream("hi"), thoughts),
            "message": Reader(client.stream("hi"), message),
            "head": Reader(async_kimi(silent).stream("hi"), head),
            "chunks": Reader(await client.chat.completions.create(stream=True, **ASKED), chunks),
        }
        if client_goes_first:  # a stream's reactor is then the stream's alone
            await client.close()
            await other.close()
            del client, other
        await until(lambda: [len(reader.taken) for reader in readers.values()] == [2, 2, 2, 2, 0, 0, 2])
        await until(lambda: fault_server.attempts(silent) == 1 and has(readers["message"].stream, "One two"))
        await asyncio.sleep(LIBCURL_IS_DONE)
        assert [name for name, reader in readers.items() if reader.task.done()] == []
        for reader in readers.values():
            await close(reader.stream)
        assert dict(zip(readers, await asyncio.gather(*(reader.task for reader in readers.values())), strict=True)) == {
            "events": [Text("One "), Text("two")],
            "one by one": [Text("One "), Text("two")],
            "texts": ["One ", "two"],
            "thoughts": ["Well", " ..."],
            "message": ("One two", None),
            "head": ([], None),
            "chunks": ["One ", "two"],
        }
        assert readers["events"].stream.partial.text == "One two"
        assert readers["thoughts"].stream.partial.reasoning == "Well ..."
        await asyncio.to_thread(fault_server.wait_closed, url=words, count=5)

    on(loop, ask())
    for url in (thought, silent):
        fault_server.wait_closed(url=url)


@pytest.mark.parametrize("close", [as_a_task, of_another_loop], ids=lambda close: close.__name__)
def test_a_close_ends_an_upload(close: Callable[[Any], Awaitable[None]], fault_server: FaultServer) -> None:
    url = fault_server.url(Script().read_nothing().stall())

    async def ask() -> None:
        begun = asyncio.Event()
        reader = Reader(async_kimi(url).stream(["see", Image(PNG)], on_upload=lambda sent, total: begun.set()), head)
        await begun.wait()
        await close(reader.stream)
        assert await reader.task == ([], None)

    run(ask())


def test_a_close_ends_the_pause_before_a_retry(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(503, {}, {"Retry-After": "25"}).attempt().json(200, {}))
    pausing = asyncio.Event()

    class Told(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "tried again after" in record.getMessage():
                pausing.set()

    log, told = logging.getLogger("kimistream"), Told()

    async def ask() -> None:
        reader = Reader(async_kimi(url, max_retries=1).stream("hi"), head)
        await pausing.wait()
        await reader.stream.close()
        assert await asyncio.wait_for(reader.task, 15) == ([], None)

    level = log.level
    log.setLevel(logging.INFO)
    log.addHandler(told)
    try:
        run(ask())
    finally:
        log.removeHandler(told)
        log.setLevel(level)
    assert fault_server.attempts(url) == 1


@pytest.mark.parametrize("read", [events, texts, thoughts, message, head, one_by_one], ids=lambda read: read.__name__)
@pytest.mark.parametrize("close", [as_a_task, of_another_loop], ids=lambda close: close.__name__)
def test_a_close_ends_what_is_uploaded_first(
    read: Callable[[Reader], Coroutine[Any, Any, Any]],
    close: Callable[[Any], Awaitable[None]],
    fault_server: FaultServer,
) -> None:
    """A file for the request is on its way to the provider; the request itself is then never sent."""
    url = fault_server.url(Script().stall())

    async def ask() -> None:
        stream = async_kimi(url).stream(["see", Video(MP4, send="upload")])
        reader = Reader(stream, read)
        while fault_server.attempts(url) == 0:
            await asyncio.sleep(0.01)
        await close(stream)
        assert await reader.task in ([], ("", None), ([], None))
        await asyncio.to_thread(fault_server.wait_closed, url=url)
        assert stream.partial is None

    run(ask())
    assert fault_server.attempts(url) == 1


def test_a_stream_that_was_closed_before_it_was_opened_sends_nothing(fault_server: FaultServer) -> None:
    url = fault_server.url(stream_of("x"))

    async def ask() -> None:
        async with async_kimi(url) as client:
            for read in (events, texts, thoughts, head, one_by_one):
                stream = client.stream("hi")
                await stream.close()
                assert await Reader(stream, read).task in ([], ([], None))
            stream = client.stream(["see", Video(MP4, send="upload")])
            await stream.close()
            assert (await stream.message).text == ""
            assert stream.partial is None

    run(ask())
    assert fault_server.attempts(url) == 0


def test_a_cancelled_upload_is_still_a_cancellation(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().stall())

    async def ask() -> None:
        reader = Reader(async_kimi(url).stream(["see", Video(MP4, send="upload")]), message)
        while fault_server.attempts(url) == 0:
            await asyncio.sleep(0.01)
        reader.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader.task
        await asyncio.to_thread(fault_server.wait_closed, url=url)

    run(ask())


def test_closing_the_client_ends_no_stream(fault_server: FaultServer) -> None:
    url = fault_server.url(stalled(frame(reasoning_content="Well"), frame("a")))

    async def ask() -> None:
        client: AsyncKimi = async_kimi(url)
        reader = Reader(client.stream("hi"), events)
        while len(reader.taken) < 2:
            await asyncio.sleep(0.01)
        await client.close()
        await asyncio.sleep(0.05)
        assert not reader.task.done()
        await reader.stream.close()
        assert await reader.task == [Thinking("Well"), Text("a")]

    run(ask())
