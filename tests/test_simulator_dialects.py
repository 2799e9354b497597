"""The simulator in the dialects of other servers."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("aiohttp")
httpx = pytest.importorskip("httpx")

from simulator_client import WEATHER, deltas, frames, message, post  # noqa: E402

from kimistream.simulator import DIALECTS, Simulator  # noqa: E402  (after the skips)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_streams_what_it_answers(dialect: str) -> None:
    row = DIALECTS[dialect]
    with Simulator(pace=0, dialect=dialect) as sim:
        chunks = frames(post(sim, "17 * 23", stream=True, stream_options={"include_usage": True}))
        whole = post(sim, "17 * 23").json()
        said = whole["choices"][0]["message"]
        assert "".join(deltas(chunks, "content")) == said["content"]
        assert "".join(deltas(chunks, row.reasoning)) == said[row.reasoning]
        assert chunks[-1]["choices"] == []
        assert chunks[-1]["usage"]["total_tokens"] == whole["usage"]["total_tokens"]
        call = message(post(sim, "Weather in Tokyo", tools=[WEATHER]))["tool_calls"][0]
        assert json.loads(call["function"]["arguments"]) == {"city": "Tokyo"}


def test_vllm_dialect() -> None:
    with Simulator(pace=0, dialect="vllm") as sim:
        url = f"{sim.base_url}/chat/completions"
        body = {"model": "whatever", "messages": [{"role": "user", "content": "hi"}], "temperature": 0.3}
        assert "reasoning_content" not in httpx.post(url, json=body).json()["choices"][0]["message"]
        off = {**body, "chat_template_kwargs": {"thinking": False}}
        assert httpx.post(url, json=off).json()["choices"][0]["message"]["reasoning"] is None
        history = [
            {"role": "user", "content": "Weather in Paris"},
            {"role": "assistant", "tool_calls": [{"id": "functions.get_weather:0", "type": "function"}]},
            {"role": "tool", "tool_call_id": "functions.get_weather:0", "content": "mild"},
            {"role": "user", "content": "Weather in Tokyo"},
        ]
        assert message(post(sim, history, tools=[WEATHER]))["tool_calls"][0]["id"] == "functions.get_weather:1"
        refused = httpx.post(url, json={**body, "messages": []})
        assert refused.json()["error"] | {"message": ""} == {
            "message": "",
            "type": "BadRequestError",
            "param": None,
            "code": 400,
        }


def test_sglang_dialect() -> None:
    with Simulator(pace=0, dialect="sglang") as sim:
        chunks = frames(post(sim, "Weather in Tokyo", tools=[WEATHER], stream=True))
        keys = ["role", "content", "reasoning_content", "tool_calls"]
        assert all(list(chunk["choices"][0]["delta"]) == keys for chunk in chunks)
        assert all(chunk["usage"] is None for chunk in chunks)
        assert [chunk["choices"][0]["matched_stop"] for chunk in chunks[-2:]] == [None, 163586]
        assert len(chunks[0]["id"]) == 32
        assert post(sim, []).json()["object"] == "error"
        failed = post(sim, "hi", stream=True, headers={"X-Simulate-Midstream-Error": "500"}).content
        assert failed.endswith(b'"code":500}}\n\ndata: [DONE]\n\n')
