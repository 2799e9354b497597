"""From an annotation to a kind of value: the only place that interprets types."""

from __future__ import annotations

import collections.abc
import dataclasses
import datetime
import decimal
import enum
import inspect
import pathlib
import sys
import types
import typing
import uuid

from .docstrings import Docstring
from .kinds import (
    BOOLEAN,
    INTEGER,
    NULL,
    NUMBER,
    STRING,
    Choice,
    Field,
    Kind,
    Limited,
    ListKind,
    MapKind,
    ObjectKind,
    TupleKind,
    Union,
    Written,
)
from .results import default_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_PLAIN: dict[Any, Kind] = {
    str: STRING,
    int: INTEGER,
    float: NUMBER,
    bool: BOOLEAN,
    None: NULL,
    type(None): NULL,
    object: Kind(),
    typing.Any: Kind(),
    inspect.Parameter.empty: Kind(),
    dict: MapKind(None, None),
    datetime.datetime: Written("a date and time in ISO 8601", lambda text: datetime.datetime.fromisoformat(_utc(text))),
    datetime.date: Written("a date in ISO 8601, YYYY-MM-DD", datetime.date.fromisoformat),
    datetime.time: Written("a time in ISO 8601, HH:MM:SS", lambda text: datetime.time.fromisoformat(_utc(text))),
    uuid.UUID: Written("a UUID", uuid.UUID),
    decimal.Decimal: Written("a decimal number", decimal.Decimal),
    pathlib.Path: Written("a path", pathlib.Path),
    pathlib.PurePath: Written("a path", pathlib.PurePath),
}
_SCALARS = {str: STRING, int: INTEGER, float: NUMBER}  # and their subclasses
_LISTS: dict[Any, Callable[[list[Any]], Any]] = {
    list: list,
    set: set,
    frozenset: frozenset,
    collections.deque: collections.deque,
    collections.abc.Sequence: list,
    collections.abc.MutableSequence: list,
    collections.abc.Collection: list,
    collections.abc.Iterable: list,
    collections.abc.Set: frozenset,
    collections.abc.MutableSet: set,
}
_MAPS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
_QUALIFIERS = ("Required", "NotRequired", "ReadOnly", "Final", "ClassVar")
_UNIONS = (typing.Union, types.UnionType)
_LIMITS = {
    "ge": ("minimum", "minimum"),
    "le": ("maximum", "maximum"),
    "min_length": ("minLength", "minItems"),
    "max_length": ("maxLength", "maxItems"),
}


class NoSchema(ValueError):  # noqa: N818 - it is told in other words by those who know where it was
    """A type that no JSON has. `name`: one that is not there."""

    def __init__(self, words: str, name: str | None = None) -> None:
        super().__init__(words)
        self.name = name


def _utc(text: str) -> str:
    return f"{text[:-1]}+00:00" if text.endswith("Z") else text  # Python 3.10 does not read the Z


def is_pydantic(annotation: Any) -> bool:
    """Whether this is a model of pydantic's, which is not imported for the question."""
    return (
        isinstance(annotation, type) and hasattr(annotation, "model_fields") and hasattr(annotation, "model_validate")
    )


