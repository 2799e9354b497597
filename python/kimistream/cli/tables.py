"""Tables on a terminal, in which nothing is ever cut: texts are folded, numbers stand whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .output import harmless

_NARROWEST = 12  # of a folded text
_GAP = 2


def put_table(columns: Sequence[str], rows: Iterable[Sequence[str]], whole: Sequence[str] = ()) -> None:
    """Prints rows under their columns on stdout.

    whole  the columns whose cells are never folded: a number in two lines is another number. Where the terminal has no
           room for them, lines are longer than it is wide, and it breaks them itself
    """
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    cells = [[harmless(cell) for cell in row] for row in rows]
    table = Table(*(Column(name, overflow="fold", no_wrap=name in whole) for name in columns), box=None, pad_edge=False)
    needed = 0
    for place, name in enumerate(columns):
        width = max(map(len, [name, *(row[place] for row in cells)]))
        needed += (width if name in whole else min(width, _NARROWEST)) + _GAP
    for row in cells:
        table.add_row(*map(Text, row))
    console = Console()
    console.width = max(console.width, needed)
    console.print(table)
