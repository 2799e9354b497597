"""One client and many threads; who may read a stream; what waits without the GIL."""

from __future__ import annotations

import concurrent.futures
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from fault_server_client import END_OF_BODY, FaultServer, as_chunk
from kit import Script, answer, completion, cut, frame, kimi, stalled, stream_of, wait_until

import kimistream
from kimistream import InvalidRequestError

ASKED: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}]}


def test_eight_threads_share_a_client(fault_server: FaultServer) -> None:
    """Each gets its own answers, whole, whatever the others do."""
    texts = [[f"{thread}-{part} " for part in range(20)] for thread in range(8)]
    urls = [fault_server.url(Script().event_stream(answer(*each))) for each in texts]
    one = kimi(urls[0])
    broken = fault_server.url(cut(frame("x")))
    start = threading.Barrier(8)

    def work(number: int) -> int:
        start.wait()
        client = one if number % 2 else kimi(urls[number])
        expected = texts[0] if number % 2 else texts[number]
        for round_ in range(15):
            if round_ % 3 == 0:
                assert list(client.stream("hi").text) == expected
            elif round_ % 3 == 1:
                for text in client.stream("hi").text:
                    assert text == expected[0]
                    break
            else:
                with pytest.raises(kimistream.APIError):
                    list(kimi(broken).stream("hi"))
        return number

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == list(range(8))


def test_each_thread_has_a_stream_of_its_own_at_once(fault_server: FaultServer) -> None:
    script = Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True).chunk(frame("a")).gate()
    url = fault_server.url(script.send(b"".join(map(as_chunk, answer("b")[1:])) + END_OF_BODY).keep())
    client = kimi(url)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        texts = pool.map(lambda _: client.stream("hi").message.text, range(8))
        wait_until(lambda: fault_server.at_gate(url) == 8)
        fault_server.open(url, 8)
        assert list(texts) == ["ab"] * 8
    before = fault_server.stats()["connections"]
    fault_server.open(url)
    assert client.stream("hi").message.text == "ab"
    assert fault_server.stats()["connections"] == before  # one of those that were kept


@pytest.mark.parametrize("wait", ["next", "head", "complete"])
def test_the_gil_is_free_while_waiting(wait: str, fault_server: FaultServer) -> None:
    if wait == "complete":
        script = Script().gate().json(200, completion("x"))
    else:
        script = Script().gate() if wait == "head" else Script()
        script.head(200, {"Content-Type": "text/event-stream"}, chunked=True)
        if wait == "next":
            script.gate()
        script.send(b"".join(map(as_chunk, answer("x"))) + END_OF_BODY).keep()
    url = fault_server.url(script)
    client = kimi(url)

    def block() -> str:
        return client.complete("hi").text if wait == "complete" else client.stream("hi").message.text

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(block)
        wait_until(lambda: fault_server.at_gate(url) == 1)
        assert not waiting.done()
        fault_server.open(url)  # were the GIL held, this thread would not have come so far
        assert waiting.result() == "x"


def test_close_from_another_thread_ends_a_blocked_next(fault_server: FaultServer) -> None:
    url = fault_server.url(stalled(frame("One")))
    stream = kimi(url).stream("hi")
    assert next(stream).text == "One"
    timer = threading.Timer(0.1, stream.close)
    timer.start()
    assert list(stream) == []
    fault_server.wait_closed(url=url)
    assert stream.partial is not None
    assert stream.partial.text == "One"
    timer.join()


def test_close_from_another_thread_ends_a_blocked_chunk(fault_server: FaultServer) -> None:
    url = fault_server.url(stalled(frame("One")))
    stream = kimi(url).chat.completions.create(stream=True, **ASKED)
    next(stream)
    timer = threading.Timer(0.1, stream.close)
    timer.start()
    assert next(stream, None) is None
    fault_server.wait_closed(url=url)
    timer.join()


