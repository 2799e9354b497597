"""That Stop reaches a notebook's cell that awaits in silence.

ipykernel's answer to Stop is called by the event loop at its next turn, and a loop that waits for a server has none:
so it is given one ten times a second while something of ours is waited for.
"""

from __future__ import annotations

import contextlib

from .shell import is_notebook

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

_EVERY = 0.1  # seconds


def wake_while(loop: asyncio.AbstractEventLoop, waits: Callable[[], bool]) -> None:
    """Gives the loop its turns until `waits` says no more. On the loop's thread; elsewhere than in a kernel nothing."""
    if not is_notebook():
        return

    def turn() -> None:
        if waits():
            loop.call_later(_EVERY, turn)

    turn()


@contextlib.contextmanager
def waking(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """The same for a block."""
    inside = True
    wake_while(loop, lambda: inside)
    try:
        yield
    finally:
        inside = False
