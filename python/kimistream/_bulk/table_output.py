"""`out` as a Parquet file. One that is not ended cannot be read: so a run writes lines to a journal beside it, makes
numbered parts of them, and joins these at the end."""

from __future__ import annotations

import contextlib
import json
import os
import re

from . import parquet
from .lines import split_lines, text_of
from .lines_file import fingerprint, new_path
from .output import Output, no_fit
from .reading import table_lines
from .targets import journal_path, parts_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .ledger import Ledger

_PART_ROWS, _PART_BYTES = 1000, 32 << 20  # a part is made of so many lines, or bytes
_PART = re.compile(r"\d{5,}\.parquet(\.new)?")


class TableOutput(Output):
    """The journal is what `Output` holds; the ledger knows how far it stands in tables too:

    table             `out` by its size and fingerprint
    covered           bytes of the journal, from its beginning, whose lines `out` has in that order; -1: it has others
    table_next, covered_next   the same of what is about to take its place
    parts, parts_end  how many parts there are; where in the journal they end, behind what is covered
    """

    def _lines_path(self) -> str:
        return journal_path(self._out)

    def _files(self) -> tuple[str, ...]:
        return self._out, journal_path(self._out)

    def _throw_away(self) -> None:
        super()._throw_away()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.realpath(self._out))
        self._remove_parts(0)

    # ---- a start ----

    def _restore(self, ledger: Ledger) -> None:
        table = _known(self._out) if os.path.exists(self._out) else None
        ended, size = bool(ledger.get("ended", 0)), ledger.get("size", 0)
        if table is not None and table == ledger.get("table_next"):
            covered = ledger.get("covered_next")
            ledger.set(table=table, table_next=None, covered=covered, parts=0, parts_end=covered)
        elif table != ledger.get("table") or (ended and table is None):
            raise no_fit(self._out, ledger)
        if not ended:
            return
        if size and not self._file.length():
            keys = (json.loads(key) for key, _, _ in ledger.places(False))
            lines = zip(ledger.places(False), table_lines(self._out, keys), strict=True)
            self._file.write_anew(((key, text_of(line)) for (key, _, _), line in lines), ledger.plan_move)
            ledger.end_move(True)
            size = ledger.get("size")
        ledger.set(covered=size, parts=0, parts_end=size)

    def _began(self) -> None:
        ledger = self._ledger
        self._covered: int = ledger.get("covered", -1)
        self._parts: int = ledger.get("parts", 0)
        self._parts_end: int = ledger.get("parts_end", 0)
        if not all(os.path.exists(self._part(number)) for number in range(1, self._parts + 1)):
            self._parts, self._parts_end = 0, max(0, self._covered)
        self._rows = ledger.count_from(self._parts_end)
        self._remove_parts(self._parts)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new_path(self._out))

    # ---- on the way ----

    def _grew(self, lines: int) -> None:
        self._rows += lines
        if self._rows >= _PART_ROWS or self._file.size - self._parts_end >= _PART_BYTES:
            self._make_part()

    def _make_part(self) -> None:
        os.makedirs(parts_path(self._out), exist_ok=True)
        path = self._part(self._parts + 1)
        with parquet.TableFile(new_path(path)) as table:
            self._add_lines(table)
        os.replace(new_path(path), path)
        self._parts, self._parts_end, self._rows = self._parts + 1, self._file.size, 0
        self._ledger.set(parts=self._parts, parts_end=self._parts_end)

    def _add_lines(self, table: parquet.TableFile) -> None:
        """Those behind the parts."""
        lines: list[dict[str, Any]] = []
        size = 0
        for text in self._lines_from(self._parts_end):
            lines.append(json.loads(text))
            size += len(text)
            if len(lines) >= _PART_ROWS or size >= _PART_BYTES:
                table.add(parquet.table_of(lines))
                lines.clear()
                size = 0
        table.add(parquet.table_of(lines))

    def _lines_from(self, place: int) -> Iterator[bytes]:
        def read(size: int) -> bytes:
            nonlocal place
            data = self._file.read(min(size, self._file.size - place), place)
            place += len(data)
            return data

        lines: Iterator[bytes] = split_lines(read)
        return lines

    # ---- the end ----

    def _will_move(self) -> None:
        self._covered, self._parts, self._parts_end = -1, 0, 0
        self._ledger.set(covered=-1, parts=0, parts_end=0)
        self._remove_parts(0)

    def _complete(self) -> None:
        """The table is written where it is not what the journal holds."""
        size = self._file.size
        if self._covered == size:
            return
        with parquet.TableFile(new_path(self._out)) as table:
            if self._covered > 0:
                table.copy(self._out)
            for number in range(1, self._parts + 1):
                table.copy(self._part(number))
            self._add_lines(table)
        known = _known(new_path(self._out))
        self._ledger.set(table_next=known, covered_next=size)
        self._ledger.sync()
        os.replace(new_path(self._out), os.path.realpath(self._out))
        self._ledger.set(table=known, table_next=None, covered=size, parts=0, parts_end=size)
        self._remove_parts(0)

    def _ended(self) -> None:
        self._file.remove()  # the table has it all

    def _part(self, number: int) -> str:
        return os.path.join(parts_path(self._out), f"{number:05}.parquet")

    def _remove_parts(self, but: int) -> None:
        """Those behind so many: the ledger does not know them."""
        folder = parts_path(self._out)
        with contextlib.suppress(FileNotFoundError):
            for name in os.listdir(folder):
                if _PART.fullmatch(name) and (name.endswith(".new") or int(name.partition(".")[0]) > but):
                    os.unlink(os.path.join(folder, name))
        if not but:
            with contextlib.suppress(OSError):
                os.rmdir(folder)


def _known(path: str) -> str:
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        return f"{size}-{fingerprint(file.fileno(), size)}"