def test_many_closes_at_once(fault_server: FaultServer) -> None:
    url = fault_server.url(stalled(frame("One")))
    for _ in range(20):
        stream = kimi(url).stream("hi")
        next(stream)
        threads = [threading.Thread(target=stream.close) for _ in range(4)]
        for thread in threads:
            thread.start()
        assert list(stream) == []
        for thread in threads:
            thread.join()


def test_a_close_while_another_thread_takes_is_the_end_for_it(fault_server: FaultServer) -> None:
    """Not the error for two readers, whether it waits at that moment or not."""
    script = Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True)
    url = fault_server.url(script.repeat_chunk(20_000, frame("x")).stall())
    for taken in range(1, 400, 20):
        stream = kimi(url).stream("hi")
        at, done = threading.Event(), []

        def read(stream: Any = stream, taken: int = taken, at: threading.Event = at, done: list[Any] = done) -> None:
            try:
                for count, _ in enumerate(stream):
                    if count == taken:
                        at.set()
                done.append("ended")
            except BaseException as error:
                done.append(error)

        reader = threading.Thread(target=read)
        reader.start()
        at.wait()
        stream.close()
        reader.join()
        assert done == ["ended"]


def test_a_stream_read_by_two_threads(fault_server: FaultServer) -> None:
    """Whoever comes second is refused, and the first reads on."""
    url = fault_server.url(stalled(frame("One")))
    reads: list[Callable[[Any], Any]] = [
        lambda stream: next(stream, None), list, lambda stream: stream.message, lambda stream: next(stream.text, None)
    ]  # fmt: skip
    for read in reads:
        stream = kimi(url).stream("hi")
        next(stream)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            both = [pool.submit(read, stream) for _ in range(2)]
            second = next(concurrent.futures.as_completed(both))
            with pytest.raises((RuntimeError, InvalidRequestError), match="another thread"):
                second.result()
            assert sum(each.done() for each in both) == 1
            assert stream.partial is not None  # looking is allowed
            assert stream.partial.text == "One"
            stream.close()
            assert all(each is second or each.exception() is None for each in both)


def test_what_has_come_can_be_watched_from_another_thread(fault_server: FaultServer) -> None:
    script = Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True)
    for number, each in enumerate(answer(*map(str, range(300)))):
        script.chunk(each)
        if number % 30 == 29:
            script.gate()
    url = fault_server.url(script.last_chunk().keep())
    stream = kimi(url).stream("hi")
    whole = "".join(map(str, range(300)))
    seen: list[str] = [""]
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            partial = stream.partial
            text = "" if partial is None else partial.text
            if text != seen[-1]:
                fault_server.open(url)  # the more is seen, the more comes
            seen.append(text)
            _ = stream.usage, stream.request_id, stream.headers, stream.status_code

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert stream.message.text == whole
    done.set()
    watcher.join()
    assert all(whole.startswith(text) for text in seen)
    assert seen == sorted(seen, key=len)
    assert len(set(seen)) > 5


def test_a_client_may_be_closed_while_others_use_it(fault_server: FaultServer) -> None:
    url = fault_server.url(stream_of("a", "b"))
    client = kimi(url)
    stop = threading.Event()

    def keep_closing() -> None:
        while not stop.is_set():
            client.close()
            time.sleep(0.0005)

    closer = threading.Thread(target=keep_closing)
    closer.start()
    try:
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            assert list(pool.map(lambda _: client.stream("hi").message.text, range(60))) == ["ab"] * 60
    finally:
        stop.set()
        closer.join()


def test_streams_made_in_one_thread_and_read_in_another(fault_server: FaultServer) -> None:
    client = kimi(fault_server.url(stream_of("a", "b")))
    streams = [client.stream("hi") for _ in range(10)]
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        assert list(pool.map(lambda stream: stream.message.text, streams)) == ["ab"] * 10


def test_requests_in_threads_all_at_once(fault_server: FaultServer) -> None:
    client = kimi(fault_server.url(Script().sleep(20).json(200, completion("x"))))
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        assert list(pool.map(lambda _: client.complete("hi").text, range(200))) == ["x"] * 200
