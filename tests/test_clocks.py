"""`kimistream.Timeout`: four clocks, each by itself, over real sockets; which one ran out, and what had come."""

from __future__ import annotations

import asyncio
import copy
import pickle
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from fault_server_client import FaultServer, Script, as_chunk
from kit import (
    KEY,
    answer,
    async_kimi,
    completion,
    frame,
    kimi,
    run,
    stalled,
    stream_of,
    with_patience,
)
from test_timeouts import full_listener  # noqa: F401  (a fixture)

from kimistream import APIStatusError, APITimeoutError, AsyncKimi, InvalidRequestError, Kimi, KimiError, Timeout

INF = float("inf")
ASKED: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}]}
HEAD = {"Content-Type": "text/event-stream"}
WAYS = ["stream", "text", "create", "complete", "async", "async create", "async complete"]
STREAMING = ["stream", "text", "create", "async", "async create"]
ways = pytest.mark.parametrize("way", WAYS)
streaming = pytest.mark.parametrize("way", STREAMING)


def ask(way: str, url: str, timeout: Any, **options: Any) -> str:
    """The answer's text, asked for in one of the ways."""
    if way.startswith("async"):

        async def read() -> str:
            async with async_kimi(url, **options) as client:
                if way == "async":
                    return "".join([each async for each in client.stream("hi", timeout=timeout).text])
                if way == "async complete":
                    return (await client.complete("hi", timeout=timeout)).text
                chunks = await client.chat.completions.create(stream=True, timeout=timeout, **ASKED)
                return "".join([chunk.choices[0].delta.content or "" async for chunk in chunks])

        return run(read())
    client = kimi(url, **options)
    if way == "create":
        chunks = client.chat.completions.create(stream=True, timeout=timeout, **ASKED)
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    if way == "complete":
        return client.complete("hi", timeout=timeout).text
    if way == "text":
        return "".join(client.stream("hi", timeout=timeout).text)
    return client.stream("hi", timeout=timeout).message.text


def error_of(way: str, url: str, timeout: Timeout, **options: Any) -> APITimeoutError:
    with pytest.raises(APITimeoutError) as caught:
        ask(way, url, timeout, **options)
    return caught.value


# ---- the value ------------------------------------------------------------------------------------------------------


def test_a_frozen_value() -> None:
    clocks = Timeout(1, 2.5, idle=3, total=INF)
    assert (clocks.connect, clocks.first_event, clocks.idle, clocks.total) == (1.0, 2.5, 3.0, INF)
    assert clocks == Timeout(connect=1, first_event=2.5, idle=3, total=INF)
    assert clocks != Timeout(1, 2.5, 3)
    assert len({clocks, Timeout(1, 2.5, 3, INF), Timeout()}) == 2
    assert repr(Timeout(idle=3)) == "Timeout(connect=None, first_event=None, idle=3.0, total=None)"
    for same in (pickle.loads(pickle.dumps(clocks)), copy.copy(clocks), copy.deepcopy(clocks)):
        assert same == clocks
    for name in ("idle", "other"):
        with pytest.raises(AttributeError, match="frozen"):
            setattr(clocks, name, 5)
    with pytest.raises(AttributeError, match="frozen"):
        del clocks.idle


@pytest.mark.parametrize("name", ["connect", "first_event", "idle", "total"])
@pytest.mark.parametrize("bad", [0, -1, 0.0, float("nan"), -INF], ids=str)
def test_a_clock_is_more_than_nothing(name: str, bad: float) -> None:
    with pytest.raises(InvalidRequestError, match=f"{name} must be more than 0 seconds"):
        Timeout(**{name: bad})


@pytest.mark.parametrize("name", ["connect", "first_event", "idle", "total"])
@pytest.mark.parametrize("bad", ["5", True, [5], b"5", 1j], ids=repr)
def test_a_clock_is_a_number(name: str, bad: Any) -> None:
    with pytest.raises(TypeError, match=f"{name} must be a number of seconds"):
        Timeout(**{name: bad})


