"""The rows of a .csv file: dicts of texts, by the names in its first line."""

from __future__ import annotations

import csv

from .._values.errors import InvalidRequestError
from .bad_row import BadRow
from .lines import split_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

_LONGEST_FIELD = 64 << 20  # characters; csv's own is 131,072, of the whole process


class _Lines:
    """Lines as text. What is no UTF-8 in one is kept for the row that it is of."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._lines = iter(split_lines(read))
        self.last = ""
        self.ended = False
        self.wrong: UnicodeDecodeError | None = None  # since it was last taken

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self._lines, None)
        if line is None:
            self.ended = True
            raise StopIteration
        try:
            self.last = line.decode("utf-8")
        except UnicodeDecodeError as wrong:
            self.wrong = wrong
            self.last = line.decode("utf-8", "replace")
        return self.last


def csv_rows(read: Callable[[int], bytes], path: str) -> Iterator[Any]:
    return (row for _, row in numbered_rows(read, path))


def numbered_rows(read: Callable[[int], bytes], path: str) -> Iterator[tuple[int, Any]]:
    """Rows, with the line in which each begins. A BadRow for a row that has not the fields of the first line, is no
    UTF-8 or is quoted wrongly. Raises InvalidRequestError where it is not known where the next one begins."""
    lines = _Lines(read)
    rows = csv.reader(lines, strict=True)
    names: list[str] | None = None
    while True:
        begun = rows.line_num + 1
        lines.wrong = None
        try:
            row = _next(rows)
        except csv.Error as error:
            told = InvalidRequestError(f"{path}, line {begun}: {error}")
            if lines.ended or names is None or "limit" in str(error):  # a quote that nothing closes
                raise told from error
            yield begun, BadRow(lines.last.rstrip("\r\n"), told)
            continue
        if row is None:
            return
        if lines.wrong is not None:
            told = InvalidRequestError(f"{path}, line {begun}: {lines.wrong}")
            if names is None:
                raise told from lines.wrong
            yield begun, BadRow(",".join(row), told)
        elif names is None:
            names = row
            if len(set(names)) != len(names):
                twice = next(name for name in names if names.count(name) > 1)
                raise InvalidRequestError(f"{path} has two columns named {twice!r}")
        elif row and len(row) != len(names):
            wrong = f"line {rows.line_num} of {path} has {len(row)} fields, and the first line names {len(names)}"
            yield begun, BadRow(",".join(row), InvalidRequestError(wrong))
        elif row:
            yield begun, dict(zip(names, row, strict=True))


def _next(rows: Any) -> list[str] | None:
    """The next row, its fields of any usual length; None at the end."""
    of_others = csv.field_size_limit(_LONGEST_FIELD)
    try:
        return next(rows, None)
    finally:
        csv.field_size_limit(of_others)
