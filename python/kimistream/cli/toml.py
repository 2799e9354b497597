"""Rows of providers as TOML, to be read, and pasted into kimistream.toml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .ending import WRONG_USAGE, CommandError

_UNKNOWN = "unknown"  # how a row says null, which TOML does not have


def table(name: str, fields: Mapping[str, Any]) -> str:
    """The table of that name ("providers/mine" is one within another); objects in it are tables of their own."""
    try:
        import tomli_w
    except ImportError:
        raise CommandError(WRONG_USAGE, "rows are written by the package tomli-w: pip install tomli-w") from None
    inside: Any = _plain(fields)
    for part in reversed(name.split("/")):
        inside = {part: inside}
    return tomli_w.dumps(inside)


def _plain(item: Any) -> Any:
    if item is None:
        return _UNKNOWN
    if isinstance(item, str):
        return item.encode("utf-8", "replace").decode()  # TOML has no halves of surrogate pairs
    if isinstance(item, Mapping):
        return {key: _plain(each) for key, each in item.items()}
    if isinstance(item, list | tuple):
        return [_plain(each) for each in item]
    return item
