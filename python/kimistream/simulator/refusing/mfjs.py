"""Moonshot flavoured JSON Schema: what a strict tool or a strict response format may say (MoonshotAI/walle, docs)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MAX_PROPERTIES = 100
MAX_DEPTH = 5
MAX_ENUM_VALUES = 500
MAX_ALTERNATIVES = 10
_LIMIT = 10_000  # schemas looked at; more are not a schema but an attack

_TYPES = frozenset({"null", "boolean", "object", "array", "number", "integer", "string"})
_ANYWHERE = frozenset(
    {
        *("type", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "description", "title"),
        *("default", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "$ref"),
    }
)
# `$schema` is taken and ignored: with every tool the AI SDK sends it (@ai-sdk/moonshotai 2.0.61).
_AT_ROOT = frozenset({"$defs", "$id", "$schema"})


def problem(schema: Any) -> str | None:
    """The first thing in the schema that MFJS does not allow, as a sentence; None where there is nothing."""
    if not isinstance(schema, Mapping):
        return "the schema must be an object"
    return next(_Reader(schema).problems(), None)


class _Reader:
    """Reads one schema; counts over the whole of it."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._properties = 0
        self._enum_values = 0
        self._left = _LIMIT

    def problems(self) -> Iterator[str]:
        if not self._root:
            return
        yield from self._schema(self._root, "", 0)
        definitions = self._root.get("$defs", {})
        if not isinstance(definitions, Mapping):
            yield "$defs must be an object"
            return
        for name, inner in definitions.items():
            if "/" in name:
                yield f"At path '$defs.{name}': a name must not contain '/'"
            yield from self._schema(inner, f"$defs.{name}", 0)

    def _schema(self, schema: Any, path: str, depth: int) -> Iterator[str]:
        self._left -= 1
        where = f"At path '{path}': " if path else ""
        if not isinstance(schema, Mapping):
            yield f"{where}a schema must be an object"
            return
        if depth > MAX_DEPTH or self._left < 0:
            yield f"{where}the schema is nested deeper than {MAX_DEPTH} levels"
            return
        unknown = sorted(set(schema) - _ANYWHERE - (_AT_ROOT if not path else frozenset()))
        if unknown and schema:
            yield f"{where}keyword '{unknown[0]}' is not supported"
        yield from self._kind(schema, where)
        yield from self._enum(schema, where)
        yield from self._inner(schema, path, depth, where)

    def _kind(self, schema: Mapping[str, Any], where: str) -> Iterator[str]:
        given = {"type", "anyOf", "$ref"} & set(schema)
        if not given:
            yield f"{where}type is not defined"
        elif len(given) > 1:
            yield f"{where}{' and '.join(sorted(given))} cannot stand at the same level"
        kinds = schema.get("type", [])
        for kind in kinds if isinstance(kinds, list) else [kinds]:
            if not isinstance(kind, str) or kind not in _TYPES:
                yield f"{where}unknown type '{kind}'"
        reference = schema.get("$ref", "#")
        if not isinstance(reference, str) or not reference.startswith("#") or not self._resolves(reference):
            yield f"{where}$ref '{reference}' cannot be resolved"

    def _resolves(self, reference: str) -> bool:
        value: Any = self._root
        for key in reference.split("/")[1:]:
            if not isinstance(value, Mapping) or key not in value:
                return False
            value = value[key]
        return True

    def _enum(self, schema: Mapping[str, Any], where: str) -> Iterator[str]:
        if "enum" not in schema:
            return
        values = schema["enum"]
        if not isinstance(values, list) or not values:
            yield f"{where}enum must be a non-empty array"
            return
        self._enum_values += len(values)
        if self._enum_values > MAX_ENUM_VALUES:
            yield f"{where}the schema has more than {MAX_ENUM_VALUES} enum values"
        if len({type(value) for value in values if value is not None}) > 1:
            yield f"{where}enum values must have one type"

    def _inner(self, schema: Mapping[str, Any], path: str, depth: int, where: str) -> Iterator[str]:
        before = f"{path}." if path else ""
        properties = schema.get("properties", {})
        required = schema.get("required", [])
        if not isinstance(properties, Mapping) or not isinstance(required, list):
            yield f"{where}properties must be an object and required an array"
            return
        self._properties += len(properties)
        if self._properties > MAX_PROPERTIES:
            yield f"{where}the schema has more than {MAX_PROPERTIES} properties"
        missing = [name for name in required if name not in properties]
        if missing:
            yield f"{where}required property '{missing[0]}' is not defined"
        for name, inner in properties.items():
            yield from self._schema(inner, f"{before}properties.{name}", depth + 1)
        if "items" in schema:
            yield from self._schema(schema["items"], f"{before}items", depth + 1)
        more = schema.get("additionalProperties")
        if isinstance(more, Mapping) and more:
            yield from self._schema(more, f"{before}additionalProperties", depth + 1)
        alternatives = schema.get("anyOf", [{}])
        if not isinstance(alternatives, list) or not 1 <= len(alternatives) <= MAX_ALTERNATIVES:
            yield f"{where}anyOf must have 1 to {MAX_ALTERNATIVES} alternatives"
            return
        for position, inner in enumerate(schema.get("anyOf", [])):
            yield from self._schema(inner, f"{before}anyOf.{position}", depth + 1)
