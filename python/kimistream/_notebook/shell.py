"""Whether there is a notebook, and one of its cells that is drawn anew in its place: `display_id`, and no widgets."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def is_notebook() -> bool:
    """Whether this runs in a notebook's kernel: Jupyter's, or one that is made of it, as Colab's."""
    return "ZMQInteractiveShell" in _shell()


def is_terminal() -> bool:
    """Whether this runs in IPython on a terminal, where a value is looked at by its repr."""
    return "TerminalInteractiveShell" in _shell()


def _shell() -> set[str]:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return {kind.__name__ for kind in type(shell).__mro__}


class Cell:
    """An output of the cell that runs. What was drawn last stays shown. Any thread, one at a time."""

    def __init__(self) -> None:
        self._handle: Any = None

    def draw(self, bundle: dict[str, str]) -> None:
        """`bundle`: the same in each of its media types."""
        from IPython.display import display  # type: ignore[import-not-found, unused-ignore]

        show: Any = display
        if self._handle is None:
            self._handle = show(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)
