"""Ctrl-C: a real SIGINT into whatever waits. It ends at once, closes the connection and keeps what had come."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fault_server_client import FaultServer
from kit import Script, answer, async_kimi, frame, has, kimi, stalled, wait_until

ASKED: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}]}
SOON = 10.0  # seconds; measured it is less than a millisecond, but machines are busy. Nothing else ends before 30
pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")


@contextlib.contextmanager
def ctrl_c(ready: Callable[[], bool]) -> Iterator[None]:
    """Presses it once `ready` says so and a moment has passed, and checks how soon the body ends; not later."""
    armed, pressed = threading.Event(), []
    armed.set()

    def press() -> None:
        while armed.is_set() and not ready():
            time.sleep(0.002)
        time.sleep(0.15)
        if armed.is_set():
            pressed.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    try:
        yield
    finally:
        ended = time.monotonic()
        armed.clear()
        thread.join()
    assert pressed
    assert ended - pressed[0] < SOON


def interrupted(
    server: FaultServer, url: str, wait: Callable[[], Any], has_come: Callable[[], bool] = lambda: True
) -> None:
    with ctrl_c(lambda: server.attempts(url) > 0 and has_come()), pytest.raises(KeyboardInterrupt):
        wait()
    server.wait_closed(url=url)


STALLED = stalled(frame("One "), frame("two"))


@pytest.mark.parametrize(
    "read", [list, lambda s: list(s.text), lambda s: s.message, lambda s: [next(s), next(s), next(s)]]
)
def test_in_a_stalled_stream(read: Callable[[Any], Any], fault_server: FaultServer) -> None:
    url = fault_server.url(STALLED)
    stream = kimi(url).stream("hi")
    interrupted(fault_server, url, lambda: read(stream), lambda: has(stream, "One two"))
    assert stream.partial is not None
    assert (stream.partial.text, stream.partial.finish_reason) == ("One two", None)
    assert next(stream, None) is None  # it is over


def test_in_a_stalled_stream_of_chunks(fault_server: FaultServer) -> None:
    url = fault_server.url(STALLED)
    stream = kimi(url).chat.completions.create(stream=True, **ASKED)
    interrupted(fault_server, url, lambda: list(stream), lambda: has(stream, "One two"))
    assert stream.partial is not None
    assert stream.partial.text == "One two"


@pytest.mark.parametrize(
    "wait",
    [
        lambda client: client.stream("hi"),
        lambda client: client.complete("hi"),
        lambda client: client.chat.completions.create(**ASKED),
        lambda client: client.chat.completions.create(stream=True, **ASKED),
        lambda client: client.models.list(),
    ],
)
def test_before_the_response_head(wait: Callable[[Any], Any], fault_server: FaultServer) -> None:
    url = fault_server.url(Script().stall())
    client = kimi(url)
    interrupted(fault_server, url, lambda: wait(client))


def test_while_waiting_for_the_next_attempt(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(429, {"error": {"message": "slow down"}}, {"Retry-After": "30"}))
    client = kimi(url, max_retries=3)
    with ctrl_c(lambda: fault_server.attempts(url) > 0), pytest.raises(KeyboardInterrupt):
        client.stream("hi")
    assert fault_server.attempts(url) == 1


def test_while_connecting() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        queue = [socket.socket() for _ in range(4)]
        for each in queue:
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
        begun = threading.Event()

        def connect() -> None:
            begun.set()
            kimi(f"http://127.0.0.1:{listener.getsockname()[1]}/v1").stream("hi")

        with ctrl_c(begun.is_set), pytest.raises(KeyboardInterrupt):
            connect()
        for each in queue:
            each.close()


def test_while_it_streams_without_a_pause(fault_server: FaultServer) -> None:
    """Where items are always ready, Python itself looks for signals between them."""
    body = frame("word ")
    script = Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True)
    url = fault_server.url(script.repeat(20_000_000, b"%x\r\n%s\r\n" % (len(body), body)))
    with kimi(url).stream("hi") as stream:
        with ctrl_c(lambda: has(stream, "word word ")), pytest.raises(KeyboardInterrupt):
            for _ in stream:
                pass
        assert stream.partial is not None
        assert stream.partial.text.startswith("word word ")
    fault_server.wait_closed(url=url)


def test_a_handler_that_does_not_raise_lets_it_go_on(fault_server: FaultServer) -> None:
    script = Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True).gate().chunk(frame("a")).gate()
    for each in answer("b")[1:]:
        script.chunk(each)
    url = fault_server.url(script.last_chunk().keep())
    handled: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: handled.append(number))
    stream = kimi(url).stream("hi")

    def press() -> None:
        fault_server.open(url)
        wait_until(lambda: has(stream, "a"))  # it is waited for
        os.kill(os.getpid(), signal.SIGINT)
        wait_until(lambda: bool(handled))  # while nothing else comes
        fault_server.open(url)

    try:
        thread = threading.Thread(target=press)
        thread.start()
        assert stream.message.text == "ab"
        thread.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert handled == [signal.SIGINT]


def test_in_asyncio(fault_server: FaultServer) -> None:
    url = fault_server.url(STALLED)
    kept: list[Any] = []

    async def read() -> None:
        async with async_kimi(url) as client:
            stream = client.stream("hi")
            kept.append(stream)
            async with stream:
                async for _ in stream:
                    pass

    interrupted(fault_server, url, lambda: asyncio.run(read()), lambda: bool(kept) and has(kept[0], "One two"))
    assert kept[0].partial is not None
    assert kept[0].partial.text == "One two"


def test_the_client_works_on_afterwards(fault_server: FaultServer) -> None:
    url = fault_server.url(
        Script().stall().attempt().json(200, {"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}]})
    )
    client = kimi(url)
    interrupted(fault_server, url, lambda: client.stream("hi"))
    assert client.complete("hi").text == "x"
