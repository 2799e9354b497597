"""Ctrl-C in a blocking run: once, and what is under way ends; twice, and everything ends now."""

from __future__ import annotations

import signal
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .work import Work


class Interrupts:
    """Takes Ctrl-C while it is entered, where Python's own handler would have: on the main thread only."""

    def __init__(self, work: Work) -> None:
        self.count = 0
        self.waiting = False
        self._work = work
        self._before: Any = None

    def __enter__(self) -> Interrupts:
        on_main = threading.current_thread() is threading.main_thread()
        if on_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._take)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None

    def _take(self, number: int, frame: object) -> None:
        self.count += 1
        self._work.wake()
        if self.count > 1 and (self.waiting or self._work.outside):
            raise KeyboardInterrupt  # nothing of ours is half done

    def check(self) -> None:
        """Raises what came while it could not be raised."""
        if self.count > 1:
            raise KeyboardInterrupt
