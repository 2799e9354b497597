"""What a run has written, read back."""

from __future__ import annotations

import os

from .ledger import keys_in_order
from .lines import parse, row_of, split_lines
from .targets import failures_path, is_table, journal_path, ledger_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .._values.bulk import Row


def read_rows(out: str, failures: bool) -> Iterator[Row]:
    """The rows of `out`, or of its failures file. What is torn at the end is no row."""
    if failures:
        return _rows_of_lines(failures_path(out))
    if not is_table(out):
        return _rows_of_lines(out)
    if os.path.exists(journal_path(out)):  # it is under way, or was killed
        return _rows_of_lines(journal_path(out))
    return map(row_of, table_lines(out, keys_in_order(ledger_path(out))))


def table_lines(out: str, keys: Iterator[Any]) -> Iterator[dict[str, Any]]:
    """The lines of a Parquet file. It holds keys as texts; `keys` are what they were."""
    from .parquet import lines_in

    for line in lines_in(out):
        line["key"] = next(keys, line["key"])
        yield line


def _rows_of_lines(path: str) -> Iterator[Row]:
    try:
        file = open(path, "rb")  # noqa: SIM115 - closed below
    except FileNotFoundError:
        return
    with file:
        for line in split_lines(file.read):
            if line.endswith(b"\n"):
                yield row_of(parse(line))
