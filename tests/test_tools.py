"""Tools of functions: what the model is told of them, how arguments are read, what results become."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import datetime
import decimal
import enum
import functools
import json
import pathlib
import pickle
import sys
import typing
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple, NewType, Optional, TypedDict, TypeVar, Union

import pytest
from fault_server_client import FaultServer, Script
from kit import async_kimi, completion, kimi, python, run, sent

from kimistream import Image, InvalidRequestError, Kimi, KimiError, Tool, ToolArgumentsError
from kimistream._tools.docstrings import Docstring
from kimistream._tools.results import content_of

if sys.version_info >= (3, 11):
    from typing import LiteralString, NotRequired, Required
else:
    from typing_extensions import LiteralString, NotRequired, Required

if typing.TYPE_CHECKING:
    from kimistream.simulator import Simulator


class Unit(enum.Enum):
    CELSIUS = "c"
    FAHRENHEIT = "f"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@dataclasses.dataclass
class Place:
    """Somewhere.

    Attributes:
        city: its name
    """

    city: str
    height: float = 0.0
    tags: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Tree:
    name: str
    children: list[Tree] = dataclasses.field(default_factory=list)


class Options(TypedDict, total=False):
    limit: int
    sort: Literal["up", "down"]


class Point(NamedTuple):
    x: int
    y: int = 0


Id = NewType("Id", str)
Some = TypeVar("Some", int, str)


class Name(str):
    __slots__ = ()


class Even(int):
    def __new__(cls, value: int) -> Even:
        if value % 2:
            raise ValueError(f"{value} is odd")
        return super().__new__(cls, value)


class Mixed(TypedDict, total=False):  # its annotations are texts here, and the class has not seen what they say
    must: Annotated[Required[int], "this one"]
    may: NotRequired[str]


def schema_of(annotation: Any) -> dict[str, Any]:
    """What a parameter of this type is told to be."""

    def tool(value) -> None:  # type: ignore[no-untyped-def]
        pass

    tool.__annotations__["value"] = annotation
    schema: dict[str, Any] = Tool(tool).schema["function"]["parameters"]["properties"]["value"]
    return schema


def read_as(annotation: Any, value: Any) -> Any:
    def tool(value):  # type: ignore[no-untyped-def]
        return value

    tool.__annotations__["value"] = annotation
    return Tool(tool).call(json.dumps({"value": value}))


ANYTHING = ["string", "number", "boolean", "object", "array", "null"]
OBJECT_OF_PLACE = {
    "type": "object",
    "description": "Somewhere.",
    "properties": {
        "city": {"type": "string", "description": "its name"},
        "height": {"type": "number", "default": 0.0},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["city"],
    "additionalProperties": False,
}
# A type, what it is told to be, a value in JSON, and what the function gets.
TYPES = [
    (str, {"type": "string"}, "a", "a"),
    (int, {"type": "integer"}, 3, 3),
    (int, {"type": "integer"}, 3.0, 3),
    (float, {"type": "number"}, 3, 3.0),
    (bool, {"type": "boolean"}, True, True),
    (None, {"type": "null"}, None, None),
    (Any, {"type": ANYTHING}, {"a": [1]}, {"a": [1]}),
    (list, {"type": "array"}, [1, "a"], [1, "a"]),
    (list[int], {"type": "array", "items": {"type": "integer"}}, [1], [1]),
    (Sequence[int], {"type": "array", "items": {"type": "integer"}}, [1], [1]),
    (set[str], {"type": "array", "items": {"type": "string"}}, ["a", "a"], {"a"}),
    (frozenset[int], {"type": "array", "items": {"type": "integer"}}, [1], frozenset({1})),
    (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}, [1, 2], (1, 2)),
    (
        tuple[int, str],
        {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "string"}]}, "minItems": 2, "maxItems": 2},
        [1, "a"],
        (1, "a"),
    ),
    (dict, {"type": "object", "additionalProperties": True}, {"a": 1}, {"a": 1}),
    (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}, {"a": 1}, {"a": 1}),
    (Mapping[int, str], {"type": "object", "additionalProperties": {"type": "string"}}, {"7": "a"}, {7: "a"}),
    (Optional[int], {"type": ["integer", "null"]}, None, None),  # noqa: UP045
    (int | None, {"type": ["integer", "null"]}, 3, 3),
    (Optional[Literal["a", "b"]], {"type": ["string", "null"], "enum": ["a", "b", None]}, "a", "a"),  # noqa: UP045
    (Union[int, str], {"anyOf": [{"type": "integer"}, {"type": "string"}]}, "x", "x"),  # noqa: UP007
    (
        list[int] | None,
        {"anyOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "null"}]},
        [1],
        [1],
    ),
    (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}, "b", "b"),
    (Literal[1, "a"], {"anyOf": [{"type": "integer", "enum": [1]}, {"type": "string", "enum": ["a"]}]}, 1, 1),
    (Unit, {"type": "string", "enum": ["c", "f"]}, "f", Unit.FAHRENHEIT),
    (Level, {"type": "integer", "enum": [1, 2]}, 2, Level.HIGH),
    (Annotated[int, "how many"], {"type": "integer", "description": "how many"}, 3, 3),
    (Id, {"type": "string"}, "x", "x"),
    (Name, {"type": "string"}, "x", Name("x")),
    (Place, OBJECT_OF_PLACE, {"city": "Paris", "height": 1}, Place("Paris", 1.0)),
    (
        Options,
        {
            "type": "object",
            "properties": {"limit": {"type": "integer"}, "sort": {"type": "string", "enum": ["up", "down"]}},
            "additionalProperties": False,
        },
        {"limit": 3},
        {"limit": 3},
    ),
    (
        Point,
        {
            "type": "object",
            "properties": {"x": {"type": "integer"}, "y": {"type": "integer", "default": 0}},
            "required": ["x"],
            "additionalProperties": False,
        },
        {"x": 1},
        Point(1),
    ),
    (
        datetime.date,
        {"type": "string", "description": "A date in ISO 8601, YYYY-MM-DD"},
        "2026-11-27",
        datetime.date(2026, 11, 27),
    ),
    (
        datetime.datetime,
        {"type": "string", "description": "A date and time in ISO 8601"},
        "2026-11-27T10:00:00Z",
        datetime.datetime(2026, 11, 27, 10, tzinfo=datetime.timezone.utc),
    ),
    (uuid.UUID, {"type": "string", "description": "A UUID"}, str(uuid.UUID(int=7)), uuid.UUID(int=7)),
    (decimal.Decimal, {"type": "string", "description": "A decimal number"}, "1.10", decimal.Decimal("1.10")),
    (pathlib.Path, {"type": "string", "description": "A path"}, "a/b", pathlib.Path("a/b")),
    (Some, {"anyOf": [{"type": "integer"}, {"type": "string"}]}, "x", "x"),
    (LiteralString, {"type": "string"}, "x", "x"),
    (Even, {"type": "integer"}, 2, Even(2)),
    (
        Mixed,
        {
            "type": "object",
            "properties": {"must": {"type": "integer", "description": "this one"}, "may": {"type": "string"}},
            "required": ["must"],
            "additionalProperties": False,
        },
        {"must": 1},
        {"must": 1},
    ),
]


@pytest.mark.parametrize(("annotation", "schema", "given", "got"), TYPES, ids=lambda value: str(value)[:30])
def test_a_type_is_told_and_read(annotation: Any, schema: dict[str, Any], given: Any, got: Any) -> None:
    assert schema_of(annotation) == schema
    value = read_as(annotation, given)
    assert value == got
    assert type(value) is type(got)


# A type, a value that is none of it, and what the model is told.
WRONG = [
    (str, 3, "value: must be a string, not an integer"),
    (int, "3", "value: must be an integer, not a string"),
    (int, 3.5, "value: must be an integer, not a number"),
    (int, True, "value: must be an integer, not true or false"),
    (float, "x", "value: must be a number, not a string"),
    (float, 10**400, "value: OverflowError: int too large to convert to float"),
    (Even, 3, "value: ValueError: 3 is odd"),
    (Mixed, {"may": "x"}, "value.must: is missing"),
    (bool, 1, "value: must be true or false, not an integer"),
    (list[int], [1, "a"], "value[1]: must be an integer, not a string"),
    (dict[str, int], {"a": "b"}, "value.a: must be an integer, not a string"),
    (tuple[int, str], [1], "value: must be a list of 2, not a list of 1"),
    (Literal["a", "b"], "c", "value: must be one of 'a', 'b', not 'c'"),
    (Unit, "k", "value: must be one of 'c', 'f', not 'k'"),
    (int | None, "x", "value: must be an integer, not a string"),
    (int | str, [], "value: must be an integer or a string, not a list"),
    (datetime.date | None, "today", "value: must be a date in ISO 8601, YYYY-MM-DD, not 'today'"),
    (Place, {"height": "x", "town": 1}, "value.city: is missing"),
    (Place | list[int], {}, "value.city: is missing"),
]


@pytest.mark.parametrize(("annotation", "given", "words"), WRONG, ids=lambda value: str(value)[:30])
def test_a_wrong_value_is_told_with_its_path(annotation: Any, given: Any, words: str) -> None:
    with pytest.raises(ToolArgumentsError) as caught:
        read_as(annotation, given)
    assert words in caught.value.errors
    assert words in str(caught.value)


def test_every_parameter_that_is_wrong_is_named() -> None:
    def book(city: str, nights: int, place: Place, unit: Unit = Unit.CELSIUS) -> None:
        raise AssertionError("it was called")

    with pytest.raises(ToolArgumentsError) as caught:
        Tool(book).call('{"nights": "3", "place": {"town": "x"}, "unit": "k", "stars": 5}')
    assert caught.value.errors == [
        "city: is missing",
        "nights: must be an integer, not a string",
        "place.city: is missing",
        "place.town: is unknown",
        "unit: must be one of 'c', 'f', not 'k'",
        "stars: is unknown",
    ]
    assert isinstance(caught.value, KimiError)
    assert isinstance(caught.value, ValueError)
    assert pickle.loads(pickle.dumps(caught.value)).errors == caught.value.errors


@pytest.mark.parametrize("text", ["{", "[1]", '"a"', "null", "nonsense"])
def test_arguments_that_are_no_object_are_wrong(text: str) -> None:
    with pytest.raises(ToolArgumentsError, match="arguments"):
        Tool(lambda: None, name="nothing").call(text)


def test_empty_arguments_are_an_empty_object() -> None:
    def now(zone: str = "UTC") -> str:
        return zone

    assert Tool(now).call("") == Tool(now).call(" \n") == Tool(now).call("{}") == "UTC"
    assert Tool(now).schema["function"]["parameters"]["properties"]["zone"] == {"type": "string", "default": "UTC"}


def test_what_the_function_raises_passes_unchanged() -> None:
    class OddError(Exception):
        pass

    def fail() -> None:
        raise OddError("here")

    with pytest.raises(OddError, match=r"^here$"):
        Tool(fail).call("{}")


def test_of_an_asynchronous_function_call_gives_the_coroutine() -> None:
    async def slow(x: int) -> int:
        await asyncio.sleep(0)
        return x + 1

    assert run(Tool(slow).call('{"x": 1}')) == 2


def test_defaults_stay_the_functions_own() -> None:
    seen = []

    def keep(where: Place = Place("Rome"), /, *, n: int = 3, unit: Unit = Unit.CELSIUS) -> None:  # noqa: B008
        seen.append((where, n, unit))

    Tool(keep).call('{"n": 4}')
    Tool(keep).call('{"where": {"city": "Oslo"}}')
    assert seen == [(Place("Rome"), 4, Unit.CELSIUS), (Place("Oslo"), 3, Unit.CELSIUS)]


def test_a_parameter_whose_default_is_none_takes_null() -> None:
    def find(word: str = None) -> Any:  # type: ignore[assignment]  # noqa: RUF013
        return word

    assert Tool(find).call('{"word": null}') is None
    properties = Tool(find).schema["function"]["parameters"]["properties"]
    assert properties["word"] == {"type": ["string", "null"], "default": None}


def google(city: str, days: int = 1) -> str:
    """The weather in a city.

    It is made up.

    Args:
        city (str): where,
            in English
        days: how many

    Returns:
        words: a text
    """
    return ""


def numpy(city: str, days: int = 1) -> str:
    """The weather in a city.

    It is made up.

    Parameters
    ----------
    city : str
        where,
        in English
    days : int, optional
        how many

    Returns
    -------
    str
        a text
    """
    return ""


def sphinx(city: str, days: int = 1) -> str:
    """The weather in a city.

    It is made up.

    :param str city: where,
        in English
    :type city: str
    :param days: how many
    :returns: a text
    """
    return ""


@pytest.mark.parametrize("function", [google, numpy, sphinx])
def test_docstrings_of_three_styles_are_read(function: Callable[..., str]) -> None:
    told = Tool(function).schema["function"]
    assert told["description"] == "The weather in a city.\n\nIt is made up."
    assert told["parameters"]["properties"] == {
        "city": {"type": "string", "description": "where, in English"},
        "days": {"type": "integer", "description": "how many", "default": 1},
    }
    assert told["parameters"]["required"] == ["city"]


def test_epydocs_style_is_read_where_docstring_parser_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "The weather.\n\n@param city: where,\n    in English\n@type city: str\n@return: a text"
    monkeypatch.setitem(sys.modules, "docstring_parser", None)
    assert (Docstring(text).description, Docstring(text).parameters) == ("The weather.", {})
    monkeypatch.undo()
    pytest.importorskip("docstring_parser")
    assert (Docstring(text).description, Docstring(text).parameters) == ("The weather.", {"city": "where, in English"})


def test_paragraphs_of_a_field_and_words_that_are_none() -> None:
    sphinx = Docstring("It.\n\n:param x: the x\n\n    and more\n:param y: the y\n\nThe end.")
    assert sphinx.parameters == {"x": "the x and more", "y": "the y"}
    assert Docstring("It.\n\nKeyword Arguments:\n    x -- the x").parameters == {}


def test_a_name_and_a_description_of_ones_own() -> None:
    tool = Tool(google, name="weather", description="Tells it.")
    assert tool.name == "weather"
    assert tool.schema["type"] == "function"
    assert tool.schema["function"]["name"] == "weather"
    assert tool.schema["function"]["description"] == "Tells it."
    assert repr(tool) == "Tool('weather')"


def test_the_schema_is_a_copy_each_time() -> None:
    tool = Tool(google)
    before = copy.deepcopy(tool.schema)
    tool.schema["function"]["parameters"]["properties"].clear()
    assert tool.schema == before
    own = {"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]}
    tool = Tool(lambda **words: words, name="find", parameters=own)
    own["properties"] = {}
    assert tool.schema["function"]["parameters"]["properties"] == {"q": {"type": "string"}}


def test_parameters_of_ones_own_are_held_against() -> None:
    own = {"type": "object", "properties": {"q": {"type": "string", "minLength": 2}}, "required": ["q"]}
    tool = Tool(lambda **words: words, name="find", parameters=own)
    assert tool.call('{"q": "abc", "more": 1}') == {"q": "abc", "more": 1}
    with pytest.raises(ToolArgumentsError) as caught:
        tool.call('{"q": "a"}')
    assert caught.value.errors == ["q: must have at least 2 characters"]


def test_a_tool_can_be_pickled_as_its_function_can() -> None:
    tool = pickle.loads(pickle.dumps(Tool(google, name="weather", timeout=3)))
    assert (tool.name, tool.timeout, tool.schema) == ("weather", 3, Tool(google, name="weather").schema)
    own = Tool(google, parameters={"type": "object", "properties": {"city": {"type": "string"}}})
    assert pickle.loads(pickle.dumps(own)).schema == own.schema


def test_callables_of_all_sorts_are_tools() -> None:
    class Finder:
        """Finds things."""

        def find(self, word: str) -> str:
            return f"found {word}"

        def __call__(self, word: str) -> str:
            return f"called {word}"

    assert Tool(Finder().find).call('{"word": "x"}') == "found x"
    with pytest.raises(InvalidRequestError, match=r"tools=\[thing.find\]"):
        Tool(Finder.find)
    called = Tool(Finder())
    assert (called.name, called.call('{"word": "x"}')) == ("Finder", "called x")
    assert called.schema["function"]["description"] == "Finds things."
    partial = Tool(functools.partial(google, days=3))
    assert partial.name == "google"
    assert Tool(Place).call('{"city": "Rome"}') == Place("Rome")
    with pytest.raises(InvalidRequestError, match="lambda"):
        Tool(lambda x: x)
    with pytest.raises(TypeError, match="function"):
        Tool("get_weather")  # type: ignore[arg-type]


def of_bytes(data: bytes) -> None: ...
def of_complex(number: complex) -> None: ...
def of_callable(then: Callable[[], None]) -> None: ...
def of_object_keys(table: dict[Place, int]) -> None: ...
def of_a_class(thing: pathlib.PurePath | io_like) -> None: ...  # type: ignore[name-defined]  # noqa: F821
def of_many(*words: str) -> None: ...
def of_named(**words: str) -> None: ...
def of_nested(places: list[dict[str, bytes]]) -> None: ...


@pytest.mark.parametrize(
    ("function", "parameter"),
    [
        (of_bytes, "data"),
        (of_complex, "number"),
        (of_callable, "then"),
        (of_object_keys, "table"),
        (of_a_class, "thing"),
        (of_many, "*words"),
        (of_named, "**words"),
        (of_nested, "places"),
    ],
)
def test_what_no_json_has_is_refused_by_function_and_parameter(function: Any, parameter: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        Tool(function)
    assert function.__name__ in str(caught.value)
    assert parameter in str(caught.value)


def test_a_class_that_contains_itself_is_a_definition() -> None:
    def plant(tree: Tree) -> Tree:
        return tree

    parameters = Tool(plant).schema["function"]["parameters"]
    assert parameters["properties"]["tree"] == {"$ref": "#/$defs/Tree"}
    assert parameters["$defs"]["Tree"]["properties"]["children"] == {"type": "array", "items": {"$ref": "#/$defs/Tree"}}
    tree = Tool(plant).call('{"tree": {"name": "a", "children": [{"name": "b"}]}}')
    assert tree == Tree("a", [Tree("b")])


def test_names_of_classes_within_a_function_are_found() -> None:
    @dataclasses.dataclass
    class Inner:
        n: int

    @dataclasses.dataclass
    class Outer:
        inner: Inner

    def take(outer: Outer, more: list[Inner]) -> Any:
        return outer, more

    assert Tool(take).call('{"outer": {"inner": {"n": 1}}, "more": [{"n": 2}]}') == (Outer(Inner(1)), [Inner(2)])


def test_what_a_class_itself_refuses_is_told() -> None:
    @dataclasses.dataclass
    class Even:
        n: int

        def __post_init__(self) -> None:
            if self.n % 2:
                raise ValueError("it is odd")

    with pytest.raises(ToolArgumentsError, match="value: ValueError: it is odd"):
        read_as(Even, {"n": 3})


def test_a_timeout_is_a_number_of_seconds() -> None:
    assert Tool(google, timeout=3).timeout == 3
    with pytest.raises(InvalidRequestError, match="timeout"):
        Tool(google, timeout=0)
    with pytest.raises(TypeError, match="timeout"):
        Tool(google, timeout="3")  # type: ignore[arg-type]


# ---- pydantic -------------------------------------------------------------------------------------------------------


def test_a_model_of_pydantic_is_a_tool_and_a_type() -> None:
    pydantic = pytest.importorskip("pydantic")

    class Invoice(pydantic.BaseModel):  # type: ignore[misc, name-defined]
        """An invoice."""

        number: int = pydantic.Field(ge=1, description="its number")
        mail: str | None = None
        lines: list[dict[str, float]] = pydantic.Field(default_factory=list, alias="rows")

    told = Tool(Invoice).schema["function"]
    assert (told["name"], told["description"]) == ("Invoice", "An invoice.")
    assert told["parameters"]["properties"]["number"] == {"type": "integer", "minimum": 1, "description": "its number"}
    assert "rows" in told["parameters"]["properties"]
    assert told["parameters"]["required"] == ["number"]
    made = Tool(Invoice).call('{"number": 3, "rows": [{"a": 1}]}')
    assert isinstance(made, Invoice)
    assert made.lines == [{"a": 1.0}]
    with pytest.raises(ToolArgumentsError) as caught:
        Tool(Invoice).call('{"number": 0, "more": 1}')
    assert "more: is unknown" in caught.value.errors
    assert any(words.startswith("number: ") for words in caught.value.errors)
    assert read_as(list[Invoice], [{"number": 3}])[0].number == 3


def test_pydantic_is_not_imported_before_its_user_does() -> None:
    program = """