class Reader:
    """Makes kinds of annotations; a class that contains itself is one kind."""

    def __init__(self) -> None:
        self._classes: dict[type, ObjectKind] = {}
        self._under_way: set[type] = set()

    def kind(self, annotation: Any) -> Kind:
        try:
            if annotation in _PLAIN:
                return _PLAIN[annotation]
        except TypeError:  # not hashable
            pass
        if isinstance(annotation, typing.TypeVar):
            if annotation.__constraints__:
                return _union([self.kind(each) for each in annotation.__constraints__])
            return self.kind(annotation.__bound__ if annotation.__bound__ is not None else typing.Any)
        if hasattr(annotation, "__supertype__"):  # NewType
            return self.kind(annotation.__supertype__)
        origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is None and type(annotation).__name__ == "TypeAliasType":
            return self.kind(annotation.__value__)
        if hasattr(annotation, "__metadata__"):
            return self._annotated(annotation)
        if origin is not None:
            return self._generic(annotation, origin, arguments)
        if isinstance(annotation, type):
            return self._class(annotation)
        if getattr(annotation, "__name__", "") == "LiteralString":
            return STRING
        raise NoSchema(f"{annotation!r} is no type that JSON has")

    def _generic(self, annotation: Any, origin: Any, arguments: tuple[Any, ...]) -> Kind:
        if origin in _UNIONS:
            return _union([self.kind(each) for each in arguments])
        if origin is typing.Literal:
            return Choice((_scalar(value), value) for value in arguments)
        if origin is tuple:
            if len(arguments) == 2 and arguments[1] is Ellipsis:
                return ListKind(self.kind(arguments[0]), tuple)
            return TupleKind([self.kind(each) for each in arguments])
        if origin in _LISTS:
            return ListKind(self.kind(arguments[0]), _LISTS[origin])
        if origin in _MAPS:
            return MapKind(self._key(arguments[0]), self.kind(arguments[1]))
        if type(origin).__name__ == "TypeAliasType":
            return self.kind(origin.__value__[arguments])
        if getattr(origin, "__name__", "") in _QUALIFIERS:
            return self.kind(arguments[0])
        if is_pydantic(annotation):
            return self._class(annotation)
        raise NoSchema(f"{annotation!r} has no form in JSON")

    def _key(self, annotation: Any) -> Kind | None:
        if annotation in (str, typing.Any):
            return None
        if annotation in (int, float):
            return Written(STRING.words if annotation is str else f"{_PLAIN[annotation].words} as text", annotation)
        kind = self.kind(annotation)
        if isinstance(kind, (Choice, Written)):
            return kind
        raise NoSchema(f"the keys of an object in JSON are strings, not {annotation!r}")

    def _annotated(self, annotation: Any) -> Kind:
        kind = self.kind(annotation.__origin__)
        description, limits = _told(annotation.__metadata__)
        return Limited(kind, description, _limits(kind, limits)) if description or limits else kind

    def _class(self, annotation: type) -> Kind:
        if annotation is tuple or annotation in _LISTS:
            return ListKind(None, _LISTS.get(annotation, tuple))
        if annotation in _MAPS:
            return MapKind(None, None)
        if issubclass(annotation, enum.Enum):
            return Choice((_scalar(member.value), member) for member in annotation)
        for plain in _SCALARS:
            if issubclass(annotation, plain):
                return _SCALARS[plain].made_into(annotation)
        if annotation in self._classes:
            kind = self._classes[annotation]
            kind.recursive = kind.recursive or annotation in self._under_way
            return kind
        fill = self._filler(annotation)
        if fill is None:
            raise NoSchema(f"{annotation.__qualname__} has no form in JSON")
        self._under_way.add(annotation)
        try:
            fill(annotation)
        finally:
            self._under_way.discard(annotation)
        return self._classes[annotation]

    def _filler(self, annotation: type) -> Callable[[Any], None] | None:
        if is_pydantic(annotation):
            return self._fill_pydantic
        if dataclasses.is_dataclass(annotation):
            return self._fill_dataclass
        if typing.is_typeddict(annotation) or type(annotation).__name__ == "_TypedDictMeta":
            return self._fill_typed_dict
        if issubclass(annotation, tuple) and hasattr(annotation, "_fields"):
            return self._fill_named_tuple
        return None

    def _begin(self, annotation: type, make: Callable[[dict[str, Any]], Any]) -> tuple[ObjectKind, Docstring]:
        own = annotation.__dict__.get("__doc__")
        generated = own and own.startswith(f"{annotation.__name__}(")  # a dataclass writes its signature there
        words = Docstring(None if generated else own)
        kind = self._classes[annotation] = ObjectKind(annotation.__name__, make, words.description or None)
        return kind, words

    def _fill_dataclass(self, annotation: Any) -> None:
        kind, words = self._begin(annotation, lambda values: annotation(**values))
        hints = hints_of(annotation)
        for field in dataclasses.fields(annotation):
            if not field.init:
                continue
            required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
            told = field.metadata.get("description") or words.parameters.get(field.name)
            default = None if field.default is dataclasses.MISSING else default_of(field.default)
            kind.fields.append(Field(field.name, self.kind(hints[field.name]), required, told, default))

    def _fill_typed_dict(self, annotation: Any) -> None:
        kind, words = self._begin(annotation, dict)
        required = annotation.__required_keys__
        for name, hint in hints_of(annotation).items():
            must = _is_required(hint, name in required)
            kind.fields.append(Field(name, self.kind(hint), must, words.parameters.get(name)))

    def _fill_named_tuple(self, annotation: Any) -> None:
        kind, words = self._begin(annotation, lambda values: annotation(**values))
        hints = hints_of(annotation)
        for name in annotation._fields:
            has_default = name in annotation._field_defaults
            default = default_of(annotation._field_defaults[name]) if has_default else None
            told = words.parameters.get(name)
            kind.fields.append(Field(name, self.kind(hints.get(name, typing.Any)), not has_default, told, default))

    def _fill_pydantic(self, model: Any) -> None:
        from .pydantic_models import fill, make_model

        _, words = self._begin(model, dict)
        kind = self._classes[model] = make_model(model, self._classes[model])
        fill(kind, model, self.kind, words)


