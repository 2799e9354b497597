"""Writing TOML, as far as rows and environments need it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_UNKNOWN = "unknown"  # how a row says null, which TOML does not have


def table(name: str, fields: Mapping[str, Any]) -> str:
    """A table with one line for each field; objects within are inline tables."""
    head = ".".join(_key(part) for part in name.split("/"))
    return "".join([f"[{head}]\n", *(f"{_key(key)} = {value(item)}\n" for key, item in fields.items())])


def value(item: Any) -> str:
    if item is None:
        return _text(_UNKNOWN)
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, int | float):
        return repr(item)
    if isinstance(item, Mapping):
        inside = ", ".join(f"{_key(key)} = {value(each)}" for key, each in item.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(item, list | tuple):
        return f"[{', '.join(map(value, item))}]"
    return _text(str(item))


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _text(text: str) -> str:
    # JSON's escapes are TOML's too, but for DEL, which TOML wants escaped.
    escaped = json.dumps(text.encode("utf-8", "replace").decode(), ensure_ascii=False)
    return escaped.replace("\x7f", "\\u007f")
