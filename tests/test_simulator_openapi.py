"""The simulator's bodies against Moonshot's published OpenAPI, where a copy of it lies beside the repository."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiohttp")
httpx = pytest.importorskip("httpx")
jsonschema = pytest.importorskip("jsonschema")

from kimistream.simulator import Simulator  # noqa: E402  (after the skips)

SPECIFICATION = Path(__file__).parents[2] / "shared" / "reference" / "moonshot-openapi.json"
pytestmark = pytest.mark.skipif(not SPECIFICATION.exists(), reason="no copy of Moonshot's OpenAPI")

USER = {"role": "user", "content": "Weather in Tokyo"}
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}

CASES: list[tuple[str, str, dict[str, Any] | None, int]] = [
    ("get", "/v1/models", None, 200),
    ("get", "/v1/users/me/balance", None, 200),
    ("post", "/v1/tokenizers/estimate-token-count", {"messages": [USER]}, 200),
    ("post", "/v1/tokenizers/estimate-token-count", {"messages": []}, 400),
    ("post", "/v1/chat/completions", {"messages": [USER]}, 200),
    ("post", "/v1/chat/completions", {"messages": [USER], "thinking": {"type": "disabled"}}, 200),
    ("post", "/v1/chat/completions", {"messages": [USER], "tools": [TOOL]}, 200),
    ("post", "/v1/chat/completions", {"messages": [USER], "max_completion_tokens": 2}, 200),
    ("post", "/v1/chat/completions", {"messages": [USER], "n": 3}, 400),
]


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator(pace=0) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def specification() -> dict[str, Any]:
    return json.loads(SPECIFICATION.read_text(encoding="utf-8"))


def conforms(specification: dict[str, Any], method: str, path: str, response: httpx.Response) -> None:
    described = specification["paths"][path][method]["responses"][str(response.status_code)]
    schema = described["content"]["application/json"]["schema"]
    jsonschema.Draft202012Validator({**schema, "components": specification["components"]}).validate(response.json())


@pytest.mark.parametrize(("method", "path", "fields", "status"), CASES)
def test_bodies_conform(
    sim: Simulator,
    specification: dict[str, Any],
    method: str,
    path: str,
    fields: dict[str, Any] | None,
    status: int,
) -> None:
    url = sim.base_url.removesuffix("/v1") + path
    body = None if fields is None else {"model": "kimi-k2.6", **fields}
    response = httpx.request(method, url, json=body, headers={"Authorization": f"Bearer {sim.api_key}"})
    assert response.status_code == status
    conforms(specification, method, path, response)
    refused = httpx.request(method, url, json=body)
    assert refused.status_code == 401
    conforms(specification, method, path, refused)
