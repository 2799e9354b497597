"""Kinds of value: each knows its schema and reads JSON into Python. An annotation is understood once (`annotations`).

Schemas are MFJS, Moonshot's subset of JSON Schema: every schema has a type, an `anyOf` without a type beside it, or a
`$ref` to a definition at the root.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    Schema = dict[str, Any]
    Problems = list[str]

_NAMES = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "a list",
    dict: "an object",
}
ANYTHING = ("string", "number", "boolean", "object", "array", "null")


def named(value: Any) -> str:
    """What a JSON value is, in words."""
    return "null" if value is None else _NAMES.get(type(value), type(value).__name__)


def inside(path: str, step: str | int) -> str:
    if isinstance(step, int):
        return f"{path}[{step}]"
    return f"{path}.{step}" if path else step


class Definitions:
    """The `$defs` of one schema: kinds that contain themselves."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self.schemas: dict[str, Schema] = {}

    def reference(self, kind: ObjectKind) -> Schema:
        name = self._names.get(id(kind))
        if name is None:
            name, count = kind.name, 2
            while name in self.schemas:
                name, count = f"{kind.name}_{count}", count + 1
            self._names[id(kind)] = name
            self.schemas[name] = {}  # its place, while it is made
            self.schemas[name] = kind.own_schema(self)
        return {"$ref": f"#/$defs/{name}"}


class Kind:
    """Of any value at all."""

    words = "anything"
    sort: type | None = None  # of the values that it looks into

    def schema(self, defs: Definitions) -> Schema:
        return {"type": list(ANYTHING)}

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        """The value as Python wants it. What is wrong with it goes into `problems`, with its path."""
        return value

    def wrong(self, value: Any, path: str, problems: Problems) -> None:
        problems.append(f"{path or 'the value'}: must be {self.words}, not {named(value)}")


class Scalar(Kind):
    """A string, an integer, a number, true or false, or null."""

    def __init__(self, type: str, words: str, fits: Callable[[Any], bool], make: Callable[[Any], Any] | None = None):
        self.type = type
        self.words = words
        self._fits = fits
        self._make = make

    def made_into(self, subclass: Callable[[Any], Any]) -> Scalar:
        return Scalar(self.type, self.words, self._fits, subclass)

    def schema(self, defs: Definitions) -> Schema:
        return {"type": self.type}

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        if not self._fits(value):
            return self.wrong(value, path, problems)
        return value if self._make is None else _made(self._make, value, path, problems)


def _is_whole(value: Any) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


STRING = Scalar("string", "a string", lambda value: isinstance(value, str))
INTEGER = Scalar("integer", "an integer", _is_whole, int)
NUMBER = Scalar("number", "a number", _is_number, float)
BOOLEAN = Scalar("boolean", "true or false", lambda value: isinstance(value, bool))
NULL = Scalar("null", "null", lambda value: value is None)


class Written(Kind):
    """What JSON has as text and Python as an object: a date, a UUID, a path."""

    sort = str

    def __init__(self, words: str, make: Callable[[str], Any]) -> None:
        self.words = words
        self._make = make

    def schema(self, defs: Definitions) -> Schema:
        return {"type": "string", "description": self.words[0].upper() + self.words[1:]}

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, str):
            return self.wrong(value, path, problems)
        try:
            return self._make(value)
        except (ValueError, ArithmeticError):
            problems.append(f"{path or 'the value'}: must be {self.words}, not {value[:100]!r}")


class ListKind(Kind):
    words = "a list"
    sort = list

    def __init__(self, items: Kind | None, make: Callable[[list[Any]], Any] = list) -> None:
        self._items = items
        self._make = make

    def schema(self, defs: Definitions) -> Schema:
        return {"type": "array"} if self._items is None else {"type": "array", "items": self._items.schema(defs)}

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, list):
            return self.wrong(value, path, problems)
        if self._items is not None:
            value = [self._items.read(item, inside(path, place), problems) for place, item in enumerate(value)]
        return _made(self._make, value, path, problems)


