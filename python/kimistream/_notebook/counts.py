"""Tokens, seconds and money as people read them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PARTS = (
    ("prompt_tokens", "in"),
    ("cached_tokens", "cached"),
    ("completion_tokens", "out"),
    ("reasoning_tokens", "thinking"),
)


def tokens(usage: Any) -> str:
    """ "22 tokens (12 in, 10 out)" of a `Usage`; "" where nothing was counted."""
    if usage is None or not usage.total_tokens:
        return ""
    parts = ", ".join(f"{count:,} {word}" for name, word in _PARTS if (count := getattr(usage, name)))
    return f"{usage.total_tokens:,} tokens{f' ({parts})' if parts else ''}"


def money(usage: Any, currency: str = "") -> str:
    """ "cost 0.0012 USD", in the usage's own currency, else in this one; "" where it is not known."""
    if usage is None or usage.cost is None:
        return ""
    return f"cost {_amount(usage.cost)} {getattr(usage, 'currency', None) or currency}".rstrip()


def seconds(taken: float | None) -> str:
    if taken is None:
        return ""
    if taken >= 60:
        return f"{taken // 60:.0f} min {taken % 60:.0f} s"
    return f"{taken:.1f} s"


def _amount(cost: float) -> str:
    return f"{cost:.4f}" if cost >= 0.01 or cost == 0 else f"{cost:.2g}"
