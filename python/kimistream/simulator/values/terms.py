"""How a dialect reads a request: which keys say what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .usage import Path

# Whether a last message of the assistant is the beginning of the answer: (body, message) -> bool.
Prefill = Callable[[Mapping[str, Any], Mapping[str, Any]], bool]


def never(_body: Mapping[str, Any], _last: Mapping[str, Any]) -> bool:
    """No request continues a beginning."""
    return False


def partial_flag(_body: Mapping[str, Any], last: Mapping[str, Any]) -> bool:
    """Moonshot's Partial Mode."""
    return last.get("partial") is True


def continue_final(body: Mapping[str, Any], _last: Mapping[str, Any]) -> bool:
    """A switch of the engines' chat templates."""
    return body.get("continue_final_message") is True


def trailing(_body: Mapping[str, Any], last: Mapping[str, Any]) -> bool:
    """It is enough to be the last one, and to have text."""
    return not last.get("tool_calls")


@dataclass(frozen=True)
class Terms:
    """
    limit_keys          keys of the token limit, the first that is there counts; others are ignored without a word
    thinking_off        settings of which any one switches thinking off
    thinking_kept       settings of which any one keeps the reasoning of earlier turns
    thinking_hidden     settings of which any one leaves the reasoning out of the answer
    reasoning_back      keys that carry the reasoning of an earlier turn
    prefill             whether the last message is the beginning of the answer: (body, message) -> bool
    """

    limit_keys: tuple[str, ...] = ("max_completion_tokens", "max_tokens")
    thinking_off: tuple[tuple[Path, Any], ...] = ()
    thinking_kept: tuple[tuple[Path, Any], ...] = ()
    thinking_hidden: tuple[tuple[Path, Any], ...] = ()
    reasoning_back: tuple[str, ...] = ("reasoning_content",)
    prefill: Prefill = never
