"""What an answer in the OpenAI shape has cost."""

from __future__ import annotations

from .. import _core
from .._values.message import TOLD, Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def usage_of(completion: Any, price: dict[str, Any] | None) -> Usage | None:
    """The usage of an answer in the OpenAI shape, with its cost."""
    said = getattr(completion, "usage", None)
    if said is None:
        return None
    details = getattr(said, "prompt_tokens_details", None)
    answered = getattr(said, "completion_tokens_details", None)
    usage = Usage(
        _count(said, "prompt_tokens"),
        _count(said, "completion_tokens"),
        _count(said, "total_tokens"),
        _count(said, "cached_tokens") or _count(details, "cached_tokens"),
        _count(answered, "reasoning_tokens"),
    )
    usage.cache_write_tokens = _count(said, "cache_creation_input_tokens") or _count(details, "cache_write_tokens")
    told = getattr(said, "cost", None)
    if isinstance(told, (int, float)) and not isinstance(told, bool) and 0 <= told < float("inf"):
        usage.cost, usage.cost_source = float(told), TOLD
    elif price is not None:
        usage._price(_core.cost_of(usage, price), price)
    return usage


def _count(said: Any, name: str) -> int | None:
    """None for what is no number of tokens, whatever a server says."""
    value = getattr(said, name, None)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None
