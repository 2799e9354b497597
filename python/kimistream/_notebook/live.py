"""What is drawn while it comes: a few times a second and not for each word, and soon also when nothing more comes."""

from __future__ import annotations

import contextvars
import threading
import time

from .shell import Cell

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable, Iterator
    from typing import Any, Protocol

    from .sheet import Sheet

    class Shown(Protocol):
        """What is drawn. One thread tells it what happens, another may ask for its page meanwhile."""

        def take(self, event: Any) -> None: ...
        def ended(self, error: BaseException | None = None) -> None: ...
        def sheet(self, live: bool = False) -> Sheet: ...


_EVERY = 0.1  # seconds
_LONGEST = 0.4
_SHARE = 4  # times as long as a drawing takes passes until the next one


def read(
    shown: Shown, events: Iterator[Any], close: Callable[[], object], told: Callable[[], object] = lambda: None
) -> None:
    """Takes the events to their end. An error is part of what is shown and not raised: a display tells. What is no
    Exception (Stop) is raised. `told` is called after each event."""
    try:
        for event in events:
            shown.take(event)
            told()
    except BaseException as error:
        close()
        shown.ended(error)
        if not isinstance(error, Exception):
            raise
    else:
        shown.ended()


def draw(shown: Shown, events: Iterator[Any], close: Callable[[], object]) -> None:
    """The same, drawn in the cell that runs. The drawing has a thread for as long as this takes: who waits for an event
    cannot draw the one before."""
    drawing = _Drawing(shown)
    thread = threading.Thread(target=contextvars.copy_context().run, args=(drawing.run,), daemon=True)
    thread.start()
    try:
        read(shown, events, close, drawing.change)
    finally:
        drawing.over.set()
        thread.join()
        drawing.end()


async def draw_async(shown: Shown, events: AsyncIterator[Any], loop: asyncio.AbstractEventLoop) -> None:
    """The same on a loop, by its timer."""
    drawing = _Drawing(shown)

    def look() -> None:
        if not drawing.over.is_set():
            loop.call_later(drawing.draw(), look)

    look()
    try:
        async for event in events:
            shown.take(event)
            drawing.change()
    except BaseException as error:
        shown.ended(error)
        if not isinstance(error, Exception):
            raise
    else:
        shown.ended()
    finally:
        drawing.over.set()
        drawing.end()


class _Drawing:
    """Draws at once, then when it is told to look, and at the end."""

    def __init__(self, shown: Shown) -> None:
        self.over = threading.Event()
        self._shown = shown
        self._changed = False
        self._cell = Cell()
        self._cell.draw(shown.sheet(live=True).bundle())

    def change(self) -> None:
        self._changed = True

    def run(self) -> None:
        wait = _EVERY
        while not self.over.wait(wait):
            wait = self.draw()

    def draw(self) -> float:
        """Draws what has changed, if anything has. Gives the seconds until it is to be looked at again."""
        if not self._changed:
            return _EVERY
        self._changed = False
        began = time.monotonic()
        self._cell.draw(self._shown.sheet(live=True).bundle())
        return min(max(_EVERY, _SHARE * (time.monotonic() - began)), _LONGEST)

    def end(self) -> None:
        self._cell.draw(self._shown.sheet().bundle())
