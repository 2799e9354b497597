"""Values against a JSON Schema that the caller wrote: what is wrong, each with its path.

The keywords of draft 2020-12 that say something about a value in itself; `format` and what is unknown says nothing.
"""

from __future__ import annotations

from .kinds import inside, named
from .schemas import pattern_of, referred

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .kinds import Problems

_MOST = 32  # problems that are told; more help nobody


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_integer(value: Any) -> bool:
    return _is_number(value) and (isinstance(value, int) or value.is_integer())


_TYPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "string": (lambda value: isinstance(value, str), "a string"),
    "number": (_is_number, "a number"),
    "integer": (_is_integer, "an integer"),
    "boolean": (lambda value: isinstance(value, bool), "true or false"),
    "object": (lambda value: isinstance(value, dict), "an object"),
    "array": (lambda value: isinstance(value, list), "a list"),
    "null": (lambda value: value is None, "null"),
}
_LIMITS: dict[str, tuple[Callable[[Any], bool], Callable[[Any, Any], bool], str]] = {
    "minimum": (_is_number, lambda value, limit: value >= limit, "must be at least {}"),
    "maximum": (_is_number, lambda value, limit: value <= limit, "must be at most {}"),
    "exclusiveMinimum": (_is_number, lambda value, limit: value > limit, "must be more than {}"),
    "exclusiveMaximum": (_is_number, lambda value, limit: value < limit, "must be less than {}"),
    "multipleOf": (_is_number, lambda value, limit: _divides(limit, value), "must be a multiple of {}"),
    "minLength": (_TYPES["string"][0], lambda value, limit: len(value) >= limit, "must have at least {} characters"),
    "maxLength": (_TYPES["string"][0], lambda value, limit: len(value) <= limit, "must have at most {} characters"),
    "pattern": (_TYPES["string"][0], lambda value, limit: _matches(limit, value), "must match {}"),
    "minItems": (_TYPES["array"][0], lambda value, limit: len(value) >= limit, "must have at least {} items"),
    "maxItems": (_TYPES["array"][0], lambda value, limit: len(value) <= limit, "must have at most {} items"),
    "minProperties": (_TYPES["object"][0], lambda value, limit: len(value) >= limit, "must have at least {} fields"),
    "maxProperties": (_TYPES["object"][0], lambda value, limit: len(value) <= limit, "must have at most {} fields"),
}


class Validator:
    def __init__(self, schema: Any) -> None:
        self._root = schema

    def problems(self, value: Any) -> list[str]:
        found: Problems = []
        self._check(self._root, value, "", found, 0)
        return found[:_MOST]

    def _check(self, schema: Any, value: Any, path: str, found: Problems, depth: int) -> None:
        if schema is True or len(found) >= _MOST:
            return
        where = path or "the value"
        if schema is False:
            found.append(f"{where}: is not allowed")
            return
        if not isinstance(schema, dict) or depth > 200:
            return
        if isinstance(schema.get("$ref"), str):
            self._check(referred(self._root, schema["$ref"]), value, path, found, depth + 1)
        types = schema.get("type")
        types = [types] if isinstance(types, str) else types if isinstance(types, list) else []
        known = [_TYPES[each] for each in types if each in _TYPES]
        if known and not any(fits(value) for fits, _ in known):
            found.append(f"{where}: must be {' or '.join(words for _, words in known)}, not {named(value)}")
            return
        if isinstance(schema.get("enum"), list) and not any(same(value, each) for each in schema["enum"]):
            found.append(f"{where}: must be one of {', '.join(map(repr, schema['enum'][:50]))}, not {_shown(value)}")
        if "const" in schema and not same(value, schema["const"]):
            found.append(f"{where}: must be {schema['const']!r}, not {_shown(value)}")
        for name, (applies, fits, words) in _LIMITS.items():
            if name in schema and applies(value) and not fits(value, schema[name]):
                found.append(f"{where}: {words.format(schema[name])}")
        if isinstance(value, dict):
            self._check_object(schema, value, path, found, depth)
        if isinstance(value, list):
            self._check_list(schema, value, path, found, depth)
        self._check_branches(schema, value, path, found, depth)

    def _check_object(self, schema: Any, value: dict[str, Any], path: str, found: Problems, depth: int) -> None:
        properties = schema.get("properties") or {}
        patterns = schema.get("patternProperties") or {}
        for name in schema.get("required") or ():
            if name not in value:
                found.append(f"{inside(path, name)}: is missing")
        for name, item in value.items():
            inner = inside(path, name)
            fitting = [each for pattern, each in patterns.items() if _matches(pattern, name)]
            if name in properties:
                fitting.append(properties[name])
            if not fitting and "additionalProperties" in schema:
                if schema["additionalProperties"] is False:
                    found.append(f"{inner}: is unknown")
                else:
                    fitting.append(schema["additionalProperties"])
            for each in fitting:
                self._check(each, item, inner, found, depth + 1)

    def _check_list(self, schema: Any, value: list[Any], path: str, found: Problems, depth: int) -> None:
        first = schema.get("prefixItems") or ()
        for place, item in enumerate(value):
            inner = first[place] if place < len(first) else schema.get("items", True)
            self._check(inner, item, inside(path, place), found, depth + 1)
        if schema.get("uniqueItems") is True and any(
            same(item, other) for place, item in enumerate(value) for other in value[:place]
        ):
            found.append(f"{path or 'the value'}: must not have the same item twice")

    def _check_branches(self, schema: Any, value: Any, path: str, found: Problems, depth: int) -> None:
        for each in schema.get("allOf") or ():
            self._check(each, value, path, found, depth + 1)
        for word in ("anyOf", "oneOf"):
            branches = schema.get(word)
            if not branches:
                continue
            tried: list[list[str]] = [self._tried(each, value, path, depth) for each in branches]
            fitting = sum(not wrong for wrong in tried)
            if fitting == 0:
                tried.sort(key=len)
                found.extend(tried[0])
            elif word == "oneOf" and fitting > 1:
                found.append(f"{path or 'the value'}: fits more than one of what is allowed")
        if "not" in schema and not self._tried(schema["not"], value, path, depth):
            found.append(f"{path or 'the value'}: is what it must not be")

    def _tried(self, schema: Any, value: Any, path: str, depth: int) -> list[str]:
        found: Problems = []
        self._check(schema, value, path, found, depth + 1)
        return found


def same(one: Any, other: Any) -> bool:
    """As JSON has it: 1 is 1.0, and not true."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


def _divides(step: Any, value: Any) -> bool:
    from fractions import Fraction

    return step == 0 or (Fraction(str(value)) / Fraction(str(step))).denominator == 1


def _matches(pattern: str, value: str) -> bool:
    known = pattern_of(pattern)
    return known is None or known.search(value) is not None


def _shown(value: Any) -> str:
    return repr(value)[:100] if isinstance(value, (str, int, float)) else named(value)