class TupleKind(Kind):
    """A list of so many items, each of its own kind."""

    sort = list

    def __init__(self, items: list[Kind]) -> None:
        self._items = items
        self.words = f"a list of {len(items)}"

    def schema(self, defs: Definitions) -> Schema:
        kinds: list[Schema] = []
        for item in self._items:
            schema = item.schema(defs)
            if schema not in kinds:
                kinds.append(schema)
        count = {"minItems": len(self._items), "maxItems": len(self._items)}
        if not kinds:
            return {"type": "array", **count}
        return {"type": "array", "items": kinds[0] if len(kinds) == 1 else any_of(kinds), **count}

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, list) or len(value) != len(self._items):
            problems.append(
                f"{path or 'the value'}: must be {self.words}, not {named(value)}"
                + (f" of {len(value)}" if isinstance(value, list) else "")
            )
            return None
        read = zip(self._items, value, strict=True)
        return tuple(kind.read(item, inside(path, place), problems) for place, (kind, item) in enumerate(read))


class MapKind(Kind):
    words = "an object"
    sort = dict

    def __init__(self, keys: Kind | None, values: Kind | None) -> None:
        self._keys = keys
        self._values = values

    def schema(self, defs: Definitions) -> Schema:
        return {"type": "object", "additionalProperties": True if self._values is None else self._values.schema(defs)}

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, dict):
            return self.wrong(value, path, problems)
        made = {}
        for name, item in value.items():
            key = name if self._keys is None else self._keys.read(name, f"{path}, the key {name!r}", problems)
            made[key] = item if self._values is None else self._values.read(item, inside(path, name), problems)
        return made


class Choice(Kind):
    """One of some values: of an enumeration, or Literal."""

    def __init__(self, choices: Iterable[tuple[Any, Any]]) -> None:
        self._choices = list(choices)  # as JSON has them, and as Python has
        shown = ", ".join(repr(value) if value is not None else "null" for value, _ in self._choices[:50])
        self.words = f"one of {shown}" if len(self._choices) > 1 else shown

    def schema(self, defs: Definitions) -> Schema:
        by_type: dict[str, list[Any]] = {}
        for value, _ in self._choices:
            by_type.setdefault(_type_of(value), []).append(value)
        if {"integer", "number"} <= by_type.keys():
            by_type["number"] = [float(value) for value, _ in self._choices if _is_number(value)]
            del by_type["integer"]
        nullable = by_type.pop("null", None) is not None
        schemas: list[Schema] = [
            {"type": word} if word == "boolean" and len(values) == 2 else {"type": word, "enum": values}
            for word, values in by_type.items()
        ]
        return any_of([*schemas, *([{"type": "null"}] if nullable else [])])

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        for known, meant in self._choices:
            if known == value and isinstance(known, bool) == isinstance(value, bool):
                return meant
        problems.append(f"{path or 'the value'}: must be {self.words}, not {_shown(value)}")
        return None


class Union(Kind):
    def __init__(self, kinds: list[Kind]) -> None:
        self._kinds = kinds
        self.words = " or ".join(dict.fromkeys(kind.words for kind in kinds))

    def schema(self, defs: Definitions) -> Schema:
        return any_of([kind.schema(defs) for kind in self._kinds])

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        others = [kind for kind in self._kinds if kind is not NULL]
        nearest: list[str] | None = None
        for kind in self._kinds:
            found: list[str] = []
            read = kind.read(value, path, found)
            if not found:
                return read
            of_its_sort = len(others) == 1 or (kind.sort is not None and isinstance(value, kind.sort))
            if kind is not NULL and of_its_sort and (nearest is None or len(found) < len(nearest)):
                nearest = found  # wrong within, where the others are wrong altogether
        if nearest is None:
            return self.wrong(value, path, problems)
        problems.extend(nearest)
        return None


_CHECKS: dict[str, tuple[Callable[[Any, Any], bool], str]] = {
    "minimum": (lambda value, limit: value >= limit, "at least {}"),
    "maximum": (lambda value, limit: value <= limit, "at most {}"),
    "minLength": (lambda value, limit: len(value) >= limit, "of at least {} characters"),
    "maxLength": (lambda value, limit: len(value) <= limit, "of at most {} characters"),
    "minItems": (lambda value, limit: len(value) >= limit, "of at least {} items"),
    "maxItems": (lambda value, limit: len(value) <= limit, "of at most {} items"),
}


class Limited(Kind):
    """A kind with a description and limits (`Annotated`)."""

    def __init__(self, kind: Kind, description: str | None, limits: dict[str, Any]) -> None:
        self._kind = kind
        self._description = description
        self._limits = limits
        self.words = kind.words

    def schema(self, defs: Definitions) -> Schema:
        schema = self._kind.schema(defs)
        if "$ref" in schema:
            return schema  # what stands beside a reference may be refused
        return {**schema, **({"description": self._description} if self._description else {}), **self._limits}

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        before = len(problems)
        read = self._kind.read(value, path, problems)
        if len(problems) == before and value is not None:
            for name, limit in self._limits.items():
                fits, words = _CHECKS[name]
                if not fits(value, limit):
                    problems.append(f"{path or 'the value'}: must be {words.format(limit)}, not {_shown(value)}")
        return read


