"""JSON shapes as data: a template names the keys in their order, the values are filled in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def fill(template: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The template's keys in its order, at any depth; a key without a value keeps the template's own.

    Keys that the template does not name are left out: that is how one set of values serves every dialect.
    """
    return {
        key: fill(default, values) if isinstance(default, Mapping) else values.get(key, default)
        for key, default in template.items()
    }


def dump(value: Any) -> bytes:
    """Compact UTF-8 JSON, as Moonshot sends it. A lone surrogate becomes "?", because it has no UTF-8 form."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def dig(value: Any, path: tuple[str, ...]) -> Any:
    """The value at a path of keys; None where it is missing or something on the way is not an object."""
    for key in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value
