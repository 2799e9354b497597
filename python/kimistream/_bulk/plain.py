"""Values of any library as plain ones, and as JSON text that is the same for the same value."""

from __future__ import annotations

import datetime
import enum
import functools
import json
import math
import re

from .._values.errors import InvalidRequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ParamSpec, TypeVar

    P = ParamSpec("P")
    R = TypeVar("R")

_THERE = frozenset({str, int, bool, dict, list})
_DEEPEST = 400  # levels; the same for every Python, and with what a line has around it less than the core writes
_ITSELF = frozenset({str, int, bool, type(None)})
_WRITE = json.JSONEncoder(ensure_ascii=False).encode  # `dumps` makes an encoder anew for each such call
_WRITE_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+>")  # as in <Thing object at 0x7f5a3c0b>


class UnlastingError(InvalidRequestError):
    """A value whose text is another at each start."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"a {kind}, whose text is its address in memory, another at each start")


def is_missing(value: Any) -> bool:
    """None, and what stands for it: nan, pandas' NaT and NA."""
    if type(value) in _THERE:
        return False
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
    return type(value).__name__ in ("NaTType", "NAType") and type(value).__module__.startswith("pandas")


def within_reach(function: Callable[P, R]) -> Callable[P, R]:
    """For what goes down into a value: how deep that is knows nobody before."""

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except RecursionError:
            raise InvalidRequestError("it is nested too deeply to be written as JSON (does it hold itself?)") from None

    return guarded


@within_reach
def plain(value: Any, strict: bool = False) -> Any:
    """The value in JSON's own types: times as ISO text, numbers and arrays of numpy as Python's, sets as sorted lists,
    missing ones None. What JSON cannot hold becomes its `str`; with `strict` an UnlastingError where that is another at
    each start. Raises InvalidRequestError, as all here do, for what is nested too deeply."""
    return _plain(value, strict)


def _plain(value: Any, strict: bool = False, depth: int = 0) -> Any:
    kind = type(value)
    if kind in _ITSELF:
        return value
    depth = _below(depth)
    if kind is dict:
        return {
            key if type(key) is str else _held(key, strict): _plain(item, strict, depth) for key, item in value.items()
        }
    if kind in (list, tuple):
        return [_plain(item, strict, depth) for item in value]
    return _other(value, strict, depth)


def _below(depth: int) -> int:
    if depth == _DEEPEST:
        raise RecursionError
    return depth + 1


def _other(value: Any, strict: bool, depth: int) -> Any:
    if is_missing(value):
        return None
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else _held(value, strict)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        return _plain(value.tolist(), strict, depth)
    to_dict = getattr(value, "to_dict", None)
    if to_dict is not None and type(value).__module__.startswith("kimistream"):
        return _plain(to_dict(), strict, depth)
    if isinstance(value, dict):
        return _plain(dict(value), strict, depth)
    if isinstance(value, (list, tuple)):
        return _plain(list(value), strict, depth)
    if isinstance(value, (set, frozenset)):
        return _sorted([_plain(item, strict, depth) for item in value])
    return _held(value, strict)


def _sorted(items: list[Any]) -> list[Any]:
    """In an order that is the same at each start: that of a set of texts is not."""
    try:
        return sorted(items)
    except TypeError:  # of several types
        return sorted(items, key=_WRITE_CANONICAL)


def _held(value: Any, strict: bool) -> str:
    text = str(value)
    if strict and not isinstance(value, str) and _ADDRESS.search(text):
        raise UnlastingError(type(value).__name__)
    return text


@within_reach
def parsed_json(value: Any) -> Any:
    """What an answer says by its schema, in JSON's own types: objects by their fields, enums by their values."""
    return _parsed(value, 0)


def _parsed(value: Any, depth: int) -> Any:
    if hasattr(value, "model_dump"):
        return _plain(value.model_dump(mode="json"), depth=depth)
    depth = _below(depth)
    fields = getattr(value, "__dataclass_fields__", None)
    if fields is not None:
        return {name: _parsed(getattr(value, name), depth) for name in fields}
    if isinstance(value, enum.Enum):
        return _plain(value.value, depth=depth)
    if isinstance(value, dict):
        return {str(_parsed(key, depth)): _parsed(item, depth) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_parsed(item, depth) for item in value]
    return _plain(value, depth=depth)


@within_reach
def plain_json(value: Any) -> str:
    """JSON text for a prompt: characters as they are, one space behind commas and colons."""
    return _WRITE(_plain(value))


@within_reach
def canonical(value: Any, strict: bool = False) -> bytes:
    """The same for values that say the same: keys sorted, those whose value is missing left out."""
    return _WRITE_CANONICAL(_without_nothing(_plain(value, strict))).encode()


def _without_nothing(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nothing(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nothing(item) for item in value]
    return value
