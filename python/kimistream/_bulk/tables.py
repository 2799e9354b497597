"""Tables of other libraries as rows, recognised by what they are: none of these libraries is imported here."""

from __future__ import annotations

from .._values.errors import InvalidRequestError
from .arrow import rows_of
from .plain import is_missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_BLOCK = 1024  # rows that are made at once


def table_rows(rows: Any) -> Any:
    """The rows of a table as dicts, None where it is none. Missing values (nan, NaT, NA) are None."""
    kind = type(rows)
    home = kind.__module__.partition(".")[0]
    reader = {"pandas": _pandas, "polars": _polars, "pyarrow": _pyarrow, "datasets": _datasets}.get(home)
    return None if reader is None else reader(rows, kind.__name__)


def _checked(names: list[Any]) -> list[str]:
    texts = [str(name) for name in names]
    twice = next((name for name in texts if texts.count(name) > 1), None)
    if twice is not None:
        raise InvalidRequestError(f"the table has two columns named {twice!r}: rename one of them")
    return texts


def _pandas(table: Any, kind: str) -> Any:
    if kind == "Series":
        return (None if is_missing(value) else value for value in table)
    if kind != "DataFrame":
        return None
    names = _checked(list(table.columns))

    def rows() -> Any:
        for begin in range(0, len(table), _BLOCK):
            part = table.iloc[begin : begin + _BLOCK]
            columns = [part.iloc[:, place].tolist() for place in range(len(names))]
            for values in zip(*columns, strict=True):
                yield {name: None if is_missing(value) else value for name, value in zip(names, values, strict=True)}

    return rows()


def _polars(table: Any, kind: str) -> Any:
    if kind == "LazyFrame":
        table = table.collect()
    elif kind == "Series":
        return iter(table)
    elif kind != "DataFrame":
        return None
    return iter(table.iter_rows(named=True))


def _pyarrow(table: Any, kind: str) -> Any:
    if kind not in ("Table", "RecordBatch", "RecordBatchReader") and not kind.endswith("Dataset"):
        return None
    _checked(list(table.schema.names))
    if kind == "RecordBatchReader":
        return (row for batch in table for row in rows_of(batch))
    if kind.endswith("Dataset"):
        return (row for batch in table.to_batches() for row in rows_of(batch))
    return (row for begin in range(0, table.num_rows, _BLOCK) for row in rows_of(table.slice(begin, _BLOCK)))


def _datasets(table: Any, kind: str) -> Any:
    if kind in ("DatasetDict", "IterableDatasetDict"):
        names = ", ".join(map(repr, table))
        raise InvalidRequestError(f"this is several datasets ({names}): choose one of them, such as dataset['train']")
    for name, feature in (getattr(table, "features", None) or {}).items():
        if type(feature).__name__ in ("Image", "Video"):  # the bytes as they are, not decoded and packed again
            table = table.cast_column(name, type(feature)(decode=False))
    return iter(table)
