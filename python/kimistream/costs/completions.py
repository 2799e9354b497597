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
    cached = getattr(said, "cached_tokens", None) or getattr(details, "cached_tokens", None)
    thought = getattr(getattr(said, "completion_tokens_details", None), "reasoning_tokens", None)
    usage = Usage(said.prompt_tokens, said.completion_tokens, said.total_tokens, cached, thought)
    usage.cache_write_tokens = getattr(said, "cache_creation_input_tokens", None) or getattr(
        details, "cache_write_tokens", None
    )
    told = getattr(said, "cost", None)
    if isinstance(told, (int, float)) and not isinstance(told, bool) and 0 <= told < float("inf"):
        usage.cost, usage.cost_source = float(told), TOLD
    elif price is not None:
        usage.cost = _core.cost_of(usage, price)
        usage.cost_source = None if usage.cost is None else f"prices of {price['date']}"
    return usage
