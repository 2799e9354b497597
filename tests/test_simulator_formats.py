"""What the simulator answers where a form is asked for: JSON, schemas, several choices, calls or none."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytest.importorskip("aiohttp")
pytest.importorskip("httpx")

from simulator_client import WEATHER, chunks_of, message, post

from kimistream.simulator import Simulator

JSON = {"response_format": {"type": "json_object"}}
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "population": {"type": "integer", "exclusiveMinimum": 1000}},
    "required": ["city", "population"],
}


@pytest.fixture(scope="module")
def sim() -> Any:
    with Simulator(pace=0) as running:
        yield running


def fits(text: str, schema: Any) -> Any:
    jsonschema = pytest.importorskip("jsonschema")
    value = json.loads(text)
    jsonschema.validate(value, schema)
    return value


@pytest.mark.parametrize("fields", [JSON, {}], ids=["JSON mode", "by the prompt alone"])
@pytest.mark.parametrize("role", ["system", "user"])
def test_a_schema_in_the_prompt_is_followed(sim: Simulator, fields: Any, role: str) -> None:
    told = 'Answer with JSON. The example {"properties": {"foo": {"type": "string"}}} shows a schema. Yours:\n'
    turns = [{"role": role, "content": told + json.dumps(SCHEMA)}, {"role": "user", "content": "Tell me about Paris."}]
    value = fits(message(post(sim, turns, **fields))["content"], SCHEMA)
    assert value["city"] == "Paris"


@pytest.mark.parametrize(
    ("prompt", "keys"),
    [
        (
            "Tell me a joke. Return the result as a JSON with 'setup' and 'punchline' keys. Nothing but JSON.",
            "setup punchline",
        ),
        ("Reply in JSON with the keys: name, age and city.", "name age city"),
        ('Answer as JSON with fields "a", "b".', "a b"),
        ("请用 JSON 格式回答，字段为 name、age。", "name age"),
        ('Reply with JSON like this: {"title": "...", "year": 1999}', "title year"),
    ],
)
@pytest.mark.parametrize("fields", [JSON, {}], ids=["JSON mode", "by the prompt alone"])
def test_keys_that_the_prompt_names_are_given(sim: Simulator, prompt: str, keys: str, fields: Any) -> None:
    assert list(json.loads(message(post(sim, prompt, **fields))["content"])) == keys.split()


def test_a_question_about_json_is_answered_in_words(sim: Simulator) -> None:
    text = message(post(sim, "What is JSON, and who invented it?"))["content"]
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(text)


BOUNDS = [
    {"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5},
    {"type": "number", "exclusiveMaximum": 0},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.25},
    {"type": "integer", "minimum": 10, "multipleOf": 7},
    {"type": "integer", "maximum": -1, "multipleOf": 4},
    {"type": "string", "minLength": 20, "maxLength": 22},
    {"type": "string", "pattern": "^[A-Z]{3}-\\d{2,4}$"},
    {"type": "string", "pattern": "^(red|green)[^a-z]+x?$"},
    {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 2, "maxItems": 2},
    {"type": "array", "items": {"type": "string"}, "minItems": 3, "uniqueItems": True},
    {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 2, "uniqueItems": True},
    {"type": "array", "items": {"type": "string"}, "maxItems": 0},
    {"anyOf": [{"type": "null"}, {"type": "string", "format": "ipv4"}]},
]


@pytest.mark.parametrize("bound", BOUNDS, ids=json.dumps)
def test_values_keep_their_bounds(bound: Any) -> None:
    schema = {"type": "object", "properties": {"value": bound}, "required": ["value"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "strict": False, "schema": schema}}
    with Simulator(pace=0, dialect="vllm") as sim:
        for question in ("hi", "Take 4, or 1000, or -3."):
            reply = post(sim, question, model="moonshotai/Kimi-K2.6", response_format=wanted)
            fits(message(reply)["content"], schema)


@pytest.mark.parametrize(("dialect", "given"), [("vllm", 3), ("sglang", 3), ("openrouter", 1)])
def test_as_many_choices_as_the_server_gives(dialect: str, given: int) -> None:
    name = {"openrouter": "moonshotai/kimi-k2.6"}.get(dialect, "moonshotai/Kimi-K2.6")
    with Simulator(pace=0, dialect=dialect) as sim:
        whole = post(sim, "hi", model=name, n=3).json()
        chunks = chunks_of(post(sim, "hi", model=name, n=3, stream=True))
        single = post(sim, "hi", model=name).json()
    assert [choice["index"] for choice in whole["choices"]] == list(range(given))
    assert whole["usage"]["completion_tokens"] == given * single["usage"]["completion_tokens"]
    texts = dict.fromkeys(range(given), "")
    ends = []
    for chunk in chunks:
        for choice in chunk["choices"]:
            texts[choice["index"]] += choice["delta"].get("content") or ""
            ends += [choice["index"]] if choice.get("finish_reason") else []
    assert texts == {index: choice["message"]["content"] for index, choice in enumerate(whole["choices"])}
    assert sorted(set(ends)) == list(range(given))


def calls_of(reply: Any) -> list[str]:
    return [call["function"]["arguments"] for call in message(reply).get("tool_calls") or []]


def test_without_parallel_calls_one_comes_after_the_other(sim: Simulator) -> None:
    turns: list[Any] = [{"role": "user", "content": "How is the weather in Paris and in Tokyo?"}]
    assert len(calls_of(post(sim, turns, tools=[WEATHER]))) == 2
    seen = []
    for _ in range(2):
        answer = message(post(sim, turns, tools=[WEATHER], parallel_tool_calls=False))
        [call] = answer["tool_calls"]
        seen.append(json.loads(call["function"]["arguments"])["city"])
        turns += [answer, {"role": "tool", "tool_call_id": call["id"], "content": "sunny"}]
    assert seen == ["Paris", "Tokyo"]
    assert calls_of(post(sim, turns, tools=[WEATHER], parallel_tool_calls=False)) == []
    assert len(calls_of(post(sim, turns[:3], tools=[WEATHER]))) == 1  # what is left, also where several might be


@pytest.mark.parametrize(
    "question", ["hi", "你好", "Who are you?", "What is the capital of France?", "Say exactly: yes"]
)
def test_tools_are_called_when_the_question_asks_for_them(sim: Simulator, question: str) -> None:
    add = {"name": "add", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}
    assert calls_of(post(sim, question, tools=[{"type": "function", "function": add}])) == []
    assert calls_of(post(sim, "What is 2 + 3?", tools=[{"type": "function", "function": add}]))
    forced = post(sim, question, tools=[WEATHER], tool_choice="required", thinking={"type": "disabled"})
    assert len(calls_of(forced)) == 1


def test_a_forced_choice_calls_again_and_another_tool_first(sim: Simulator) -> None:
    """As agents have it whose answer is a call, too."""
    final = {"name": "final_answer", "parameters": {"type": "object", "properties": {"answer": {"type": "string"}}}}
    asked = {
        "tools": [WEATHER, {"type": "function", "function": final}],
        "tool_choice": "required",
        "thinking": {"type": "disabled"},
    }
    turns: list[Any] = [{"role": "user", "content": "How is the weather in Paris?"}]
    answer = message(post(sim, turns, **asked))
    [call] = answer["tool_calls"]
    assert call["function"]["name"] == "get_weather"
    turns += [answer, {"role": "tool", "tool_call_id": call["id"], "content": "sunny"}]
    [last] = message(post(sim, turns, **asked))["tool_calls"]
    assert last["function"]["name"] == "final_answer"
    assert "sunny" in last["function"]["arguments"]


def test_names_in_quotation_marks_are_used(sim: Simulator) -> None:
    properties = {"customer_name": {"type": "string"}, "note": {"type": "string"}}
    function = {
        "name": "create_customer",
        "parameters": {"type": "object", "properties": properties, "required": ["customer_name"]},
    }
    asked = post(
        sim, "Create a customer named '你好啊集团', don't wait", tools=[{"type": "function", "function": function}]
    )
    assert json.loads(calls_of(asked)[0]) == {"customer_name": "你好啊集团"}
