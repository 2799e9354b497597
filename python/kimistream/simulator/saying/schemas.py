"""Instances of a JSON Schema, made up but deterministic: arguments of tool calls and structured answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from ..values.shapes import dig
from .knowledge import find_cities
from .patterns import matching

MAX_DEPTH = 8  # of nested schemas; below it only what is required is made, below twice that nothing
MAX_ITEMS = 100  # of an array, whatever its minItems
MAX_FILL = 10_000  # characters to which a text is lengthened, whatever its minLength

_PLACE = re.compile(r"city|location|place|town|destination|城市|地点|地区|位置", re.IGNORECASE)
_QUESTION = re.compile(r"query|question|search|prompt|keyword|topic|查询|问题|关键", re.IGNORECASE)
_ANSWER = re.compile(r"answer|result|reply|response|summary|content|explanation|text|回答|答案|摘要", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![A-Za-z0-9_.])-?\d{1,15}(?:\.\d{1,15})?(?![A-Za-z0-9_])")
_WORD = re.compile(r"\w+")
# Names in quotation marks; an apostrophe within a word is none.
_QUOTED = re.compile(r"(?<!\w)'([^'\n]{1,100})'(?!\w)|\"([^\"\n]{1,100})\"|“([^”\n]{1,100})”|「([^」\n]{1,100})」")
_FORMATS = {
    "date": "2026-01-01",
    "time": "12:00:00",
    "date-time": "2026-01-01T12:00:00Z",
    "email": "user@example.com",
    "uri": "https://example.com/",
    "hostname": "example.com",
    "ipv4": "127.0.0.1",
    "ipv6": "::1",
    "duration": "PT1H",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


@dataclass
class Hints:
    """What an instance is made of: the question, the answer in words, names in quotes and numbers of the question in
    turn."""

    question: str
    answer: str = ""
    city: str = ""
    quoted: list[str] = field(default_factory=list)
    numbers: list[Decimal] = field(default_factory=list)

    @classmethod
    def of(cls, question: str, answer: str = "", city: str = "") -> Hints:
        cities = find_cities(question)
        numbers = [Decimal(number) for number in _NUMBER.findall(question)]
        quoted = [next(filter(None, groups)) for groups in _QUOTED.findall(question)]
        return cls(question, answer, city or (cities[0] if cities else ""), quoted, numbers)

    def word(self) -> str:
        """The longest word of the question, the first of several: names and nouns are long."""
        words: list[str] = _WORD.findall(self.question)
        return max(words, key=len, default="example")


def instance(schema: Any, hints: Hints, *, optional: bool = False) -> Any:
    """A value that fits the schema. Optional properties are filled with `optional`, or where none is required."""
    return _Maker(schema, hints, optional).make(schema, "", 0)


def wants_place(parameters: Any) -> bool:
    """A property of the schema is a place."""
    return any(_PLACE.search(f"{name} {dig(one, ('description',)) or ''}") for name, one in _properties(parameters))


def wants_number(parameters: Any) -> bool:
    return any(dig(one, ("type",)) in ("number", "integer") for _, one in _properties(parameters))


def _properties(schema: Any) -> list[tuple[str, Any]]:
    properties = dig(schema, ("properties",))
    return [(str(name), one) for name, one in properties.items()] if isinstance(properties, Mapping) else []


class _Maker:
    """Makes one instance; the parts of a schema are made under the name of the property that they describe."""

    def __init__(self, root: Any, hints: Hints, optional: bool) -> None:
        self._root = root
        self._hints = hints
        self._optional = optional
        self._makers: Mapping[str, Callable[[Mapping[str, Any], str, int], Any]] = {
            "object": self._object,
            "array": self._array,
            "string": self._string,
            "number": self._number,
            "integer": self._number,
            "boolean": lambda *_: True,
            "null": lambda *_: None,
        }

    def make(self, schema: Any, name: str, depth: int) -> Any:
        if not isinstance(schema, Mapping) or depth > 2 * MAX_DEPTH:
            return {}
        if "const" in schema:
            return schema["const"]
        if isinstance(schema.get("enum"), list) and schema["enum"]:
            return schema["enum"][0]
        inner = self._elsewhere(schema)
        if inner is not None:
            return self.make(inner, name, depth + 1)
        return self._makers.get(_type_of(schema), self._string)(schema, name, depth)

    def _elsewhere(self, schema: Mapping[str, Any]) -> Any:
        """The schema that this one refers to, or its first alternative that is more than null; None for neither."""
        if isinstance(schema.get("$ref"), str):
            return dig(self._root, tuple(schema["$ref"].split("/")[1:]))
        for key in ("anyOf", "oneOf", "allOf"):
            if isinstance(schema.get(key), list) and schema[key]:
                return next((one for one in schema[key] if dig(one, ("type",)) != "null"), schema[key][0])
        return None

    def _object(self, schema: Mapping[str, Any], _name: str, depth: int) -> Any:
        properties = schema.get("properties")
        if not isinstance(properties, Mapping):
            return {}
        required = schema.get("required")
        wanted = [key for key in properties if isinstance(required, list) and key in required]
        if depth <= MAX_DEPTH and (self._optional or not wanted):
            wanted = list(properties)
        return {key: self.make(properties[key], key, depth + 1) for key in wanted}

    def _array(self, schema: Mapping[str, Any], name: str, depth: int) -> Any:
        least, most = schema.get("minItems"), schema.get("maxItems")
        fixed = schema.get("prefixItems")
        places = list(fixed) if isinstance(fixed, list) else []
        if depth > MAX_DEPTH and not least:
            return []
        count = min(max(1, len(places), least if isinstance(least, int) else 0), MAX_ITEMS)
        count = min(count, most) if isinstance(most, int) else count
        places += [schema.get("items", {"type": "string"})] * (count - len(places))
        items = [self.make(place, name, depth + 1) for place in places[:count]]
        return _distinct(items, dig(schema, ("items", "enum"))) if schema.get("uniqueItems") is True else items

    def _string(self, schema: Mapping[str, Any], name: str, _depth: int) -> Any:
        about = f"{name} {schema.get('description', '')}"
        hints = self._hints
        if schema.get("format") in _FORMATS:
            text = _FORMATS[schema["format"]]
        elif hints.city and _PLACE.search(about):
            text = hints.city
        elif hints.answer and _ANSWER.search(about):
            text = hints.answer
        elif _QUESTION.search(about):
            text = hints.question
        elif hints.quoted:
            text = hints.quoted.pop(0)
        else:
            text = hints.word()
        pattern = schema.get("pattern")
        if isinstance(pattern, str) and not _is_found(pattern, text):
            text = matching(pattern) or text
        least, most = schema.get("minLength"), schema.get("maxLength")
        text = text.ljust(min(least, MAX_FILL), ".") if isinstance(least, int) else text
        return text[:most] if isinstance(most, int) and most >= 0 else text

    def _number(self, schema: Mapping[str, Any], _name: str, _depth: int) -> Any:
        numbers = self._hints.numbers
        value = numbers.pop(0) if numbers else Decimal(1)
        value = _within(value, schema, Decimal(1) if _type_of(schema) == "integer" else Decimal("0.5"))
        whole = value == value.to_integral_value()
        return int(value) if whole or _type_of(schema) == "integer" else float(value)


def _distinct(items: list[Any], choices: Any) -> list[Any]:
    """Items of which none is there twice: those that may be chosen from in turn, else texts and numbers counted on."""
    if isinstance(choices, list):
        return choices[: len(items)]
    return [
        item + index if isinstance(item, (int, float)) else f"{item}{index + 1}" if isinstance(item, str) else item
        for index, item in enumerate(items)
    ]


def _is_found(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except (re.error, RecursionError):
        return True  # not in Python's words: who knows


def _within(value: Decimal, schema: Mapping[str, Any], step: Decimal) -> Decimal:
    """The value, moved between the schema's bounds and onto its multiples."""

    def bound(key: str) -> Decimal | None:
        limit = schema.get(key)
        return None if isinstance(limit, bool) or not isinstance(limit, (int, float)) else Decimal(str(limit))

    multiple = bound("multipleOf")
    if multiple is not None and multiple > 0:
        step = multiple
        value = _floor(value / multiple) * multiple
    low, high = bound("minimum"), bound("maximum")
    above, below = bound("exclusiveMinimum"), bound("exclusiveMaximum")
    if low is not None and value < low:
        value = low if multiple is None else -_floor(-low / step) * step
    if above is not None and value <= above:
        value = above + step if multiple is None else (_floor(above / step) + 1) * step
    if high is not None and value > high:
        value = high if multiple is None else _floor(high / step) * step
    if below is not None and value >= below:
        value = below - step if multiple is None else (-_floor(-below / step) - 1) * step
    if above is not None and below is not None and not above < value < below:
        value = (above + below) / 2
    return value


def _floor(value: Decimal) -> Decimal:
    return value.to_integral_value(ROUND_FLOOR)


def _type_of(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if isinstance(kind, str):
        return kind
    return "object" if "properties" in schema else "string"
