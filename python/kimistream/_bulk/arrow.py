"""Batches of Arrow as rows. Who has one has imported pyarrow."""

from __future__ import annotations

import datetime

from .._values.errors import InvalidRequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def rows_of(batch: Any) -> list[dict[str, Any]]:
    """The rows of a batch or a table as dicts of plain values. A time of nanoseconds that are no whole microseconds
    is a text in ISO's form: Python has no type for it."""
    try:
        rows: list[dict[str, Any]] = batch.to_pylist()
    except ValueError:  # without pandas pyarrow gives no such time
        names = batch.schema.names
        columns = [_values(name, column) for name, column in zip(names, batch.columns, strict=True)]
        return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
    return rows


def _values(name: str, column: Any) -> list[Any]:
    try:
        values: list[Any] = column.to_pylist()
    except ValueError as error:
        coarser = _in_microseconds(column.type)
        if coarser is None:
            raise InvalidRequestError(f"the column {name!r} ({column.type}) cannot be read: {error}") from error
        whole = column.cast(coarser, safe=False).to_pylist()
        parts = column.cast("int64").to_pylist()
        return [None if at is None else _text(at, part % 1000) for at, part in zip(whole, parts, strict=True)]
    return values


def _in_microseconds(kind: Any) -> Any:
    import pyarrow  # type: ignore[import-untyped, import-not-found, unused-ignore]

    if pyarrow.types.is_timestamp(kind):
        return pyarrow.timestamp("us", tz=kind.tz)
    return pyarrow.time64("us") if pyarrow.types.is_time64(kind) else None


def _text(at: datetime.datetime | datetime.time, nanoseconds: int) -> Any:
    if not nanoseconds:
        return at
    head, point, rest = at.isoformat(timespec="microseconds").partition(".")
    return f"{head}{point}{rest[:6]}{nanoseconds:03d}{rest[6:]}"
