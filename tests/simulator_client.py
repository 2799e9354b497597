"""Asking the simulator and reading what it sends, for its tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from kimistream.simulator import Simulator

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "查询指定城市的天气",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def post(sim: Simulator, question: Any, headers: dict[str, str] | None = None, **fields: Any) -> httpx.Response:
    messages = [{"role": "user", "content": question}] if isinstance(question, str) else question
    body = {"model": "kimi-k2.6", "messages": messages, **fields}
    keyed = {"Authorization": f"Bearer {sim.api_key}", **(headers or {})}
    # Without a certificate store, which takes longer to load than everything else here.
    return httpx.post(f"{sim.base_url}/chat/completions", json=body, headers=keyed, timeout=20, verify=False)


def frames(response: httpx.Response) -> list[dict[str, Any]]:
    events = response.content.split(b"\n\n")
    assert events[-2:] == [b"data: [DONE]", b""]
    return [json.loads(event.removeprefix(b"data: ")) for event in events[:-2]]


def chunks_of(response: httpx.Response) -> list[dict[str, Any]]:
    """As frames(), for streams that have comments too."""
    assert response.status_code == 200, response.text
    lines = response.content.decode().split("\n")
    assert lines[-3:] == ["data: [DONE]", "", ""]
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]


def message(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    return response.json()["choices"][0]["message"]


def deltas(chunks: list[dict[str, Any]], key: str) -> list[str]:
    found = [chunk["choices"][0]["delta"].get(key) for chunk in chunks if chunk.get("choices")]
    return [text for text in found if text is not None]
