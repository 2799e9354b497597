"""Long texts in a database: as zlib's bytes, which for a stream's frames are a tenth of it."""

from __future__ import annotations

import zlib

_LONG = 16 * 1024
_FAST = 1


def packed(text: str) -> str | bytes:
    return text if len(text) < _LONG else zlib.compress(text.encode(), _FAST)


def unpacked(kept: str | bytes) -> str:
    return kept if isinstance(kept, str) else zlib.decompress(kept).decode()
