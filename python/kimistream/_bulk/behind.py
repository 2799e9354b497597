"""What stands in `out` behind the last place that its ledger knows: lines that a run had written when it was killed."""

from __future__ import annotations

import array
import zlib

from .lines import answer_of, split_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, BinaryIO

    from .._values.bulk import Row

_PLACE = 8  # bytes


def announcement(place: int, lines: Iterable[bytes]) -> bytes:
    """What the ledger is told before lines are written from this place on: it knows them again by it."""
    return place.to_bytes(_PLACE, "little") + array.array("I", map(zlib.crc32, lines)).tobytes()


class Behind:
    """Which whole lines behind `place` are the run's.

    announced  what the run was about to write; None: not known any more (a crash of the machine, a lost log), then all
               that could be its own is
    """

    def __init__(self, place: int, announced: bytes | None, may_be: Callable[[Row], bool]) -> None:
        self._may_be = may_be
        self._sums: array.array[int] | None = None
        if announced is not None:
            self._sums = array.array("I")
            if int.from_bytes(announced[:_PLACE], "little") == place:
                self._sums.frombytes(announced[_PLACE:])

    def rows(self, file: BinaryIO) -> Any:
        """(line, its Row), the Row None where the line is none of the run's; ends before what is torn."""
        cut = False
        for number, text in enumerate(split_lines(file.read)):
            if b"\0" in text or not text.endswith(b"\n"):
                return  # torn: by a kill, or by a power cut
            if text.isspace():
                cut = True  # where nothing follows
                continue
            row = None if cut or not self._is_announced(number, text) else answer_of(text)
            yield text, row if row is not None and self._may_be(row) else None

    def _is_announced(self, number: int, text: bytes) -> bool:
        return self._sums is None or (number < len(self._sums) and self._sums[number] == zlib.crc32(text))
