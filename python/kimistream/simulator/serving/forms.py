"""multipart/form-data, read block by block from a request.

aiohttp has a reader of its own; it pushes bytes back into the stream by a deprecated call, which fails in programs
that make warnings errors, as tests do.
"""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_string
from email.message import Message
from typing import Protocol

BLOCK = 1 << 20  # bytes that are handed on at once
_MAX_HEADERS = 64 * 1024  # bytes of one part's headers

# What HTML has browsers, and clients after them, write for what would break a header.
_ESCAPES = {"%22": '"', "%0D": "\r", "%0A": "\n"}


class Source(Protocol):
    """Where the bytes come from; b"" is the end."""

    async def readany(self) -> bytes: ...


@dataclass(frozen=True)
class Part:
    """The head of a part; its bytes come from the form."""

    name: str
    filename: str
    mime: str


class Form:
    """Goes through a form once. ValueError for what is none."""

    def __init__(self, content: Source, content_type: str) -> None:
        head = Message()
        head["Content-Type"] = content_type
        boundary = head.get_boundary()
        if head.get_content_type() != "multipart/form-data" or not boundary:
            raise ValueError("not multipart/form-data")
        self._content = content
        self._delimiter = b"\r\n--" + boundary.encode("utf-8")
        self._buffer = bytearray(b"\r\n")  # the first delimiter has no line before it
        self._searched = 0

    async def next(self) -> Part | None:
        """The next part, skipping what is left of this one; None behind the last."""
        while await self.read():
            pass
        del self._buffer[: len(self._delimiter)]
        self._searched = 0
        while len(self._buffer) < 2:
            await self._fill()
        if self._buffer.startswith(b"--"):
            return None
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > _MAX_HEADERS:
                raise ValueError("the headers of a part are too long")
            await self._fill()
        head = message_from_string(self._buffer[:end].decode("utf-8", "replace").lstrip("\r\n"))
        del self._buffer[: end + 4]
        name, filename = head.get_param("name", "", "Content-Disposition"), head.get_filename("")
        return Part(str(name), _unescaped(filename), str(head.get("Content-Type", "")))

    async def read(self) -> bytes:
        """Some bytes of this part; none are left when there are none."""
        kept = len(self._delimiter) - 1
        while True:
            found = self._buffer.find(self._delimiter, max(0, self._searched - kept))
            end = found if found >= 0 else len(self._buffer) - kept
            if found >= 0 or end >= BLOCK:
                block = bytes(self._buffer[:end])
                del self._buffer[:end]
                self._searched = 0
                return block
            self._searched = len(self._buffer)
            await self._fill()

    async def _fill(self) -> None:
        block = await self._content.readany()
        if not block:
            raise ValueError("the form is cut short")
        self._buffer += block


def _unescaped(filename: str) -> str:
    for escape, character in _ESCAPES.items():
        filename = filename.replace(escape, character)
    return filename
