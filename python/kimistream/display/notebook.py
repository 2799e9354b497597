"""What is drawn in a notebook's cell, and drawn anew in its place. No widgets: a kernel has all that it needs."""

from __future__ import annotations

import html
import sys
from typing import Any


def is_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


class CellBar:
    """A bar and a text behind it. Both stay shown when nothing is drawn any more."""

    def __init__(self) -> None:
        self._handle: Any = None

    def draw(self, done: int, total: int | None, text: str) -> None:
        """`total` None: it is not known."""
        from IPython.display import display  # type: ignore[import-not-found, unused-ignore]

        show: Any = display
        counted = f"{done:,} rows:" if total is None else f"{done:,} of {total:,} rows:"
        value = "" if total is None else f' value="{done}" max="{max(total, 1)}"'
        bar = f'<progress{value} style="width: 20em; vertical-align: middle"></progress>'
        words = f"{counted} {text}"
        shown = {"text/html": f"{bar} <span>{html.escape(words)}</span>", "text/plain": words}
        if self._handle is None:
            self._handle = show(shown, raw=True, display_id=True)
        else:
            self._handle.update(shown, raw=True)
