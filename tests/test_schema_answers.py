"""`schema=`: how each provider is asked, how answers are read, what is sent back when they are wrong."""

from __future__ import annotations

import dataclasses
import json
import pickle
from typing import TYPE_CHECKING, Any, TypedDict

import pytest
from agents_kit import Side, bodies_of, call, roles, side, whole
from fault_server_client import FaultServer
from kit import sent

from kimistream import InvalidRequestError, KimiError, SchemaError
from kimistream._tools.answers import AnswerSchema
from kimistream._tools.schemas import is_mfjs, pattern_of
from kimistream._tools.validation import Validator

if TYPE_CHECKING:
    from kimistream.simulator import Simulator

__all__ = ["side"]


@dataclasses.dataclass
class Invoice:
    """An invoice."""

    number: int
    lines: list[str] = dataclasses.field(default_factory=list)


class Item(TypedDict):
    name: str


JSON_SCHEMA: dict[str, Any] = {
    "title": "Person",
    "type": "object",
    "properties": {"name": {"type": "string", "pattern": "^[A-Z]"}, "age": {"type": "integer", "exclusiveMinimum": 0}},
    "required": ["name"],
    "additionalProperties": False,
}
RIGHT = '{"number": 3, "lines": ["a"]}'


def test_a_dataclass_is_made_of_the_answer(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(bodies_of(whole(text=RIGHT)))
    message = side.do(side.client(url).complete, "Invoice?", schema=Invoice, temperature=1.0)
    assert message.parsed == Invoice(3, ["a"])
    assert message.text == RIGHT
    body = sent(fault_server, url)
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {
            "name": "Invoice",
            "strict": True,
            "schema": {
                "type": "object",
                "description": "An invoice.",
                "properties": {
                    "number": {"type": "integer"},
                    "lines": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["number"],
                "additionalProperties": False,
            },
        },
    }
    assert body["messages"] == [{"role": "user", "content": "Invoice?"}]
    assert body["temperature"] == 1.0
    assert "schema_retries" not in body


def test_a_typed_dict_and_a_json_schema_stay_plain(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(bodies_of(whole(text='{"name": "Bob"}')))
    client = side.client(url)
    assert side.do(client.complete, "Who?", schema=Item).parsed == {"name": "Bob"}
    assert side.do(client.complete, "Who?", schema=JSON_SCHEMA).parsed == {"name": "Bob"}
    told = sent(fault_server, url)["response_format"]["json_schema"]
    assert (told["name"], told["strict"], told["schema"]) == ("Person", False, JSON_SCHEMA), "it is not MFJS"


def test_a_model_of_pydantic_is_made_of_the_answer(fault_server: FaultServer, side: Side) -> None:
    pydantic = pytest.importorskip("pydantic")
    model = pydantic.create_model("Answer", n=(int, pydantic.Field(multiple_of=2)))
    url = fault_server.url(bodies_of(whole(text='{"n": 3}'), whole(text='{"n": 4}')))
    assert side.do(side.client(url).complete, "Even?", schema=model).parsed.n == 4
    assert sent(fault_server, url)["response_format"]["json_schema"]["strict"] is True
    assert "multiple of 2" in sent(fault_server, url)["messages"][-1]["content"], "checked here"


@pytest.mark.parametrize(
    ("provider", "kind", "strict"),
    [
        ("moonshot", "json_schema", True),
        ("moonshot-cn", "json_schema", True),
        ("openrouter", "json_schema", False),
        ("vllm", "json_schema", False),
        ("tokenhub", "json_object", None),
        ("anyfast", "json_object", None),
        ("moonshot-anthropic", None, None),
        ("kimi-code", None, None),
    ],
)
def test_each_provider_is_asked_in_its_own_way(provider: str, kind: str | None, strict: bool | None) -> None:
    from kimistream import _core

    response_format, prompt = AnswerSchema(Invoice).asked(_core.provider_row(provider))
    assert (response_format or {}).get("type") == kind
    if strict is None:
        assert prompt is not None
        assert '"number":{"type":"integer"}' in prompt
    else:
        assert response_format is not None
        assert (response_format["json_schema"]["strict"], prompt) == (strict, None)


def test_where_the_request_cannot_say_it_the_prompt_does(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(bodies_of(whole(text=RIGHT)))
    client = side.client(url, provider="tokenhub")
    prompt = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Invoice?"}]
    assert side.do(client.complete, prompt, schema=Invoice).parsed == Invoice(3, ["a"])
    body = sent(fault_server, url)
    assert body["response_format"] == {"type": "json_object"}
    assert roles(body["messages"]) == ["system", "system", "user"]
    assert "JSON Schema" in body["messages"][1]["content"]
    assert len(prompt) == 2


@pytest.mark.parametrize(
    "text",
    [
        RIGHT,
        f"  {RIGHT}\n",
        f"```json\n{RIGHT}\n```",
        f"```\n{RIGHT}\n```\nThat is all.",
        f"Here you are: {RIGHT} Anything else?",
        f"Not {{this}} but {RIGHT}",
        f'First {{"a": 1}}, then {RIGHT}',
        f'```json\n{{"a": 1}}\n```\nNo:\n```json\n{RIGHT}\n```',
        f'```json\n{{"a": 1}}\n```\nNo: {RIGHT}',
        f'{{"number": 4, "lines": []}} is an example.\n```json\n{RIGHT}\n```',
        f'<think>Maybe {{"number": 4, "lines": []}}?</think>\n{RIGHT}',
        f'\n<think>\n```json\n{{"number": 4, "lines": []}}\n```\n</think>It is {RIGHT}',
    ],
)
def test_fences_and_words_are_taken_off(text: str) -> None:
    assert AnswerSchema(Invoice).read(text) == (Invoice(3, ["a"]), [])


def test_a_wrong_answer_is_sent_back_with_all_that_is_wrong(fault_server: FaultServer, side: Side) -> None:
    wrong = '{"number": "x", "lines": "y", "more": 1}'
    url = fault_server.url(bodies_of(whole(text=wrong), whole(text="no json"), whole(text=RIGHT)))
    message = side.do(side.client(url).complete, "Invoice?", schema=Invoice)
    assert message.parsed == Invoice(3, ["a"])
    assert message.usage.total_tokens == 66, "of all attempts"
    second = sent(fault_server, url, 1)["messages"]
    assert roles(second) == ["user", "assistant", "user"]
    assert second[1]["content"] == wrong
    assert second[1]["reasoning_content"] == "I think."
    for words in ("number: must be an integer", "lines: must be a list", "more: is unknown"):
        assert words in second[2]["content"]
    assert roles(sent(fault_server, url)["messages"]) == ["user", "assistant", "user", "assistant", "user"]


def test_after_the_retries_it_is_an_error(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(bodies_of(whole(text='{"number": "x"}')))
    with pytest.raises(SchemaError) as caught:
        side.do(side.client(url).complete, "Invoice?", schema=Invoice)
    assert fault_server.attempts(url) == 3
    error = caught.value
    assert isinstance(error, KimiError)
    assert (error.message.text, error.message.usage.total_tokens) == ('{"number": "x"}', 66)
    assert error.errors == ["number: must be an integer, not a string"]
    assert pickle.loads(pickle.dumps(error)).errors == error.errors
    with pytest.raises(SchemaError):
        side.do(side.client(url).complete, "Invoice?", schema=Invoice, schema_retries=0)
    assert fault_server.attempts(url) == 4


def test_an_answer_that_was_cut_is_told_as_cut(fault_server: FaultServer, side: Side) -> None:
    body = whole(text='{"number": 3, "li')
    body["choices"][0]["finish_reason"] = "length"
    url = fault_server.url(bodies_of(body))
    with pytest.raises(SchemaError, match="cut") as caught:
        side.do(side.client(url).complete, "Invoice?", schema=Invoice)
    assert fault_server.attempts(url) == 1, "it is not told to be wrong"
    assert caught.value.message.text == '{"number": 3, "li'
    assert caught.value.message.usage.total_tokens == 22


def test_an_answer_that_a_filter_ended_is_not_asked_for_again(fault_server: FaultServer, side: Side) -> None:
    body = whole(text="I")
    body["choices"][0]["finish_reason"] = "content_filter"
    url = fault_server.url(bodies_of(body))
    with pytest.raises(SchemaError, match="content filter") as caught:
        side.do(side.client(url).complete, "Invoice?", schema=Invoice)
    assert fault_server.attempts(url) == 1
    assert (caught.value.message.text, len(caught.value.errors)) == ("I", 1)


def test_calls_are_handed_out_as_ever(fault_server: FaultServer, side: Side) -> None:
    def look(word: str) -> str:
        raise AssertionError("complete calls nothing")

    url = fault_server.url(bodies_of(whole(call("look", {"word": "x"}))))
    message = side.do(side.client(url).complete, "Invoice?", schema=Invoice, tools=[look])
    assert message.tool_calls[0].name == "look"


def test_in_a_conversation_the_question_and_the_right_answer_stay(fault_server: FaultServer, side: Side) -> None:
    def look(word: str) -> str:
        return f"saw {word}"

    answers = [whole(call("look", {"word": "x"})), whole(text="no"), whole(text=RIGHT), whole(text="Bye.")]
    url = fault_server.url(bodies_of(*answers))
    chat = side.client(url).conversation(system="Be kind.", tools=[look])
    assert side.do(chat.send, "Invoice?", schema=Invoice).parsed == Invoice(3, ["a"])
    assert roles(chat.messages) == ["system", "user", "assistant", "tool", "assistant"]
    assert chat.messages[-1].text == RIGHT
    assert chat.usage.total_tokens == 66
    side.do(chat.send, "Thanks")
    body = sent(fault_server, url)
    assert "response_format" not in body
    assert roles(body["messages"]) == ["system", "user", "assistant", "tool", "assistant", "user"]


@pytest.mark.parametrize(
    "schema",
    [
        *(5, "text", [], int, str, object, Invoice(1), list[int], AssertionError, {"type": "objekt"}, {"type": 5}),
        *({"properties": []}, {"properties": {"a": 3}}, {"type": "json_schema", "json_schema": {}}, {"enum": "a"}),
    ],
    ids=repr,
)
def test_what_is_no_schema_is_refused_before_anything_is_sent(
    fault_server: FaultServer, side: Side, schema: Any
) -> None:
    url = fault_server.url(bodies_of(whole(text=RIGHT)))
    client = side.client(url)
    with pytest.raises(InvalidRequestError, match="schema"):
        side.do(client.complete, "Invoice?", schema=schema)
    with pytest.raises(InvalidRequestError, match="schema"):
        side.do(client.conversation().send, "Invoice?", schema=schema)
    assert fault_server.attempts(url) == 0


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"$ref": "#/$defs/Gone", "$defs": {}}, "'#/$defs/Gone' leads nowhere"),
        ({"properties": {"a": {"$ref": "#b"}}}, "'#b' leads nowhere at properties.a"),
        ({"$ref": "https://example.org/person.json"}, "another document"),
        ({"$ref": "#"}, "back to itself"),
        ({"$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}}, "type": "object"}, "back to itself"),
        ({"$defs": {"A": {"type": "text"}}, "$ref": "#/$defs/A"}, "no type 'text' at $defs.A"),
        ({"properties": {"a": {"$ref": 3}}}, "$ref is a string"),
        ({"pattern": "["}, "'[' is no regular expression"),
        ({"patternProperties": {"(": {}}}, "'(' is no regular expression"),
        ({"items": {"pattern": 3}}, "3 is no regular expression at items"),
        ({"properties": {"kind": {"enum": []}}}, "enum is empty: no value could follow it at properties.kind"),
        ({"minimum": "3"}, "minimum is a number, not '3'"),
        ({"maxItems": -1}, "maxItems is a count, not -1"),
        ({"required": [1]}, "required is a list of names"),
    ],
    ids=str,
)
def test_a_schema_that_nothing_can_follow_is_refused(
    fault_server: FaultServer, side: Side, schema: dict[str, Any], words: str
) -> None:
    url = fault_server.url(bodies_of(whole(text="{}")))
    with pytest.raises(InvalidRequestError) as caught:
        side.do(side.client(url).complete, "Invoice?", schema=schema)
    assert words in str(caught.value)
    assert fault_server.attempts(url) == 0


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/A", "$defs": {"A": {"properties": {"next": {"$ref": "#/$defs/A"}}}}},
        {"properties": {"a": {"$ref": "#name"}}, "$defs": {"A": {"$anchor": "name", "type": "string"}}},
        {"properties": {"a": {"$ref": "#/anyOf/0"}}, "anyOf": [{"type": "object"}]},
        {"properties": {"a": {"pattern": r"^\p{L}[\p{Lu}]+(?<year>\d{4})\k<year>\u{1F600}\cA$"}}},
        {"properties": {"enum": {"type": "string"}, "$ref": {"type": "string"}}},
    ],
    ids=str,
)
def test_unusual_schemas_are_taken(fault_server: FaultServer, side: Side, schema: dict[str, Any]) -> None:
    url = fault_server.url(bodies_of(whole(text="{}")))
    assert side.do(side.client(url).complete, "Invoice?", schema=schema).parsed == {}


