"""The recorded transcripts, served over a socket and read with the client, compared as golden/README.md says."""

from __future__ import annotations

import json
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from fault_server_client import FaultServer
from kit import Script, async_kimi, kimi, run

import kimistream
from kimistream import _core

GOLDEN = Path(__file__).parent / "golden"
SAMPLES = sorted(
    path for suffix in ("*.sse", "*.json") for path in GOLDEN.glob(suffix) if ".expected." not in path.name
)
KNOWN = [path for path in SAMPLES if json.loads(path.with_suffix(".expected.json").read_text())["provider"]
         in _core.provider_names()]  # fmt: skip
DRIPPED = {"moonshot-tool", "path-crlf", "path-split-surrogate", "path-leaked-markers-in-reasoning"}
WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "The weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}  # fmt: skip

samples = pytest.mark.parametrize("path", KNOWN, ids=lambda path: path.stem)


def expectation(path: Path) -> dict[str, Any]:
    expected: dict[str, Any] = json.loads(path.with_suffix(".expected.json").read_text())
    return expected


def serve(path: Path, cuts: list[int] | None = None, drip: float | None = None) -> Script:
    """The sample as one response. `cuts` are offsets at which a chunk ends; with `drip` each byte is a write."""
    body = path.read_bytes()
    expected = expectation(path)
    status = expected.get("http_status", expected.get("status", 200))
    headers = dict(expected.get("headers", {}))
    if path.suffix == ".json":
        return Script().respond(status, body, "application/json", headers)
    script = Script().head(status, {"Content-Type": "text/event-stream", **headers}, chunked=drip is None)
    if drip is not None:
        return script.drip(drip, body).close()
    edges = [0, *(cuts or []), len(body)]
    for begin, end in pairwise(edges):
        if begin < end:
            script.chunk(body[begin:end])
            script.sleep(0.2)
    return script.last_chunk().keep()


def offered(path: Path) -> dict[str, Any]:
    """A function is offered where calls are expected, or the sample's name speaks of tools."""
    return {"tools": [WEATHER]} if expectation(path).get("tool_calls") or "tool" in path.name else {}


def read(path: Path, url: str) -> kimistream.Message | kimistream.APIError:
    client = kimi(url, provider=expectation(path)["provider"])
    try:
        if path.suffix == ".json":
            return client.complete("1+1?", **offered(path))
        stream = client.stream("1+1?", **offered(path))
        events = list(stream)
        message = stream.message
    except kimistream.APIError as error:
        return error
    fold(events, message)
    return message


def fold(events: list[Any], message: kimistream.Message) -> None:
    """The events of a stream and its message say the same."""
    texts = "".join(event.text for event in events if event.type == "text")
    thoughts = "".join(event.text for event in events if event.type == "thinking")
    assert texts == message.text
    assert thoughts == (message.reasoning or "")
    assert [event for event in events if event.type == "tool_call"] == message.tool_calls
    assert [event.reason for event in events if event.type == "finish"] == [message.finish_reason]
    assert [event for event in events if event.type == "notice"] == message.warnings


async def read_async(path: Path, url: str) -> kimistream.Message | kimistream.APIError:
    async with async_kimi(url, provider=expectation(path)["provider"]) as client:
        try:
            if path.suffix == ".json":
                return await client.complete("1+1?", **offered(path))
            stream = client.stream("1+1?", **offered(path))
            events = [event async for event in stream]
            message = await stream.message
        except kimistream.APIError as error:
            return error
        fold(events, message)
        return message


