"""Rows of a file that the core reads, asks and writes by itself: Python sees them by many at a time, and those alone
that somebody must look at."""

from __future__ import annotations

from .. import _core
from .._requests.arguments import NAMES
from .._requests.spending import answer_need
from .item import Answered, Item
from .keys import came_twice, key_text
from .lines import has_half, parse
from .output import SEND, Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .files import JsonLines
    from .item import Result
    from .keys import Distinct, Hashed
    from .options import Plan

_BLOCK = 1 << 15  # bytes


def file_rows(
    plan: Plan, run: _core.BulkRun, output: Any, hashed: Hashed, distinct: Distinct | None
) -> FileRows | None:
    """None for a run whose rows somebody must look at: functions, schemas, budgets, whoever reads the rows."""
    lines = plan.source.lines
    if lines is None or not isinstance(output, Output):
        return None
    template = plan.asked.template
    if template is None and not plan.asked.is_row:
        return None
    pieces = None if template is None else template.pieces
    if plan.expected is not None or plan.budget is not None or not isinstance(plan.key, (str, type(None))):
        return None
    arguments, constant = plan.asked.common
    if arguments[NAMES.index("on_upload")] is not None or has_half([plan.key, pieces]):
        return None
    answer_tokens = answer_need(arguments) if run.counts_tokens else None
    rows = _core.FileRows(run, pieces, plan.key, arguments, constant, answer_tokens)
    return FileRows(rows, run, lines, output, hashed, distinct)


class FileRows:
    """next()   the next row, whatever it is, as the file has it
    read_on()  takes more of the file, where the next row is not all there; raises what reading raises
    begin()  sends rows that nobody need look at
    take()   what has ended since
    left()   a row of these that was not answered
    """

    def __init__(
        self,
        rows: _core.FileRows,
        run: _core.BulkRun,
        lines: JsonLines,
        output: Output,
        hashed: Hashed,
        distinct: Distinct | None,
    ) -> None:
        self._rows = rows
        self._run = run
        self._lines = lines
        self._output = output
        self._hashed = hashed
        self._distinct = distinct
        self._seen = (distinct or hashed).seen
        self._ended = False

    def __iter__(self) -> FileRows:
        return self

    def __next__(self) -> Any:
        while (line := self._rows.next_line()) is None:
            if self._ended:
                raise StopIteration
            self._feed()
        return self._lines.row(line[1], line[0])

    def read_on(self) -> None:
        while self._rows.wants_more:
            self._feed()

    def _feed(self) -> None:
        block = self._lines.read(_BLOCK)
        self._ended = not block
        self._rows.feed(block)

    def begin(self, most: int, index: int, fate: Callable[[str, int], bool], retry_failed: bool) -> int:
        """Takes up to `most` rows, the first of them at this place of the input, and sends those for which `fate` is
        true, which is told what the ledger says, and of how many rows. Gives how many were taken; 0: the next one is to
        be looked at, or there is none. Raises InvalidRequestError for a key that came before."""
        if not (self._output.is_new and self._seen.is_near):
            return self._begin_one_by_one(most, index, fate, retry_failed)
        count, twice = self._rows.begin(most, index, self._seen.near)
        self._seen.settle()
        fate(SEND, count)
        if twice is not None:
            raise came_twice(twice[1], twice[0], index + count, self._lines.lines_at)
        return count

    def _begin_one_by_one(self, most: int, index: int, fate: Callable[[str, int], bool], retry_failed: bool) -> int:
        read = self._rows.read(most)
        started: list[tuple[int, int, str]] = []
        try:
            for place, (key, request, digest) in enumerate(read):
                own = ""
                if self._distinct is not None:
                    self._distinct.add_text(key, digest, index + place)
                else:
                    own = self._hashed.key_of(digest)
                    key = key_text(own)
                if fate(self._decide(place, key, request, index + place, retry_failed), 1):
                    started.append((place, index + place, own))
        finally:
            self._rows.start(started)
        return len(read)

    def _decide(self, place: int, key: str, request: bytes, index: int, retry_failed: bool) -> str:
        if self._output.is_new:
            return SEND
        return self._output.decide_by(key, request, lambda: parse(self._rows.input_at(place)), index, retry_failed)

    def take(self) -> tuple[Answered, list[Result]]:
        """Those that were answered, and what else has ended of the run. They are to be written before the next are
        taken."""
        entries, lines, used, others = self._rows.take(self._run, self._output.size)
        return Answered(entries, lines, used), others

    def left(self, index: int) -> Item | None:
        found = self._rows.leave(index)
        if found is None:
            return None
        key, row, request = found
        return Item(parse(key), index, parse(row), request)
