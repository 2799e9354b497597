"""Prefix caching as Moonshot does it: what was sent before, message by message, counts as cached."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from .tokens import estimate_message

if TYPE_CHECKING:
    from .requests import ChatRequest

MAX_PREFIXES = 100_000  # remembered; the oldest are forgotten first


class PrefixCache:
    """Which beginnings of conversations were seen. Used by the server's thread only."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def clear(self) -> None:
        self._seen.clear()

    def cached_tokens(self, request: ChatRequest, digests: list[bytes]) -> int:
        """Tokens of the longest beginning that was seen before; the whole request is remembered from now on."""
        tokens, cached = 0, 0
        for message, digest in zip(request.messages, digests, strict=True):
            tokens += estimate_message(message)
            if digest in self._seen:
                cached = tokens
        for digest in digests:
            self._seen[digest] = None
            self._seen.move_to_end(digest)
        while len(self._seen) > MAX_PREFIXES:
            self._seen.popitem(last=False)
        return cached


def prefix_digests(request: ChatRequest) -> list[bytes]:
    """One digest for each beginning of the conversation; tools and model come before the first message."""
    chain = hashlib.sha256(_canonical([request.body.get("model"), request.body.get("tools")]))
    digests = []
    for message in request.messages:
        chain.update(_canonical(message.raw))
        digests.append(chain.digest())
    return digests


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode("ascii")
