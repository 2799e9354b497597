"""Parquet, by pyarrow: the lines of a run as a table of one fixed schema, and rows read from any table.

pyarrow is imported when a Parquet file is named, and not before.
"""

from __future__ import annotations

import json
import os

from .._values.errors import InvalidRequestError
from .arrow import rows_of
from .lines import KEYS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

JSON_COLUMNS = frozenset({"input", "tool_calls", "parsed", "usage", "warnings", "error"})
"""What is nested, or may be anything: as JSON text. Parquet has no type for `{}`, nor for a text or a list."""
_NUMBERS = {"index": "int64", "attempts": "int64", "cost": "float64"}
_BLOCK = 1024  # rows that are read at once
_GROUP_ROWS, _GROUP_BYTES = 10_000, 64 << 20  # a row group has so many rows, or bytes in memory


def library() -> Any:
    """pyarrow. Raises InvalidRequestError where it is not installed."""
    try:
        import pyarrow  # type: ignore[import-untyped, import-not-found, unused-ignore]
        import pyarrow.parquet  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError as error:
        raise InvalidRequestError('Parquet files need pyarrow: pip install "kimistream[data]"') from error
    return pyarrow


def schema() -> Any:
    """Of every part, whatever it holds: readers take the first file's for all."""
    arrow = library()
    return arrow.schema([(name, getattr(arrow, _NUMBERS.get(name, "string"))()) for name in KEYS])


def columns_of(lines: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """The lines' values by column, as the schema has them."""
    columns: dict[str, list[Any]] = {}
    for name in KEYS:
        values = [line[name] for line in lines]
        if name in JSON_COLUMNS:
            values = [None if value is None else _json(value) for value in values]
        columns[name] = values
    columns["key"] = [key if isinstance(key, str) else str(key) for key in columns["key"]]
    return columns


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def table_of(lines: list[dict[str, Any]]) -> Any:
    return library().table(columns_of(lines), schema=schema())


class TableFile:
    """A Parquet file that is written: row groups of many rows, whatever comes at once. Ended, it is on the disk."""

    def __init__(self, path: str) -> None:
        self._arrow = library()
        self._waiting: list[Any] = []
        self._path = path

    def __enter__(self) -> TableFile:
        self._writer = self._arrow.parquet.ParquetWriter(self._path, schema())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        try:
            if kind is None:
                self._write()
            self._writer.close()
        except OSError:
            if kind is None:  # else it is a full disk once more
                raise
            return
        with open(self._path, "rb") as file:
            os.fsync(file.fileno())

    def add(self, table: Any) -> None:
        if not table.num_rows:
            return
        self._waiting.append(table)
        rows = sum(waiting.num_rows for waiting in self._waiting)
        if rows >= _GROUP_ROWS or sum(waiting.nbytes for waiting in self._waiting) >= _GROUP_BYTES:
            self._write()

    def copy(self, path: str) -> None:
        """All rows of another one."""
        with self._arrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(_BLOCK):
                self.add(self._arrow.Table.from_batches([batch]))

    def _write(self) -> None:
        if self._waiting:
            whole = self._arrow.concat_tables(self._waiting).combine_chunks()
            self._waiting.clear()
            self._writer.write_table(whole, row_group_size=whole.num_rows)


def lines_in(path: str) -> Iterator[dict[str, Any]]:
    """The lines of a file that `TableFile` wrote; their keys are texts."""
    for row in rows_in(path):
        yield {name: _value(name, row[name]) for name in KEYS}


def _value(name: str, value: Any) -> Any:
    return json.loads(value) if value is not None and name in JSON_COLUMNS else value


def rows_in(path: str) -> Iterator[dict[str, Any]]:
    """The rows of any Parquet file, as plain values."""
    with library().parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(_BLOCK):
            yield from rows_of(batch)


def check(path: str) -> None:
    """Raises InvalidRequestError for what is no Parquet file, or has a column's name twice."""
    try:
        names = library().parquet.read_schema(path).names
    except (OSError, ValueError) as error:
        raise InvalidRequestError(f"{path} is no Parquet file, or was cut: {error}") from error
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidRequestError(f"{path} has two columns named {twice!r}")
