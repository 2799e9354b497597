"""Where rows come from."""

from __future__ import annotations

import copy
import os

from .._values.errors import InvalidRequestError
from .bad_row import BadRow
from .files import JsonLines, lines_at, open_rows
from .tables import table_rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class Source:
    """Rows, taken one after the other.

    again  makes the rows anew, where they can be gone through twice without waiting; else None
    path   of the file that they come from; "" where that is none, or not known
    waits  the next row may be long in coming
    lines  the file, where it is one of JSON Lines
    """

    __slots__ = ("_is_ours", "_rows", "again", "path")

    @property
    def waits(self) -> bool:
        return self.again is None and not self._is_ours

    @property
    def lines(self) -> JsonLines | None:
        return self._rows if isinstance(self._rows, JsonLines) else None

    def __init__(self, rows: Any) -> None:
        self.again: Any = None
        self.path = ""
        self._is_ours = False
        if isinstance(rows, (str, os.PathLike)):
            path = os.fspath(rows)
            if not isinstance(path, str):
                raise TypeError("rows: a path must be a str")
            self._rows = open_rows(path)
            self.path, self._is_ours = path, True
            return
        table = table_rows(rows)
        if table is not None:
            self._rows = table
            if hasattr(rows, "__len__"):
                self.again = lambda: table_rows(rows)
            return
        if isinstance(rows, (bytes, bytearray, dict)):
            raise _no_rows(rows)
        if hasattr(rows, "__aiter__"):
            raise TypeError("rows must be an iterable; an asynchronous one is not taken: collect it into a list first")
        name = getattr(rows, "name", None)  # an open file has one
        if isinstance(name, str) and hasattr(rows, "read"):
            self.path = name
        if not hasattr(rows, "__iter__") and not hasattr(rows, "__getitem__"):
            raise _no_rows(rows)
        self._rows = iter(rows)
        if isinstance(rows, (list, tuple)):
            self.again = lambda: iter(rows)
        else:
            self._rows = map(_kept, self._rows)

    def __iter__(self) -> Iterator[Any]:
        return self._rows

    def lines_at(self, first: int, second: int) -> tuple[int, int] | None:
        """The lines of its file in which two rows begin; None where it has none, or cannot be read again."""
        return lines_at(self.path, first, second) if self._is_ours else None

    def broken_off(self, error: BaseException, rows: int) -> BaseException:
        """What stopped the reading, with how many rows had been read where the file is ours to tell of."""
        if not self._is_ours or not isinstance(error, InvalidRequestError):
            return error
        if not rows:
            return error
        told = InvalidRequestError(f"{error} ({rows:,} row{'' if rows == 1 else 's'} before it)")
        told.__cause__ = error
        return told

    def close(self) -> None:
        if self._is_ours:  # a caller's own generator stays the caller's
            self._rows.close()  # type: ignore[attr-defined]


def _kept(row: Any) -> Any:
    """The row as it is now: a generator may fill the same dict or list again for its next row."""
    return copy.copy(row) if isinstance(row, (dict, list)) else row


def _no_rows(given: Any) -> TypeError:
    return TypeError(f"rows must be a path, an iterable of rows or a table, not {type(given).__name__}")


def wrong_row(row: Any) -> InvalidRequestError | None:
    """Why this is no row, or None."""
    if isinstance(row, BadRow):
        return row.error
    if isinstance(row, (dict, str, list)):
        return None
    return InvalidRequestError(f"a row is a dict, a text or a list of messages, not {type(row).__name__}")
