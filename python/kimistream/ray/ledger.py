"""A ledger in a folder that many processes share, on a network file system too: each appends lines to a file of its
own, and looks up in all. No locks, no SQLite, whose log needs the memory of one machine."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import uuid

from .._bulk.keys import Seen, key_text
from .._bulk.lines import parse, split_lines, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HEAD, _MIDDLE, _DIGEST = b'{"digest":"', b'","line":', 32
_SUFFIX = ".lines"
_OFFSET_BITS = 44  # of a place: beside it stands the file's number


class FolderLedger:
    """Of answered rows. One thread at a time."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        os.makedirs(folder, exist_ok=True)
        self._files: list[str] = []
        self._read: dict[str, int] = {}  # how far each has been read
        self._places = Seen()
        self._own: int | None = None
        self._own_name = f"{uuid.uuid4().hex}{_SUFFIX}"

    def look_around(self) -> None:
        """Takes in what others have written since."""
        for name in sorted(os.listdir(self._folder)):
            if name.endswith(_SUFFIX) and name != self._own_name:
                self._take_in(name)

    def _take_in(self, name: str) -> None:
        place = self._read.get(name, 0)
        path = os.path.join(self._folder, name)
        if os.path.getsize(path) <= place:
            return
        with open(path, "rb") as file:
            file.seek(place)
            for line in split_lines(file.read):
                if not line.endswith(b"\n"):
                    break  # it is being written, or its writer was killed
                if line.startswith(_HEAD):
                    self._know(line, name, place)
                place += len(line)
        self._read[name] = place

    def _know(self, line: bytes, name: str, place: int) -> None:
        with contextlib.suppress(ValueError):
            digest = bytes.fromhex(line[len(_HEAD) : len(_HEAD) + _DIGEST].decode("ascii"))
            if name not in self._files:
                self._files.append(name)
            self._places.put(digest, self._files.index(name) << _OFFSET_BITS | place)

    def look(self, key: str | int, request: bytes) -> dict[str, Any] | None:
        """The line of a row that is answered."""
        number = self._places.get(_digest(key, request))
        if number is None:
            return None
        path = os.path.join(self._folder, self._files[number >> _OFFSET_BITS])
        with open(path, "rb") as file:
            file.seek(number & ((1 << _OFFSET_BITS) - 1))
            found = parse(file.readline())["line"]
        return found if isinstance(found, dict) else None

    def keep(self, lines: list[tuple[bytes, dict[str, Any]]]) -> None:
        """Appends lines with their requests' hashes, in one write. Raises OSError; what stands there is whole then."""
        if not lines:
            return
        texts = []
        for request, line in lines:
            digest = _digest(line["key"], request).hex().encode()
            texts.append(_HEAD + digest + _MIDDLE + text_of(line).rstrip(b"\n") + b"}\n")
        if self._own is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._own = os.open(os.path.join(self._folder, self._own_name), flags, 0o666)
        size = place = os.fstat(self._own).st_size
        block, written = b"".join(texts), 0
        try:
            while written < len(block):
                written += os.write(self._own, memoryview(block)[written:])
        except OSError:
            os.ftruncate(self._own, size)
            raise
        for text in texts:
            self._know(text, self._own_name, place)
            place += len(text)

    def close(self) -> None:
        if self._own is not None:
            os.close(self._own)
            self._own = None

    def __del__(self) -> None:
        with contextlib.suppress(OSError, AttributeError):
            self.close()


def _digest(key: str | int, request: bytes) -> bytes:
    """By which a row is found: its key and what was asked."""
    return hashlib.sha256(json.dumps([key_text(key), request.hex()]).encode()).digest()[: _DIGEST // 2]
