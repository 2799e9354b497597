"""Cassettes: what is recorded once is played again, by both clients, in both shapes, with all that went wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import pickle
import subprocess
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fault_server_client import FaultServer, Script, frame
from kit import KEY, answer, async_kimi, completion, kimi, python, run, sent, stalled, stream_of

import kimistream
from kimistream import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    AuthenticationError,
    Cassette,
    CassetteMissError,
    Image,
    IncompleteStreamError,
    InvalidRequestError,
    Kimi,
    KimiError,
)

ROOT = Path(__file__).parent.parent
NOWHERE = "http://127.0.0.1:1/v1"
HEADER = {"kimistream_cassette": 1}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.jsonl"


def exchanges(path: Path) -> list[dict[str, Any]]:
    """The lines of a cassette behind its header; each is whole, and there is no key."""
    text = path.read_text("utf-8")
    assert KEY not in text
    assert text.endswith("\n")
    header, *lines = map(json.loads, text.splitlines())
    assert header == HEADER
    return lines


def where(url: str) -> str:
    """An address with the same path, where nobody listens."""
    return NOWHERE.removesuffix("/v1") + "/" + url.split("://", 1)[1].split("/", 1)[1]


def player(url: str, path: Path, **options: Any) -> Kimi:
    cassette = Cassette(path, "replay", **{k: options.pop(k) for k in ("repeat", "realtime") if k in options})
    return kimi(where(url), cassette=cassette, **options)


def record(url: str, path: Path, ask: Callable[[Kimi], Any], **options: Any) -> Any:
    return ask(kimi(url, cassette=Cassette(path, "record"), **options))


def both(url: str, path: Path, ask: Callable[[Kimi], Any], **options: Any) -> tuple[Any, Any]:
    """What is seen while it is recorded, and when it is played."""
    return record(url, path, ask, **options), ask(player(url, path, **options))


# ---- what is played -------------------------------------------------------------------------------------------------


def test_a_stream_is_recorded_and_played(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(stream_of("Hel", "lo"))
    seen, played = both(url, path, lambda client: list(client.stream("hi")))
    assert seen == played
    (exchange,) = exchanges(path)
    assert set(exchange) == {"request", "response", "pieces", "end", "clock"}
    assert set(exchange["request"]) == {"method", "path", "headers", "body"}
    assert set(exchange["response"]) == {"status", "headers"}
    assert exchange["request"]["path"].endswith("/chat/completions")
    assert exchange["request"]["body"]["messages"] == [{"role": "user", "content": "hi"}]
    assert "".join(text for _, text in exchange["pieces"]).encode() == b"".join(answer("Hel", "lo"))
    assert all(isinstance(seconds, float) for seconds, _ in exchange["pieces"])
    assert (exchange["end"], exchange["clock"]) == ("clean", None)
    assert fault_server.stats()["connections"] == 1


def test_all_shapes_of_a_request(fault_server: FaultServer, path: Path) -> None:
    script = Script()
    for each in (stream_of("streamed"), Script().json(200, completion("whole")), stream_of("chunks"),
                 Script().json(200, completion("chat"))):  # fmt: skip
        script._lines += [*(["---"] if script._lines else []), *each._lines]
    url = fault_server.url(script)
    asked: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}]}

    def ask(client: Kimi) -> list[Any]:
        create = client.chat.completions.create
        return [
            client.stream("hi").message.text,
            client.complete("hi").text,
            "".join(chunk.choices[0].delta.content or "" for chunk in create(stream=True, **asked)),
            create(**asked).choices[0].message.content,
        ]

    seen, played = both(url, path, ask)
    # The OpenAI shape sends what the native one sends here, so equal requests answer in order.
    assert seen == played == ["streamed", "whole", "chunks", "chat"]


def test_asyncio(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(stream_of("Hel", "lo"))

    async def ask(client: kimistream.AsyncKimi) -> list[Any]:
        async with client:
            events = [event async for event in client.stream("hi")]
            texts = []
            stream = await client.chat.completions.create(
                model="kimi-k2.6", messages=[{"role": "user", "content": "x"}], stream=True
            )
            async for chunk in stream:
                texts.append(chunk.choices[0].delta.content)
            return [events, texts, await client.stream("y").message]

    seen = run(ask(async_kimi(url, cassette=Cassette(path, "record"))))
    assert len(exchanges(path)) == 3
    played = run(ask(async_kimi(where(url), cassette=Cassette(path, "replay"))))
    assert seen == played
    # What one client has recorded the other plays.
    assert list(kimi(where(url), cassette=Cassette(path, "replay")).stream("hi")) == seen[0]


def test_many_at_once_under_asyncio(fault_server: FaultServer, path: Path) -> None:
    import asyncio

    url = fault_server.url(stream_of("Hello"))

    async def ask(client: kimistream.AsyncKimi) -> list[str]:
        async with client:
            answers = await asyncio.gather(*(client.complete(str(i)) for i in range(50)))
        return [each.text for each in answers]

    assert run(ask(async_kimi(url, cassette=Cassette(path, "record")))) == ["Hello"] * 50
    assert run(ask(async_kimi(where(url), cassette=Cassette(path, "replay")))) == ["Hello"] * 50


def test_threads_share_a_cassette(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(stream_of("Hello"))
    client = kimi(url, cassette=Cassette(path, "record"))

    def ask(client: Kimi, found: list[str]) -> None:
        threads = [threading.Thread(target=lambda: found.append(client.stream("hi").message.text)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

    seen: list[str] = []
    ask(client, seen)
    assert len(exchanges(path)) == 8
    played: list[str] = []
    ask(player(url, path), played)
    assert seen == played == ["Hello"] * 8


def test_each_attempt_is_an_exchange_and_pauses_are_skipped(fault_server: FaultServer, path: Path) -> None:
    script = Script().json(429, {"error": {"message": "slow down"}}, {"Retry-After": "0"}).attempt()
    script._lines += stream_of("Hello")._lines
    url = fault_server.url(script)
    record(url, path, lambda client: client.complete("hi"), max_retries=1)
    assert [exchange["response"]["status"] for exchange in exchanges(path)] == [429, 200]
    text = path.read_text("utf-8")
    path.write_text(text.replace('"Retry-After":"0"', '"Retry-After":"100"'), "utf-8")
    begin = time.monotonic()
    reply = player(url, path, max_retries=1).complete("hi")
    assert reply.text == "Hello"
    assert "retried" in {notice.code for notice in reply.warnings}
    assert time.monotonic() - begin < 90


def test_refusals(fault_server: FaultServer, path: Path) -> None:
    refusal = {"error": {"message": f"no such key: {KEY}", "type": "invalid_authentication_error"}}
    url = fault_server.url(Script().json(401, refusal, {"Set-Cookie": "secret=1", "X-Request-Id": "r-1"}))

    def ask(client: Kimi) -> AuthenticationError:
        with pytest.raises(AuthenticationError) as caught:
            client.complete("hi")
        return caught.value

    seen, played = both(url, path, ask)
    assert (played.status_code, played.type, played.request_id) == (401, seen.type, seen.request_id)
    assert str(played) == str(seen)
    assert "cookie" not in path.read_text("utf-8").lower()


def test_cuts_are_played_as_cuts_at_every_byte(fault_server: FaultServer, path: Path) -> None:
    whole = b"".join(answer("Hällo", "你好", finish=None, done=False))

    def ask(client: Kimi) -> tuple[str, str]:
        with pytest.raises(APIError) as caught:
            for _ in client.stream("hi"):
                pass
        partial = caught.value.partial
        return type(caught.value).__name__, partial.text if partial is not None else ""

    for place in range(0, len(whole), 7):
        script = Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True)
        url = fault_server.url((script.chunk(whole[:place]) if place else script).close())
        seen, played = both(url, path, ask)
        assert seen == played
        (exchange,) = exchanges(path)
        assert exchange["end"] == "reset"
        pieces = [
            text.encode() if isinstance(text, str) else base64.b64decode(text["base64"])
            for _, text in exchange["pieces"]
        ]
        assert b"".join(pieces) == whole[:place]


def test_a_connection_that_was_refused(path: Path) -> None:
    def ask(client: Kimi) -> APIConnectionError:
        with pytest.raises(APIConnectionError) as caught:
            client.complete("hi")
        return caught.value

    seen, played = both(NOWHERE, path, ask)
    assert str(seen) == str(played)
    assert seen.retryable == played.retryable
    (exchange,) = exchanges(path)
    assert exchange["end"] == "refused"
    assert exchange["response"] is None
    assert exchange["pieces"] == []


@pytest.mark.parametrize("begun", [False, True])
def test_a_timeout_is_played_at_once_with_its_clock(fault_server: FaultServer, path: Path, begun: bool) -> None:
    url = fault_server.url(stalled(*(answer("Hel", finish=None, done=False) if begun else [])))
    with pytest.raises(APITimeoutError) as seen:
        record(url, path, lambda client: client.stream("hi").message, timeout=0.1)
    (exchange,) = exchanges(path)
    clock = "idle" if begun else "first_event"
    assert (exchange["end"], exchange["clock"]) == ("timeout", clock)
    begin = time.monotonic()
    with pytest.raises(APITimeoutError) as played:
        player(url, path, timeout=300).stream("hi").message  # noqa: B018
    assert time.monotonic() - begin < 200
    assert played.value.clock == seen.value.clock == clock
    assert (played.value.partial and played.value.partial.text) == ("Hel" if begun else None)


def test_the_total_clock_and_that_of_connecting(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(stalled(*answer("Hel", finish=None, done=False)))
    with pytest.raises(APITimeoutError):
        record(url, path, lambda client: client.stream("hi").message, timeout=kimistream.Timeout(total=0.2))
    (exchange,) = exchanges(path)
    assert (exchange["end"], exchange["clock"]) == ("timeout", "total")
    with pytest.raises(APITimeoutError) as played:
        player(url, path).stream("hi").message  # noqa: B018
    assert played.value.clock == "total"
    assert played.value.partial is not None
    assert played.value.partial.text == "Hel"
    text = path.read_text("utf-8")
    line = json.loads(text.splitlines()[1])
    line.update(response=None, pieces=[], clock="connect")
    path.write_text(json.dumps(HEADER) + "\n" + json.dumps(line) + "\n", "utf-8")
    with pytest.raises(APITimeoutError) as played:
        player(url, path).stream("hi").message  # noqa: B018
    assert played.value.clock == "connect"


def test_who_leaves_early(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(stalled(*answer("Hel", finish=None, done=False)))

    def ask(client: Kimi) -> str:
        for text in client.stream("hi").text:
            return text
        raise AssertionError

    assert both(url, path, ask) == ("Hel", "Hel")
    (exchange,) = exchanges(path)
    assert exchange["end"] == "left"
    with pytest.raises(IncompleteStreamError, match="the recording ends here"):
        player(url, path).stream("hi").message  # noqa: B018


def test_realtime_keeps_the_time(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(stream_of("Hello"))
    record(url, path, lambda client: client.complete("hi"))
    lines = path.read_text("utf-8").splitlines()
    exchange = json.loads(lines[1])
    exchange["pieces"][-1][0] = 0.3
    path.write_text("\n".join([lines[0], json.dumps(exchange), ""]), "utf-8")
    begin = time.monotonic()
    assert player(url, path, realtime=True).complete("hi").text == "Hello"
    assert time.monotonic() - begin >= 0.3


# ---- matching -------------------------------------------------------------------------------------------------------


def test_equal_requests_answer_in_order_and_once(fault_server: FaultServer, path: Path) -> None:
    script = stream_of("one").attempt()
    script._lines += stream_of("two")._lines
    url = fault_server.url(script)
    record(url, path, lambda client: [client.complete("hi") for _ in range(2)])
    client = player(url, path)
    assert [client.complete("hi").text for _ in range(2)] == ["one", "two"]
    with pytest.raises(CassetteMissError, match="has answered already"):
        client.complete("hi")
    client = player(url, path, repeat=True)
    assert [client.complete("hi").text for _ in range(4)] == ["one", "two", "two", "two"]


def test_the_order_of_keys_does_not_matter(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(stream_of("Hello"))
    record(url, path, lambda client: client.complete("hi", extra_body={"metadata": {"a": 1, "b": [1, 2]}}))
    assert player(url, path).complete("hi", extra_body={"metadata": {"b": [1, 2], "a": 1.0}}).text == "Hello"
    with pytest.raises(CassetteMissError):
        player(url, path).complete("hi", extra_body={"metadata": {"b": [2, 1], "a": 1}})


def test_a_miss_shows_the_nearest_request_and_what_differs(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(stream_of("Hello"))
    record(url, path, lambda client: [client.complete(text) for text in ("Why is the sky blue?", "What is a fish?")])
    with pytest.raises(CassetteMissError) as caught:
        player(url, path).complete("Why is the sea blue?", max_tokens=7)
    miss = caught.value
    assert isinstance(miss, KimiError)
    assert not isinstance(miss, APIError)
    for words in (
        "exchange 1",
        '"Why is the sky blue?"',
        '"Why is the sea blue?"',
        "max_",
        "recorded nothing, asked 7",
    ):
        assert words in str(miss)
    assert "What is a fish?" not in str(miss)
    assert str(path) in str(miss)
    assert str(pickle.loads(pickle.dumps(miss))) == str(miss)

    async def ask() -> None:
        async with async_kimi(where(url), cassette=Cassette(path, "replay")) as client:
            with pytest.raises(CassetteMissError, match="the sea"):
                await client.complete("Why is the sea blue?")

    run(ask())


def test_another_model_is_a_miss_that_says_so(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(stream_of("Hello"))
    record(url, path, lambda client: client.complete("hi", model="kimi-k2.6"))
    with pytest.raises(CassetteMissError, match=r'body/model: recorded "kimi-k2.6", asked "kimi-k3"'):
        player(url, path).complete("hi", model="kimi-k3", check="off")


# ---- modes ----------------------------------------------------------------------------------------------------------


def test_once_records_and_then_plays_also_by_a_path(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(stream_of("Hello"))
    for given in (path, str(path), path):
        assert kimi(url, cassette=given).complete("hi").text == "Hello"
    assert kimi(url, cassette=Cassette(path)).complete("hi").text == "Hello"
    assert len(fault_server.requests(url)) == 1
    assert len(exchanges(path)) == 1


def test_append_plays_what_is_there_and_records_the_rest(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(stream_of("Hello"))
    for prompts in (["a"], ["a", "b"], ["b", "a", "c"]):
        client = kimi(url, cassette=Cassette(path, "append"))
        for prompt in prompts:
            assert client.complete(prompt).text == "Hello"
    assert [sent(fault_server, url, i)["messages"][0]["content"] for i in range(3)] == ["a", "b", "c"]
    assert len(fault_server.requests(url)) == 3
    assert len(exchanges(path)) == 3


def test_record_begins_anew(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(stream_of("Hello"))
    record(url, path, lambda client: [client.complete("a"), client.complete("b")])
    Cassette(path, "record")
    assert len(exchanges(path)) == 2
    record(url, path, lambda client: client.complete("c"))
    assert len(exchanges(path)) == 1


def test_replay_never_asks_the_network(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(stream_of("Hello"))
    record(url, path, lambda client: client.complete("a"))
    client = kimi(url, cassette=Cassette(path, "replay"))
    assert client.complete("a").text == "Hello"
    with pytest.raises(CassetteMissError):
        client.complete("b")
    with pytest.raises(CassetteMissError):
        client.models.list()
    assert len(fault_server.requests(url)) == 1


def test_no_key_is_needed_where_nothing_is_sent(
    fault_server: FaultServer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = fault_server.url(stream_of("Hello"))
    record(url, path, lambda client: client.complete("a"))
    assert Kimi(base_url=where(url), provider="moonshot", cassette=Cassette(path, "replay")).complete("a").text
    text = path.read_text("utf-8").replace(where(url).removeprefix("http://127.0.0.1:1"), "/v1")
    path.write_text(text, "utf-8")
    assert Kimi(cassette=Cassette(path, "replay")).complete("a").text == "Hello"
    with pytest.raises(InvalidRequestError, match="no API key"):
        Kimi(cassette=Cassette(path, "append"))
    with pytest.raises(InvalidRequestError, match="no API key"):
        Kimi(cassette=path.with_name("missing.jsonl"))


# ---- resources, uploads, media --------------------------------------------------------------------------------------


def test_resources_and_uploads(simulator: kimistream.simulator.Simulator, path: Path, tmp_path: Path) -> None:
    document = tmp_path / "notes.txt"
    document.write_text("Kimi is a model.")

    def ask(client: Kimi) -> list[Any]:
        stored = client.files.create(file=document, purpose="file-extract")
        return [
            [model.id for model in client.models.list()],
            stored.filename,
            client.files.content(stored.id).text,
            client.count_tokens("hi").total_tokens,
            client.balance().available_balance,
            client.extract(document, delete=True)[0]["content"],
        ]

    with Kimi(base_url=simulator.base_url, api_key=simulator.api_key, cassette=Cassette(path, "record")) as client:
        seen = ask(client)
    assert simulator.api_key not in path.read_text("utf-8")
    with Kimi(base_url=NOWHERE, api_key="sk-another-0123456789", cassette=Cassette(path, "replay")) as client:
        assert ask(client) == seen


def test_steps_do_not_wait_for_what_is_played(fault_server: FaultServer, path: Path) -> None:
    """An upload that is looked after until it has been read, for example."""
    from kimistream._clients import async_driver, driver
    from kimistream._requests.steps import get

    url = fault_server.url(Script().json(200, {"data": []}))

    def look_twice(pause: float) -> Any:
        yield get("/files", None)
        yield pause
        yield get("/files", None)
        return "done"

    record(url, path, lambda client: driver.run(client._core, look_twice(0)))
    begin = time.monotonic()
    assert driver.run(player(url, path)._core, look_twice(100)) == "done"
    client = async_kimi(where(url), cassette=Cassette(path, "replay"))
    assert run(async_driver.run(client._reactors, look_twice(100))) == "done"
    assert time.monotonic() - begin < 90


def test_uploads_under_asyncio(simulator: kimistream.simulator.Simulator, path: Path, tmp_path: Path) -> None:
    document = tmp_path / "notes.txt"
    document.write_text("Kimi is a model.")

    async def ask(client: kimistream.AsyncKimi) -> list[Any]:
        async with client:
            read = await client.extract(document)
            return [read[0]["content"], [model.id async for model in client.models.list()]]

    options: Any = {"api_key": simulator.api_key}
    seen = run(ask(kimistream.AsyncKimi(base_url=simulator.base_url, cassette=Cassette(path, "record"), **options)))
    played = run(ask(kimistream.AsyncKimi(base_url=NOWHERE, cassette=Cassette(path, "replay"), **options)))
    assert seen == played


def png(size: int) -> bytes:
    """What begins as a picture does, and is no more."""
    return b"\x89PNG\r\n\x1a\n" + bytes(i * 7 % 251 for i in range(size - 8))


@pytest.mark.parametrize("given", ["image", "data"])
def test_large_media_are_named_by_their_hash(fault_server: FaultServer, path: Path, given: str) -> None:
    small, large, other = png(65_536), png(65_537), png(65_538)
    url = fault_server.url(stream_of("A picture."))

    def asked(content: bytes) -> Any:
        if given == "image":
            return ["What is it?", Image(content)]
        address = "data:image/png;base64," + base64.b64encode(content).decode()
        return [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": address}}]}]

    record(url, path, lambda client: [client.complete(asked(content)) for content in (small, large)])
    text = path.read_text("utf-8")
    assert base64.b64encode(small).decode() in text
    assert hashlib.sha256(large).hexdigest() in text
    assert len(text) < 100_000
    assert player(url, path).complete(asked(large)).text == "A picture."
    assert player(url, path).complete(asked(small)).text == "A picture."
    with pytest.raises(CassetteMissError, match=hashlib.sha256(other).hexdigest()):
        player(url, path).complete(asked(other))
    # What is to be sent after all is sent whole.
    client = kimi(url, cassette=Cassette(path, "append"))
    client.complete(asked(other))
    assert base64.b64encode(other) in fault_server.requests(url)[-1]["body"]


# ---- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["replay", "record", "once", "append"])
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"hello\n", "no cassette"),
        (b'{"a": 1}\n', "no cassette"),
        (b"\x00\xff\n", "no cassette"),
        (b'{"kimistream_cassette": 2}\n{"future": 1}\n', "newer kimistream"),
    ],
)
def test_what_is_no_cassette_is_refused_and_stays(path: Path, mode: Any, content: bytes, why: str) -> None:
    path.write_bytes(content)
    with pytest.raises(InvalidRequestError, match=why) as caught:
        Cassette(path, mode)
    assert str(path) in str(caught.value)
    with pytest.raises(InvalidRequestError):
        kimi(NOWHERE, cassette=Cassette(path, mode))
    assert path.read_bytes() == content


def test_a_missing_file_cannot_be_replayed(path: Path) -> None:
    with pytest.raises(InvalidRequestError, match=r"a\.jsonl"):
        Cassette(path, "replay")
    assert not path.exists()


def test_mistakes_are_told_before_anything_is_made(path: Path) -> None:
    wrong: Any = Cassette
    with pytest.raises(InvalidRequestError, match="append"):
        wrong(path, "all")
    for arguments in ((7,), (path, 1), (path, "once", 1), (path, "once", False, None)):
        with pytest.raises(TypeError):
            wrong(*arguments)
    with pytest.raises(TypeError, match="cassette"):
        kimi(NOWHERE, cassette=wrong)
    assert not path.exists()


def test_a_torn_last_line_costs_itself(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(stream_of("Hello"))
    record(url, path, lambda client: [client.complete("a"), client.complete("b")])
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    with pytest.warns(RuntimeWarning, match="torn") as caught:
        cassette = Cassette(path, "append")
    assert str(path) in str(caught[0].message)
    assert caught[0].filename == __file__
    client = kimi(url, cassette=cassette)
    assert client.complete("a").text == "Hello"
    assert client.complete("b").text == "Hello"
    assert path.read_bytes().startswith(whole[:-20] + b"\n")
    with pytest.warns(RuntimeWarning, match="line 3 is torn"):
        client = player(url, path)
    assert [client.complete(text).text for text in ("b", "a")] == ["Hello", "Hello"]


def test_what_cannot_be_written_costs_the_recording(fault_server: FaultServer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    url = fault_server.url(stream_of("Hello"))
    path = tmp_path / "file" / "a.jsonl"
    client = kimi(url, cassette=Cassette(path))
    with pytest.warns(RuntimeWarning, match="not recorded") as caught:
        assert client.complete("hi").text == "Hello"
    assert str(path) in str(caught[0].message)

    async def ask() -> str:
        async with async_kimi(url, cassette=Cassette(path)) as client:
            return (await client.complete("hi")).text

    with pytest.warns(RuntimeWarning, match="not recorded"):
        assert run(ask()) == "Hello"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert client.complete("hi").text == "Hello"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_costs_the_recording(fault_server: FaultServer, tmp_path: Path) -> None:
    url = fault_server.url(stream_of("Hello"))
    program = f"""
