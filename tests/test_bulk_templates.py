"""Prompts of bulk runs: fields and positions, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from bulk_server import BulkServer

from kimistream import InvalidRequestError
from kimistream._bulk.keys import key_maker
from kimistream._bulk.templates import prompt_maker


@pytest.mark.parametrize(
    ("template", "row", "prompt"),
    [
        ("Say {text}.", {"text": "hi"}, "Say hi."),
        ("{a.b}/{a.c[1]}", {"a": {"b": "x", "c": [1, 2]}}, "x/2"),
        ("{a[0]}{a[1]}", {"a": ["x", "y"]}, "xy"),
        ("{{text}} {text}", {"text": "hi"}, "{text} hi"),
        ("{{{text}}}", {"text": "hi"}, "{hi}"),
        ("{}", "a text", "a text"),
        ("<{}>", "{text}", "<{text}>"),
        ("{text}", {"text": "{other} {{}}", "other": "no"}, "{other} {{}}"),  # never filled in again
        (
            "{n} {t} {l} {f} {d}",
            {"n": 5, "t": True, "l": ["a"], "f": 2.5, "d": {"k": "é"}},
            '5 true ["a"] 2.5 {"k": "é"}',
        ),
        ("{名前}", {"名前": "x"}, "x"),
        ("{first name}", {"first name": "x"}, "x"),
        ("no fields", {"text": "x"}, "no fields"),
        ("{zero}{empty}", {"zero": 0, "empty": ""}, "0"),
    ],
)
def test_templates(template: str, row: Any, prompt: str) -> None:
    assert prompt_maker(template)(row) == prompt


@pytest.mark.parametrize(
    "template",
    ["{", "}", "{a", "a}", "{a!r}", "{a:>5}", "{a b!r}", "{a()}", "{a[b]}", "{a['b']}", "{a[-1]}", "{a+b}", "{.a}",
     "{a.}", "{0}", "{a..b}", '{"json": 1}', "{ a }", "{a[}", "{__import__('os')}", "{a{b}}"],
)  # fmt: skip
def test_anything_else_in_braces_is_refused(template: str) -> None:
    with pytest.raises(InvalidRequestError, match="template"):
        prompt_maker(template)


@pytest.mark.parametrize("template", ["", " \n\t"])
def test_an_empty_template_is_refused_before_anything_is_sent(template: str) -> None:
    with BulkServer() as server:
        with pytest.raises(InvalidRequestError, match=r"prompt is empty.*'\{text\}'"):
            server.client().map([{"text": "x"}], template)
        assert not server.asked


@pytest.mark.parametrize(
    ("template", "row"),
    [
        ("{a.__class__}", {"a": "x"}),  # a field of that name there is not, and an attribute it is not
        ("{a.b}", {"a": "x"}),
        ("{a[3]}", {"a": [1]}),
        ("{a[0]}", {"a": "text"}),
        ("{a}", {"a": None}),
        ("{a}", {"a": float("nan")}),
        ("{a}", "a text"),
        ("{}", {"a": 1}),
    ],
)
def test_a_row_without_the_field_is_wrong(template: str, row: Any) -> None:
    with pytest.raises(InvalidRequestError):
        prompt_maker(template)(row)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"v": None, "w": 1}, "the row's 'v' is empty (None)"),
        ({"v": float("nan")}, "the row's 'v' is empty (nan)"),
        ({"w": 1}, "the row has no 'v'; it has w"),
        ("text", "the row has no 'v': it is a str"),
        ([{"v": 1}], "the row has no 'v': it is a list. A file that is one JSON list of rows must be named .json"),
    ],
)
def test_what_is_wrong_with_the_row_is_told(row: Any, told: str) -> None:
    with pytest.raises(InvalidRequestError) as of_prompt:
        prompt_maker("{v}")(row)
    assert str(of_prompt.value) == told
    with pytest.raises(InvalidRequestError) as of_key:
        key_maker("v")(row)
    assert told.rpartition("'v'")[2].lstrip(" ") in str(of_key.value)


def test_a_function_may_give_anything_and_what_it_raises_is_the_rows_error() -> None:
    assert prompt_maker(lambda row: [{"role": "user", "content": row}])("x") == [{"role": "user", "content": "x"}]
    with pytest.raises(InvalidRequestError, match="ZeroDivisionError") as caught:
        prompt_maker(lambda row: 1 / 0)("x")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)

    async def coroutine(row: Any) -> str:
        return "x"

    with pytest.raises(InvalidRequestError, match="coroutine"):
        prompt_maker(coroutine)("x")


def test_without_a_prompt_rows_are_prompts() -> None:
    messages = [{"role": "user", "content": "hi"}]
    make = prompt_maker(None)
    assert make("hi") == "hi"
    assert make(messages) == messages
    assert make({"messages": messages}) == messages
    assert make({"messages": '[{"role": "user", "content": "hi"}]'}) == messages  # as tables hold them
    with pytest.raises(InvalidRequestError, match="template"):
        make({"text": "hi"})


def test_what_is_no_prompt_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        prompt_maker(5)
