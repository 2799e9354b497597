"""Sums of what several answers have cost."""

from __future__ import annotations

from .._values.message import Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def added(sum: Usage | None, more: Usage | None) -> Usage | None:
    """Both together, field by field; what neither tells stays None."""
    if sum is None or more is None:
        return more if sum is None else sum
    both: dict[str, Any] = {}
    for name in Usage._fields:
        one, other = getattr(sum, name), getattr(more, name)
        both[name] = one if other is None else other if one is None else one + other
    return Usage(**both)