import resource, signal, sys, warnings
from kimistream import Kimi, Cassette
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
client = Kimi(api_key="{KEY}", base_url="{url}", cassette=Cassette(sys.argv[1], "append"))
print(client.complete("a").text)
resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print(client.complete("b").text)
print([str(each.message) for each in caught])
"""
    path = tmp_path / "a.jsonl"
    done = python(program, str(path))
    assert done.returncode == 0, done.stderr
    first, second, warned = done.stdout.splitlines()
    assert (first, second) == ("Hello", "Hello")
    assert str(path) in warned
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert player(url, path).complete("a").text == "Hello"


def test_an_exchange_is_written_when_it_has_ended(fault_server: FaultServer, path: Path) -> None:
    """Also where the process is killed then."""
    url = fault_server.url(stream_of("Hello"))
    program = f"""
import os, signal, sys
from kimistream import Kimi
client = Kimi(api_key="{KEY}", base_url="{url}", cassette=sys.argv[1])
print(client.complete("a").text, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert python(program, str(path)).stdout == "Hello\n"
    assert player(url, path).complete("a").text == "Hello"


def test_two_processes_play_one_file(fault_server: FaultServer, path: Path) -> None:
    url = fault_server.url(stream_of("Hello"))
    record(url, path, lambda client: client.complete("a"))
    program = f"""
import sys
from kimistream import Kimi, Cassette
print(Kimi(api_key="x", base_url="{where(url)}", cassette=Cassette(sys.argv[1], "replay")).complete("a").text)
"""
    one, other = (python(program, str(path)) for _ in range(2))
    assert one.stdout == other.stdout == "Hello\n"
    assert player(url, path).complete("a").text == "Hello"


# ---- keys -----------------------------------------------------------------------------------------------------------


def test_no_key_in_any_of_it(fault_server: FaultServer, path: Path) -> None:
    """In what is asked, in headers, in what the server says: whole, split by the network, split by the stream, and in
    base64 at each alignment."""
    encoded = [base64.b64encode(b"x" * shift + KEY.encode() + b"yz").decode() for shift in range(3)]
    frames = [
        frame(f"whole {KEY}"),
        *(frame(KEY[at : at + 3]) for at in range(0, len(KEY), 3)),
        *(frame(text) for text in encoded),
        frame(reasoning_content=KEY[:9]),
        frame(reasoning_content=KEY[9:]),
        frame(finish_reason="stop"),
        b"data: [DONE]\n\n",
    ]
    body = b"".join(frames)
    script = Script().head(200, {"Content-Type": "text/event-stream", "X-Echo": f"key={KEY}"}, chunked=True)
    for at in range(0, len(body), 11):
        script.chunk(body[at : at + 11])
    url = fault_server.url(script.last_chunk().keep())

    def ask(client: Kimi) -> kimistream.Message:
        return client.complete(
            f"My key is {KEY}. In base64: {' '.join(encoded)}",
            extra_headers={"X-Mine": KEY, "Cookie": "session=very-secret-1"},
            extra_body={"metadata": {"key": KEY}},
        )

    record(url, path, ask)
    text = path.read_text("utf-8")
    assert KEY not in text
    assert "very-secret-1" not in text
    for shift in range(3):
        inner = base64.b64encode(b"x" * shift + KEY.encode())[4:-4].decode()
        assert inner not in text
    played = ask(player(url, path))
    assert KEY not in repr(played)
    assert KEY not in played.text
    assert KEY not in (played.reasoning or "")
    with pytest.raises(CassetteMissError) as caught:
        player(url, path).complete(f"Another {KEY}")
    assert KEY not in str(caught.value)
    assert KEY not in repr(Cassette(path, "replay"))


def test_a_cassette_that_somebody_has_written(path: Path) -> None:
    """The form is the contract: any tool may write one."""
    exchange = {
        "request": {
            "method": "POST",
            "path": "/v1/chat/completions",
            "headers": {"Content-Type": "application/json"},
            "body": {"messages": [{"role": "user", "content": "hi"}], "model": "kimi-k2.6"},
        },
        "response": {"status": 200, "headers": {"Content-Type": "application/json"}},
        "pieces": [[0.25, json.dumps(completion("from elsewhere"), ensure_ascii=False)]],
        "end": "clean",
        "clock": None,
    }
    path.write_text(json.dumps(HEADER) + "\n" + json.dumps(exchange) + "\n", "utf-8")
    with pytest.raises(CassetteMissError, match="exchange 1"):
        kimi(NOWHERE, cassette=Cassette(path, "replay")).complete("hi!")
    assert kimi(NOWHERE, cassette=Cassette(path, "replay")).complete("hi").text == "from elsewhere"


def test_python_and_cpp_play_what_the_other_has_recorded(
    simulator: kimistream.simulator.Simulator, tmp_path: Path
) -> None:
    built = sorted((ROOT / "build").glob("*/examples/cpp/record_replay"), key=lambda file: file.stat().st_mtime)
    if not built:
        pytest.skip("not built: cmake --workflow --preset dev")
    question = "Which one is bigger, 9.11 or 9.9?"

    def cpp(path: Path, mode: str, address: str) -> str:
        environment = {**os.environ, "MOONSHOT_API_KEY": simulator.api_key, "KIMISTREAM_BASE_URL": address}
        command = [built[-1], path, question, mode]
        return subprocess.run(command, capture_output=True, encoding="utf-8", env=environment, timeout=120).stdout

    recorded = cpp(tmp_path / "cpp.jsonl", "record", simulator.base_url)
    assert "9.9 is bigger" in recorded
    client = Kimi(base_url=NOWHERE, cassette=Cassette(tmp_path / "cpp.jsonl", "replay"))
    assert recorded == f"recorded: {client.stream(question).message.text}\n"

    client = Kimi(base_url=simulator.base_url, api_key=simulator.api_key, cassette=tmp_path / "python.jsonl")
    text = client.stream(question).message.text
    assert cpp(tmp_path / "python.jsonl", "replay", NOWHERE) == f"played: {text}\n"


def test_nothing_is_imported_without_a_cassette() -> None:
    program = (
        "import sys, kimistream; kimistream.Kimi(api_key='x'); print('kimistream._requests.cassette' in sys.modules)"
    )
    assert python(program).stdout == "False\n"
