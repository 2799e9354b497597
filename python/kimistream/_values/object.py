"""Objects of the OpenAI shape: attributes for every key that came, known or not, nested as on the wire."""

from __future__ import annotations

from .. import _core
from .dumping import Dump
from .passing import Passes, counterpart

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


class Extra(dict):  # type: ignore[type-arg]
    """A dict whose keys can be read as attributes, too: what came nested under a key that is not known, and rows."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name in self and not name.startswith("__"):
            return self[name]
        raise AttributeError(f"there is no {name!r} among {', '.join(map(repr, self)) or 'no keys'}")

    __setattr__ = dict.__setitem__

    def __reduce__(self) -> tuple[Any, ...]:
        return Extra, (dict(self),)


class Kind(type):
    """The class of a kind of object. A fragment of a stream, which the core makes (`bindings/chunk_types.cpp`), is one
    of the class that it says it is, `_kind`."""

    def __instancecheck__(cls, instance: object) -> bool:
        kind = type(instance)
        return issubclass(getattr(kind, "_kind", kind), cls)


class _ModelFields:
    """The known fields by their names: openai's own description of them where it has been imported, else None."""

    def __get__(self, instance: Object | None, owner: Any = None) -> dict[str, Any]:
        kind = getattr(owner, "_kind", owner)
        theirs: Any = counterpart(kind)
        return {**dict.fromkeys(kind._known), **({} if theirs is kind else theirs.model_fields)}


class Object(Passes, metaclass=Kind):
    """A JSON object with attributes. Keys that this kind of object is known to have are None where they did not come;
    `model_extra` has the others. `model_dump()` gives dicts again, with the keys that came.

    What came is the instance's own dict, which the core fills without a call for each object (bindings/loads.cpp); what
    is known is an attribute of the class. So to read a field is to look up a plain attribute.
    """

    _known: tuple[str, ...] = ()
    _kinds: dict[str, type] = {}  # noqa: RUF012 - which class a key's value has; Extra where nothing is said
    _hidden: dict[str, Any] | None = None  # keys that would hide what every object has: "model_dump", "_kinds"
    _reserved: frozenset[str]
    _request_id: str | None = None

    def __init_subclass__(cls, like: str | tuple[str, ...] = ()) -> None:
        super().__init_subclass__(like)
        for name in cls._known:
            if not hasattr(cls, name):
                setattr(cls, name, None)

    def __init__(self, data: dict[str, Any] | None = None, /, **fields: Any) -> None:
        hidden: dict[str, Any] = {}
        for key, value in {**(data or {}), **fields}.items():
            if isinstance(value, (dict, list)):
                value = made(self._kinds.get(key, Extra), value)
            place = hidden if key in self._reserved or key.startswith("_") else self.__dict__
            place[key] = value
        if hidden:
            self._hidden = hidden

    def __getattr__(self, name: str) -> Any:
        hidden = self._hidden
        if hidden is not None and name in hidden and not name.startswith("__"):
            return hidden[name]
        if name.startswith("__pydantic_"):
            return self._for_pydantic(name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _for_pydantic(self, name: str) -> Any:
        """Pydantic dumps what is in the fields of somebody's model by these; they are openai's class's."""
        kind = self.__class__
        if kind is type(self):
            raise AttributeError(name)
        if name == "__pydantic_extra__":
            return self.model_extra
        if name == "__pydantic_fields_set__":
            return self.model_fields_set
        return None if name == "__pydantic_private__" else getattr(kind, name)

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
                if key not in came:
                    yield key, getattr(self, key)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return self._fields()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in self._fields())})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Object):
            return NotImplemented
        return self.model_dump(exclude_unset=True) == other.model_dump(exclude_unset=True)

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.model_dump(exclude_unset=True),)

    def __copy__(self) -> Object:
        twin = type(self)()
        twin.__dict__.update(self.__dict__)
        return twin

    model_fields = _ModelFields()

    @property
    def model_extra(self) -> dict[str, Any]:
        """The fields that came and that this kind of object is not known to have, as plain dicts and lists."""
        dump = Dump()
        return {key: dump(value) for key, value in self._fields(unset=False) if key not in self._known}

    @property
    def model_fields_set(self) -> set[str]:
        """The names of what came."""
        return set(self._came())

    def model_dump(
        self,
        *,
        include: Any = None,
        exclude: Any = None,
        exclude_none: bool = False,
        exclude_unset: bool = False,
        exclude_defaults: bool = False,
        **_ignored: Any,
    ) -> dict[str, Any]:
        """The object as plain dicts and lists. Keys are those that came, with None for known ones that did not;
        `exclude_unset` leaves those out, `exclude_none` all that are None. `include` and `exclude` are names, or dicts
        of names that say what of each, as pydantic has them."""
        dump = Dump(exclude_none=exclude_none, exclude_unset=exclude_unset, exclude_defaults=exclude_defaults)
        dumped: dict[str, Any] = dump(self, include, exclude)
        return dumped

    def model_dump_json(self, *, indent: int | None = None, **options: Any) -> str:
        """`model_dump` as JSON text."""
        dumped = self.model_dump(**options)
        if indent is None:
            return _core.dumps(dumped)
        import json

        return json.dumps(dumped, indent=indent, ensure_ascii=False)

    def to_dict(self, *, exclude_unset: bool = True, **options: Any) -> dict[str, Any]:
        """`model_dump` of what came, as openai-python has it."""
        return self.model_dump(exclude_unset=exclude_unset, **options)

    def to_json(self, *, indent: int | None = 2, exclude_unset: bool = True, **options: Any) -> str:
        return self.model_dump_json(indent=indent, exclude_unset=exclude_unset, **options)

    def model_copy(self, *, update: dict[str, Any] | None = None, deep: bool = False) -> Any:
        """Another object with the same fields, and those of `update` in their place."""
        import copy

        twin = copy.deepcopy(self) if deep else copy.copy(self)
        for key, value in (update or {}).items():
            setattr(twin, key, value)
        return twin

    @classmethod
    def model_construct(cls, _fields_set: set[str] | None = None, **fields: Any) -> Any:
        return cls(fields)

    def _to_wire(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)


Object._reserved = frozenset(name for name in vars(Object) if not name.startswith("_"))


def made(kind: type, value: Any) -> Any:
    """JSON as objects of a kind, and of the kinds that it names for its keys."""
    if isinstance(value, list):
        return [made(kind, item) for item in value]
    if not isinstance(value, dict):
        return value
    if kind is Extra:
        return Extra({key: made(Extra, item) for key, item in value.items()})
    return kind(value)


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
    """A field with two names: its own first."""
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
