"""JSON Schemas that callers write: whether one is one, and what a provider reads of it."""

from __future__ import annotations

import functools
import re

from .kinds import inside, named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TYPES = frozenset(("string", "number", "integer", "boolean", "object", "array", "null"))
_KEYWORDS = frozenset(
    (
        *("type", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "minimum", "maximum"),
        *("minLength", "maxLength", "minItems", "maxItems", "description", "title", "default", "$ref", "$defs", "$id"),
    )
)
_INNER = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_TABLES = ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas")


def _within(schema: dict[str, Any]) -> list[tuple[str, Any]]:
    """The schemas directly within one, with their places."""
    found = [(word, schema[word]) for word in _INNER if word in schema]
    for word in _LISTS:
        if isinstance(schema.get(word), list):
            found += [(f"{word}[{place}]", each) for place, each in enumerate(schema[word])]
    for word in _TABLES:
        if isinstance(schema.get(word), dict):
            found += [(f"{word}.{name}", each) for name, each in schema[word].items()]
    return found


_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_MOST_DEEP = 100


def wrong_with_schema(schema: Any) -> str | None:
    """Why this is no JSON Schema, or one that nothing can follow; None where it is one."""
    return _wrong(schema, schema, "", 0)


def _wrong(root: Any, schema: Any, path: str, depth: int) -> str | None:
    where = f" at {path}" if path else ""
    if isinstance(schema, bool) and path:
        return None
    if not isinstance(schema, dict):
        return f"a schema{where} is an object, not {named(schema)}"
    if depth > _MOST_DEEP:
        return f"it is nested too deep{where}"
    wrong = _wrong_words(root, schema)
    if wrong is not None:
        return f"{wrong}{where}"
    for step, inner in _within(schema):
        found = _wrong(root, inner, inside(path, step), depth + 1)
        if found:
            return found
    return None


def _wrong_words(root: Any, schema: dict[str, Any]) -> str | None:
    """What is wrong with one schema's own words."""
    types = schema.get("type", [])
    for each in types if isinstance(types, list) else [types]:
        if not isinstance(each, str) or each not in TYPES:
            return f"there is no type {each!r}"
    for word in _TABLES:
        if word in schema and not isinstance(schema[word], dict):
            return f"{word} is an object, not {named(schema[word])}"
    for word in (*_LISTS, "enum", "required"):
        if word in schema and not isinstance(schema[word], list):
            return f"{word} is a list, not {named(schema[word])}"
    if schema.get("enum") == []:
        return "enum is empty: no value could follow it"
    if not all(isinstance(name, str) for name in schema.get("required", ())):
        return "required is a list of names"
    for word in _NUMBERS + _COUNTS:
        value = schema.get(word, 1)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or (word in _COUNTS and value < 0):
            return f"{word} is {'a count' if word in _COUNTS else 'a number'}, not {value!r}"
    patterns = [schema["pattern"]] if "pattern" in schema else []
    for pattern in [*patterns, *schema.get("patternProperties", ())]:
        if not isinstance(pattern, str) or pattern_of(pattern) is None:
            return f"{pattern!r} is no regular expression"
    return _wrong_reference(root, schema)


def _wrong_reference(root: Any, schema: dict[str, Any]) -> str | None:
    seen: list[Any] = []
    while isinstance(schema, dict) and "$ref" in schema:
        reference = schema["$ref"]
        if not isinstance(reference, str):
            return f"$ref is a string, not {named(reference)}"
        if any(schema is each for each in seen):
            return f"$ref {reference!r} leads back to itself, and says nothing"
        if not reference.startswith("#"):
            return f"$ref {reference!r} is another document: put it into $defs"
        if referred(root, reference) is None:
            return f"$ref {reference!r} leads nowhere"
        seen.append(schema)
        schema = referred(root, reference)
    return None


def referred(root: Any, reference: str) -> Any:
    """The schema that a reference within one names: "#", a JSON Pointer, or an anchor; None where there is none."""
    place = reference.removeprefix("#")
    if place and not place.startswith("/"):
        return _anchored(root, place, 0)
    node = root
    for step in place.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and name.isdigit() and int(name) < len(node):
            node = node[int(name)]
        elif isinstance(node, dict) and name in node:
            node = node[name]
        else:
            return None
    return node


def _anchored(schema: Any, name: str, depth: int) -> Any:
    if not isinstance(schema, dict) or depth > _MOST_DEEP:
        return None
    if schema.get("$anchor") == name:
        return schema
    found = (_anchored(inner, name, depth + 1) for _, inner in _within(schema))
    return next((each for each in found if each is not None), None)


@functools.lru_cache(maxsize=512)
def pattern_of(pattern: str) -> re.Pattern[str] | None:
    """A pattern as JSON Schema has it, which is ECMAScript's; None where it is none. One that Python cannot follow, for
    it names properties of Unicode, lets everything pass."""
    for each, says in ((pattern, True), (_as_python(pattern), _UNICODE.search(pattern) is None)):
        try:
            known = re.compile(each)
        except (re.error, RecursionError, OverflowError):
            continue
        return known if says else re.compile("")
    return None


_UNICODE = re.compile(r"\\[pP]\{[^{}]+\}")


def _as_python(pattern: str) -> str:
    pattern = _UNICODE.sub(lambda match: r"\w", pattern)
    pattern = re.sub(r"\\u\{([0-9a-fA-F]{1,5})\}", lambda match: rf"\U{int(match[1], 16):08x}", pattern)
    pattern = re.sub(r"\\c([A-Za-z])", lambda match: rf"\x{ord(match[1]) % 32:02x}", pattern)
    pattern = re.sub(r"\(\?<(?![=!])", "(?P<", pattern)
    return re.sub(r"\\k<(\w+)>", r"(?P=\1)", pattern)


def is_mfjs(schema: Any, root: bool = True) -> bool:
    """Whether constrained decoding at the models' maker reads all of it (github.com/MoonshotAI/walle); where this is
    in doubt it is not."""
    if not isinstance(schema, dict) or not schema.keys() <= _KEYWORDS:
        return False
    typed, branches, reference = "type" in schema, "anyOf" in schema, "$ref" in schema
    if (typed + branches + reference) != 1 or ("$defs" in schema and not root):
        return False
    if reference and not str(schema["$ref"]).startswith("#/$defs/") and schema["$ref"] != "#":
        return False
    return all(
        (step == "additionalProperties" and inner in (True, False, {})) or is_mfjs(inner, False)
        for step, inner in _within(schema)
    )