import sys, dataclasses
import kimistream
assert "kimistream._tools" not in sys.modules
@dataclasses.dataclass
class P:
    x: int
def tool(p: P) -> str: return ""
kimistream.Tool(tool).call('{"p": {"x": 1}}')
print("pydantic" in sys.modules, "jsonschema" in sys.modules)
"""
    done = python(program)
    assert (done.stdout, done.stderr) == ("False False\n", "")


# ---- requests -------------------------------------------------------------------------------------------------------


def get_weather(city: str, unit: Unit = Unit.CELSIUS) -> str:
    """The weather in a city.

    Args:
        city: its name
    """
    return f"{city}: sunny"


def plan_trip(
    place: Place,
    tree: Tree | None = None,
    options: Options | None = None,
    pair: tuple[int, str] = (1, "a"),
    many: dict[str, list[int]] | None = None,
    any_of_them: int | str | list[Place] = 3,
    mode: Literal["a", 1, None] = None,
    when: datetime.date | None = None,
    free: Any = None,
) -> None:
    """Everything at once."""


def test_functions_are_declared_in_both_clients(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, completion()))
    plain = {"type": "function", "function": {"name": "other", "parameters": {"type": "object", "properties": {}}}}
    tools = [get_weather, Tool(google, name="weather_of"), plain]
    with kimi(url) as client:
        client.complete("hi", tools=tools)
        declared = sent(fault_server, url)["tools"]
    assert [tool["function"]["name"] for tool in declared] == ["get_weather", "weather_of", "other"]
    assert declared[0] == Tool(get_weather).schema
    assert declared[2] == plain

    async def ask() -> None:
        async with async_kimi(url) as client:
            await client.complete("hi", tools=tools)

    run(ask())
    assert sent(fault_server, url)["tools"] == declared


def test_schemas_are_what_the_strictest_check_takes(simulator: Simulator) -> None:
    """Moonshot's rules, held twice: by the client's own check, and by the simulator's."""
    with Kimi(simulator.api_key, base_url=simulator.base_url) as client:
        for function in (get_weather, plan_trip, google, numpy, sphinx):
            message = client.complete("Say exactly: yes", tools=[function], tool_choice="none", check="error")
            assert message.text == "yes"
            assert message.warnings == []


