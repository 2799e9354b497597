"""Who of a swarm does what, as a table that changes: on a terminal and in a notebook, on stderr."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from .._notebook.shell import Cell, is_notebook
from ..agents.shown import HEADER, TeamShown, rows_of, total_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from rich.table import Table

    from ..agents.swarm import Team

_EVERY = 0.2  # seconds between two looks
_MOST_ROWS = 16


def telling(progress: Callable[[Any], object] | Literal[False] | None, team: Team) -> Callable[[], None]:
    """What a swarm calls when something has changed."""
    if progress is False:
        return lambda: None
    if progress is not None and not callable(progress):
        raise TypeError(f"progress must be a function, False or None, not {type(progress).__name__}")
    show = Drawn() if progress is None else progress
    team.draws_itself = progress is None
    looked = float("-inf")

    def tell() -> None:
        nonlocal looked
        now = time.monotonic()
        if team.over or now - looked >= _EVERY:
            looked = now
            show(team)

    return tell


class Drawn:
    """Draws in the cell of a notebook, else with rich; without it, and where nobody looks, nothing."""

    def __init__(self) -> None:
        self._live: Any = None
        self._cell: Cell | None = None
        self._looked = False

    def __call__(self, team: Team) -> None:
        if not self._looked:
            self._looked = True
            self._begin()
        if self._cell is not None:
            self._cell.draw(TeamShown(team).sheet(live=True).bundle())
        elif self._live is not None:
            self._live.update(table_of(team), refresh=True)
            if team.over:
                self._live.stop()
                self._live = None

    def _begin(self) -> None:
        from .bar import place

        if is_notebook():
            self._cell = Cell()
            return
        try:
            console = place()
        except ImportError:
            return
        if console is not None:
            from rich.live import Live

            self._live = Live(console=console, auto_refresh=False)
            self._live.start()


def table_of(team: Team) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in HEADER:
        table.add_column(name, justify="right" if name in ("steps", "tokens") else "left", no_wrap=True)
    rows, left_out = rows_of(team.agents, _MOST_ROWS)
    for told in rows:
        table.add_row(*(Text(each) for each in told))  # names are a model's words, and no markup
    more = f"and {left_out} more" if left_out else "together"
    table.add_row(more, team.stopped or "", f"{team.steps}", total_of(team.usage), "")
    return table
