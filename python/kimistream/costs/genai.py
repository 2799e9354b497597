"""Prices of the package genai-prices, which knows many providers and is released often.

It goes by address. Whatever is billed in another currency than its dollars is left out: it has one Moonshot, in USD.
"""

from __future__ import annotations

import functools

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FAMILY = ("kimi", "moonshot")
_AMOUNTS = {"input": "input_mtok", "output": "output_mtok", "cached": "cache_read_mtok",
            "cache_write": "cache_write_mtok", "cache_write_1h": "cache_write_1h_mtok"}  # fmt: skip


def genai_rows(provider: str) -> list[dict[str, Any]]:
    """The rows of a provider, [] without the package. A server on this machine has no list price."""
    row = _core.provider_row(provider)
    if row["currency"] not in ("", "USD") or not row["base_url"].startswith("https://"):
        return []
    return _rows(provider, row["base_url"], row["default_model"])


@functools.lru_cache(maxsize=256)
def _rows(provider: str, address: str, default_model: str) -> list[dict[str, Any]]:
    snapshot = _snapshot()
    if snapshot is None:
        return []
    try:
        seller = snapshot.find_provider(None, None, address)
    except LookupError:
        return []
    names = {model.id for model in seller.models if any(word in model.id.lower() for word in _FAMILY)}
    rows = [_row(seller, provider, name) for name in sorted({*names, default_model})]
    return [row for row in rows if row is not None]


def _row(seller: Any, provider: str, name: str) -> dict[str, Any] | None:
    from datetime import datetime, timezone
    from importlib.metadata import version

    model = seller.find_model(name)
    if model is None:
        return None
    today = model.get_prices(datetime.now(timezone.utc))
    amounts = {ours: _plain(getattr(today, theirs, None)) for ours, theirs in _AMOUNTS.items()}
    if amounts["input"] is None or amounts["output"] is None:
        return None
    release = f"genai-prices {version('genai-prices')}"
    batch = dict.fromkeys(("batch_input", "batch_cached", "batch_output"))
    return {"provider": provider, "model": name, **amounts, **batch, "currency": "USD", "date": release,
            "source": release}  # fmt: skip


def _plain(amount: Any) -> float | None:
    """Prices that grow with the prompt are told by their first step."""
    amount = getattr(amount, "base", amount)
    return None if amount is None else float(amount)


@functools.lru_cache(maxsize=1)
def _snapshot() -> Any:
    try:
        from genai_prices.data_snapshot import get_snapshot  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return None
    return get_snapshot()
