"""Of bulk runs: a row, what a run tells of itself, a budget. Plain values."""

from __future__ import annotations

from .._notebook.shows import Shows
from .errors import InvalidRequestError
from .message import Usage
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from .._notebook.sheet import Sheet
    from .errors import KimiError
    from .message import Message


class Row(Value, Shows):
    """What became of one row. Exactly one of `message` and `error` is set.

    key       the field's value, or what the function gave; without `key=` a hash of the row
    index     its place in the input, from 0
    input     the row as it was given; of one that is read back from a file: as JSON holds it
    error     an exception of this package
    attempts  requests that were sent for it; 0: it could not be sent
    usage     a `Usage`; its fields are None where nothing was told
    cost      as the provider told it, or None
    seconds   from its first attempt to its end, pauses included
    """

    __slots__ = _fields = __match_args__ = (
        *("key", "index", "input", "message", "parsed", "error", "attempts", "usage", "cost", "seconds"),
    )

    def __init__(
        self,
        key: str | int,
        index: int,
        input: Any,
        message: Message | None = None,
        parsed: Any = None,
        error: KimiError | None = None,
        attempts: int = 0,
        usage: Usage | None = None,
        cost: float | None = None,
        seconds: float = 0.0,
    ) -> None:
        self.key = key
        self.index = index
        self.input = input
        self.message = message
        self.parsed = parsed
        self.error = error
        self.attempts = attempts
        self.usage = usage if usage is not None else Usage()
        self.cost = cost
        self.seconds = seconds

    def _sheet(self) -> Sheet:
        from .._notebook.counts import seconds
        from .._notebook.sheet import Sheet

        sheet = Sheet()
        sheet.heading(f"row {self.index}")
        sheet.line(f"key {self.key} · {seconds(self.seconds)} · attempts: {self.attempts}")
        shown = self.message if self.message is not None else self.error
        if isinstance(shown, Shows):
            sheet.add(shown._sheet())
        return sheet


class Budget(Value):
    """What may be spent: no request starts that could pass it.

    cost    in the provider's currency, as its answers tell it; None: no limit
    tokens  of prompts and answers; None: no limit
    """

    __slots__ = _fields = __match_args__ = ("cost", "tokens")

    def __init__(self, cost: float | None = None, tokens: int | None = None) -> None:
        import math

        for name, value in (("cost", cost), ("tokens", tokens)):
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int if name == "tokens" else (int, float)):
                raise TypeError(f"{name} of a budget must be a number or None, not {type(value).__name__}")
            if not value >= 0 or value == math.inf:
                raise InvalidRequestError(f"{name} of a budget cannot be {value}")
        if cost is None and tokens is None:
            raise InvalidRequestError("a budget names cost, tokens or both")
        self.cost = cost
        self.tokens = tokens


class Counts:
    """The fields that a run tells of itself. Read them at any time, from any thread.

    total    rows taken from the source
    done     answered in this start
    failed   rows that ended with an error, of earlier starts too where they were not tried again
    skipped  answered by an earlier start
    changed  rows that had been answered, and whose request is another one now
    usage    tokens of this start; `cost` in the provider's currency, as far as it was told; `seconds` since it began
    stopped  None, "budget" or "interrupted"
    """

    def __init__(self) -> None:
        self.total = self.done = self.failed = self.skipped = self.changed = 0
        self.usage = Usage()
        self.cost: float | None = None
        self.seconds = 0.0
        self.stopped: str | None = None

    def took(self, usage: Usage, cost: float | None) -> None:
        """Adds what one row has taken."""
        self.usage = self.usage + usage
        if cost is not None:
            self.cost = (self.cost or 0.0) + cost


class Run(Shows):
    """A bulk run: what it has done so far, or did. `rows()` and `failures()` read what it has written."""

    def __init__(self, counts: Counts, out: str | None, read: Callable[[str, bool], Iterator[Row]]) -> None:
        self._counts = counts
        self._out = out
        self._read = read

    total: int = property(lambda self: self._counts.total)  # type: ignore[assignment]
    done: int = property(lambda self: self._counts.done)  # type: ignore[assignment]
    failed: int = property(lambda self: self._counts.failed)  # type: ignore[assignment]
    skipped: int = property(lambda self: self._counts.skipped)  # type: ignore[assignment]
    changed: int = property(lambda self: self._counts.changed)  # type: ignore[assignment]
    usage: Usage = property(lambda self: self._counts.usage)  # type: ignore[assignment]
    cost: float | None = property(lambda self: self._counts.cost)  # type: ignore[assignment]
    seconds: float = property(lambda self: self._counts.seconds)  # type: ignore[assignment]
    stopped: str | None = property(lambda self: self._counts.stopped)  # type: ignore[assignment]

    def rows(self) -> Iterator[Row]:
        """The answered rows, in the order in which they stand in `out`. One at a time is in memory."""
        return self._written(False)

    def failures(self) -> Iterator[Row]:
        """The rows of the failures file."""
        return self._written(True)

    def _written(self, failures: bool) -> Iterator[Row]:
        if self._out is None:
            raise InvalidRequestError("a run without out= keeps no rows: they are what its iterator gives")
        return self._read(self._out, failures)

    def _sheet(self) -> Sheet:
        from .._notebook.counts import money, seconds, tokens
        from .._notebook.sheet import Sheet

        sheet = Sheet()
        counts = ("total", "done", "failed", "skipped", "changed")
        sheet.table(counts, [[f"{getattr(self, name):,}" for name in counts]])
        told = (self.stopped, tokens(self.usage), seconds(self.seconds or None), money(self), self._out)
        sheet.line(" · ".join(each for each in told if each))
        return sheet

    def __repr__(self) -> str:
        counts = ", ".join(f"{name}={getattr(self, name)}" for name in ("total", "done", "failed", "skipped"))
        return f"<Run {counts}{f', stopped={self.stopped!r}' if self.stopped else ''}>"