def compare(path: Path, got: kimistream.Message | kimistream.APIError) -> None:
    expected = expectation(path)
    message: Any = got
    if "error" in expected or "retryable" in expected:
        assert isinstance(got, kimistream.APIError), got
        error = expected.get("error", {"status": expected.get("http_status", expected.get("status"))})
        if error == "incomplete_stream":
            assert isinstance(got, kimistream.IncompleteStreamError)
        else:
            assert error.get("status", got.status_code) == got.status_code
            assert error.get("type", got.type) == got.type
        if "retryable" in expected:
            assert got.retryable is expected["retryable"]
        if "retry_after_seconds" in expected:
            assert got.retry_after == expected["retry_after_seconds"]
        message = got.partial
    else:
        assert isinstance(got, kimistream.Message), got
    for key in ("reasoning", "content", "finish_reason"):
        if key in expected:
            assert getattr(message, key) == expected[key], key
    if "tool_calls" in expected:
        calls = [{"name": call.name, "arguments": json.loads(call.arguments)} for call in message.tool_calls]
        assert calls == expected["tool_calls"]
        assert all(call.complete for call in message.tool_calls)
    if "usable" in expected:
        usable = [call for call in message.tool_calls if call.complete]
        assert [{"name": call.name, "arguments": json.loads(call.arguments)} for call in usable] == expected["usable"]
    for key, value in (expected.get("usage") or {}).items():
        assert getattr(message.usage, key) == value, key
    if "warning" in expected:
        assert bool(message.warnings) is expected["warning"]


def test_there_are_samples() -> None:
    assert len(KNOWN) >= 17


@samples
def test_whole(path: Path, fault_server: FaultServer) -> None:
    compare(path, read(path, fault_server.url(serve(path))))


@samples
def test_whole_with_asyncio(path: Path, fault_server: FaultServer) -> None:
    compare(path, run(read_async(path, fault_server.url(serve(path)))))


@samples
@pytest.mark.parametrize("seed", range(3))
def test_split_anywhere(path: Path, seed: int, fault_server: FaultServer) -> None:
    dice = random.Random(f"{path.stem} {seed}")
    size = len(path.read_bytes())
    cuts = sorted(dice.sample(range(1, size), min(size - 1, dice.randint(1, 40))))
    url = fault_server.url(serve(path, cuts))
    compare(path, read(path, url) if seed else run(read_async(path, url)))


@pytest.mark.parametrize("path", [path for path in KNOWN if path.stem in DRIPPED], ids=lambda path: path.stem)
def test_byte_by_byte(path: Path, fault_server: FaultServer) -> None:
    compare(path, read(path, fault_server.url(serve(path, drip=0))))
    compare(path, run(read_async(path, fault_server.url(serve(path, drip=0)))))


@samples
def test_both_shapes_say_the_same(path: Path, fault_server: FaultServer) -> None:
    """What `create` gives, joined by hand, is what the message has; where the wire says it in the usual way."""
    expected = expectation(path)
    unusual = {"path-leaked-markers-in-reasoning", "path-parallel-same-index", "path-split-surrogate"}
    if "error" in expected or "retryable" in expected or path.stem in unusual:
        pytest.skip("an error, or one that only the accumulator mends")
    client = kimi(fault_server.url(serve(path)), provider=expected["provider"])
    asked: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "1+1?"}], **offered(path)}
    content = reasoning = ""
    calls: dict[int, list[str]] = {}
    if path.suffix == ".json":
        said = [client.chat.completions.create(**asked).choices[0].message]
    else:
        said = [chunk.choices[0].delta for chunk in client.chat.completions.create(stream=True, **asked)]
    for piece in said:
        content += piece.content or ""
        reasoning += piece.reasoning_content or ""
        assert piece.reasoning_content == piece.reasoning
        for number, call in enumerate(piece.tool_calls or []):
            joined = calls.setdefault(call.index if path.suffix == ".sse" else number, ["", ""])
            joined[0] += call.function.name or ""
            joined[1] += call.function.arguments or ""
    assert content == (expected.get("content") or "")
    assert reasoning == (expected.get("reasoning") or "")
    for usable in expected.get("usable", []):
        assert usable in [{"name": name, "arguments": json.loads(text)} for name, text in calls.values() if whole(text)]


def whole(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
