"""Exchanges on their way to Python: what goes into the queue of a client, and how a thread takes it out."""

from __future__ import annotations

import json
import os
import threading
from typing import Any

import pytest
from fault_server_client import FaultServer, Script
from kit import KEY, answer, completion, cut, run, stalled, stream_of, wait_until

from kimistream import APIError, _core
from kimistream._clients.reactors import Reactors
from kimistream._requests.arguments import NAMES


def core_client(url: str, queue: _core.ExchangeQueue | None, **more: Any) -> _core.Client:
    arguments: dict[str, Any] = {
        "provider": "moonshot",
        "base_url": url,
        "api_key": KEY,
        "model": "",
        "timeout": 30.0,
        "max_retries": 0,
        "default_headers": None,
        "history": queue,
        "history_label": "here",
    }
    return _core.Client(**arguments | more)


ARGUMENTS = tuple({"prompt": "hi", "fields": {}}.get(name) for name in NAMES)


def taken(queue: _core.ExchangeQueue) -> dict[str, Any]:
    entry = queue.take(25)
    assert entry is not None
    label, started, seconds, line = entry
    assert label == "here"
    assert started > 1.7e9
    assert seconds >= 0
    exchange: dict[str, Any] = json.loads(line)
    assert KEY not in line
    return exchange


def test_an_answer_comes_out_of_the_queue(fault_server: FaultServer) -> None:
    queue = _core.ExchangeQueue()
    client = core_client(fault_server.url(stream_of("Hel", "lo")), queue)
    client.start(ARGUMENTS, True, False).message()
    exchange = taken(queue)
    assert exchange["request"]["method"] == "POST"
    assert exchange["request"]["path"].endswith("/chat/completions")
    assert exchange["request"]["body"]["messages"] == [{"role": "user", "content": "hi"}]
    assert "authorization" not in {name.lower() for name in exchange["request"]["headers"]}
    assert exchange["response"]["status"] == 200
    assert "".join(text for _, text in exchange["pieces"]).encode() == b"".join(answer("Hel", "lo"))
    assert (exchange["end"], exchange["clock"]) == ("clean", None)
    assert queue.take(0) is None


def test_asyncio_too(fault_server: FaultServer) -> None:
    queue = _core.ExchangeQueue()
    client = core_client(fault_server.url(Script().json(200, completion())), queue)

    async def ask() -> None:
        await Reactors(client).message(lambda reactor: reactor.start(ARGUMENTS, False, False))

    run(ask())
    assert taken(queue)["end"] == "clean"


def test_refusals_cuts_and_who_left(fault_server: FaultServer) -> None:
    queue = _core.ExchangeQueue()
    refusal = {"error": {"message": f"no such key: {KEY}", "type": "invalid_authentication_error"}}
    client = core_client(fault_server.url(Script().json(401, refusal)), queue)
    with pytest.raises(APIError):
        client.complete(ARGUMENTS)
    exchange = taken(queue)
    assert exchange["response"]["status"] == 401
    assert "no such key: [key]" in exchange["pieces"][0][1]

    client = core_client(fault_server.url(cut(*answer("Hel", finish=None, done=False))), queue)
    with pytest.raises(APIError):
        client.start(ARGUMENTS, True, False).message()
    assert taken(queue)["end"] == "reset"

    client = core_client(fault_server.url(stalled(*answer("Hel", finish=None, done=False))), queue)
    stream = client.start(ARGUMENTS, True, False)
    next(stream.texts())
    stream.close()
    exchange = taken(queue)
    assert exchange["end"] == "left"
    assert "Hel" in exchange["pieces"][-1][1]

    client = core_client(fault_server.url(stalled()), queue, timeout=0.05)
    with pytest.raises(APIError):
        client.complete(ARGUMENTS)
    exchange = taken(queue)
    assert exchange["end"] == "timeout"
    assert exchange["clock"] == "first_event"


def test_a_thread_waits_without_the_gil_until_it_is_closed() -> None:
    queue = _core.ExchangeQueue()
    results: list[object] = []
    waiting = threading.Thread(target=lambda: results.append(queue.take()))
    waiting.start()
    queue.close()
    waiting.join(25)
    assert results == [None]
    assert queue.closed


def test_what_has_no_room_is_dropped(fault_server: FaultServer) -> None:
    queue = _core.ExchangeQueue(max_exchanges=1)
    client = core_client(fault_server.url(stream_of("Hello")), queue)
    for _ in range(3):
        client.start(ARGUMENTS, True, False).message()
    assert queue.dropped == 2
    assert queue.take(0) is not None
    assert queue.take(0) is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_begins_with_an_empty_queue(fault_server: FaultServer) -> None:
    queue = _core.ExchangeQueue()
    client = core_client(fault_server.url(stream_of("Hello")), queue)
    client.start(ARGUMENTS, True, False).message()
    child = os.fork()
    if child == 0:
        good = queue.take(0) is None
        core_client(client.base_url, queue).start(ARGUMENTS, True, False).message()
        good = good and queue.take(0) is not None
        os._exit(0 if good else 1)
    _, status = os.waitpid(child, 0)
    assert status == 0
    assert queue.take(0) is not None


def test_no_key_comes_with_a_mistake() -> None:
    wrong: Any = "history.sqlite3"
    with pytest.raises(TypeError, match="ExchangeQueue") as caught:
        core_client("https://example.invalid/v1", wrong)
    assert KEY not in str(caught.value)


def test_an_end_that_comes_while_a_thread_waits(fault_server: FaultServer) -> None:
    queue = _core.ExchangeQueue()
    seen: list[Any] = []

    def keep() -> None:
        while (entry := queue.take()) is not None:
            seen.append(entry)

    keeper = threading.Thread(target=keep)
    keeper.start()
    client = core_client(fault_server.url(stream_of("Hello")), queue)
    client.start(ARGUMENTS, True, False).message()
    wait_until(lambda: len(seen) == 1)
    queue.close()
    keeper.join(25)
    assert not keeper.is_alive()
