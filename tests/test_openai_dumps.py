"""Objects of the OpenAI shape where programs treat them as pydantic's: what of them is dumped, copied, told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai_stub import not_imported

from kimistream._values.completions import ChatCompletion, ChatCompletionMessage, ChoiceDelta, CompletionUsage

CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
BODY: dict[str, Any] = {
    "id": "1",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "x", "reasoning": "Hm.", "tool_calls": [CALL, CALL]}},
        {"index": 1, "message": {"role": "assistant", "content": "y", "details": [{"type": "t", "text": "z"}]}},
    ],
    "usage": {"prompt_tokens": 1, "cached_tokens": 2},
}


@pytest.fixture
def answered() -> Any:
    return ChatCompletion(BODY)


@pytest.mark.parametrize(
    ("selection", "left"),
    [
        ({"include": {"id"}}, {"id": "1"}),
        ({"include": {"usage": {"prompt_tokens"}}}, {"usage": {"prompt_tokens": 1}}),
        ({"include": {"choices": {1: {"index"}}}}, {"choices": [{"index": 1}]}),
        ({"include": {"choices": {-1: {"index": True}}}}, {"choices": [{"index": 1}]}),
        ({"include": {"choices": {"__all__": {"index"}}}}, {"choices": [{"index": 0}, {"index": 1}]}),
        ({"include": {"id": False}}, {}),
        ({"include": {"id": ..., "choices": {0: {"message": {"tool_calls": {0: {"id"}}}}}}},
         {"id": "1", "choices": [{"message": {"tool_calls": [{"id": "c1"}]}}]}),
        ({"exclude": {"choices": True, "usage": ...}}, {"id": "1"}),
        ({"include": {"id", "usage"}, "exclude": {"usage": {"cached_tokens"}}},
         {"id": "1", "usage": {"prompt_tokens": 1}}),
    ],
)  # fmt: skip
def test_what_is_dumped(selection: Any, left: dict[str, Any], answered: Any) -> None:
    assert answered.model_dump(exclude_unset=True, **selection) == left
    assert json.loads(answered.model_dump_json(exclude_unset=True, **selection)) == left
    assert answered.to_dict(**selection) == left


def test_what_is_excluded_from_each(answered: Any) -> None:
    dumped = answered.model_dump(exclude={"choices": {"__all__": {"message": {"content", "tool_calls"}}}})
    assert [set(choice["message"]) & {"role", "content", "tool_calls"} for choice in dumped["choices"]] == [
        {"role"}
    ] * 2
    assert answered.model_dump(exclude={"choices": []})["choices"] == answered.model_dump()["choices"]
    assert dict(answered.usage.model_dump(exclude_defaults=True)) == BODY["usage"]


def test_as_pairs(answered: Any) -> None:
    message = dict(answered.choices[0].message)
    assert (message["content"], message["refusal"], message["reasoning"]) == ("x", None, "Hm.")
    assert message["tool_calls"][0].function.name == "f"
    assert "reasoning_content" not in message  # the name that it did not come under


def test_fields(answered: Any) -> None:
    assert answered.model_fields_set == {"id", "choices", "usage"}
    assert answered.usage.model_extra == {"cached_tokens": 2}
    assert {"prompt_tokens", "total_tokens"} <= type(answered.usage).model_fields.keys()
    assert "cached_tokens" not in CompletionUsage.model_fields


def test_copies(answered: Any) -> None:
    twin = answered.model_copy(update={"id": "2", "note": 1})
    assert (twin.id, twin.note, answered.id, twin.choices is answered.choices) == ("2", 1, "1", True)
    deep = answered.model_copy(deep=True)
    deep.choices[0].message.content = "changed"
    assert answered.choices[0].message.content == "x"
    assert type(deep) is ChatCompletion
    assert ChatCompletion.model_construct(id="3").id == "3"


def test_nested_extras_are_dicts_with_attributes(answered: Any) -> None:
    message = answered.choices[1].message
    (detail,) = message.details
    assert (detail["text"], detail.text, json.loads(json.dumps(message.details))) == ("z", "z", [detail])
    assert type(message.model_extra["details"][0]) is dict
    assert type(message.model_dump()["details"][0]) is dict
    with pytest.raises(AttributeError, match="nonsense"):
        _ = detail.nonsense


@pytest.mark.parametrize("kind", [ChatCompletionMessage, ChoiceDelta])
@pytest.mark.parametrize(("key", "other"), [("reasoning", "reasoning_content"), ("reasoning_content", "reasoning")])
def test_reasoning_is_told_under_its_own_name(kind: Any, key: str, other: str) -> None:
    message = kind({"role": "assistant", key: "Hm."})
    assert message.model_extra == {key: "Hm."}
    assert (getattr(message, key), getattr(message, other)) == ("Hm.", "Hm.")
    with not_imported():
        assert getattr(message, other)  # then both are plain texts
    assert other not in message.model_dump()
