"""Ctrl-C in a blocking run: once, and what is under way ends; twice, and everything ends now."""

from __future__ import annotations

import contextlib
import os
import signal
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .work import Work


class Interrupts:
    """Takes Ctrl-C while it is entered, where Python's own handler would have: on the main thread only.

    `wake` and `descriptor` end a wait from elsewhere: a handler does not end it by itself.
    """

    def __init__(self) -> None:
        self.count = 0
        self.work: Work | None = None
        self.waiting = False
        self._before: Any = None
        self.descriptor, self._write = os.pipe()
        for end in (self.descriptor, self._write):
            os.set_blocking(end, False)

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
        self.wake()
        if self.count > 1 and (self.waiting or (self.work is not None and self.work.outside)):
            raise KeyboardInterrupt  # nothing of ours is half done

    def check(self) -> None:
        """Raises what came while it could not be raised."""
        if self.count > 1:
            raise KeyboardInterrupt

    def wake(self) -> None:
        with contextlib.suppress(OSError):  # it is full, or closed: then nobody waits
            os.write(self._write, b"!")

    def hush(self) -> None:
        """Reads what woke it."""
        with contextlib.suppress(BlockingIOError):
            os.read(self.descriptor, 4096)

    def close(self) -> None:
        for descriptor in (self.descriptor, self._write):
            if descriptor >= 0:
                os.close(descriptor)
        self.descriptor = self._write = -1
