"""What becomes of a batch's rows."""

from __future__ import annotations

from .._bulk.bad_row import BadRow
from .._bulk.keys import Hashed, key_and_error
from .._bulk.lines import line_of
from .._values.bulk import Row
from .._values.errors import KimiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._bulk.keys import Asked
    from .ledger import FolderLedger


class Lines:
    """A batch: its rows, and the line of each as it comes. `to_ask`: the places of those that have none yet."""

    def __init__(
        self,
        rows: list[Any],
        key_of: Callable[[Any], str | int] | None,
        asked: Asked,
        ledger: FolderLedger | None,
    ) -> None:
        self.rows = rows
        self.keys: list[str | int] = []
        self._lines: list[dict[str, Any] | None] = [None] * len(rows)
        hashed = Hashed(lasts=False)  # a ledger has keys of the caller's
        for place, row in enumerate(rows):
            key, error = key_and_error(row, key_of, hashed)
            self.keys.append(key)
            if error is not None:
                self.fail(place, error)
            elif ledger is not None:
                self._look(place, asked, ledger)
        self.to_ask = [place for place, line in enumerate(self._lines) if line is None]

    def _look(self, place: int, asked: Asked, ledger: FolderLedger) -> None:
        try:
            request = asked.hash_of(asked(self.rows[place]))
        except (KimiError, TypeError, ValueError, OverflowError):
            return  # the run says it
        found = ledger.look(self.keys[place], request)
        if found is not None:
            self._lines[place] = {**found, "index": place}

    def took(self, place: int, row: Row) -> dict[str, Any]:
        row.key, row.index = self.keys[place], place
        line = self._lines[place] = line_of(row)
        return line

    def fail(self, place: int, error: KimiError) -> None:
        row = self.rows[place]
        self.took(place, Row("", place, row.text if isinstance(row, BadRow) else row, error=error))

    def whole(self) -> list[dict[str, Any]]:
        return [line for line in self._lines if line is not None]