def test_functions_count_as_what_they_declare() -> None:
    with Kimi("", provider="vllm", base_url="http://127.0.0.1:9/v1") as client:
        counted = client.count_tokens("hi", tools=[get_weather])
        assert counted == client.count_tokens("hi", tools=[Tool(get_weather).schema])
        assert int(counted) > int(client.count_tokens("hi"))


def test_two_tools_of_one_name_are_refused(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, completion()))
    dict_of_it = Tool(get_weather).schema
    with kimi(url) as client:
        for tools in ([get_weather, Tool(google, name="get_weather")], [get_weather, dict_of_it]):
            for ask in (client.complete, client.stream):
                with pytest.raises(InvalidRequestError, match="get_weather"):
                    ask("hi", tools=tools)
    assert fault_server.requests(url) == []


@pytest.mark.parametrize("tools", [[3], [None], get_weather])
def test_what_is_no_tool_is_a_type_error(tools: Any) -> None:
    with Kimi("sk-test", base_url="http://127.0.0.1:9/v1") as client, pytest.raises(TypeError, match="tool"):
        client.complete("hi", tools=tools)


# ---- results --------------------------------------------------------------------------------------------------------

PIXEL = b"\x89PNG\r\n\x1a\n" + b"\0" * 16


@pytest.mark.parametrize(
    ("value", "content"),
    [
        ("as it is", "as it is"),
        ("", ""),
        (None, "null"),
        (True, "true"),
        (3, "3"),
        (1.5, "1.5"),
        ({"a": [1, None]}, '{"a":[1,null]}'),
        ((1, 2), "[1,2]"),
        (Place("Rome", 1.5, ["a"]), '{"city":"Rome","height":1.5,"tags":["a"]}'),
        ([Place("Rome")], '[{"city":"Rome","height":0.0,"tags":[]}]'),
        (Unit.CELSIUS, '"c"'),
        ({"unit": Unit.CELSIUS, Unit.FAHRENHEIT: 1}, '{"unit":"c","f":1}'),
        (Level.HIGH, "2"),
        (Point(1, 2), '{"x":1,"y":2}'),
        ({"when": datetime.date(2026, 1, 2), "id": uuid.UUID(int=1)}, None),
        ("你好", "你好"),
        ({"say": "你好"}, '{"say":"你好"}'),
    ],
    ids=repr,
)
def test_a_result_is_a_text_or_json(value: Any, content: str | None) -> None:
    got = content_of(value)
    if content is not None and content.startswith("["):
        assert json.loads(str(got)) == json.loads(content)
    elif content is not None:
        assert got == content
    else:
        assert json.loads(str(got)) == {"when": "2026-01-02", "id": "00000000-0000-0000-0000-000000000001"}


def test_pictures_are_parts() -> None:
    picture = Image(PIXEL)
    assert content_of(picture) == [picture]
    assert content_of(["look:", picture, {"x": 1}]) == ["look:", picture, '{"x":1}']


@pytest.mark.parametrize("value", [object(), {1, 2}, b"x", float("nan"), {"a": float("inf")}, print, Place, 1j])
def test_what_no_json_has_is_an_error(value: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"JSON has no|result"):
        content_of(value)


def test_a_model_of_pydantic_is_a_result() -> None:
    pydantic = pytest.importorskip("pydantic")
    model = pydantic.create_model("Answer", when=(datetime.date, ...))
    assert content_of(model(when="2026-01-02")) == '{"when":"2026-01-02"}'