@pytest.mark.parametrize("bad", [0, -1, float("nan")])
@pytest.mark.parametrize("client_type", [Kimi, AsyncKimi])
def test_what_cannot_be_a_timeout_is_told_before_anything_is_sent(
    client_type: Any, bad: float, fault_server: FaultServer
) -> None:
    class LikeHttpx:
        connect = read = bad

    url = fault_server.url(stream_of("no"))
    for timeout in (bad, LikeHttpx()):
        with pytest.raises(InvalidRequestError, match="must be more than 0"):
            client_type(KEY, base_url=url, timeout=timeout)
        with pytest.raises(InvalidRequestError, match="must be more than 0"):
            kimi(url).stream("hi", timeout=timeout)
    for other in ("5", True, {"total": 5}, (1, 2), object()):
        with pytest.raises(TypeError, match="timeout must be a number of seconds"):
            client_type(KEY, base_url=url, timeout=other)
        with pytest.raises(TypeError, match="timeout must be a number of seconds"):
            kimi(url).chat.completions.create(timeout=other, **ASKED)
    assert fault_server.attempts(url) == 0


@ways
def test_never(way: str, fault_server: FaultServer) -> None:
    whole = Script().json(200, completion("there")) if "complete" in way else stream_of("there")
    assert ask(way, fault_server.url(whole), Timeout(INF, INF, INF, INF)) == "there"
    assert ask(way, fault_server.url(whole), INF) == "there"
    assert ask(way, fault_server.url(whole), 10**400) == "there"


# ---- each clock -----------------------------------------------------------------------------------------------------


@ways
def test_connect(way: str, full_listener: str) -> None:  # noqa: F811
    error = error_of(way, full_listener, Timeout(connect=0.2, first_event=0.01))
    assert (error.clock, error.partial, error.retryable) == ("connect", None, True)


