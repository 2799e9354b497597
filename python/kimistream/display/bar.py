"""How far an upload is, as a bar: on a terminal, which needs rich (`pip install rich`), and in a notebook.

from kimistream.progress import Bar

with Bar() as bar:
    client.files.create(file="clip.mp4", purpose="video", on_progress=bar)
    client.complete(["What happens?", Video("clip.mp4")], on_upload=bar)
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from .._notebook.sheet import Sheet
from .._notebook.shell import Cell, is_notebook

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console

_EVERY = 0.1  # seconds between two drawings in a cell


class Bar:
    """A bar for one upload after the other; a callback for `on_progress` and `on_upload`.

    console  where to draw; None: stderr where that is a terminal, the cell in a notebook, else nowhere
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console
        self._progress: Any = None
        self._task: Any = None
        self._cell: Cell | None = None
        self._next = float("-inf")

    def __enter__(self) -> Bar:
        if self._console is None and is_notebook():
            self._cell = Cell()
            return self
        console = self._console or place()
        if console is not None:
            from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

            columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
            self._progress = Progress(*columns, console=console, transient=True)
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cell = None
        if self._progress is not None:
            self._progress.stop()
            self._progress = self._task = None

    def __call__(self, sent: int, total: int) -> None:
        """So many bytes of so many have gone out."""
        if self._cell is not None:
            self._draw(self._cell, sent, total)
        if self._progress is None:
            return
        if sent == 0 or self._task is None:
            if self._task is not None:
                self._progress.remove_task(self._task)
            self._task = self._progress.add_task("uploading", total=total)
        self._progress.update(self._task, completed=sent)

    def _draw(self, cell: Cell, sent: int, total: int) -> None:
        now = time.monotonic()
        if sent >= total or now >= self._next:
            self._next = now + _EVERY
            sheet = Sheet()
            sheet.bar(sent, total, f"uploading: {sent / 1e6:,.1f} of {total / 1e6:,.1f} MB")
            cell.draw(sheet.bundle())


def place() -> Console | None:
    """The terminal, or None where there is none."""
    if not sys.stderr.isatty():
        return None
    from rich.console import Console

    return Console(stderr=True)
