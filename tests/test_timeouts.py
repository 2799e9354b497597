"""`timeout=n`: seconds for connecting, for the first event and for silence between events, each; none in total."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from fault_server_client import FaultServer
from kit import Script, answer, async_kimi, completion, frame, kimi, run, stalled, stream_of, with_patience

from kimistream import APIConnectionError, APITimeoutError, Message

SHORT = 0.2
ASKED: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}]}
HEAD = {"Content-Type": "text/event-stream"}


@pytest.fixture
def full_listener() -> Iterator[str]:
    """An address whose connections are never taken up: its queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        queue = []
        for _ in range(4):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
            queue.append(waiting)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        for waiting in queue:
            waiting.close()


def ask(way: str, url: str, **options: Any) -> tuple[APITimeoutError, str]:
    """The error, and whether it came in the call or while reading. In asyncio, `await` is the call."""
    in_call = ""
    try:
        if way == "stream":
            stream: Any = kimi(url, **options).stream("hi")
            in_call = "reading"
            list(stream)
        elif way == "create":
            stream = kimi(url, **options).chat.completions.create(stream=True, **ASKED)
            in_call = "reading"
            list(stream)
        elif way == "complete":
            kimi(url, **options).complete("hi")
        else:

            async def read() -> None:
                nonlocal in_call
                async with async_kimi(url, **options) as client:
                    stream = await client.stream("hi")
                    in_call = "reading"
                    _ = [each async for each in stream]

            run(read())
    except APITimeoutError as error:
        return error, in_call or "call"
    raise AssertionError("no timeout")


def ask_for(expected: tuple[str, str | None], way: str, url: str) -> APITimeoutError:
    """As ask(), with the time that the server needs to come so far: until that (call or reading) and this text."""

    def attempt(limit: float) -> APITimeoutError:
        error, when = ask(way, url, timeout=limit)
        assert (when, error.partial and error.partial.text) == expected
        return error

    return with_patience(attempt, SHORT)


ways = pytest.mark.parametrize("way", ["stream", "create", "complete", "async"])
streaming = pytest.mark.parametrize("way", ["stream", "create", "async"])


@ways
def test_connecting(way: str, full_listener: str) -> None:
    error, when = ask(way, full_listener, timeout=SHORT)
    assert (when, error.clock) == ("call", "connect")
    assert (error.status_code, error.partial, error.retryable) == (None, None, True)
    assert isinstance(error, APIConnectionError)


@ways
def test_no_response_head(way: str, fault_server: FaultServer) -> None:
    url = fault_server.url(Script().stall())
    error, when = ask(way, url, timeout=SHORT)
    assert (when, error.partial, error.clock) == ("call", None, "first_event")
    fault_server.wait_closed(url=url)


def test_no_body(fault_server: FaultServer) -> None:
    script = Script().head(200, {"Content-Type": "application/json", "Content-Length": "100"}).send(b"{").stall()
    assert ask("complete", fault_server.url(script), timeout=SHORT)[0].partial is None


@streaming
def test_no_first_event(way: str, fault_server: FaultServer) -> None:
    url = fault_server.url(stalled())
    ask_for(("reading", None), way, url)
    fault_server.wait_closed(url=url)


@streaming
def test_silence_between_events(way: str, fault_server: FaultServer) -> None:
    url = fault_server.url(stalled(frame("One "), frame("two")))
    error = ask_for(("reading", "One two"), way, url)
    assert error.partial is not None
    assert error.partial.finish_reason is None
    fault_server.wait_closed(url=url)


@streaming
@pytest.mark.parametrize("begun", [False, True])
def test_keep_alive_comments_are_no_events(way: str, begun: bool, fault_server: FaultServer) -> None:
    script = Script().head(200, HEAD, chunked=True)
    if begun:
        script.chunk(frame("One"))
    for _ in range(600):
        script.chunk(b": keep-alive\n\n").sleep(50)
    url = fault_server.url(script.stall())
    ask_for(("reading", "One" if begun else None), way, url)
    closes = fault_server.wait_closed(url=url)
    assert "stall" not in {close["during"] for close in closes}  # long before the comments ended