def test_patterns_are_read_as_ecmascript_has_them() -> None:
    known = pattern_of(r"^(?<year>\d{4})-\k<year>$")
    assert known is not None
    assert (bool(known.search("2026-2026")), bool(known.search("2026-2027"))) == (True, False)
    unknown = pattern_of(r"^[^\p{L}]+$")
    assert unknown is not None
    assert unknown.search("what is not known lets pass")
    assert Validator({"properties": {"a": {"$ref": "#x"}}, "$defs": {"X": {"$anchor": "x", "type": "null"}}}).problems(
        {"a": 1}
    ) == ["a: must be null, not an integer"]


def test_other_mistakes_are_refused_too(side: Side) -> None:
    client = side.client("http://127.0.0.1:9/v1")
    with pytest.raises(InvalidRequestError, match="response_format"):
        side.do(client.complete, "Hi", schema=Invoice, response_format={"type": "json_object"})
    with pytest.raises(InvalidRequestError, match="schema_retries"):
        side.do(client.complete, "Hi", schema=Invoice, schema_retries=-1)
    with pytest.raises(TypeError, match="schema_retries"):
        side.do(client.complete, "Hi", schema=Invoice, schema_retries="2")
    with pytest.raises(InvalidRequestError, match="no JSON Schema"):
        client.stream("Hi", schema={"type": "unknown"})
    with pytest.raises(InvalidRequestError, match="no JSON Schema"):
        client.conversation().stream("Hi", schema={"type": "unknown"})


