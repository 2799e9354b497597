"""How far a bulk run is: a bar on a terminal and in a notebook, else a line a minute. Always on stderr."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from .._notebook.sheet import Sheet
from .._notebook.shell import Cell, is_notebook

if TYPE_CHECKING:
    from .._values.bulk import Run

_EVERY = 60.0  # seconds between lines


class Shown:
    """A callback for `progress`. On a terminal rich draws the bar; without it, and where nobody looks, there are lines.

    rows  what the run goes through, for its length where it has one
    """

    draws = True

    def __init__(self, rows: Any) -> None:
        self._total: int | None = None if isinstance(rows, str) else _length(rows)
        self._bar: Any = None
        self._task: Any = None
        self._cell: Cell | None = None
        self._next: float | None = None
        self._looked = False

    def __call__(self, run: Run) -> None:
        if not self._looked:
            self._looked = True
            self._next = time.monotonic() + _EVERY
            self._begin()
        ended = run.done + run.failed + run.skipped
        if self._cell is not None:
            counted = f"{ended:,} rows" if self._total is None else f"{ended:,} of {self._total:,} rows"
            sheet = Sheet()
            sheet.bar(ended, self._total, f"{counted}: {_said(run)}")
            self._cell.draw(sheet.bundle())
        elif self._bar is not None:
            self._bar.update(self._task, completed=ended, total=self._total, description=_said(run))
        elif self._next is not None and time.monotonic() >= self._next:
            self._next = time.monotonic() + _EVERY
            _tell(_said(run))

    def _begin(self) -> None:
        from .bar import place

        if is_notebook():
            self._cell = Cell()
            return
        try:
            console = place()
        except ImportError:
            return
        if console is None:
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
        self._bar = Progress(*columns, console=console, transient=True)
        self._task = self._bar.add_task("", total=self._total)
        self._bar.start()

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _said(run: Run) -> str:
    parts = [f"{run.done:,} answered"]
    for name, count in (("failed", run.failed), ("answered before", run.skipped)):
        if count:
            parts.append(f"{count:,} {name}")
    if run.usage.total_tokens:
        parts.append(f"{run.usage.total_tokens:,} tokens")
    return ", ".join(parts)


def _tell(text: str) -> None:
    try:
        sys.stderr.write(f"kimistream: {text}\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        pass  # nobody reads it: no reason to fail


def _length(rows: Any) -> int | None:
    try:
        return len(rows)
    except TypeError:
        return None
