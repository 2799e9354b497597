"""The simulator as a client sees it: grammar of frames, usage, thinking, tools, media."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator

import pytest

pytest.importorskip("aiohttp")
httpx = pytest.importorskip("httpx")

from simulator_client import WEATHER, deltas, frames, message, post  # noqa: E402

from kimistream.simulator import Simulator  # noqa: E402  (after the skips)
from kimistream.simulator.values.tokens import pieces  # noqa: E402  (after the skips)

SEARCH = {"type": "builtin_function", "function": {"name": "$web_search"}}


@pytest.fixture(scope="module")
def shared() -> Iterator[Simulator]:
    with Simulator(pace=0) as simulator:
        yield simulator


@pytest.fixture
def sim(shared: Simulator) -> Simulator:
    shared.reset()
    return shared


def test_frames_follow_the_captured_grammar(sim: Simulator) -> None:
    response = post(sim, "17 * 23?", stream=True, stream_options={"include_usage": True})
    assert response.headers["content-type"] == "text/event-stream"
    first = response.content.split(b"\n\n")[0].decode()
    assert first.startswith('data: {"id":"chatcmpl-')
    assert first.endswith(
        ',"model":"kimi-k2.6","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],'
        '"system_fingerprint":"fpv0_5de57c9a"}'
    )
    chunks = frames(response)
    assert len({chunk["id"] for chunk in chunks}) == 1
    assert len(chunks[0]["id"]) == len("chatcmpl-") + 24
    kinds = [next(iter(chunk["choices"][0]["delta"]), "finish") for chunk in chunks[1:-1]]
    thinking, answer = kinds.count("reasoning_content"), kinds.count("content")
    assert kinds == ["reasoning_content"] * thinking + ["content"] * answer + ["finish"]
    assert deltas(chunks, "reasoning_content")[-1] == ""
    assert "17 * 23?" in "".join(deltas(chunks, "reasoning_content"))
    assert "391" in "".join(deltas(chunks, "content"))
    finish, extra = chunks[-2], chunks[-1]
    assert list(finish["choices"][0]) == ["index", "delta", "finish_reason", "usage"]
    assert finish["choices"][0]["finish_reason"] == "stop"
    assert list(extra) == ["id", "object", "created", "model", "choices", "usage"]
    assert extra["usage"] == finish["choices"][0]["usage"]
    assert extra["usage"]["completion_tokens_details"]["reasoning_tokens"] == thinking - 1
    assert extra["usage"]["completion_tokens"] == thinking - 1 + answer


@pytest.mark.parametrize(
    ("place", "in_choice", "on_finish", "extra"),
    [("both", 1, 0, 1), ("choice", 1, 0, 0), ("finish", 0, 1, 0), ("empty", 0, 0, 1)],
)
def test_usage_can_be_in_three_places(place: str, in_choice: int, on_finish: int, extra: int) -> None:
    with Simulator(pace=0, usage=place) as sim:
        for asked in (True, False):
            chunks = frames(post(sim, "hi", stream=True, stream_options={"include_usage": asked}))
            choices = [chunk["choices"][0] for chunk in chunks if chunk["choices"]]
            assert sum("usage" in choice for choice in choices) == in_choice
            assert sum("usage" in chunk for chunk in chunks if chunk["choices"]) == on_finish
            assert sum(not chunk["choices"] for chunk in chunks) == (extra if asked else 0)


def test_thinking_is_on_and_can_be_switched_off(sim: Simulator) -> None:
    assert "capital of Japan" in message(post(sim, "capital of Japan?"))["reasoning_content"]
    off = {"type": "disabled"}
    instant = message(post(sim, "capital of Japan?", thinking=off))
    assert instant == {"role": "assistant", "content": "The capital of Japan is Tokyo.", "reasoning_content": ""}
    assert not deltas(frames(post(sim, "hi", thinking=off, stream=True)), "reasoning_content")
    usage = post(sim, "hi", thinking=off).json()["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is 17 * 23?", "391"),
        ("12 乘以 5 再加 3 等于多少", "60"),
        ("(1 + 2) * -3 / 4", "-2.25"),
        ("1 / 0", "You asked"),
        ("which one is bigger, 9.11 or 9.9? think carefully.", "9.9 is bigger"),
        ("9.11和9.9哪个小？", "9.11 比 9.9 小"),
        ("What is the capital of France?", "Paris"),
        ("日本的首都是哪里？", "东京"),
        ("你好,请介绍一下你自己", "模拟器"),
        ("x² + 5x + 6 = 0", "x = -3 or x = -2"),
        ("count to 3", "1, 2, 3."),
        ("Say exactly: {}[]\n\tend", "{}[]\n\tend"),
        ("用一句话解释傅里叶变换", "傅里叶变换"),
        ("Explain Fourier transforms", "Explain Fourier transforms"),
        ("What happened on 2024-01-02?", "2024-01-02"),
    ],
)
def test_answers_are_about_the_question(sim: Simulator, question: str, expected: str) -> None:
    assert expected in message(post(sim, question))["content"]


def test_answers_are_deterministic(sim: Simulator) -> None:
    streamed = "".join(deltas(frames(post(sim, "Tell me about tides", stream=True)), "content"))
    assert message(post(sim, "Tell me about tides"))["content"] == streamed
    with Simulator(pace=0) as other:
        assert message(post(other, "Tell me about tides"))["content"] == streamed


def test_several_turns(sim: Simulator) -> None:
    history = [
        {"role": "system", "content": "Be terse."},
        {"role": "user", "content": "My name is Ada."},
        {"role": "assistant", "content": "Hello.", "reasoning_content": "473, 921, 215"},
        {"role": "user", "content": "What is my name?"},
    ]
    answer = message(post(sim, history))
    assert answer["content"] == "Your name is Ada."
    assert "turn 2" in answer["reasoning_content"]
    assert "Be terse." in answer["reasoning_content"]
    assert "473" not in answer["reasoning_content"]
    kept = message(post(sim, history, thinking={"type": "enabled", "keep": "all"}))
    assert "473, 921, 215" in kept["reasoning_content"]


def test_tool_round(sim: Simulator) -> None:
    question = {"role": "user", "content": "今天北京天气怎么样?"}
    chunks = frames(post(sim, [question], tools=[WEATHER], tool_choice="auto", stream=True))
    fragments = [fragment for calls in deltas(chunks, "tool_calls") for fragment in calls]
    assert fragments[0] == {
        "index": 0,
        "id": "get_weather_0",
        "type": "function",
        "function": {"name": "get_weather", "arguments": ""},
    }
    assert all(list(fragment) == ["index", "function"] for fragment in fragments[1:])
    assert json.loads("".join(fragment["function"]["arguments"] for fragment in fragments)) == {"city": "北京"}
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"

    call = message(post(sim, [question], tools=[WEATHER]))
    assert call["content"] == ""
    result = {"role": "tool", "tool_call_id": call["tool_calls"][0]["id"], "content": '{"temperature":"22°C"}'}
    reply = post(sim, [question, call, result], tools=[WEATHER]).json()["choices"][0]
    assert "22°C" in reply["message"]["content"]
    assert reply["finish_reason"] == "stop"
    assert "tool_calls" not in message(post(sim, [question], tools=[WEATHER], tool_choice="none"))


def test_parallel_calls_and_the_best_tool(sim: Simulator) -> None:
    other = {"type": "function", "function": {"name": "send_mail", "description": "Send a letter to somebody"}}
    calls = message(post(sim, "天气: Tokyo and paris", tools=[other, WEATHER]))["tool_calls"]
    assert [call["id"] for call in calls] == ["get_weather_0", "get_weather_1"]
    assert [json.loads(call["function"]["arguments"])["city"] for call in calls] == ["Tokyo", "Paris"]


def test_arguments_fit_their_schema(sim: Simulator) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = {
        "type": "object",
        "properties": {
            "unit": {"type": "string", "enum": ["celsius", "kelvin"]},
            "a": {"type": "number"},
            "b": {"type": "integer", "minimum": 5},
            "tags": {"type": "array", "items": {"type": "string", "minLength": 30, "maxLength": 31}, "minItems": 2},
            "maybe": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/Point"}]},
            "flag": {"type": ["boolean", "null"]},
        },
        "required": ["unit", "a", "b", "tags", "maybe", "flag"],
        "$defs": {"Point": {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]}},
    }
    tool = {"type": "function", "function": {"name": "calculate", "parameters": schema}}
    arguments = json.loads(message(post(sim, "Add 17 and 2", tools=[tool]))["tool_calls"][0]["function"]["arguments"])
    jsonschema.validate(arguments, schema)
    assert (arguments["unit"], arguments["a"], arguments["b"]) == ("celsius", 17, 5)
    wanted = {"type": "json_schema", "json_schema": {"name": "sum", "schema": schema}}
    jsonschema.validate(json.loads(message(post(sim, "Add", response_format=wanted))["content"]), schema)
    assert isinstance(json.loads(message(post(sim, "x", response_format={"type": "json_object"}))["content"]), dict)


def test_web_search_is_a_builtin(sim: Simulator) -> None:
    question = {"role": "user", "content": "news"}
    call = message(post(sim, [question], tools=[SEARCH]))
    assert call["tool_calls"][0]["type"] == "builtin_function"
    assert call["tool_calls"][0]["function"]["name"] == "$web_search"
    arguments = call["tool_calls"][0]["function"]["arguments"]
    assert json.loads(arguments)["usage"]["total_tokens"] > 0
    answer = {"role": "tool", "tool_call_id": call["tool_calls"][0]["id"], "content": arguments}
    assert post(sim, [question, call, answer], tools=[SEARCH]).json()["choices"][0]["finish_reason"] == "stop"


def test_limits_are_shared_by_thinking_and_answer(sim: Simulator) -> None:
    whole = post(sim, "capital of Italy?").json()["usage"]["completion_tokens"]
    for limit in (1, 5, whole - 1, whole):
        reply = post(sim, "capital of Italy?", max_completion_tokens=limit, max_tokens=1).json()
        assert reply["usage"]["completion_tokens"] == limit
        assert reply["choices"][0]["finish_reason"] == ("stop" if limit == whole else "length")
    assert message(post(sim, "capital of Italy?", max_tokens=3))["content"] == ""


def test_stop_strings_end_the_answer(sim: Simulator) -> None:
    assert message(post(sim, "count to 9", stop=[", 4", "7"]))["content"] == "1, 2, 3"


def test_partial_mode_continues(sim: Simulator) -> None:
    question = {"role": "user", "content": "count to 9"}
    beginning = {"role": "assistant", "content": "1, 2, 3", "partial": True}
    assert message(post(sim, [question, beginning]))["content"] == ", 4, 5, 6, 7, 8, 9."


def test_cached_tokens_appear_when_a_prefix_returns(sim: Simulator) -> None:
    first = post(sim, "Tell me about tides")
    assert "cached_tokens" not in first.json()["usage"]
    assert "prompt_tokens_details" not in first.json()["usage"]
    again = post(sim, "Tell me about tides")
    usage = again.json()["usage"]
    assert usage["cached_tokens"] == usage["prompt_tokens_details"]["cached_tokens"] == usage["prompt_tokens"]
    assert again.headers["Msh-Context-Cache-Token-Saved"] == str(usage["cached_tokens"])


@pytest.mark.parametrize("space", ["", " "])
def test_media_are_decoded(sim: Simulator, space: str) -> None:
    data = bytes(range(256)) * 2000  # more than what is read on the event loop's own thread
    address = f"data:image/png;base64,{space}{base64.b64encode(data).decode()}"
    for form in (address, {"url": address}):
        parts = [{"type": "text", "text": "Describe"}, {"type": "image_url", "image_url": form}]
        answer = message(post(sim, [{"role": "user", "content": parts}]))["content"]
        assert hashlib.sha256(data).hexdigest() in answer
        assert f"{len(data)} bytes" in answer
        assert "image/png" in answer


def test_other_endpoints(sim: Simulator) -> None:
    keyed = {"Authorization": f"Bearer {sim.api_key}"}
    models = httpx.get(f"{sim.base_url}/models", headers=keyed).json()["data"]
    assert models[0]["id"] == "kimi-k2.6"
    assert models[0]["context_length"] == 262_144
    balance = httpx.get(f"{sim.base_url}/users/me/balance", headers=keyed).json()
    assert balance["code"] == 0
    body = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hello"}]}
    counted = httpx.post(f"{sim.base_url}/tokenizers/estimate-token-count", json=body, headers=keyed).json()
    assert counted["data"]["total_tokens"] == post(sim, "hello").json()["usage"]["prompt_tokens"]
    for method, path in (("GET", "/v1/nothing"), ("GET", "/"), ("DELETE", "/v1/models")):
        lost = httpx.request(method, sim.base_url.removesuffix("/v1") + path, headers=keyed)
        assert lost.status_code in (404, 405)
        assert lost.json()["error"]["type"] == "resource_not_found_error"
        assert len(lost.headers["Msh-Request-Id"]) == 36
        assert len(lost.headers["X-Msh-Trace-Id"]) == 32


def test_keys_are_checked_and_not_recorded(sim: Simulator) -> None:
    for headers in ({}, {"Authorization": "Bearer sk-other"}, {"Authorization": sim.api_key}):
        refused = httpx.post(f"{sim.base_url}/chat/completions", json={}, headers=headers)
        assert refused.status_code == 401
        assert refused.json() == {
            "error": {"message": "Invalid Authentication", "type": "invalid_authentication_error"}
        }
    post(sim, "hi", headers={"X-Mine": "1"})
    assert [request.path for request in sim.requests] == ["/v1/chat/completions"] * 4
    last = sim.requests[-1]
    assert last.body["messages"][0]["content"] == "hi"
    assert last.headers["x-mine"] == "1"
    assert not any("sk-" in value for request in sim.requests for value in request.headers.values())


def test_scripted_answers() -> None:
    with Simulator(pace=0, answer="42") as sim:
        assert message(post(sim, "hi"))["content"] == "42"
    with Simulator(pace=0, answer=lambda body: body["model"].upper() if body.get("stop") else None) as sim:
        assert message(post(sim, "hi", stop="x"))["content"] == "KIMI-K2.6"
        assert "Hello" in message(post(sim, "hi"))["content"]


def test_pieces_join_to_the_text() -> None:
    hypothesis = pytest.importorskip("hypothesis")

    @hypothesis.given(hypothesis.strategies.text())
    def joined(text: str) -> None:
        assert "".join(pieces(text)) == text

    joined()