def _union(kinds: list[Kind]) -> Kind:
    return kinds[0] if len(kinds) == 1 else Union(kinds)


def _is_required(hint: Any, otherwise: bool) -> bool:
    """What a field of a TypedDict says of itself. Where its annotation was a text the class has not seen that."""
    while True:
        name = getattr(typing.get_origin(hint), "__name__", "")
        if name in ("Required", "NotRequired"):
            return name == "Required"
        if hasattr(hint, "__metadata__"):
            hint = hint.__origin__
        elif name in _QUALIFIERS:
            hint = typing.get_args(hint)[0]
        else:
            return otherwise


def _scalar(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        value = value.value
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise NoSchema(f"the value {value!r} has no form in JSON: use strings or numbers")


def _told(metadata: Any) -> tuple[str | None, dict[str, Any]]:
    """A description and limits, from texts, `Doc`, pydantic's Field and annotated_types."""
    description, limits = None, {}
    for each in metadata:
        if isinstance(each, str):
            description = each
        for name in ("description", "documentation"):
            if isinstance(getattr(each, name, None), str):
                description = getattr(each, name)
        if isinstance(getattr(each, "metadata", None), list):  # pydantic's Field
            limits.update(_told(each.metadata)[1])
        for name in _LIMITS:
            if getattr(each, name, None) is not None:
                limits[name] = getattr(each, name)
    return description, limits


def _limits(kind: Kind, limits: dict[str, Any]) -> dict[str, Any]:
    of_list = isinstance(kind, (ListKind, TupleKind))
    return {_LIMITS[name][of_list]: value for name, value in limits.items()}


def hints_of(annotated: Any) -> dict[str, Any]:
    """Its annotations, names in quotes looked up: in its module, then in the functions that are under way, for classes
    that stand in one. Raises NoSchema for a name that is not there."""
    found: dict[str, Any] = {}
    while True:
        try:
            return typing.get_type_hints(annotated, localns=found or None, include_extras=True)
        except NameError as error:
            name = str(error.name)
            frame = None if name in found else _frame_with(name)
            if frame is None:
                words = f"{error}: import what the annotation names where the program runs, too"
                raise NoSchema(words, name) from None
            found[name] = frame.f_locals[name]
        except TypeError as error:
            raise NoSchema(str(error)) from None


def _frame_with(name: str) -> types.FrameType | None:
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None and (name not in frame.f_locals or _is_ours(frame)):
        frame = frame.f_back
    return frame


def _is_ours(frame: types.FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith("kimistream.")