class Field:
    """A parameter of a function, or a field of an object. `default` is what JSON has for it, in a list; or None."""

    __slots__ = ("default", "description", "kind", "name", "required")

    def __init__(
        self, name: str, kind: Kind, required: bool, description: str | None = None, default: list[Any] | None = None
    ) -> None:
        self.name = name
        self.kind = kind
        self.required = required
        self.description = description
        self.default = default

    def schema(self, defs: Definitions) -> Schema:
        schema = self.kind.schema(defs)
        if "$ref" in schema:
            return schema
        if self.description:
            schema = {**schema, "description": self.description}
        return schema if self.default is None else {**schema, "default": self.default[0]}


class ObjectKind(Kind):
    """An object with these fields. `make` makes what Python wants of the values by their names."""

    words = "an object"
    sort = dict

    def __init__(self, name: str, make: Callable[[dict[str, Any]], Any], description: str | None = None) -> None:
        self.name = name
        self.fields: list[Field] = []
        self.recursive = False
        self.takes_more = False
        self.description = description
        self._make = make

    def schema(self, defs: Definitions) -> Schema:
        return defs.reference(self) if self.recursive else self.own_schema(defs)

    def own_schema(self, defs: Definitions) -> Schema:
        schema: Schema = {"type": "object"}
        if self.description:
            schema["description"] = self.description
        schema["properties"] = {field.name: field.schema(defs) for field in self.fields}
        required = [field.name for field in self.fields if field.required]
        if required:
            schema["required"] = required
        schema["additionalProperties"] = self.takes_more
        return schema

    def whole_schema(self) -> Schema:
        """As the root of a document."""
        defs = Definitions()
        schema = self.own_schema(defs)
        if defs.schemas:
            schema["$defs"] = defs.schemas
        return schema

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, dict):
            return self.wrong(value, path, problems)
        before = len(problems)
        values = self.read_fields(value, path, problems)
        return None if len(problems) > before else _made(self._make, values, path, problems)

    def read_fields(self, value: dict[str, Any], path: str, problems: Problems) -> dict[str, Any]:
        values = {}
        for field in self.fields:
            if field.name in value:
                values[field.name] = field.kind.read(value[field.name], inside(path, field.name), problems)
            elif field.required:
                problems.append(f"{inside(path, field.name)}: is missing")
        self.find_unknown(value, path, problems)
        if self.takes_more:
            values.update((name, item) for name, item in value.items() if name not in values)
        return values

    def find_unknown(self, value: dict[str, Any], path: str, problems: Problems) -> None:
        if not self.takes_more:
            known = {field.name for field in self.fields}
            problems.extend(f"{inside(path, name)}: is unknown" for name in value if name not in known)


def any_of(schemas: list[Schema]) -> Schema:
    """One schema for several: simple ones with null as a list of types, else `anyOf`."""
    flat: list[Schema] = []
    for schema in schemas:
        for each in schema["anyOf"] if set(schema) == {"anyOf"} else [schema]:
            if each not in flat:
                flat.append(each)
    if len(flat) == 1:
        return flat[0]
    others = [schema for schema in flat if schema != {"type": "null"}]
    if len(others) == 1 and len(flat) == 2:
        (schema,) = others
        if isinstance(schema.get("type"), str) and schema["type"] not in ("object", "array"):
            nullable = {**schema, "type": [schema["type"], "null"]}
            if "enum" in schema:
                nullable["enum"] = [*schema["enum"], None]
            return nullable
    return {"anyOf": flat}


def _made(make: Callable[[Any], Any], values: Any, path: str, problems: Problems) -> Any:
    """What the caller's own class makes of it; what it raises is what is wrong."""
    try:
        return make(values)
    except Exception as error:
        problems.append(f"{path or 'the value'}: {type(error).__name__}: {error}")
        return None


def _type_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return "string" if isinstance(value, str) else "integer" if isinstance(value, int) else "number"


def _shown(value: Any) -> str:
    return repr(value)[:100] if isinstance(value, (str, int, float)) else named(value)
