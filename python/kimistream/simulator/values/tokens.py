"""A stand-in for the tokenizer: small pieces for streams, and an estimate for prompts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .requests import Message

CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
# One or two CJK characters, a (part of a) word with the blanks before it, one other character, or the blanks left.
_PIECE = re.compile(rf"\s*[{CJK}]{{1,2}}|\s*(?:(?![{CJK}])\w){{1,8}}|\s*[^\w\s]|\s+")
_MESSAGE_OVERHEAD = 4  # tokens for a message's role and delimiters
_MEDIA_TOKENS = 1024  # tokens for an image or a video; the real number depends on its size


def pieces(text: str) -> list[str]:
    """The text in pieces as a model would stream it; joined they are the text again. One piece is one token."""
    return _PIECE.findall(text)


def estimate(text: str) -> int:
    """A prompt's tokens: a quarter for each ASCII character, one for every other."""
    ascii_count = len(text.encode("ascii", "ignore"))
    return (ascii_count + 3) // 4 + len(text) - ascii_count


def estimate_message(message: Message) -> int:
    raw = message.raw
    calls = json.dumps(raw["tool_calls"], ensure_ascii=False) if message.calls else ""
    texts = estimate(message.content.text) + estimate(calls)
    return _MESSAGE_OVERHEAD + texts + _MEDIA_TOKENS * len(message.content.media)


def estimate_prompt(messages: Iterable[Message]) -> int:
    return sum(map(estimate_message, messages))
