"""Uploaded files: what GET /v1/files knows of them, and what they hold."""

from __future__ import annotations

import contextlib
import hashlib
import json
import mimetypes
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from ..values.failures import Failure, Refusal, invalid

MAX_FILES = 1000  # Moonshot docs, "Upload file"
KEPT_BYTES = 100 * 1024 * 1024  # of a file's content; of a larger one only size and digest are known
PURPOSES = ("file-extract", "image", "video", "batch")
_UNSUPPORTED_MIME = frozenset({"image/svg+xml"})


class Sink:
    """Takes a file's bytes as they come: counts, hashes, and keeps what is not too much, on disk."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._kept: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as the file that it becomes)
        self.size = 0

    def write(self, block: bytes) -> None:
        self.size += len(block)
        self._digest.update(block)
        if self.whole:
            self._kept.write(block)
            self._kept.flush()

    def close(self) -> None:
        self._kept.close()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    @property
    def whole(self) -> bool:
        """All of it was kept."""
        return self.size <= KEPT_BYTES

    def read(self) -> bytes:
        """From the beginning, without moving anything: two readers do not disturb each other."""
        return os.pread(self._kept.fileno(), self.size, 0)


@dataclass(frozen=True)
class StoredFile:
    """One uploaded file."""

    id: str
    name: str
    purpose: str
    mime: str
    created: int
    sink: Sink

    @property
    def size(self) -> int:
        return self.sink.size

    @property
    def sha256(self) -> str:
        return self.sink.sha256

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "file",
            "bytes": self.size,
            "created_at": self.created,
            "filename": self.name,
            "purpose": self.purpose,
            "status": "ready",
            "status_details": "",
        }

    def raw(self) -> bytes:
        if not self.sink.whole:
            raise invalid(
                f"of a file of more than {KEPT_BYTES} bytes the simulator keeps the SHA-256 only: {self.sha256}"
            )
        return self.sink.read()

    def extracted(self) -> str:
        """What file-extract makes of it: texts as they are, of everything else a made-up account."""
        text = f"[extracted from {self.name}: {self.size} bytes, SHA-256 {self.sha256}]"
        if self.sink.whole:
            with contextlib.suppress(UnicodeDecodeError):
                text = self.sink.read().decode("utf-8")
        result = {"content": text, "file_type": self.mime, "filename": self.name, "title": "", "type": "file"}
        return json.dumps(result, ensure_ascii=False)


class FileStore(Mapping[str, StoredFile]):
    """The files of the one user. Written by the server's thread only; reading a missing key from others is harmless."""

    def __init__(self) -> None:
        self._files: dict[str, StoredFile] = {}
        self._number = 0

    def __getitem__(self, file_id: str) -> StoredFile:
        return self._files[file_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def check_room(self) -> None:
        if len(self._files) >= MAX_FILES:
            raise invalid(f"The number of files {len(self._files)} exceeded the max file count {MAX_FILES}")

    def add(self, sink: Sink, *, name: str, purpose: str | None, mime: str, created: int) -> StoredFile:
        """Refuses what the purpose does not allow; the sink is then closed."""
        try:
            mime = _checked(sink, name, purpose, mime)
            self.check_room()
        except Refusal:
            sink.close()
            raise
        self._number += 1
        own = hashlib.sha256(f"file {self._number}".encode()).hexdigest()[:24]
        stored = StoredFile(f"file_{own}", self._free_name(name), str(purpose), mime, created, sink)
        self._files[stored.id] = stored
        return stored

    def find(self, file_id: str) -> StoredFile:
        if file_id not in self._files:
            raise Refusal(Failure(404, "resource_not_found_error", f"file {file_id} not found"))
        return self._files[file_id]

    def delete(self, file_id: str) -> None:
        self.find(file_id).sink.close()
        del self._files[file_id]

    def clear(self) -> None:
        for stored in self._files.values():
            stored.sink.close()
        self._files.clear()

    def _free_name(self, name: str) -> str:
        """A second file of a name gets another one, as Moonshot does it since August 2026; how it does is made up."""
        taken = {stored.name for stored in self._files.values()}
        stem, dot, ending = name.rpartition(".")
        stem, ending = (stem, dot + ending) if dot else (name, "")
        number = 0
        while name in taken:
            number += 1
            name = f"{stem}({number}){ending}"
        return name


def _checked(sink: Sink, name: str, purpose: str | None, mime: str) -> str:
    """The file's type, from its part's header or its name."""
    if purpose not in PURPOSES:
        raise invalid("Invalid purpose: only 'file-extract' accepted")  # the real sentence, older than the other three
    if sink.size == 0:
        raise invalid("File size is zero, please confirm and re-upload")
    generic = mime in ("", "application/octet-stream")
    known = (mimetypes.guess_type(name)[0] or "application/octet-stream") if generic else mime
    if purpose in ("image", "video") and (known in _UNSUPPORTED_MIME or not known.startswith(f"{purpose}/")):
        raise invalid(f"Invalid request: unsupported {purpose} format: {known}")
    return known
