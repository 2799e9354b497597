"""JSON shapes as data: a template names the keys in their order, the values are filled in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fixed:
    """A value in a template that stays, also where there is another one under its key."""

    value: Any


def fill(template: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The template's keys in its order, at any depth, lists included; a key without a value keeps the template's own.

    Keys that the template does not name are left out: that is how one set of values serves every dialect.
    """
    return {key: _filled(key, default, values) for key, default in template.items()}


def _filled(key: str, default: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(default, Mapping):
        return fill(default, values)
    if isinstance(default, Fixed):
        return default.value
    if isinstance(default, list):
        return [fill(item, values) if isinstance(item, Mapping) else item for item in default]
    return values.get(key, default)


def dump(value: Any) -> bytes:
    """Compact UTF-8 JSON, as Moonshot sends it. A lone surrogate becomes "?", because it has no UTF-8 form."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def dump_ascii(value: Any) -> bytes:
    """Compact JSON with escapes for all that is not ASCII, lone surrogates included."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def dig(value: Any, path: tuple[str, ...]) -> Any:
    """The value at a path of keys; None where it is missing or something on the way is not an object."""
    for key in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value
