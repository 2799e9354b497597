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
        if not any(map(_is_cut, batch.schema.types)):
            rows: list[dict[str, Any]] = batch.to_pylist()
            return rows
    except ValueError:  # without pandas pyarrow gives no such time
        pass
    names = batch.schema.names
    columns = [_values(name, column) for name, column in zip(names, batch.columns, strict=True)]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _is_cut(kind: Any) -> bool:
    """Where pandas is installed pyarrow 26 gives a time of day without its nanoseconds, and no error."""
    return str(kind) == "time64[ns]"


def _values(name: str, column: Any) -> list[Any]:
    try:
        if not _is_cut(column.type):
            values: list[Any] = column.to_pylist()
            return values
    except ValueError as error:
        if _in_microseconds(column.type) is None:
            raise InvalidRequestError(f"the column {name!r} ({column.type}) cannot be read: {error}") from error
    whole = column.cast(_in_microseconds(column.type), safe=False).to_pylist()
    parts = column.cast("int64").to_pylist()
    return [None if at is None else _text(at, part % 1000) for at, part in zip(whole, parts, strict=True)]


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
