"""The file that whole lines are appended to, and known again by its size and its end."""

from __future__ import annotations

import contextlib
import os
import zlib

from .locks import Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

_TAIL = 4096  # bytes at the end, by which the file is known again


def new_path(path: str) -> str:
    """What takes the file's place when it is whole: beside the file itself, not beside a link to it."""
    return f"{os.path.realpath(path)}.new"


def fingerprint(descriptor: int, size: int) -> int:
    """Of the last bytes before `size`."""
    begin = max(0, size - _TAIL)
    return zlib.crc32(os.pread(descriptor, size - begin, begin))


class LinesFile:
    """Locked while it is held. `size` and `tail`: where what counts ends, and the fingerprint there."""

    def __init__(self, path: str, said: Callable[[], str]) -> None:
        self.path = path
        self._is_new = not os.path.exists(path)
        self._lock = Lock(path, said)
        self.size = self.tail = 0

    @property
    def is_there(self) -> bool:
        """Whether its path still names it."""
        return self._lock.is_there

    def length(self) -> int:
        """In bytes, with what does not count."""
        return os.fstat(self._lock.descriptor).st_size

    def fits(self, size: int, tail: int) -> bool:
        return self.length() >= size and fingerprint(self._lock.descriptor, size) == tail

    def end_at(self, size: int) -> None:
        """Cuts what is behind."""
        if self.length() != size:
            os.ftruncate(self._lock.descriptor, size)
        self.size, self.tail = size, fingerprint(self._lock.descriptor, size)

    def append(self, lines: list[bytes]) -> None:
        """Raises OSError; what is written then is whole lines."""
        block, written = b"".join(lines), 0
        try:
            while written < len(block):  # a full disk takes a part of it and says nothing
                written += os.write(self._lock.descriptor, memoryview(block)[written:])
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._lock.descriptor, self.size + block.rfind(b"\n", 0, written) + 1)
            raise
        self.size += len(block)
        # The last bytes, without reading them back where the block has them all.
        if len(block) >= _TAIL:
            self.tail = zlib.crc32(block[-_TAIL:])
        else:
            self.tail = fingerprint(self._lock.descriptor, self.size)

    def read(self, length: int, place: int) -> bytes:
        return os.pread(self._lock.descriptor, length, place)

    def write_anew(
        self,
        lines: Iterable[tuple[str, bytes]],
        plan: Callable[[Iterator[tuple[str, int]], Callable[[], tuple[int, int]]], Any],
    ) -> None:
        """Puts a file of these lines in its place. `plan` is given where each of them begins, by the key beside it, and
        then the size and tail of all; what it writes down must be on the disk when it returns: the file takes its
        place then."""
        size = 0

        def places() -> Iterator[tuple[str, int]]:
            nonlocal size
            for key, text in lines:
                file.write(text)
                yield key, size
                size += len(text)

        def ended() -> tuple[int, int]:
            file.flush()
            os.fsync(file.fileno())
            return size, fingerprint(file.fileno(), size)

        with open(new_path(self.path), "w+b") as file:
            plan(places(), ended)
        with contextlib.suppress(OSError):
            os.chmod(new_path(self.path), os.fstat(self._lock.descriptor).st_mode & 0o7777)
        self._lock.replace(new_path(self.path))

    def remove(self) -> None:
        """Takes it away, while it is still held."""
        with contextlib.suppress(OSError):
            os.unlink(os.path.realpath(self.path))

    def give_up(self) -> bool:
        """Lets go of it; one that was made here for nothing goes: then True."""
        for_nothing = self._is_new and self.length() == 0
        if for_nothing:
            self.remove()
        self.close()
        return for_nothing

    def close(self) -> None:
        self._lock.close()
