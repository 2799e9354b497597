"""What a function gives, as the content of a tool's result."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import math
import os
import uuid

from .. import _core
from .._requests.media import Medium

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_WRITTEN = (datetime.datetime, datetime.date, datetime.time)


def content_of(value: Any) -> str | list[Any]:
    """A text as it is, pictures and clips as parts, anything else as JSON text. Raises TypeError or ValueError for what
    no JSON has."""
    if isinstance(value, str) and not isinstance(value, enum.Enum):
        return value
    if isinstance(value, Medium):
        return [value]
    if isinstance(value, (list, tuple)) and any(isinstance(item, Medium) for item in value):
        return [_part_of(item) for item in value]
    return _core.dumps(as_json(value))


def _part_of(item: Any) -> Any:
    if isinstance(item, (str, Medium)):
        return item
    return item if isinstance(item, dict) and isinstance(item.get("type"), str) else _core.dumps(as_json(item))


def as_json(value: Any, path: str = "") -> Any:
    """The value in JSON's own types. Raises TypeError or ValueError for what has none, and says where."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, enum.Enum):
        return as_json(value.value, path)
    if isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{path or 'the result'}: JSON has no {value}")
        return value
    if isinstance(value, dict):
        return {_key(key, path): as_json(item, f"{path}.{key}" if path else str(key)) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return as_json(value._asdict(), path)
    if isinstance(value, (list, tuple)):
        return [as_json(item, f"{path}[{place}]") for place, item in enumerate(value)]
    if isinstance(value, type):
        raise TypeError(f"{path or 'the result'}: JSON has no classes ({value.__name__})")
    if hasattr(value, "model_dump"):
        return as_json(value.model_dump(mode="json"), path)
    if dataclasses.is_dataclass(value):
        fields = dataclasses.fields(value)
        return {field.name: as_json(getattr(value, field.name), f"{path}.{field.name}") for field in fields}
    if isinstance(value, _WRITTEN):
        return value.isoformat()
    if isinstance(value, (uuid.UUID, decimal.Decimal)):
        return str(value)
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if hasattr(value, "item") and getattr(value, "shape", None) == ():  # a number of numpy and its like
        return as_json(value.item(), path)
    raise TypeError(f"{path or 'the result'}: JSON has no {type(value).__name__}")


def default_of(value: Any) -> list[Any] | None:
    """A default as JSON has it, in a list; None where JSON has none."""
    try:
        return [as_json(value)]
    except (TypeError, ValueError):
        return None


def _key(key: Any, path: str) -> str:
    if isinstance(key, enum.Enum):
        key = key.value
    if isinstance(key, str):
        return key
    if key is None or isinstance(key, (bool, int, float)):
        return _core.dumps(key)
    raise TypeError(f"{path or 'the result'}: a key in JSON is a string, not {type(key).__name__}")
