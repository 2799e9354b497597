"""Prices, as the library itself has them."""

from __future__ import annotations

from typing import Any

from .markdown import code, table


def prices() -> str:
    from kimistream import _core

    head = ["provider", "model", "input", "cached", "output", "", "of", "source"]
    return table(head, map(_row, _core.prices()))


def _row(price: dict[str, Any]) -> list[str]:
    amounts = (price[part] for part in ("input", "cached", "output"))
    told = ["" if amount is None else f"{amount:g}" for amount in amounts]
    return [code(price["provider"]), code(price["model"]), *told, price["currency"], price["date"], price["source"]]
