"""Batches as rows, and rows with their lines as a batch."""

from __future__ import annotations

import json

from .._bulk.bad_row import BadRow
from .._bulk.lines import KEYS, parse, text_of
from .._bulk.parquet import library, table_of
from .._bulk.tables import table_rows
from .._values.errors import InvalidRequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TABLES = ("DataFrame", "RecordBatch", "Table")


def rows_of(batch: Any, json_column: str | None = None) -> list[Any]:
    """The rows of a pyarrow table, a pandas one, or a dict of numpy arrays, as plain values."""
    rows: list[Any]
    if isinstance(batch, dict):
        columns = {name: _plain(column) for name, column in batch.items()}
        rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    else:
        is_known = type(batch).__module__.partition(".")[0] in ("pandas", "pyarrow")
        table = table_rows(batch) if is_known and type(batch).__name__ in _TABLES else None
        if table is None:
            raise TypeError(f"a batch is a table of pyarrow or pandas or a dict of columns, not {type(batch).__name__}")
        rows = list(table)
    return rows if json_column is None else [_parsed(row, json_column) for row in rows]


def _parsed(row: dict[str, Any], column: str) -> Any:
    text = row.get(column)
    if not isinstance(text, str):
        return BadRow(str(text), InvalidRequestError(f"the row has no text in {column!r}"))
    try:
        return parse(text)
    except (ValueError, RecursionError) as error:
        return BadRow(text, InvalidRequestError(f"the column {column!r} is no JSON: {error}"))


def _plain(value: Any) -> Any:
    """Python's own values, however deep numpy's are in it."""
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def with_lines(batch: Any, lines: list[dict[str, Any]]) -> Any:
    """The batch with the columns of the lines, whose types are the same for every batch. A column of its own by one of
    their names goes: it is in `input`. A pyarrow table; a dict of arrays where Arrow has no type for a column.

    It raises for no column: the rows are paid."""
    answers = _answers(lines)
    found = {name: answers[name] for name in KEYS}
    try:
        return library().table({**_own_columns(batch), **found})
    except Exception:  # values of the caller's own types raise what they like
        own = batch if isinstance(batch, dict) else _arrays(batch)
    own = {name: column for name, column in own.items() if name not in KEYS}
    return {**own, **{name: column.to_numpy(zero_copy_only=False) for name, column in found.items()}}


def _answers(lines: list[dict[str, Any]]) -> Any:
    try:
        return table_of(lines)
    except UnicodeEncodeError:  # half of a surrogate pair in a row: as a file would have it
        return table_of([json.loads(text_of(line)) for line in lines])


def _own_columns(batch: Any) -> dict[str, Any]:
    if isinstance(batch, dict):
        return {name: column for name, column in batch.items() if name not in KEYS}
    if type(batch).__module__.partition(".")[0] == "pandas":
        batch = library().Table.from_pandas(batch, preserve_index=False)
    return {name: batch[name] for name in batch.schema.names if name not in KEYS}


def _arrays(batch: Any) -> dict[str, Any]:
    return {str(name): batch[name].to_numpy() for name in batch}
