"""Objects of the OpenAI shape: attributes for every key that came, known or not, nested as on the wire."""

from __future__ import annotations

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


class Object:
    """A JSON object with attributes. Keys that this kind of object is known to have are None where they did not come;
    `model_extra` has the others. `model_dump()` gives dicts again, with the keys that came.

    What came is the instance's own dict, which the core fills without a call for each object (bindings/loads.cpp); what
    is known is an attribute of the class. So to read a field is to look up a plain attribute.
    """

    _known: tuple[str, ...] = ()
    _twins: dict[str, str] = {}  # noqa: RUF012 - a known key, and the other name under which it may have come
    _kinds: dict[str, type[Object]] = {}  # noqa: RUF012 - which class a key's value has
    _hidden: dict[str, Any] | None = None  # keys that would hide what every object has: "model_dump", "_kinds"
    _reserved: frozenset[str]
    _request_id: str | None = None

    def __init_subclass__(cls) -> None:
        for name in cls._known:
            if name not in cls.__dict__:
                setattr(cls, name, None)

    def __init__(self, data: dict[str, Any] | None = None, /, **fields: Any) -> None:
        hidden: dict[str, Any] = {}
        for key, value in {**(data or {}), **fields}.items():
            if isinstance(value, (dict, list)):
                value = _made(self._kinds.get(key, Object), value)
            place = hidden if key in self._reserved or key.startswith("_") else self.__dict__
            place[key] = value
        if hidden:
            self._hidden = hidden

    def __getattr__(self, name: str) -> Any:
        hidden = self._hidden
        if hidden is not None and name in hidden and not name.startswith("__"):
            return hidden[name]
        raise AttributeError(f"{self.__class__.__name__!r} object has no attribute {name!r}")

    def _came(self) -> dict[str, Any]:
        came = {key: value for key, value in self.__dict__.items() if not key.startswith("_")}
        return {**came, **self._hidden} if self._hidden else came

    def _fields(self, unset: bool = True) -> Iterator[tuple[str, Any]]:
        """Key and value of what came, and with `unset` of what is known and did not."""
        came = self._came()
        for key, value in came.items():
            yield key, value if key in self._reserved or key.startswith("_") else getattr(self, key)
        if unset:
            for key in self._known:
                if key not in came and self._twins.get(key) not in came:
                    yield key, getattr(self, key)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}({', '.join(f'{key}={value!r}' for key, value in self._fields())})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Object):
            return NotImplemented
        return self.model_dump(exclude_unset=True) == other.model_dump(exclude_unset=True)

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return self.__class__, (self.model_dump(exclude_unset=True),)

    def __copy__(self) -> Object:
        twin = self.__class__()
        twin.__dict__.update(self.__dict__)
        return twin

    @property
    def model_extra(self) -> dict[str, Any]:
        """The fields that came and that this kind of object is not known to have."""
        return {key: _dump(value) for key, value in self._fields(unset=False) if key not in self._known}

    def model_dump(self, *, exclude_none: bool = False, exclude_unset: bool = False, **_ignored: Any) -> dict[str, Any]:
        """The object as dicts and lists. Keys are those that came, with None for known ones that did not;
        `exclude_unset` leaves those out, `exclude_none` all that are None."""
        dumped = {}
        for key, field in self._fields(unset=not exclude_unset):
            value = _dump(field, exclude_none=exclude_none, exclude_unset=exclude_unset)
            if value is not None or not exclude_none:
                dumped[key] = value
        return dumped

    def model_dump_json(self, *, indent: int | None = None, **options: Any) -> str:
        """`model_dump` as JSON text."""
        dumped = self.model_dump(**options)
        if indent is None:
            return _core.dumps(dumped)
        import json

        return json.dumps(dumped, indent=indent, ensure_ascii=False)

    to_dict = model_dump
    to_json = model_dump_json

    def _to_wire(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)


Object._reserved = frozenset(name for name in vars(Object) if not name.startswith("_"))


def _made(kind: type[Object], value: Any) -> Any:
    if isinstance(value, dict):
        return kind(value)
    return [_made(kind, item) for item in value] if isinstance(value, list) else value


class Field:
    """An attribute that is read otherwise than it came; `read` is given the dict of what came."""

    def __init__(self, read: Callable[[dict[str, Any]], Any]) -> None:
        self._read = read

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Object | None, owner: type | None = None) -> Any:
        return self if instance is None else self._read(instance.__dict__)

    def __set__(self, instance: Object, value: Any) -> None:
        instance.__dict__[self._name] = value


def either(name: str, other: str) -> Any:
    """A field with two names in the field: its own first."""
    return Field(lambda came: came[name] if name in came else came.get(other))


def said(name: str, *path: str, word: str) -> Any:
    """A capability that some servers tell as a word in a list; None where there is neither."""

    def read(came: dict[str, Any]) -> Any:
        if name in came:
            return came[name]
        said = came.get(path[0])
        for key in path[1:]:
            said = getattr(said, key, None)
        return word in said if isinstance(said, list) else None

    return Field(read)


def _dump(value: Any, **options: Any) -> Any:
    if isinstance(value, Object):
        return value.model_dump(**options)
    if isinstance(value, list):
        return [_dump(item, **options) for item in value]
    if isinstance(value, dict):
        return {key: _dump(item, **options) for key, item in value.items()}
    return value