# A schema, a value, and what is wrong with it.
CHECKED: list[tuple[Any, Any, list[str]]] = [
    ({"type": "string"}, 3, ["the value: must be a string, not an integer"]),
    ({"type": ["string", "null"]}, None, []),
    ({"type": "integer"}, 3.0, []),
    ({"type": "integer"}, True, ["the value: must be an integer, not true or false"]),
    ({"enum": [1, "a"]}, 1.0, []),
    ({"enum": [1, "a"]}, True, ["the value: must be one of 1, 'a', not True"]),
    ({"const": {"a": 1}}, {"a": 1}, []),
    ({"minimum": 3, "maximum": 4}, 5, ["the value: must be at most 4"]),
    ({"exclusiveMinimum": 3}, 3, ["the value: must be more than 3"]),
    ({"multipleOf": 0.1}, 0.3, []),
    ({"multipleOf": 2}, 3, ["the value: must be a multiple of 2"]),
    ({"minLength": 2}, "a", ["the value: must have at least 2 characters"]),
    ({"pattern": "^a"}, "ba", ["the value: must match ^a"]),
    ({"items": {"type": "integer"}, "maxItems": 1}, [1, "a"], ["the value: must have at most 1 items",
                                                              "[1]: must be an integer, not a string"]),
    ({"prefixItems": [{"type": "integer"}], "items": False}, [1, 2], ["[1]: is not allowed"]),
    ({"uniqueItems": True}, [1, 1.0], ["the value: must not have the same item twice"]),
    ({"required": ["a"], "additionalProperties": False, "properties": {"a": {}}}, {"b": 1},
     ["a: is missing", "b: is unknown"]),
    ({"additionalProperties": {"type": "integer"}}, {"b": "x"}, ["b: must be an integer, not a string"]),
    ({"patternProperties": {"^x": {"type": "integer"}}}, {"xa": "x"}, ["xa: must be an integer, not a string"]),
    ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, None, []),
    ({"anyOf": [{"type": "integer"}]}, "a", ["the value: must be an integer, not a string"]),
    ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, 1, ["the value: fits more than one of what is allowed"]),
    ({"allOf": [{"minimum": 1}, {"maximum": 0}]}, 1, ["the value: must be at most 0"]),
    ({"not": {"type": "string"}}, "a", ["the value: is what it must not be"]),
    ({"$defs": {"n": {"type": "integer"}}, "properties": {"a": {"$ref": "#/$defs/n"}}}, {"a": "x"},
     ["a: must be an integer, not a string"]),
    ({"$ref": "#"}, 3, []),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "value", "wrong"), CHECKED, ids=lambda value: json.dumps(value)[:40])
def test_a_value_is_held_against_a_schema(schema: Any, value: Any, wrong: list[str]) -> None:
    assert Validator(schema).problems(value) == wrong


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}, True),
        ({"type": "array", "items": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/a"}]}, "$defs": {}}, True),
        (JSON_SCHEMA, False),
        ({"type": "object", "properties": {"a": {}}}, False),
        ({"properties": {}}, False),
        ({"type": "object", "anyOf": [{"type": "object"}]}, False),
        ({"oneOf": [{"type": "string"}]}, False),
    ],
    ids=str,
)
def test_what_is_mfjs_is_known(schema: Any, expected: bool) -> None:
    assert is_mfjs(schema) is expected


def test_with_the_simulator(simulator: Simulator, side: Side) -> None:
    client = side.client(simulator.base_url, api_key=simulator.api_key)
    message = side.do(client.complete, "An invoice", schema=Invoice, check="error")
    assert isinstance(message.parsed, Invoice)
    assert message.warnings == []