def test_connect_covers_the_handshake_of_tls() -> None:
    """A server that takes the connection and says nothing: the clock of the first event has not begun."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/v1"
        for way in ("stream", "async"):
            assert error_of(way, url, Timeout(connect=0.2, first_event=0.05)).clock == "connect"
        assert error_of("stream", url, Timeout(connect=60, first_event=0.05, total=0.3)).clock == "total"


@ways
def test_first_event(way: str, fault_server: FaultServer) -> None:
    script = Script().head(200, HEAD, chunked=True)
    for _ in range(600):
        script.chunk(b": ping\n\n").sleep(20).chunk(b"\n").sleep(20)
    error = error_of(way, fault_server.url(script.stall()), Timeout(first_event=0.3, idle=60))
    assert (error.clock, error.partial) == ("first_event", None)


def test_first_event_of_a_whole_answer(fault_server: FaultServer) -> None:
    """Gateways send blanks while they wait for the model."""
    script = Script().head(200, {"Content-Type": "application/json"}, chunked=True)
    for _ in range(600):
        script.chunk(b"\n").sleep(20)
    for way in ("complete", "async complete"):
        assert error_of(way, fault_server.url(script), Timeout(first_event=0.3, idle=60)).clock == "first_event"


def test_the_first_event_is_waited_for_once(fault_server: FaultServer) -> None:
    """A head in between does not begin the clock anew."""

    def attempt(limit: float) -> None:
        script = Script().sleep(700 * limit).head(200, HEAD, chunked=True).sleep(700 * limit)
        url = fault_server.url(script.chunk(frame("late")).stall())
        for way in STREAMING:
            assert error_of(way, url, Timeout(first_event=limit, idle=60)).partial is None

    with_patience(attempt, 0.5)


@streaming
def test_idle(way: str, fault_server: FaultServer) -> None:
    script = Script().head(200, HEAD, chunked=True).chunk(frame("One "))
    for _ in range(600):
        script.chunk(b": ping\n\n").sleep(20)

    def attempt(limit: float) -> None:
        error = error_of(way, fault_server.url(script), Timeout(first_event=60, idle=limit))
        assert error.clock == "idle"
        assert error.partial is not None
        assert error.partial.text == "One "

    with_patience(attempt, 0.3)


def test_pings_of_the_anthropic_route_are_no_events(fault_server: FaultServer) -> None:
    """Moonshot's route sends `event: ping` as Anthropic's does."""
    ping = b'event: ping\ndata: {"type": "ping"}\n\n'
    start = (
        b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
        b'"content_block":{"type":"text","text":""}}\n\n'
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        b'"delta":{"type":"text_delta","text":"One"}}\n\n'
    )
    for begun, clock in ((False, "first_event"), (True, "idle")):
        script = Script().head(200, HEAD, chunked=True)
        if begun:
            script.chunk(start)
        for _ in range(600):
            script.chunk(ping).sleep(20)
        url = fault_server.url(script).removesuffix("/v1")
        limits = Timeout(first_event=60 if begun else 0.3, idle=0.3 if begun else 60)
        for way in ("stream", "create", "async"):
            error = error_of(way, url, limits, provider="moonshot-anthropic")
            assert (error.clock, error.partial and error.partial.text) == (clock, "One" if begun else None)


@streaming
def test_total_of_a_stream_that_goes_on(way: str, fault_server: FaultServer) -> None:
    script = Script().head(200, HEAD, chunked=True)
    for _ in range(1500):
        script.chunk(frame("x")).sleep(10)

    def attempt(limit: float) -> None:
        url = fault_server.url(script)
        error = error_of(way, url, Timeout(total=limit))
        assert error.clock == "total"
        assert error.partial is not None
        assert set(error.partial.text) == {"x"}
        assert error.partial.finish_reason is None
        assert "What had come is in .partial" in error.message
        fault_server.wait_closed(url=url)

    with_patience(attempt, 0.4)


@ways
@pytest.mark.parametrize("script", [Script().stall(), stalled()], ids=["no head", "no event"])
def test_total_of_an_answer_that_does_not_begin(way: str, script: Script, fault_server: FaultServer) -> None:
    error = error_of(way, fault_server.url(script), Timeout(total=0.3), max_retries=5)
    assert (error.clock, error.partial) == ("total", None)


@ways
def test_total_runs_over_attempts(way: str, fault_server: FaultServer) -> None:
    """Each attempt is within its own clock; together they are too long."""
    url = fault_server.url(Script().stall())
    error = error_of(way, url, Timeout(first_event=0.25, total=4), max_retries=50)
    assert error.clock in ("total", "first_event")  # the latter where the next pause would have outlasted the total
    assert 1 < fault_server.attempts(url) < 50


@ways
def test_a_pause_that_would_outlast_the_total_is_not_begun(way: str, fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(429, {"error": {"message": "slow down"}}, {"Retry-After": "50"}))
    begin = time.monotonic()
    with pytest.raises(APIStatusError) as caught:
        ask(way, url, Timeout(total=40), max_retries=5)
    assert caught.value.status_code == 429
    assert time.monotonic() - begin < 40
    assert fault_server.attempts(url) == 1


@ways
def test_a_total_that_suffices(way: str, fault_server: FaultServer) -> None:
    busy = Script().json(503, {"error": {"message": "busy"}}).attempt()
    whole = busy.json(200, completion("there")) if "complete" in way else busy.event_stream(answer("there"))
    url = fault_server.url(whole)
    assert ask(way, url, Timeout(total=60), max_retries=2) == "there"
    assert fault_server.attempts(url) == 2


# ---- slow consumers -------------------------------------------------------------------------------------------------


def gated(*texts: str) -> Script:
    script = Script().head(200, HEAD, chunked=True).chunk(frame(texts[0])).gate()
    for each in answer(*texts[1:])[1:]:
        script.chunk(each)
    return script.last_chunk().keep()


def test_who_thinks_between_two_events_is_no_stall(fault_server: FaultServer) -> None:
    def read(limit: float) -> str:
        url = fault_server.url(gated("a", "b"))
        with kimi(url).stream("hi", timeout=Timeout(first_event=limit, idle=limit)) as stream:
            first = next(stream).text
            time.sleep(1.5 * limit)  # the server says nothing, and nobody asks
            fault_server.open(url)
            return str(first + "".join(stream.text))

    assert with_patience(read, 0.3) == "ab"


@pytest.mark.parametrize("shape", ["events", "chunks"])
@pytest.mark.parametrize("blocked", [False, True])
def test_nor_under_asyncio(shape: str, blocked: bool, fault_server: FaultServer) -> None:
    async def read(limit: float) -> str:
        url = fault_server.url(gated("a", "b"))
        text = ""
        async with async_kimi(url) as client:
            timeout = Timeout(first_event=limit, idle=limit)
            if shape == "events":
                stream: Any = client.stream("hi", timeout=timeout)
            else:
                stream = await client.chat.completions.create(stream=True, timeout=timeout, **ASKED)
            async for item in stream:
                piece = getattr(item, "text", "") if shape == "events" else item.choices[0].delta.content or ""
                text += piece
                if piece == "a":
                    if blocked:
                        time.sleep(1.5 * limit)
                    else:
                        await asyncio.sleep(1.5 * limit)
                    fault_server.open(url)
        return text

    assert with_patience(lambda limit: run(read(limit)), 0.3) == "ab"


def test_nor_between_the_head_and_the_first_event(fault_server: FaultServer) -> None:
    async def read(limit: float) -> str:
        url = fault_server.url(Script().head(200, HEAD, chunked=True).gate().chunk(b"".join(answer("a"))).last_chunk())
        async with async_kimi(url) as client, client.stream("hi", timeout=Timeout(first_event=limit)) as stream:
            await asyncio.sleep(1.5 * limit)
            fault_server.open(url)
            return "".join([each async for each in stream.text])

    assert with_patience(lambda limit: run(read(limit)), 0.3) == "a"


def test_who_was_cancelled_waits_no_more(fault_server: FaultServer) -> None:
    async def read(limit: float) -> str:
        url = fault_server.url(gated("a", "b"))
        async with async_kimi(url) as client, client.stream("hi", timeout=Timeout(idle=limit)) as stream:
            texts = aiter(stream.text)
            first = await anext(texts)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(anext(texts), limit / 3)
            await asyncio.sleep(1.5 * limit)
            fault_server.open(url)
            return first + "".join([each async for each in stream.text])

    assert with_patience(lambda limit: run(read(limit)), 0.4) == "ab"


@pytest.mark.parametrize("way", ["sync", "async"])
def test_what_had_arrived_in_time_is_read_after_the_total(way: str, fault_server: FaultServer) -> None:
    """The end of the answer had arrived; that its reader came late is not told as a timeout."""
    url = fault_server.url(stream_of("a", "b", "c"))

    def sync(limit: float) -> str:
        stream = kimi(url).stream("hi", timeout=Timeout(total=limit))
        first = next(stream).text
        time.sleep(1.5 * limit)
        return str(first + "".join(stream.text))

    async def asynchronous(limit: float) -> str:
        async with async_kimi(url) as client, client.stream("hi", timeout=Timeout(total=limit)) as stream:
            texts = aiter(stream.text)
            first = await anext(texts)
            await asyncio.sleep(1.5 * limit)
            return first + "".join([each async for each in texts])

    read = sync if way == "sync" else lambda limit: run(asynchronous(limit))
    assert with_patience(read, 0.4) == "abc"


def test_the_total_ends_a_stream_that_is_read_too_slowly(fault_server: FaultServer) -> None:
    script = Script().head(200, HEAD, chunked=True).repeat(200_000, as_chunk(frame("x")))
    slowly = (time.sleep(0.0001) for _ in kimi(fault_server.url(script)).stream("hi", timeout=Timeout(total=0.5)))
    with pytest.raises(APITimeoutError) as caught:
        list(slowly)
    assert caught.value.clock == "total"


# ---- where timeouts come from -----------------------------------------------------------------------------------


def test_what_a_call_leaves_open_is_the_clients(fault_server: FaultServer) -> None:
    url = fault_server.url(stalled(frame("x")))

    def attempt(limit: float) -> None:
        client = kimi(url, timeout=Timeout(first_event=60, idle=limit))
        for timeout in (None, Timeout(connect=5), Timeout(total=60)):
            with pytest.raises(APITimeoutError) as caught:
                list(client.stream("hi", timeout=timeout))
            assert caught.value.clock == "idle"
        client = kimi(url, timeout=Timeout(total=limit))
        for timeout in (60, None, Timeout(idle=60)):  # a number says nothing of the total
            with pytest.raises(APITimeoutError) as caught:
                list(client.stream("hi", timeout=timeout))
            assert caught.value.clock == "total"
        with pytest.raises(APITimeoutError) as caught:
            list(client.stream("hi", timeout=Timeout(idle=2 * limit, total=INF)))
        assert caught.value.clock == "idle"

    with_patience(attempt, 0.3)


def test_timeouts_of_httpx(fault_server: FaultServer) -> None:
    """As users of openai-python pass them: httpx.Timeout(60, connect=5)."""
    httpx = pytest.importorskip("httpx")
    url = fault_server.url(stalled(frame("x")))

    def attempt(limit: float) -> None:
        with pytest.raises(APITimeoutError) as caught:
            list(kimi(url, timeout=httpx.Timeout(limit, connect=60)).stream("hi"))
        assert caught.value.clock == "idle"

    with_patience(attempt, 0.3)
    assert kimi(fault_server.url(stream_of("a")), timeout=httpx.Timeout(None)).stream("hi").message.text == "a"


def test_environments(fault_server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "kimistream.toml"
    monkeypatch.setenv("KIMISTREAM_CONFIG", str(file))
    url = fault_server.url(stalled(frame("x")))

    def client(settings: str, **options: Any) -> Kimi:
        file.write_text(f'[environments.dev]\nbase_url = "{url}"\nmax_retries = 0\n{settings}\n')
        return Kimi(KEY, environment="dev", **options)

    def clock(settings: str, **options: Any) -> str | None:
        with pytest.raises(APITimeoutError) as caught:
            list(client(settings, **options).stream("hi"))
        return caught.value.clock

    assert clock("timeout = { total = 0.3, idle = inf }") == "total"
    assert clock("timeout = { total = 0.3 }", timeout=60) == "total"  # which a number says nothing of
    assert clock("timeout = { total = 60, idle = 40 }", timeout=Timeout(total=0.3)) == "total"
    assert clock("options = { timeout = { total = 0.3 } }") == "total"
    assert clock("timeout = 60\noptions = { timeout = 0.3 }") in ("idle", "first_event")
    for wrong, said in (
        ("timeout = { totl = 3 }", "did you mean 'total'"),
        ("timeout = { total = 0 }", "timeout: timeout's total must be more than 0"),
        ("timeout = { total = '3' }", "must be a number of seconds"),
        ("timeout = true", "must be a number of seconds"),
        ("options = { timeout = { idle = nan } }", "options.timeout: timeout's idle"),
    ):
        with pytest.raises(InvalidRequestError, match=said):
            client(wrong)


def test_resources(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().stall())
    client = kimi(url)
    asked: list[Any] = [
        lambda timeout: client.models.list(timeout=timeout),
        lambda timeout: client.balance(timeout=timeout),
        lambda timeout: client.files.list(timeout=timeout),
        lambda timeout: client.files.retrieve("f-1", timeout=timeout),
        lambda timeout: client.files.create(file=b"x", purpose="file-extract", timeout=timeout),
        lambda timeout: client.count_tokens("hi", timeout=timeout),
    ]
    for ask_for in asked:
        for timeout, clock in ((Timeout(first_event=0.2), "first_event"), (Timeout(total=0.2), "total")):
            with pytest.raises(APITimeoutError) as caught:
                ask_for(timeout)
            assert caught.value.clock == clock


def test_the_total_is_for_all_pages_of_a_list(fault_server: FaultServer) -> None:
    """Each page is quick; there is no end of them."""
    script = Script()
    for page in range(200):
        rows = {"data": [{"id": f"f-{page}", "object": "file"}], "has_more": True}
        script.sleep(20).json(200, rows).attempt()
    for client_wide in (False, True):
        url = fault_server.url(script.json(200, {"data": []}))
        with pytest.raises(APITimeoutError) as caught:
            kimi(url, timeout=Timeout(total=0.5 if client_wide else 60)).files.list(
                timeout=None if client_wide else Timeout(total=0.5)
            )
        assert caught.value.clock == "total"


# ---- the error ------------------------------------------------------------------------------------------------------


def test_the_clock_survives_pickle_and_copy(fault_server: FaultServer) -> None:
    def attempt(limit: float) -> APITimeoutError:
        error = error_of("stream", fault_server.url(stalled(frame("x"))), Timeout(idle=limit))
        assert error.clock == "idle"
        return error

    error = with_patience(attempt, 0.2)
    for same in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(same) is APITimeoutError
        assert same.clock == "idle"
        assert same.partial is not None
        assert same.partial.text == "x"
        assert str(same) == str(error)
    assert APITimeoutError("late").clock is None
    assert not hasattr(KimiError("x"), "clock")
