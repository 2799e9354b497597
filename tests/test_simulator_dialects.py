"""The simulator in the dialects of other servers, read with nothing but HTTP and JSON."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

pytest.importorskip("aiohttp")
httpx = pytest.importorskip("httpx")

from simulator_client import WEATHER, chunks_of, deltas, frames, post  # noqa: E402

from kimistream.simulator import DIALECTS, Simulator  # noqa: E402  (after the skips)

MODEL = {
    "openrouter": "moonshotai/kimi-k2.6",
    "aimlapi": "moonshot/kimi-k2-6",
    "vllm": "moonshotai/Kimi-K2.6",
    "cloudflare": "@cf/moonshotai/kimi-k2.6",
}
CHAT = [name for name, row in DIALECTS.items() if row.chat_path == "/chat/completions"]
USER = {"role": "user", "content": "Weather in Tokyo"}
CALL = {"id": "c_0", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Tokyo"}'}}
RESULT = {"role": "tool", "tool_call_id": "c_0", "content": "mild"}


def needed(dialect: str) -> dict[str, str]:
    header = DIALECTS[dialect].needed_header
    return {header: "openai"} if header else {}


def ask(sim: Simulator, question: Any, headers: dict[str, str] | None = None, **fields: Any) -> httpx.Response:
    headers = {**needed(sim.dialect), **(headers or {})}
    return post(sim, question, headers, **{"model": MODEL.get(sim.dialect, "kimi-k2.6"), **fields})


def error_of(response: httpx.Response) -> dict[str, Any]:
    body = response.json()
    return body["errors"][0] if "errors" in body else body.get("error", body)


@pytest.mark.parametrize("dialect", CHAT)
def test_every_chat_dialect_streams_what_it_answers(dialect: str) -> None:
    row = DIALECTS[dialect]
    with Simulator(pace=0, dialect=dialect) as sim:
        chunks = chunks_of(ask(sim, "17 * 23", stream=True, stream_options={"include_usage": True}))
        whole = ask(sim, "17 * 23").json()
        said = whole["choices"][0]["message"]
        assert "17 × 23 = 391." in said["content"] or "17 * 23 = 391" in said["content"].replace("×", "*")
        assert "".join(deltas(chunks, "content")) == said["content"]
        assert "".join(deltas(chunks, row.reasoning)) == (said[row.reasoning] or "")
        used = [chunk["usage"] for chunk in chunks if chunk.get("usage")]
        used += [
            chunk["choices"][0]["usage"] for chunk in chunks if chunk.get("choices") and "usage" in chunk["choices"][0]
        ]
        assert used
        assert {one["total_tokens"] for one in used} == {whole["usage"]["total_tokens"]}
        finishes = [chunk["choices"][0]["finish_reason"] for chunk in chunks if chunk.get("choices")]
        assert [reason for reason in finishes if reason][:1] == ["stop"]
        assert len({chunk["model"] for chunk in chunks} | {whole["model"]}) == 1


@pytest.mark.parametrize("dialect", [name for name in CHAT if name != "ktransformers"])
@pytest.mark.parametrize("stream", [False, True])
def test_every_chat_dialect_makes_a_round_with_a_tool(dialect: str, stream: bool) -> None:
    with Simulator(pace=0, dialect=dialect) as sim:
        answer = ask(sim, [USER], tools=[WEATHER], stream=stream)
        if stream:
            chunks = chunks_of(answer)
            fragments = [fragment for calls in deltas(chunks, "tool_calls") for fragment in calls]
            texts = [fragment["function"].get("arguments") or "" for fragment in fragments]
            function = {"name": fragments[0]["function"]["name"], "arguments": "".join(texts)}
            call = {"id": fragments[0]["id"], "type": "function", "function": function}
            thought = "".join(deltas(chunks, DIALECTS[dialect].reasoning))
            finish = next(chunk["choices"][0]["finish_reason"] for chunk in reversed(chunks) if chunk.get("choices"))
        else:
            choice = answer.json()["choices"][0]
            call, finish = choice["message"]["tool_calls"][0], choice["finish_reason"]
            thought = choice["message"][DIALECTS[dialect].reasoning]
        assert json.loads(call["function"]["arguments"]) == {"city": "Tokyo"}
        assert finish == "tool_calls"
        turn = {"role": "assistant", "content": None, "reasoning_content": thought, "tool_calls": [call]}
        result = {"role": "tool", "tool_call_id": call["id"], "content": '{"temperature":"22°C"}'}
        after = ask(sim, [USER, turn, result], tools=[WEATHER]).json()["choices"][0]
        assert "22°C" in after["message"]["content"]
        assert after["finish_reason"] == "stop"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_keys_and_models(dialect: str) -> None:
    row = DIALECTS[dialect]
    with Simulator(pace=0, dialect=dialect) as sim:
        keyed = {name: value.format(key=sim.api_key) for name, value in row.keys.items()} | needed(dialect)
        models = httpx.get(f"{sim.base_url}{row.models_path or '/v1/models'}", headers=keyed)
        assert models.status_code == (200 if row.models_path else 404)
        listed = [model["id"] for model in models.json()["data"]] if row.models_path else []
        assert all(name in row.models for name in listed) or not row.models
        asked = {"model": "x", "messages": []}
        anonymous = httpx.post(f"{sim.base_url}{row.chat_path}", json=asked, headers=needed(dialect))
        assert anonymous.status_code == (401 if row.keys else 404 if row.models else 400)


def test_a_header_that_a_gateway_needs() -> None:
    with Simulator(pace=0, dialect="portkey") as sim:
        assert ask(sim, "hi").status_code == 200
        keyed = {"Authorization": f"Bearer {sim.api_key}"}
        refused = httpx.post(f"{sim.base_url}/chat/completions", json={}, headers=keyed)
        assert refused.status_code == 400
        assert refused.json() == {"status": "failure", "message": "x-portkey-provider header is required"}


def test_a_gateway_takes_thinking_only_where_it_is_allowed_and_another_drops_it() -> None:
    off = {"thinking": {"type": "disabled"}}
    with Simulator(pace=0, dialect="litellm") as sim:
        refused = ask(sim, "17 * 23", **off)
        assert refused.status_code == 400
        assert "UnsupportedParamsError" in error_of(refused)["message"]
        said = ask(sim, "17 * 23", **off, allowed_openai_params=["thinking"]).json()["choices"][0]["message"]
        assert not said.get("reasoning_content")
    with Simulator(pace=0, dialect="portkey") as sim:
        assert ask(sim, "17 * 23", **off).json()["choices"][0]["message"]["reasoning_content"]


REFUSED: list[tuple[str, dict[str, Any], int, str]] = [
    ("tokenhub", {"temperature": 1.0}, 400, "invalid temperature: only 0.6 is allowed"),
    ("tokenhub", {"stop": list("abcde")}, 400, "at most 4"),
    ("tokenhub", {"model": "nobody"}, 404, "The model nobody does not exist"),
    ("tokenhub", {"model": "kimi-k2.5", "thinking": {"type": "enabled", "keep": "all"}}, 400, "keep is not supported"),
    ("anyfast", {"model": "nobody"}, 404, "No available channel for model nobody"),
    ("anyfast", {"temperature": 3}, 400, "temperature must be in [0, 2]"),
    ("anyfast", {"tool_choice": "required", "tools": [WEATHER]}, 400, "tool_choice"),
    ("openrouter", {"model": "kimi-k2.6"}, 404, "No endpoints found for kimi-k2.6."),
    ("openrouter", {"reasoning": {"effort": "high", "max_tokens": 9}}, 400, "Only one of"),
    ("openrouter", {"provider": {"only": ["nobody"]}}, 404, "No allowed providers"),
    ("aimlapi", {"model": "kimi-k2.6"}, 404, "Model not found"),
    ("aimlapi", {"messages": [{**USER, "partial": True}]}, 400, "Unrecognized key(s) in object: 'partial'"),
    (
        "aimlapi",
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "https://example.com/a.png"}]}]},
        400,
        "expected text",
    ),
    ("aimlapi", {"stream_options": {}}, 400, "include_usage: Required"),
    ("vllm", {"model": "nobody"}, 404, "The model `nobody` does not exist."),
    ("vllm", {"max_tokens": 300_000}, 400, "maximum context length is 262144 tokens"),
    ("vllm", {"continue_final_message": True}, 400, "Cannot set both"),
    ("sglang", {"max_tokens": 300_000}, 400, "longer than the model's context length (262144 tokens)."),
    (
        "sglang",
        {
            "messages": [
                USER,
                {"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "f", "arguments": "[1"}}]},
                RESULT,
            ]
        },
        400,
        "expected a JSON object",
    ),
    ("ktransformers", {"messages": []}, 400, "messages must not be empty"),
    ("cloudflare", {"tool_choice": "any"}, 400, "Invalid input"),
    ("cloudflare", {"model": "kimi-k2.6"}, 400, "No such model kimi-k2.6"),
    (
        "cloudflare",
        {"messages": [{"role": "user", "content": [{"type": "video_url", "video_url": "data:video/mp4;base64,AAAA"}]}]},
        400,
        "At most 0 video(s)",
    ),
    ("openai-compatible", {"messages": []}, 400, "messages must not be empty"),
]


@pytest.mark.parametrize(("dialect", "fields", "status", "sentence"), REFUSED)
@pytest.mark.parametrize("stream", [False, True])
def test_refused(dialect: str, fields: dict[str, Any], status: int, sentence: str, stream: bool) -> None:
    with Simulator(pace=0, dialect=dialect) as sim:
        others = {key: value for key, value in fields.items() if key != "messages"}
        refused = ask(sim, fields.get("messages", [USER]), stream=stream, **others)
        assert sentence in error_of(refused)["message"]
        assert refused.status_code == status


def test_envelopes_of_errors() -> None:
    keys = {
        "moonshot": {"error": ["message", "type"]},
        "tokenhub": {"error": ["message", "type", "code"]},
        "anyfast": {"error": ["message", "type", "param", "code"]},
        "openrouter": {"error": ["message", "code", "metadata"]},
        "vllm": {"error": ["message", "type", "param", "code"]},
    }
    for dialect, shape in keys.items():
        with Simulator(pace=0, dialect=dialect, error="500") as sim:
            body = ask(sim, "hi").json()
            assert {key: list(value) for key, value in body.items()} == shape
    with Simulator(pace=0, dialect="sglang", error="400") as sim:
        flat = {"object": "error", "message": "", "type": "BadRequestError", "param": None, "code": 400}
        assert {**ask(sim, "hi").json(), "message": ""} == flat
    with Simulator(pace=0, dialect="cloudflare", error="quota") as sim:
        body = ask(sim, "hi").json()
        assert list(body) == ["success", "errors", "messages", "result"]
        assert body["errors"][0]["code"] == 3036
    with Simulator(pace=0, dialect="openrouter", error="overloaded", retry_after=7) as sim:
        refused = ask(sim, "hi")
        assert refused.status_code == 429
        assert refused.headers["Retry-After"] == "7"
        assert refused.json()["error"]["availability"]["retryable"] is True
        assert "code" not in refused.json()["error"]


def test_anyfast_ignores_max_tokens_without_a_word() -> None:
    with Simulator(pace=0, dialect="anyfast") as sim:
        whole = ask(sim, "hi").json()["usage"]["completion_tokens"]
        assert ask(sim, "hi", max_tokens=3).json()["usage"]["completion_tokens"] == whole
        assert ask(sim, "hi", max_completion_tokens=3).json()["usage"]["completion_tokens"] == 3
        assert b": PING\n\n" in ask(sim, "hi", stream=True).content


def test_openrouter_dialect() -> None:
    with Simulator(pace=0, dialect="openrouter") as sim:
        streamed = ask(sim, "hi", stream=True)
        assert streamed.content.startswith(b": OPENROUTER PROCESSING\n\n" * 3 + b'data: {"id":"gen-')
        assert re.fullmatch(r"gen-\d+-\w{20}", streamed.headers["X-Generation-Id"])
        chunks = chunks_of(streamed)
        first = chunks[0]["choices"][0]
        assert list(chunks[0]) == ["id", "object", "created", "model", "provider", "choices"]
        assert list(first["delta"]) == ["content", "role", "reasoning", "reasoning_details"]
        assert first["delta"]["reasoning_details"][0]["text"] == first["delta"]["reasoning"]
        assert [chunk["choices"][0]["finish_reason"] for chunk in chunks[-3:]] == [None, "stop", "stop"]
        assert chunks[-2]["choices"][0]["native_finish_reason"] == "stop"
        assert chunks[-1]["usage"]["cost"] > 0
        assert chunks[-1]["model"] == "moonshotai/kimi-k2.6-20260420"
        assert ask(sim, "hi").content.startswith(b"\n         \n")
        calls = chunks_of(ask(sim, [USER], tools=[WEATHER], stream=True))
        with_calls = [chunk["choices"][0]["delta"] for chunk in calls if "tool_calls" in chunk["choices"][0]["delta"]]
        assert all(delta["content"] is None for delta in with_calls)
        assert with_calls[0]["tool_calls"][0]["id"] == "functions.get_weather:0"
        off = ask(sim, "hi", reasoning={"effort": "none"}).json()["choices"][0]["message"]
        assert off["reasoning"] is None
        hidden = ask(sim, "hi", reasoning={"exclude": True}).json()
        assert hidden["choices"][0]["message"]["reasoning"] is None
        assert hidden["usage"]["completion_tokens_details"]["reasoning_tokens"] > 0
        turn = {"role": "assistant", "tool_calls": [CALL]}
        refused = ask(sim, [USER, turn, RESULT], tools=[WEATHER]).json()["error"]
        assert refused["message"] == "Provider returned error"
        assert "reasoning_content is missing" in json.loads(refused["metadata"]["raw"])["error"]["message"]
        details = {**turn, "reasoning_details": [{"type": "reasoning.text", "text": "hm"}]}
        assert ask(sim, [USER, details, RESULT], tools=[WEATHER]).status_code == 200
        counting = {"role": "user", "content": "count to 9"}
        went_on = ask(sim, [counting, {"role": "assistant", "content": "1, 2, 3"}])
        assert went_on.json()["choices"][0]["message"]["content"] == ", 4, 5, 6, 7, 8, 9."
    with Simulator(pace=0, dialect="openrouter", midstream_error="429@5") as sim:
        cut = ask(sim, "hi", stream=True).content
        last = json.loads(cut.split(b"data: ")[-1])
        assert last["error"]["code"] == 429
        assert last["choices"][0]["finish_reason"] == "error"
        assert b"[DONE]" not in cut
        assert cut.count(b"data: ") == 6


def test_aimlapi_dialect() -> None:
    with Simulator(pace=0, dialect="aimlapi") as sim:
        asked = ask(sim, "hi", headers={"X-Client-Request-Id": "job-7"})
        assert asked.headers["x-client-request-id"] == "job-7"
        assert len(asked.headers["x-inference-id"]) == 36
        assert int(asked.headers["x-aimlapi-credits-used"]) == asked.json()["meta"]["usage"]["credits_used"] > 0
        assert asked.json()["model"] == "kimi-k2.6"
        assert "x-client-request-id" not in ask(sim, "hi", headers={"X-Client-Request-Id": "a b"}).headers
        last = chunks_of(ask(sim, "hi", stream=True, stream_options={"include_usage": True}))[-1]
        assert last["choices"] == []
        assert list(last["meta"]["usage"]) == ["credits_used", "usd_spent"]
        assert list(frames(ask(sim, "hi", stream=True))[-1]) == ["meta"]


def test_vllm_dialect() -> None:
    with Simulator(pace=0, dialect="vllm") as sim:
        assert "reasoning_content" not in ask(sim, "hi", temperature=0.3).json()["choices"][0]["message"]
        off = ask(sim, "hi", chat_template_kwargs={"thinking": False}).json()
        assert off["choices"][0]["message"]["reasoning"] is None
        turn = {"role": "assistant", "tool_calls": [{**CALL, "id": "functions.get_weather:0"}]}
        history = [USER, turn, {**RESULT, "tool_call_id": "functions.get_weather:0"}, USER]
        again = ask(sim, history, tools=[WEATHER]).json()["choices"][0]["message"]
        assert again["tool_calls"][0]["id"] == "functions.get_weather:1"
        named = {"type": "function", "function": {"name": "get_weather"}}
        assert ask(sim, [USER], tools=[WEATHER], tool_choice=named).json()["choices"][0]["finish_reason"] == "stop"
        refused = ask(sim, [])
        assert {**refused.json()["error"], "message": ""} == {
            "message": "",
            "type": "BadRequestError",
            "param": None,
            "code": 400,
        }
        beginning = [{"role": "user", "content": "count to 5"}, {"role": "assistant", "content": "1, 2"}]
        switches = {"continue_final_message": True, "add_generation_prompt": False}
        assert ask(sim, beginning, **switches).json()["choices"][0]["message"]["content"] == ", 3, 4, 5."
        finish = chunks_of(ask(sim, "hi", stream=True))[-1]["choices"][0]
        assert finish["stop_reason"] == 163586


def test_sglang_dialect() -> None:
    with Simulator(pace=0, dialect="sglang") as sim:
        chunks = frames(ask(sim, "Weather in Tokyo", tools=[WEATHER], stream=True))
        keys = ["role", "content", "reasoning_content", "tool_calls"]
        assert all(list(chunk["choices"][0]["delta"]) == keys for chunk in chunks)
        assert all(chunk["usage"] is None for chunk in chunks)
        assert [chunk["choices"][0]["matched_stop"] for chunk in chunks[-2:]] == [None, 163586]
        assert len(chunks[0]["id"]) == 32
        failed = post(sim, "hi", stream=True, headers={"X-Simulate-Midstream-Error": "500"}).content
        assert failed.endswith(b'"code":500}}\n\ndata: [DONE]\n\n')
        assert b'data: {"error":{"object":"error","message":' in failed
        counting = {"role": "user", "content": "count to 5"}
        beginning = {"role": "assistant", "content": "1, 2"}
        continued = ask(sim, [counting, beginning], continue_final_message=True)
        assert continued.json()["choices"][0]["message"]["content"] == ", 3, 4, 5."
        as_user = ask(sim, [counting, {"role": "assistant", "content": "17 * 23"}])
        assert "391" in as_user.json()["choices"][0]["message"]["content"]


def test_ktransformers_dialect() -> None:
    with Simulator(pace=0, dialect="ktransformers") as sim:
        body = ask(sim, "17 * 23").json()
        message = body["choices"][0]["message"]
        thought, answer = message["content"].split("</think>")
        assert "17 * 23" in thought
        assert "<think>" not in thought
        assert "391" in answer
        assert message["reasoning_content"] is None
        assert body["usage"]["reasoning_tokens"] == 0
        called = "".join(deltas(chunks_of(ask(sim, [USER], tools=[WEATHER], stream=True)), "content"))
        assert called.endswith('{"city":"Tokyo"} <|tool_call_end|><|tool_calls_section_end|>')
        assert "<|tool_calls_section_begin|><|tool_call_begin|> functions.get_weather:0 <|tool_call_argument" in called


def test_cloudflare_dialect() -> None:
    with Simulator(pace=0, dialect="cloudflare") as sim:
        assert sim.base_url.endswith("/client/v4/accounts/simulator/ai/v1")
        other = sim.base_url.replace("/simulator/", "/0123456789abcdef/")
        keyed = {"Authorization": f"Bearer {sim.api_key}"}
        assert httpx.get(f"{other}/models", headers=keyed).status_code == 200
        answer = ask(sim, [USER], tools=[WEATHER], stream=True)
        assert re.fullmatch(r"[0-9a-f]{16}-SIN", answer.headers["cf-ray"])
        chunks = chunks_of(answer)
        assert list(chunks[0]) == ["id", "created", "model", "object", "choices"]
        assert list(chunks[0]["choices"][0]) == ["delta", "finish_reason", "index", "logprobs"]
        assert re.fullmatch(r"id-\d{13}", chunks[0]["id"])
        fragments = [fragment for calls in deltas(chunks, "tool_calls") for fragment in calls]
        nothing = {"id": None, "type": None, "index": 0, "function": {"name": None, "arguments": ""}}
        assert fragments[-1] == nothing
        assert chunks[-1] == chunks[-2]
        assert chunks[-1]["choices"] == [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]
        turn = {"role": "assistant", "content": None, "tool_calls": [{**CALL, "id": "functions.get_weather:0"}]}
        history = [USER, turn, {**RESULT, "tool_call_id": "functions.get_weather:0"}, USER]
        again = ask(sim, history, tools=[WEATHER]).json()["choices"][0]["message"]["tool_calls"][0]
        assert again["id"] == "functions.get_weather:0"
        assert sum("reasoning" in chunk["choices"][0]["delta"] for chunk in chunks) > 0


def test_tokenhub_dialect() -> None:
    with Simulator(pace=0, dialect="tokenhub") as sim:
        asked = ask(sim, "hi", model="ep-1a2b3c", temperature=0.6, max_tokens=4)
        assert asked.status_code == 200
        assert asked.json()["model"] == "ep-1a2b3c"
        assert asked.json()["usage"]["completion_tokens"] == 4
        assert asked.headers["X-Request-Id"]
        last = frames(ask(sim, "hi", stream=True, stream_options={"include_usage": True}))[-1]
        assert last["usage"]["prompt_tokens_details"] == {
            "cached_tokens": last["usage"]["prompt_tokens_details"]["cached_tokens"]
        }
