"""The simulator in the messages protocol: Moonshot's route and the subscription's."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("aiohttp")
httpx = pytest.importorskip("httpx")

from kimistream.simulator import Simulator  # noqa: E402  (after the skips)

USER = {"role": "user", "content": "Weather in Tokyo"}
TOOL = {
    "name": "get_weather",
    "description": "weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


@pytest.fixture(scope="module")
def shared() -> Iterator[Simulator]:
    with Simulator(pace=0, dialect="moonshot-anthropic") as simulator:
        yield simulator


@pytest.fixture
def sim(shared: Simulator) -> Simulator:
    shared.reset()
    return shared


def send(sim: Simulator, messages: Any, headers: dict[str, str] | None = None, **fields: Any) -> httpx.Response:
    turns = [{"role": "user", "content": messages}] if isinstance(messages, str) else messages
    body = {"model": "kimi-k2.6", "max_tokens": 4096, "messages": turns, **fields}
    keyed = headers if headers is not None else {"x-api-key": sim.api_key, "anthropic-version": "2023-06-01"}
    return httpx.post(f"{sim.base_url}/v1/messages", json=body, headers=keyed, timeout=20, verify=False)


def events(response: httpx.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    found = []
    for block in response.text.split("\n\n")[:-1]:
        name, data = block.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        found.append(event)
    return found


def test_a_stream_follows_the_protocol(sim: Simulator) -> None:
    assert sim.base_url.endswith("/anthropic")
    answer = send(sim, "17 * 23", stream=True, headers={"Authorization": f"Bearer {sim.api_key}"})
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["Msh-Request-Id"]
    found = events(answer)
    kinds = [event["type"] for event in found]
    assert kinds[:2] == ["message_start", "ping"]
    assert kinds[-2:] == ["message_delta", "message_stop"]
    starts = [event for event in found if event["type"] == "content_block_start"]
    assert [start["content_block"] for start in starts] == [
        {"type": "thinking", "thinking": ""},
        {"type": "text", "text": ""},
    ]
    assert [event["index"] for event in found if event["type"] == "content_block_stop"] == [0, 1]
    deltas = [event["delta"] for event in found if event["type"] == "content_block_delta"]
    assert "17 * 23" in "".join(delta.get("thinking", "") for delta in deltas)
    text = "".join(delta.get("text", "") for delta in deltas)
    assert "391" in text
    assert not any(delta["type"] == "signature_delta" for delta in deltas)
    first, last = found[0]["message"]["usage"], found[-2]["usage"]
    assert first["input_tokens"] == first["prompt_tokens"] == last["input_tokens"]
    assert first["output_tokens"] == 0 < last["output_tokens"]
    whole = send(sim, "17 * 23").json()
    assert [block["type"] for block in whole["content"]] == ["thinking", "text"]
    assert "signature" not in whole["content"][0]
    assert whole["content"][1]["text"] == text
    assert (whole["type"], whole["role"], whole["stop_reason"]) == ("message", "assistant", "end_turn")


def test_the_input_is_split_anew_when_its_prefix_was_seen(sim: Simulator) -> None:
    send(sim, "Tell me about tides")
    found = events(send(sim, "Tell me about tides", stream=True))
    first, last = found[0]["message"]["usage"], found[-2]["usage"]
    assert last["cache_read_input_tokens"] > 0
    assert last["input_tokens"] + last["cache_read_input_tokens"] == first["input_tokens"]
    assert first["cache_read_input_tokens"] == 0


@pytest.mark.parametrize("stream", [False, True])
def test_a_round_with_a_tool(sim: Simulator, stream: bool) -> None:
    answer = send(sim, [USER], tools=[TOOL], stream=stream)
    if stream:
        found = events(answer)
        start = next(e for e in found if e.get("content_block", {}).get("type") == "tool_use")
        pieces = [e["delta"]["partial_json"] for e in found if e.get("delta", {}).get("type") == "input_json_delta"]
        thought = "".join(e.get("delta", {}).get("thinking", "") for e in found)
        assert start["content_block"]["input"] == {}
        assert pieces[0] == ""
        assert found[-2]["delta"]["stop_reason"] == "tool_use"
        call = {**start["content_block"], "input": json.loads("".join(pieces))}
    else:
        thinking, call = answer.json()["content"]
        thought = thinking["thinking"]
        assert answer.json()["stop_reason"] == "tool_use"
    assert call["id"].startswith("tool_")
    assert call["input"] == {"city": "Tokyo"}
    turn = {"role": "assistant", "content": [{"type": "thinking", "thinking": thought}, call]}
    result = {"type": "tool_result", "tool_use_id": call["id"], "content": [{"type": "text", "text": '{"t":"22°C"}'}]}
    history = [USER, turn, {"role": "user", "content": [result]}]
    after = send(sim, history, tools=[TOOL]).json()
    assert "22°C" in after["content"][-1]["text"]
    forgotten = send(sim, [USER, {**turn, "content": [call]}, history[2]], tools=[TOOL])
    assert forgotten.status_code == 400
    assert forgotten.json()["type"] == "error"
    assert "reasoning_content is missing" in forgotten.json()["error"]["message"]
    off = {"thinking": {"type": "disabled"}}
    assert send(sim, [USER, {**turn, "content": [call]}, history[2]], tools=[TOOL], **off).status_code == 200


def test_thinking_kept_and_switched_off(sim: Simulator) -> None:
    off = send(sim, "hi", thinking={"type": "disabled"}).json()
    assert [block["type"] for block in off["content"]] == ["text"]
    thought = {"type": "thinking", "thinking": "473, 921, 215"}
    turn = {"role": "assistant", "content": [thought, {"type": "text", "text": "Hello."}]}
    history = [{"role": "user", "content": "hi"}, turn, {"role": "user", "content": "again"}]
    edits = {"context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}}
    assert "473, 921, 215" in send(sim, history, **edits).text
    assert "473, 921, 215" not in send(sim, history).text


def test_prefill_media_limits_and_stops(sim: Simulator) -> None:
    beginning = [{"role": "user", "content": "count to 9"}, {"role": "assistant", "content": "1, 2, 3"}]
    assert send(sim, beginning).json()["content"][-1]["text"] == ", 4, 5, 6, 7, 8, 9."
    data = bytes(range(256)) * 9
    source = {"type": "base64", "media_type": "image/png", "data": b64encode(data).decode()}
    seen = send(sim, [{"role": "user", "content": [{"type": "image", "source": source}]}])
    assert hashlib.sha256(data).hexdigest() in seen.text
    cut = send(sim, "count to 9", max_tokens=3).json()
    assert (cut["stop_reason"], cut["usage"]["output_tokens"]) == ("max_tokens", 3)
    stopped = send(sim, "count to 9", stop_sequences=[", 4"], system="Be terse.").json()
    assert stopped["content"][-1]["text"] == "1, 2, 3"
    assert "Be terse." in stopped["content"][0]["thinking"]


@pytest.mark.parametrize(
    ("fields", "status", "kind", "sentence"),
    [
        ({"max_tokens": None}, 400, "invalid_request_error", "max_tokens: Field required"),
        ({"max_tokens": 0}, 400, "invalid_request_error", "positive integer"),
        ({"messages": []}, 400, "invalid_request_error", "at least one message"),
        ({"messages": [{"role": "system", "content": "x"}]}, 400, "invalid_request_error", "role must be"),
        ({"model": "kimi-k9"}, 404, "resource_not_found_error", "Not found the model kimi-k9"),
        ({"tools": [{"name": "x"}]}, 400, "invalid_request_error", "input_schema"),
        (
            {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "get_weather"}},
            400,
            "invalid_request_error",
            "specif",
        ),
        ({"tool_choice": {"type": "required"}}, 400, "invalid_request_error", "unknown type"),
        ({"thinking": {"type": "on"}}, 400, "invalid_request_error", "thinking"),
    ],
)
def test_refused(sim: Simulator, fields: dict[str, Any], status: int, kind: str, sentence: str) -> None:
    body = {"model": "kimi-k2.6", "max_tokens": 100, "messages": [USER], **fields}
    refused = httpx.post(f"{sim.base_url}/v1/messages", json=body, headers={"x-api-key": sim.api_key})
    assert refused.status_code == status
    assert list(refused.json()) == ["type", "error"]
    assert refused.json()["error"]["type"] == kind
    assert sentence in refused.json()["error"]["message"]


@pytest.mark.parametrize("odd", [[], {}, [[]], [{}], 0, True, "x", {"type": []}, [{"type": "tool_use"}]])
@pytest.mark.parametrize("field", ["system", "tools", "tool_choice", "thinking", "stop_sequences", "output_config"])
def test_odd_values_never_crash_it(sim: Simulator, field: str, odd: Any) -> None:
    assert send(sim, "hi", **{field: odd}).status_code in (200, 400)
    for role in ("user", "assistant"):
        assert send(sim, [USER, {"role": role, "content": odd}]).status_code in (200, 400)
        assert send(sim, [USER, {"role": role, "content": [{"type": "image", "source": odd}]}]).status_code == 400


def test_errors_within_a_stream_are_events() -> None:
    with Simulator(pace=0, dialect="moonshot-anthropic", midstream_error="529") as sim:
        blocks = send(sim, "hi", stream=True).text.split("\n\n")
        assert blocks[3].startswith("event: error\ndata: ")
        assert json.loads(blocks[3].split("data: ")[1])["error"]["type"] == "overloaded_error"
        assert blocks[4:] == [""]


def test_the_subscription_has_keys_models_and_limits_of_its_own() -> None:
    with Simulator(pace=0, dialect="kimi-code") as sim:
        assert sim.base_url.endswith("/coding")
        assert send(sim, "hi", model="kimi-for-coding").status_code == 200
        assert send(sim, "hi", headers={"Authorization": f"Bearer {sim.api_key}"}).status_code == 401
        assert send(sim, "hi", model="kimi-k2.6").status_code == 404
        models = httpx.get(f"{sim.base_url}/v1/models", headers={"x-api-key": sim.api_key}).json()["data"]
        assert models[0]["display_name"] == "Kimi for Coding"
        large = send(sim, "x" * 2_097_152, model="kimi-for-coding")
        assert large.status_code == 400
        assert "exceeds limit 2097152" in large.json()["error"]["message"]
