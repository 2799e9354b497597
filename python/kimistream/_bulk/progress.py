"""Telling how far a run is."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .._values.bulk import Run

_EVERY, _AT_LEAST_EVERY = 0.2, 60.0  # seconds


class Told:
    """Calls `progress(run)` about five times a second while something changes, once a minute while nothing does, and
    once at the end.

    failed  is told what it raises on the way, and it is not called again; without it that is raised here
    """

    def __init__(
        self,
        progress: Callable[[Run], object] | None,
        run: Run,
        failed: Callable[[Exception], object] | None = None,
    ) -> None:
        self._progress = progress
        self._run = run
        self._failed = failed
        self._said: tuple[int, ...] | None = None
        self._next = time.monotonic()
        self._said_at = 0.0

    def tell(self, now: float) -> float:
        """Calls it where it is time; gives the seconds until it is."""
        progress = self._progress  # another thread may close this
        if progress is None:
            return float("inf")
        if now < self._next:
            return self._next - now
        self._next = now + _EVERY
        run = self._run
        counts = (run.total, run.done, run.failed, run.skipped)
        if counts != self._said or now - self._said_at >= _AT_LEAST_EVERY:
            self._said, self._said_at = counts, now
            try:
                progress(run)
            except Exception as error:
                if self._failed is None:
                    raise
                self.close()
                self._failed(error)
        return _EVERY

    def end(self) -> None:
        if self._progress is not None:
            self._progress(self._run)
        self.close()

    def close(self) -> None:
        """What draws takes its drawing away."""
        close = getattr(self._progress, "close", None)
        if close is not None and hasattr(self._progress, "draws"):
            close()
        self._progress = None
