"""Everything that Moonshot refuses, with its status and sentence, one row for each rule."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("aiohttp")
httpx = pytest.importorskip("httpx")

from kimistream.simulator import Simulator  # noqa: E402  (after the skips)

USER = {"role": "user", "content": "hi"}
OFF = {"thinking": {"type": "disabled"}}
CALL = {"id": "f_0", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
CALLING = {"role": "assistant", "content": "", "reasoning_content": " ", "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "f_0", "content": "found"}


def tool(name: str, **function: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object"}, **function}}


def part(kind: str, address: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"type": kind, kind: {"url": address}}]}]}


def schema(value: Any) -> dict[str, Any]:
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": value}}}


TOOLS = {"tools": [tool("look_up")]}

REFUSED: list[tuple[dict[str, Any], int, str]] = [
    (
        {"model": "kimi-k3", "tool_choice": {"type": "function", "function": {"name": "look_up"}}, **TOOLS},
        400,
        "'specified'",
    ),
    ({"temperature": 0.6}, 400, "invalid temperature: only 1 is allowed for this model"),
    ({"temperature": 1, **OFF}, 400, "invalid temperature: only 0.6 is allowed for this model"),
    ({"top_p": 1}, 400, "invalid top_p: only 0.95 is allowed for this model"),
    ({"n": 2}, 400, "invalid n: only 1 is allowed for this model"),
    ({"presence_penalty": 0.5}, 400, "invalid presence_penalty: only 0 is allowed for this model"),
    ({"frequency_penalty": -1}, 400, "invalid frequency_penalty: only 0 is allowed for this model"),
    ({"temperature": True}, 400, "invalid temperature"),
    ({"model": "kimi-k9"}, 404, "Not found the model kimi-k9 or Permission denied"),
    ({"model": None}, 400, "model is required"),
    ({"messages": []}, 400, "messages must not be empty"),
    ({"messages": None}, 400, "messages must not be empty"),
    ({"messages": ["hi"]}, 400, "position 0 must be an object"),
    ({"messages": [{"role": "wizard", "content": "hi"}]}, 400, "unknown role 'wizard'"),
    ({"messages": [USER, {"role": "assistant", "content": ""}]}, 400, "position 1 with role 'assistant' must not be"),
    ({"messages": [{"role": "user"}]}, 400, "the message at position 0 with role 'user' must not be empty"),
    ({"messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]}, 400, "text content is empty"),
    ({"messages": [{"role": "user", "content": [{"type": "audio"}]}]}, 400, "unsupported content type: audio"),
    ({"messages": [{"role": "user", "content": 7}]}, 400, "content must be"),
    ({"tool_choice": "required", **TOOLS}, 400, "tool_choice 'required' is incompatible with thinking enabled"),
    (
        {"tool_choice": {"type": "function", "function": {"name": "look_up"}}, **TOOLS},
        400,
        "tool_choice 'specified' is incompatible with thinking enabled",
    ),
    ({"tool_choice": "required", **OFF}, 400, "needs tools"),
    ({"tool_choice": {"type": "function", "function": {"name": "no"}}, **TOOLS, **OFF}, 400, "unknown function 'no'"),
    (
        {"messages": [USER, {key: CALLING[key] for key in ("role", "content", "tool_calls")}, RESULT]},
        400,
        "thinking is enabled but reasoning_content is missing in assistant tool call message at index 1",
    ),
    (
        {"messages": [USER, {**CALLING, "reasoning_content": ""}, RESULT]},
        400,
        "thinking is enabled but reasoning_content is missing in assistant tool call message at index 1",
    ),
    ({"messages": [USER, CALLING, {"role": "tool", "content": "x"}]}, 400, "tool_call_id  is not found"),
    ({"messages": [USER, CALLING, {**RESULT, "tool_call_id": "g"}]}, 400, "tool_call_id g is not found"),
    ({"messages": [USER, RESULT]}, 400, "tool_call_id f_0 is not found"),
    ({"messages": [USER, CALLING, USER]}, 400, "did not have response messages: f_0"),
    ({"messages": [USER, CALLING]}, 400, "did not have response messages: f_0"),
    ({"tools": [tool("look_up"), tool("look_up")]}, 400, "function name look_up is duplicated"),
    ({"tools": [tool(f"tool_{index}") for index in range(129)]}, 400, "at most 128"),
    ({"tools": [tool("no spaces")]}, 400, "function name is invalid"),
    ({"tools": [tool("ab")]}, 400, "function name is invalid"),
    ({"tools": [tool("1abc")]}, 400, "function name is invalid"),
    ({"tools": [{"type": "magic", "function": {"name": "abc"}}]}, 400, "tool type 'magic'"),
    ({"tools": [{"type": "builtin_function", "function": {"name": "$shell"}}]}, 400, "unknown builtin function"),
    ({"tools": [tool("look_up", parameters={"type": "array"})]}, 400, "schema of type object"),
    (
        {"tools": [tool("look_up", parameters={"type": "object", "properties": {"X": {"title": "X"}}})]},
        400,
        "At path 'properties.X': type is not defined",
    ),
    (
        {
            "tools": [
                tool("look_up", parameters={"type": "object", "properties": {"x": {"type": "string", "format": "a"}}})
            ]
        },
        400,
        "function look_up: At path 'properties.x': keyword 'format' is not supported",
    ),
    (schema({"type": "object", "properties": {"x": {"oneOf": []}}}), 400, "keyword 'oneOf' is not supported"),
    (
        schema({"type": "object", "properties": {"x": {"$ref": "#/$defs/X"}}}),
        400,
        "$ref '#/$defs/X' cannot be resolved",
    ),
    (schema({"type": "object", "required": ["x"]}), 400, "required property 'x' is not defined"),
    (schema({"type": "object", "properties": {"x": {"enum": [1, "a"], "type": "string"}}}), 400, "must have one type"),
    (schema({"type": "object", "properties": {f"p{n}": {"type": "null"} for n in range(101)}}), 400, "more than 100"),
    ({"tools": {}}, 400, "tools must be an array"),
    ({"stop": list("abcdef")}, 400, "at most 5"),
    ({"stop": "十" * 11}, 400, "32 bytes"),
    ({"stop": 3}, 400, "stop must be"),
    ({"thinking": {"type": "enabled", "effort": "high"}}, 400, "unknown field 'effort'"),
    ({"thinking": {"keep": "all"}}, 400, "type must be"),
    ({"thinking": {"type": "enabled", "keep": "some"}}, 400, "keep must be"),
    ({"thinking": True}, 400, "thinking must be an object"),
    ({"model": "kimi-k2.7-code", **OFF}, 400, "invalid thinking: only type=enabled is allowed for this model"),
    ({"max_completion_tokens": 0}, 400, "positive integer"),
    ({"max_tokens": "9"}, 400, "positive integer"),
    ({"max_tokens": 262_144}, 400, "Your request exceeded model token limit: 262144 (requested: 262149)"),
    ({"messages": [{"role": "user", "content": "长" * 270_000}]}, 400, "Input token length too long"),
    ({"response_format": {"type": "yaml"}}, 400, "unsupported response_format type: yaml"),
    ({"response_format": {"type": "json_schema"}}, 400, "json_schema.name"),
    (schema({}), 400, "the `response_format.json_schema.schema` field is illegal"),
    (
        {
            "messages": [USER, {"role": "assistant", "content": "{", "partial": True}],
            "response_format": {"type": "json_object"},
        },
        400,
        "Partial Mode",
    ),
    ({"messages": [{"role": "user", "content": "hi", "partial": True}]}, 400, "partial is only allowed"),
    (part("image_url", "https://example.com/a.png"), 400, "unsupported image url"),
    (part("image_url", "ms://file_1"), 400, "file not found: ms://file_1"),
    (part("video_url", "http://example.com/a.mp4"), 400, "unsupported video url"),
    (part("image_url", "data:video/mp4;base64,AAAA"), 400, "unsupported image url"),
    (part("image_url", "data:image/svg+xml;base64,AAAA"), 400, "unsupported image format"),
    (part("image_url", "data:image/png;base64,A"), 400, "not valid base64"),
    (part("image_url", "data:image/png;base64,AA AA"), 400, "not valid base64"),
    (part("image_url", "data:image/png;base64,"), 400, "the image is empty"),
]

ACCEPTED: list[dict[str, Any]] = [
    {"temperature": 1.0, "top_p": 0.95, "n": 1, "presence_penalty": 0.0, "frequency_penalty": 0},
    {"temperature": 0.6, **OFF},
    {"temperature": None, "max_tokens": None, "stop": None, "tools": None, "thinking": None},
    {"thinking": {"type": "enabled", "keep": None}},
    {"tool_choice": "required", **TOOLS, **OFF},
    {"messages": [USER, CALLING, RESULT]},
    {"messages": [USER, CALLING, {**RESULT, "content": [{"type": "text", "text": "found"}]}]},
    {"messages": [USER, {"role": "assistant", "reasoning_content": "hm", "content": None}, USER]},
    {"stop": ["a"] * 5, "prompt_cache_key": "k", "safety_identifier": "u", "reasoning_effort": "high"},
    {"messages": [USER, {**CALLING, "reasoning_content": ""}, RESULT], **OFF},
    {"tools": [tool("look_up", strict=False, parameters={"type": "object", "properties": {"X": {}}})]},
    {"model": "kimi-k3", "tools": []},
    {"model": "kimi-k3", "tool_choice": "required", **TOOLS},
    # As the AI SDK's provider for Moonshot sends each tool.
    {"tools": [tool("look_up", parameters={"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"})]},
]


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator(pace=0) as simulator:
        yield simulator


def send(sim: Simulator, **content: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {sim.api_key}"}
    return httpx.post(f"{sim.base_url}/chat/completions", headers=headers, timeout=30, **content)


@pytest.mark.parametrize(("fields", "status", "sentence"), REFUSED)
@pytest.mark.parametrize("stream", [False, True])
def test_refused(sim: Simulator, fields: dict[str, Any], status: int, sentence: str, stream: bool) -> None:
    response = send(sim, json={"model": "kimi-k2.6", "messages": [USER], "stream": stream, **fields})
    error = response.json()["error"]
    assert sentence in error["message"]
    assert response.status_code == status
    assert list(error) == ["message", "type"]
    assert error["type"] == ("resource_not_found_error" if status == 404 else "invalid_request_error")
    assert response.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize("fields", ACCEPTED)
def test_accepted(sim: Simulator, fields: dict[str, Any]) -> None:
    response = send(sim, json={"model": "kimi-k2.6", "messages": [USER], **fields})
    assert response.status_code == 200, response.text


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff", b'{"model":' + b"[" * 100_000])
def test_bodies_that_are_not_json_objects(sim: Simulator, raw: bytes) -> None:
    response = send(sim, content=raw)
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


def test_bodies_over_100_mb(sim: Simulator) -> None:
    response = send(sim, content=b" " * (100 * 1024 * 1024 + 1))
    assert response.status_code == 413
    assert "maximum size" in response.json()["error"]["message"]


@pytest.mark.parametrize("role", ["system", "user", "assistant", "tool"])
@pytest.mark.parametrize("field", ["content", "tool_calls", "tool_call_id", "reasoning_content", "partial"])
@pytest.mark.parametrize("odd", [[], {}, [[]], [{}], 0, 1.5, True, "x", None, {"type": []}])
def test_odd_values_never_crash_it(sim: Simulator, role: str, field: str, odd: Any) -> None:
    messages = [USER, {"role": role, "content": "x", field: odd}]
    assert send(sim, json={"model": "kimi-k2.6", "messages": messages}).status_code in (200, 400)


FIELDS = ["stop", "tools", "tool_choice", "thinking", "response_format", "max_tokens", "stream", "stream_options", "n"]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("dialect", ["moonshot", "vllm"])
def test_odd_fields_never_crash_it(field: str, dialect: str) -> None:
    with Simulator(pace=0, dialect=dialect) as sim:
        for odd in ([], {}, [[]], [{}], [{"function": []}], 0, -1, 1.5, True, "x", {"type": []}, {"function": 1}):
            model = "kimi-k2.6" if dialect == "moonshot" else "moonshotai/Kimi-K2.6"
            body = json.dumps({"model": model, "messages": [USER], field: odd})
            assert send(sim, content=body).status_code in (200, 400), odd
