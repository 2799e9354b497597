"""AsyncKimi: the same names, what waits is awaited."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable
from typing import Any

import pytest
from fault_server_client import FaultServer
from kit import (
    LONG_ENOUGH,
    USAGE,
    Script,
    answer,
    async_kimi,
    completion,
    cut,
    drain,
    event,
    frame,
    run,
    stalled,
    stream_of,
    turns_of_the_loop,
    until,
)

import kimistream
from kimistream import AsyncKimi, AsyncStream, Kimi, Message, Text, Thinking, Usage

ASKED: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}]}
THINKING = [
    frame(reasoning_content="Let me "), frame(reasoning_content="think."), frame("The "), frame("answer."),
    frame(finish_reason="stop", usage=USAGE), b"data: [DONE]\n\n",
]  # fmt: skip


def test_the_same_names() -> None:
    for name in ("stream", "complete", "close", "chat", "models", "base_url", "provider"):
        assert hasattr(Kimi("sk-x"), name)
        assert hasattr(AsyncKimi("sk-x"), name)
    for name in ("stream", "complete"):
        sync, other = (inspect.signature(getattr(cls, name)).parameters for cls in (Kimi, AsyncKimi))
        assert list(sync) == list(other)
    for name in ("text", "thinking", "message", "partial", "usage", "request_id", "status_code", "headers", "close"):
        assert hasattr(AsyncStream, name)


def test_every_way_to_read_a_stream(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().event_stream(THINKING, headers={"Msh-Request-Id": "req-7"}))

    async def ask() -> None:
        client = async_kimi(url)
        events = [each async for each in client.stream("hi")]
        assert [each.type for each in events] == ["thinking", "thinking", "text", "text", "usage", "finish"]
        assert events[0] == Thinking("Let me ")
        assert [text async for text in client.stream("hi").text] == ["The ", "answer."]
        message = await client.stream("hi").message
        assert isinstance(message, Message)
        assert (message.content, message.reasoning, message.request_id) == ("The answer.", "Let me think.", "req-7")
        stream = client.stream("hi")
        assert [text async for text in stream.thinking] == ["Let me ", "think."]
        assert [text async for text in stream.text] == ["The ", "answer."]
        assert await stream.message == message
        assert await stream.message == message
        async with client.stream("hi") as stream:
            assert (stream.status_code, stream.request_id, stream.headers["msh-request-id"]) == (200, "req-7", "req-7")
            first = await anext(stream)
            second = await stream.__anext__()
            assert (first, second) == (Thinking("Let me "), Thinking("think."))
            rest = [each async for each in stream]
            assert rest[0] == Text("The ")
            assert stream.usage == Usage(12, 10, 22)
            assert stream.partial == message
            assert await anext(stream, None) is None
        opened = await client.stream("hi")
        assert isinstance(opened, AsyncStream)
        assert opened.status_code == 200
        await opened.close()
        await opened.aclose()
        await client.close()

    run(ask())


def test_complete_and_the_openai_shape(fault_server: FaultServer) -> None:
    script = Script().json(200, completion("whole")).attempt().json(200, completion("whole")).attempt()
    url = fault_server.url(script.event_stream(answer("Hel", "lo")))

    async def ask() -> None:
        async with async_kimi(url) as client:
            assert (await client.complete("hi")).text == "whole"
            got = await client.chat.completions.create(**ASKED)
            assert got.choices[0].message.content == "whole"
            stream = await client.chat.completions.create(stream=True, **ASKED)
            assert [chunk.choices[0].delta.content async for chunk in stream] == ["", "Hel", "lo", None]
            assert stream.usage.total_tokens == 22
            async with await client.chat.completions.create(stream=True, **ASKED) as other:
                assert (await anext(other)).choices[0].delta.content == ""
                async for chunk in other:
                    assert chunk.choices[0].delta.content == "Hel"
                    break
                assert [chunk.choices[0].delta.content async for chunk in other] == ["lo", None]

    run(ask())


def test_nothing_is_sent_before_the_first_await(fault_server: FaultServer) -> None:
    url = fault_server.url(stream_of("x"))

    async def ask() -> None:
        async with async_kimi(url) as client:
            stream = client.stream("hi")
            assert (await client.stream("another, whole").message).text == "x"
            assert fault_server.attempts(url) == 1
            assert (await stream.message).text == "x"
            assert fault_server.attempts(url) == 2

    run(ask())


FIRST: dict[str, Callable[[AsyncStream], Any]] = {
    "await": lambda stream: stream,
    "async with": lambda stream: stream.__aenter__(),
    "async for": drain,
    "text": lambda stream: drain(stream.text),
    "message": lambda stream: stream.message,
    "anext": anext,
}


@pytest.mark.parametrize("first", FIRST)
def test_status_errors_come_with_the_first_await(first: str, fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(429, {"error": {"message": "m", "code": "c"}}, {"X-Request-Id": "r"}))

    async def ask() -> None:
        client = async_kimi(url)
        stream = client.stream("hi")
        with pytest.raises(kimistream.RateLimitError) as caught:
            await FIRST[first](stream)
        assert (caught.value.status_code, caught.value.code, caught.value.request_id) == (429, "c", "r")
        for call in (client.complete("hi"), client.chat.completions.create(**ASKED), client.models.list(),
                     client.chat.completions.create(stream=True, **ASKED)):  # fmt: skip
            with pytest.raises(kimistream.RateLimitError):
                await call

    run(ask())


def test_errors_while_reading(fault_server: FaultServer) -> None:
    urls = [
        fault_server.url(cut(frame("One "), frame("two"))),
        fault_server.url(Script().event_stream([frame("One "), frame("two"), event({"error": {"code": 500}})])),
    ]

    async def ask() -> None:
        for url, error in zip(urls, (kimistream.IncompleteStreamError, kimistream.InternalServerError), strict=True):
            client = async_kimi(url)
            stream = await client.stream("hi")
            got: list[Any] = []
            with pytest.raises(error) as caught:
                await drain(stream, got)
            assert got == [Text("One "), Text("two")]
            assert caught.value.partial is not None
            assert caught.value.partial.text == "One two"
            with pytest.raises(error):
                await stream.message
            with pytest.raises(error):
                await anext(stream)
            chunks = await client.chat.completions.create(stream=True, **ASKED)
            with pytest.raises(error):
                await drain(chunks)

    run(ask())


def test_a_cut_right_behind_the_head_is_no_error_of_the_call(fault_server: FaultServer) -> None:
    url = fault_server.url(cut())

    async def ask() -> None:
        stream = await async_kimi(url).stream("hi")
        with pytest.raises(kimistream.IncompleteStreamError):
            await anext(stream)

    run(ask())


def test_two_hundred_at_once(fault_server: FaultServer) -> None:
    script = Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True)
    for each in answer("a", "b", "c"):
        script.chunk(each).sleep(5)
    streamed, whole = (
        fault_server.url(script.last_chunk().keep()),
        fault_server.url(Script().sleep(20).json(200, completion("x"))),
    )

    async def ask() -> list[str]:
        client, other = async_kimi(streamed), async_kimi(whole)

        async def text(number: int) -> str:
            if number % 4 == 0:
                return (await other.complete("hi")).text
            if number % 4 == 1:
                return "".join([text async for text in client.stream("hi").text])
            if number % 4 == 2:
                return (await client.stream("hi").message).text
            stream = await client.chat.completions.create(stream=True, **ASKED)
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

        texts = await asyncio.gather(*map(text, range(200)))
        await client.close()
        await other.close()
        return texts

    assert run(ask()) == ["x", "abc", "abc", "abc"] * 50


def test_the_loop_runs_on_while_a_stream_waits(fault_server: FaultServer) -> None:
    script = Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True).gate()
    url = fault_server.url(script.chunk(b"".join(answer("x"))).last_chunk().keep())

    async def ask() -> None:
        task = asyncio.ensure_future(async_kimi(url).stream("hi").message)
        await until(lambda: fault_server.at_gate(url) == 1)
        for _ in range(50):
            await asyncio.sleep(0)
        assert not task.done()
        fault_server.open(url)  # by the loop: nothing comes where the stream stops it
        assert (await task).text == "x"

    run(ask())


def test_a_loop_over_what_is_there_lets_others_run_in_the_end(fault_server: FaultServer) -> None:
    """Items that are ready are handed over without a turn of the loop; waiting for more is one."""
    body = frame("x")
    script = Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True)
    script.repeat(5000, b"%x\r\n%s\r\n" % (len(body), body))
    for each in answer()[1:]:
        script.chunk(each)
    url = fault_server.url(script.last_chunk().keep())

    async def ask() -> None:
        async with turns_of_the_loop() as turns:
            assert len([text async for text in async_kimi(url).stream("hi").text]) == 5000
        assert turns() > 1

    run(ask())


def test_a_stream_read_by_two_tasks(fault_server: FaultServer) -> None:
    url = fault_server.url(stalled(frame("One")))

    async def ask() -> None:
        stream = await async_kimi(url).stream("hi")
        assert await anext(stream) == Text("One")
        first = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)  # it has its turn, and waits
        for read in (lambda: anext(stream), lambda: stream.message):
            with pytest.raises(RuntimeError, match="another task"):
                await read()
        first.cancel()
        await stream.close()

    run(ask())


def test_a_stream_must_be_opened_before_it_has_anything(fault_server: FaultServer) -> None:
    stream = async_kimi(fault_server.url(stream_of("x"))).stream("hi")
    for name in ("status_code", "headers"):
        with pytest.raises(RuntimeError, match="not been opened"):
            getattr(stream, name)


def test_a_repeated_request_uses_asyncio_s_clock_and_not_a_thread_s(fault_server: FaultServer) -> None:
    """Retries wait without blocking the loop."""
    script = Script().head(503, {"Retry-After": "60"}).repeat(100_000, "longer than is read of a refusal. ")
    url = fault_server.url(script.wait_close())

    async def ask() -> None:
        task = asyncio.ensure_future(async_kimi(url, max_retries=1).stream("hi").message)
        await asyncio.to_thread(fault_server.wait_closed, url=url)  # it has heard enough, and waits from now on
        for _ in range(50):
            await asyncio.sleep(0)
        assert not task.done()
        assert fault_server.attempts(url) == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(ask())


def test_a_repeated_request_is_answered_in_the_end(fault_server: FaultServer) -> None:
    script = Script().json(503, {"error": {"message": "busy"}}, {"retry-after-ms": "200"}).attempt()
    url = fault_server.url(script.event_stream(answer("there")))

    async def ask() -> None:
        message = await async_kimi(url, max_retries=1).stream("hi").message
        assert [notice.code for notice in message.warnings] == ["retried"]

    run(ask())


def test_a_request_goes_out_before_its_loop_turns_and_many_more_with_the_next_turn(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().gate().event_stream(answer("x")))

    async def ask() -> None:
        client = async_kimi(url)

        async def one() -> str:
            return (await client.stream("hi").message).text

        first = asyncio.ensure_future(one())
        loop = asyncio.get_running_loop()
        seen: list[int] = []

        def wait_in_this_turn() -> None:
            end = time.monotonic() + LONG_ENOUGH
            while fault_server.at_gate(url) == 0 and time.monotonic() < end:
                time.sleep(0.005)
            seen.append(fault_server.at_gate(url))

        loop.call_soon(wait_in_this_turn)  # behind the first, and before the loop looks at a descriptor again
        others = [asyncio.ensure_future(one()) for _ in range(200)]
        while len(seen) == 0 or await asyncio.to_thread(fault_server.at_gate, url) < 201:
            await asyncio.sleep(0.01)
        assert seen == [1]
        fault_server.open(url, 201)
        assert await asyncio.gather(first, *others) == ["x"] * 201

    run(ask())
