"""The keys that carry a piece of reasoning."""

from __future__ import annotations

from typing import Any


def as_text(key: str, text: str) -> dict[str, Any]:
    return {key: text}


def as_text_and_details(key: str, text: str) -> dict[str, Any]:
    """The text, and once more as a list of typed items."""
    return {key: text, "reasoning_details": [{"type": "reasoning.text", "text": text, "format": "unknown", "index": 0}]}