@streaming
def test_an_answer_may_take_longer_than_the_timeout(way: str, fault_server: FaultServer) -> None:
    def read(limit: float) -> str:
        script = Script().head(200, HEAD, chunked=True)
        for each in answer(*"abcdefgh"):
            script.chunk(each).sleep(200 * limit)  # in ms: a fifth of the limit, eleven times
        url = fault_server.url(script.last_chunk().keep())

        async def read() -> Message:
            async with async_kimi(url, timeout=limit) as client:
                return await client.stream("hi").message

        if way == "async":
            return run(read()).text
        if way == "stream":
            return kimi(url, timeout=limit).stream("hi").message.text
        chunks = kimi(url).chat.completions.create(stream=True, timeout=limit, **ASKED)
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)

    assert with_patience(read, 0.4) == "abcdefgh"


def test_a_slow_reader_is_not_a_silent_server(fault_server: FaultServer) -> None:
    script = Script().head(200, HEAD, chunked=True)
    frames = answer(*"abc")
    for each in frames[:2]:
        script.chunk(each)
    script.gate().sleep(50)
    for each in frames[2:]:
        script.chunk(each)
    script.last_chunk().keep()

    def read(limit: float) -> str:
        url = fault_server.url(script)
        stream = kimi(url, timeout=limit).stream("hi")
        assert next(stream).text == "a"
        time.sleep(1.2 * limit)  # and not the server's fault
        fault_server.open(url)
        return stream.message.text

    assert with_patience(read, 0.4) == "abc"


def test_a_timeout_for_one_call(fault_server: FaultServer) -> None:
    url = fault_server.url(stalled(frame("x")))
    client = kimi(url, timeout=60)
    with pytest.raises(APITimeoutError):
        list(client.stream("hi", timeout=SHORT))
    with pytest.raises(APITimeoutError):
        list(client.chat.completions.create(stream=True, timeout=SHORT, **ASKED))

    async def read() -> None:
        async with async_kimi(url, timeout=60) as other:
            with pytest.raises(APITimeoutError):
                await other.stream("hi", timeout=SHORT).message

    run(read())


def test_a_timeout_before_the_answer_is_tried_again(fault_server: FaultServer) -> None:
    streamed = Script().stall().attempt().event_stream(answer("there"))
    whole = Script().stall().attempt().json(200, completion("there"))

    def read(limit: float) -> str:
        return kimi(fault_server.url(streamed), max_retries=1, timeout=limit).stream("hi").message.text

    def complete(limit: float) -> str:
        return kimi(fault_server.url(whole), max_retries=1, timeout=limit).complete("hi").text

    assert with_patience(read, SHORT) == "there"
    assert with_patience(complete, SHORT) == "there"


def test_a_timeout_while_reading_is_not(fault_server: FaultServer) -> None:
    def read(limit: float) -> None:
        url = fault_server.url(stalled(frame("x")))
        with pytest.raises(APITimeoutError):
            list(kimi(url, max_retries=3).stream("hi", timeout=limit))
        assert fault_server.attempts(url) == 1

    with_patience(read, SHORT)


@pytest.mark.parametrize(("way", "clock"), [("stream", "first_event"), ("create", "idle"), ("async", "first_event")])
def test_a_role_alone_is_an_event_where_it_is_shown(way: str, clock: str, fault_server: FaultServer) -> None:
    url = fault_server.url(stalled(frame("", role="assistant")))

    def attempt(limit: float) -> None:
        error, when = ask(way, url, timeout=limit)
        assert (when, error.clock) == ("reading", clock)

    with_patience(attempt, SHORT)


def test_waiting_in_a_thread(fault_server: FaultServer) -> None:
    """Threads other than the main one wait in another way."""
    import concurrent.futures

    url = fault_server.url(stalled(frame("x")))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for error in pool.map(lambda way: ask_for(("reading", "x"), way, url), ["stream", "create"]):
            assert error.partial is not None


def test_many_streams_with_a_timeout_each_on_one_loop(fault_server: FaultServer) -> None:
    import asyncio

    silent, fine = fault_server.url(stalled(frame("x"))), fault_server.url(stream_of("fine"))

    async def read() -> list[Any]:
        client, other = async_kimi(silent, timeout=SHORT), async_kimi(fine)
        asked = [client.stream("hi").message for _ in range(10)] + [other.stream("hi").message for _ in range(10)]
        return await asyncio.gather(*asked, return_exceptions=True)

    results = run(read())
    assert [type(each) for each in results] == [APITimeoutError] * 10 + [Message] * 10
