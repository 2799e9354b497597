"""Whoever stops reading closes the connection, and keeps what had come. And whoever reads to the end keeps it open."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import pytest
from fault_server_client import FaultServer
from kit import Script, answer, async_kimi, completion, frame, kimi, run, stalled, wait_until

from kimistream import Kimi, Text

ASKED: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}], "stream": True}
STALLED = stalled(frame("", role="assistant"), frame("One "), frame("two"))


def leave_with(client: Kimi) -> None:
    with client.stream("hi") as stream:
        next(stream)


def leave_with_of_chunks(client: Kimi) -> None:
    with client.chat.completions.create(**ASKED) as stream:
        next(stream)


def leave_with_by_an_exception(client: Kimi) -> None:
    def work() -> float:
        with client.stream("hi") as stream:
            return 1 / len([next(stream)][1:])

    with pytest.raises(ZeroDivisionError):
        work()


def close(client: Kimi) -> None:
    stream = client.stream("hi")
    next(stream)
    stream.close()
    stream.close()
    assert list(stream) == []
    assert stream.partial is not None
    kept.append(stream)


def close_before_anything_was_read(client: Kimi) -> None:
    stream = client.chat.completions.create(**ASKED)
    stream.close()
    assert list(stream) == []
    kept.append(stream)


def drop_the_last_reference(client: Kimi) -> None:
    stream = client.stream("hi")
    next(stream)
    del stream


def drop_unread(client: Kimi) -> None:
    client.stream("hi")


def drop_the_last_iterator(client: Kimi) -> None:
    texts = client.stream("hi").text
    assert next(texts) == "One "
    del texts


def break_out_of_an_anonymous_loop(client: Kimi) -> None:
    for event in client.stream("hi"):
        assert event == Text("One ")
        break


def break_out_of_anonymous_texts(client: Kimi) -> None:
    for _ in client.stream("hi").text:
        break


def break_out_of_anonymous_chunks(client: Kimi) -> None:
    for _ in client.chat.completions.create(**ASKED):
        break


def return_from_a_function(client: Kimi) -> None:
    def first() -> str:
        return next(text for text in client.stream("hi").text)

    assert first() == "One "


kept: list[Any] = []
WAYS = [
    leave_with, leave_with_of_chunks, leave_with_by_an_exception, close, close_before_anything_was_read,
    drop_the_last_reference, drop_unread, drop_the_last_iterator, break_out_of_an_anonymous_loop,
    break_out_of_anonymous_texts, break_out_of_anonymous_chunks, return_from_a_function,
]  # fmt: skip


@pytest.mark.parametrize("leave", WAYS, ids=lambda way: way.__name__)
def test_it_closes_the_connection(leave: Callable[[Kimi], None], fault_server: FaultServer) -> None:
    url = fault_server.url(STALLED)
    client = kimi(url)
    gc.disable()  # reference counts alone must do it
    try:
        leave(client)
        fault_server.wait_closed(url=url)
    finally:
        gc.enable()
        kept.clear()


def test_a_named_stream_that_a_loop_has_left_stays_open(fault_server: FaultServer) -> None:
    script = Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True)
    frames = answer("One ", "two ", "three")
    script.chunk(b"".join(frames[:3])).gate().chunk(b"".join(frames[3:])).last_chunk().keep()
    url = fault_server.url(script)
    client = kimi(url)
    stream = client.stream("hi")
    for event in stream:
        assert event == Text("One ")
        break
    for event in stream:
        assert event == Text("two ")
        break
    fault_server.open(url, 2)
    assert stream.message.text == "One two three"
    assert fault_server.stats()["closes"] == []
    chunks = client.chat.completions.create(**ASKED)
    for chunk in chunks:
        assert chunk.choices[0].delta.content == ""
        break
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "One two three"


def test_a_stream_outlives_its_client(fault_server: FaultServer) -> None:
    script = Script().event_stream(answer("x"), late_ms=30)
    stream = Kimi("sk-x", base_url=fault_server.url(script)).stream("hi")
    gc.collect()
    assert stream.message.text == "x"
    with kimi(fault_server.url(script)) as client:
        stream = client.stream("hi")
    assert stream.message.text == "x"


def test_what_a_closed_stream_has_stays(fault_server: FaultServer) -> None:
    stream = kimi(fault_server.url(STALLED)).stream("hi")
    assert [next(stream).text, next(stream).text] == ["One ", "two"]
    stream.close()
    assert stream.partial is not None
    assert (stream.partial.text, stream.partial.finish_reason) == ("One two", None)
    assert (stream.status_code, stream.request_id, stream.usage) == (200, None, None)


# ---- connections are kept --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [0, 2, 20])
def test_thirty_streams_in_a_row_use_one_connection(late: float, fault_server: FaultServer) -> None:
    url = fault_server.url(Script().event_stream(answer("x"), late_ms=late))
    client = kimi(url)
    before = fault_server.stats()["connections"]
    for number in range(30):
        if number % 3 == 0:
            assert list(client.stream("hi").text) == ["x"]
        elif number % 3 == 1:
            assert client.stream("hi").message.text == "x"
        else:
            assert len(list(client.chat.completions.create(**ASKED))) == 3
    stats = fault_server.stats()
    assert fault_server.attempts(url) == 30
    late_ends = fault_server.late_sends(url)  # such an end is not waited for: it costs a connection
    assert stats["connections"] - before <= 1 + late_ends
    assert len([close for close in stats["closes"] if close["script"] in url]) <= late_ends


@pytest.mark.parametrize("late", [0, 2, 20])
def test_thirty_streams_in_a_row_with_asyncio(late: float, fault_server: FaultServer) -> None:
    url = fault_server.url(Script().event_stream(answer("x"), late_ms=late))

    async def ask() -> None:
        async with async_kimi(url) as client:
            for _ in range(30):
                assert [text async for text in client.stream("hi").text] == ["x"]

    before = fault_server.stats()["connections"]
    run(ask())
    assert fault_server.attempts(url) == 30
    assert fault_server.stats()["connections"] - before <= 1 + fault_server.late_sends(url)


def test_requests_and_streams_share_a_connection(fault_server: FaultServer) -> None:
    script = Script().json(200, completion("whole")).attempt().event_stream(answer("streamed"))
    url = fault_server.url(script)
    client = kimi(url)
    before = fault_server.stats()["connections"]
    assert client.complete("hi").text == "whole"
    assert client.stream("hi").message.text == "streamed"
    assert client.chat.completions.create(**{**ASKED, "stream": True}).close() is None
    assert fault_server.stats()["connections"] - before == 1


def test_a_kept_connection_that_the_server_has_closed(fault_server: FaultServer) -> None:
    """It is no error to anyone, even where nothing is to be tried again."""
    script = Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True)
    for each in answer("x"):
        script.chunk(each)
    url = fault_server.url(script.last_chunk().close())
    client = kimi(url)
    before = fault_server.stats()["open"]  # of earlier tests' clients, which may go meanwhile
    for _ in range(5):
        assert client.stream("hi").message.text == "x"
        wait_until(lambda: fault_server.stats()["open"] <= before)


def test_closing_the_client_closes_kept_connections(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().event_stream(answer("x")))
    client = kimi(url)
    list(client.stream("hi"))
    client.close()
    fault_server.wait_closed(url=url)
    other = kimi(url)
    list(other.stream("hi"))
    del other
    fault_server.wait_closed(url=url, count=2)
