"""A run of `Kimi.map`: driven by whoever asks for its rows, or until it ends."""

from __future__ import annotations

import threading
import time
from collections import deque

from .._values.bulk import Row, Run
from .._values.errors import InvalidRequestError
from .interrupts import Interrupts
from .progress import Told
from .work import Work

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from .options import Plan

    class RunDriver(Protocol):
        """Who waits for a run: see `_Driver`."""

        def advance(self) -> list[Row]: ...
        def end(self) -> None: ...
        def close(self) -> None: ...

    DriverOf = Callable[[Plan, Run], RunDriver]


class Rows(Run):
    """The rows of a run without `out`, as they end; the fields are those of `Run`. One thread at a time; `close()` may
    be called on any, and ends a `next()` that waits.

    Nothing is sent before the first `next()`. Leaving it early, `close()` and dropping it close what is under way.
    """

    def __init__(self, plan: Plan, driver_of: DriverOf | None = None) -> None:
        super().__init__(plan.counts, None, plan.read_rows)
        self._plan: Plan | None = plan
        self._driver_of: DriverOf = driver_of or _Driver
        self._driver: RunDriver | None = None
        self._ready: deque[Row] = deque()
        self._in_next = False

    def __iter__(self) -> Rows:
        return self

    def __next__(self) -> Row:
        if self._ready:
            return self._ready.popleft()
        if self._in_next:
            raise InvalidRequestError("these rows are being read by another thread: give each thread its own run")
        self._in_next = True
        try:
            if self._plan is not None:
                plan, self._plan = self._plan, None
                self._driver = self._driver_of(plan, self)
            if self._driver is None:
                raise StopIteration
            rows = self._driver.advance()
            if not rows:
                driver, self._driver = self._driver, None
                if driver is not None:  # else another thread has closed it
                    driver.end()
                raise StopIteration
            self._ready.extend(rows)
            return self._ready.popleft()
        except StopIteration:
            raise
        except BaseException as error:
            _with_run(error, self)
            self.close()
            raise
        finally:
            self._in_next = False

    def close(self) -> None:
        """Closes what is under way. Rows that had ended are still given. Any number of times."""
        self._plan = None
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.close()

    def __enter__(self) -> Rows:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_driver", None) is not None:
            self.close()


def run_to_the_end(plan: Plan, driver_of: DriverOf | None = None) -> Run:
    """A run with `out`."""
    run = plan.run(Run)
    driver = (driver_of or _Driver)(plan, run)
    try:
        while driver.advance():
            pass
    except BaseException as error:
        _with_run(error, run)
        driver.close()
        raise
    driver.end()
    return run


def _with_run(error: BaseException, run: Run) -> None:
    if isinstance(error, KeyboardInterrupt):
        error.run = run  # type: ignore[attr-defined]


class _Driver:
    """Waits for a `Work`, on the thread that asks."""

    def __init__(self, plan: Plan, run: Run) -> None:
        self._run = run
        self._guard = threading.RLock()
        self._is_closed = False
        self._work = Work(plan)
        self._interrupts = Interrupts(self._work)
        self._told = Told(plan.progress, run, self._work.give_up)

    def advance(self) -> list[Row]:
        """The next rows that have ended; none: it is over. With `out` no rows are given, and it is over at once."""
        with self._guard:
            if self._is_closed:
                return []
        with self._interrupts:
            while True:
                rows = self._work.step()
                self._interrupted()
                if rows or self._work.over:
                    return rows
                self._wait()
                self._interrupted()

    def _interrupted(self) -> None:
        self._interrupts.check()
        if self._interrupts.count and self._work.counts.stopped is None:
            self._work.stop("interrupted", KeyboardInterrupt())

    def _wait(self) -> None:
        self._interrupts.waiting = True
        try:
            self._interrupts.check()
            self._work.wait(self._told.tell(time.monotonic()))
        finally:
            self._interrupts.waiting = False

    def end(self) -> None:
        """All has ended by itself: raises what it ended with."""
        self._work.finish()
        self._told.end()
        error = self._work.error
        if error is not None:
            _with_run(error, self._run)
            raise error

    def close(self) -> None:
        """All ends now. Any thread: one that waits in `advance` is woken, and gets no more rows."""
        if not self._work.over and self._work.counts.stopped is None:
            self._work.counts.stopped = "interrupted"
        try:
            self._work.close()
        finally:
            with self._guard:
                self._is_closed = True
            self._work.wake()
            self._told.close()
