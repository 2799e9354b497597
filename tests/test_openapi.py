"""What Moonshot is sent, against its published OpenAPI, where a copy of that is at hand.

The copy is ../shared/reference/moonshot-openapi.json beside the repository, or what KIMISTREAM_OPENAPI names.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from fault_server_client import FaultServer
from request_list import REQUESTS
from test_snapshots import take

jsonschema = pytest.importorskip("jsonschema")

_BESIDE = Path(__file__).parents[2] / "shared" / "reference" / "moonshot-openapi.json"
SPECIFICATION = Path(os.environ.get("KIMISTREAM_OPENAPI") or _BESIDE)
pytestmark = pytest.mark.skipif(not SPECIFICATION.exists(), reason="no copy of Moonshot's OpenAPI")

MODEL = "KimiK26ChatRequest"
# Said by the newer documents only (guide/use-tool-choice).
NOT_IN_THE_COPY = {"tool_choice"}


@pytest.fixture(scope="module")
def specification() -> dict[str, Any]:
    return json.loads(SPECIFICATION.read_text("utf-8"))


@pytest.fixture(scope="module")
def validator(specification: dict[str, Any]) -> Any:
    schema = {"$ref": f"#/components/schemas/{MODEL}", "components": specification["components"]}
    return jsonschema.Draft202012Validator(schema)


def problems(validator: Any, body: dict[str, Any]) -> list[str]:
    # Of messages it describes texts, images and videos; results of tools and the calls before them it does not.
    messages = [each for each in body["messages"] if each["role"] != "tool" and "tool_calls" not in each]
    errors = validator.iter_errors({**body, "messages": messages})
    return [f"{error.json_path}: {error.message[:200]}" for error in map(_deepest, errors)]


def _deepest(error: Any) -> Any:
    return jsonschema.exceptions.best_match([error])


def described(specification: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    todo = [specification["components"]["schemas"][MODEL]]
    while todo:
        schema = todo.pop()
        if "$ref" in schema:
            schema = specification["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
        found |= set(schema.get("properties", ()))
        todo += schema.get("allOf", [])
    return found


@pytest.mark.parametrize("provider", ["moonshot", "moonshot-cn"])
@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_as_described(
    name: str, provider: str, fault_server: FaultServer, validator: Any, specification: dict[str, Any]
) -> None:
    body = take(fault_server, provider, REQUESTS[name])["body"]
    assert problems(validator, body) == []
    asked_for = {*REQUESTS[name], *REQUESTS[name].get("extra_body", {})}
    assert set(body) - described(specification) - NOT_IN_THE_COPY - asked_for == set()


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": "kimi-k9"},
        {"thinking": {"type": "on"}},
        {"thinking": {"type": "enabled", "effort": "high"}},
        {"max_completion_tokens": "many"},
        {"messages": [{"role": "robot", "content": "hi"}]},
        {"messages": [{"role": "user", "content": [{"type": "picture"}]}]},
        {"tools": [{"type": "function", "function": {"name": "1st"}}]},
        {"response_format": {"type": "yaml"}},
    ],
)
def test_what_is_not_as_described_is_noticed(wrong: dict[str, Any], validator: Any) -> None:
    body = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}], **wrong}
    assert problems(validator, body) != []
