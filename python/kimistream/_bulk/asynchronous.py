"""A run of `AsyncKimi.map`, on the event loop that asks for it."""

from __future__ import annotations

import asyncio
import time
from collections import deque

from .._notebook.waking import waking
from .._values.bulk import Row, Run
from .._values.errors import InvalidRequestError
from .progress import Told
from .sending import FOREVER
from .work import Work

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator
    from typing import Any, Protocol

    from .options import Plan

    class RunDriver(Protocol):
        """Who waits for a run: see `Driver`."""

        async def advance(self) -> list[Row]: ...
        def end(self) -> None: ...
        def close(self) -> None: ...

    DriverOf = Callable[[Plan, Run], RunDriver]


_LONGEST_TURN = 0.005  # seconds, of an event loop


class AsyncRows(Run):
    """`async for row in client.map(...)`, or `await client.map(..., out=...)`. The fields are those of `Run`. A
    coroutine, too, for `asyncio.run`, `create_task` and task groups, which take nothing else.

    Nothing is sent before it is awaited or iterated. `aclose()`, an early end of the loop and cancellation close what
    is under way.
    """

    def __init__(self, plan: Plan, driver_of: DriverOf | None = None) -> None:
        super().__init__(plan.counts, plan.out, plan.read_rows)
        self._plan: Plan | None = plan
        self._driver_of: DriverOf = driver_of or Driver
        self._driver: RunDriver | None = None
        self._ready: deque[Row] = deque()
        self._is_read = False  # by a task that waits
        self._error: BaseException | None = None  # what it was awaited to
        self._steps: Coroutine[Any, Any, Run] | None = None  # of it as a coroutine

    def __await__(self) -> Generator[Any, None, Run]:
        return self._to_the_end().__await__()

    def send(self, value: Any) -> Any:
        return self._coroutine().send(value)

    def throw(self, *error: Any) -> Any:
        return self._coroutine().throw(*error)

    def _coroutine(self) -> Coroutine[Any, Any, Run]:
        if self._steps is None:
            self._steps = self._to_the_end()
        return self._steps

    async def _to_the_end(self) -> Run:
        if self._out is None:
            raise InvalidRequestError("a run without out= gives rows: async for row in client.map(...)")
        if self._is_read:
            raise InvalidRequestError("this run is being awaited by another task: await that one")
        if self._error is not None:
            raise self._error
        if self._plan is None:
            return self
        self._is_read = True
        try:
            driver = self._driver_of(self._plan, self)  # where it cannot begin it may be awaited again
            self._plan = None
            await to_the_end(driver)
        except BaseException as error:
            self._error = None if self._plan is not None else error
            raise
        finally:
            self._is_read = False
        return self

    def __aiter__(self) -> AsyncRows:
        if self._out is not None:
            raise InvalidRequestError("a run with out= is awaited: await client.map(..., out=...), then run.rows()")
        return self

    async def __anext__(self) -> Row:
        if self._ready:
            return self._ready.popleft()
        if self._is_read:
            raise InvalidRequestError("these rows are being read by another task: give each task its own run")
        if self._plan is not None:
            plan, self._plan = self._plan, None
            self._driver = self._driver_of(plan, self)
        driver = self._driver
        if driver is None:
            raise StopAsyncIteration
        self._is_read = True
        try:
            rows = await driver.advance()
        except BaseException:
            self.close()
            raise
        finally:
            self._is_read = False
        if not rows:
            self._driver = None
            driver.end()
            raise StopAsyncIteration
        self._ready.extend(rows)
        return self._ready.popleft()

    def close(self) -> None:
        """Closes what is under way, on the loop's own thread. Any number of times."""
        self._plan = None
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.close()

    async def aclose(self) -> None:
        """As `close`."""
        self.close()

    async def __aenter__(self) -> AsyncRows:
        return self

    async def __aexit__(self, *exception: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_driver", None) is not None:
            self.close()


async def to_the_end(driver: RunDriver) -> None:
    """Of a run that keeps its rows itself."""
    try:
        while await driver.advance():
            pass
    except BaseException:
        driver.close()
        raise
    driver.end()


class Driver:
    """Waits for a `Work` on a running loop."""

    def __init__(self, plan: Plan, run: Run) -> None:
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tell_at = FOREVER
        self._turn_ends = self._loop.time() + _LONGEST_TURN
        self._work = Work(plan)
        self._told = Told(plan.progress, run, self._work.give_up)

    async def advance(self) -> list[Row]:
        """As the blocking one's."""
        while True:
            if self._loop.time() >= self._turn_ends:  # a source may be slow, or its rows need no request
                await asyncio.sleep(0)
                self._turn_ends = self._loop.time() + _LONGEST_TURN
            rows = self._work.step()
            if rows or self._work.over:
                return rows
            await self._wait()

    async def _wait(self) -> None:
        self._tell_at = time.monotonic() + self._told.tell(time.monotonic())
        self._future = self._loop.create_future()
        descriptors = self._work.descriptors
        for descriptor in descriptors:
            self._loop.add_reader(descriptor, self._look)
        self._look()
        try:
            with waking(self._loop):
                await self._future
        finally:
            # Readers come and go with each wait: while nobody waits the loop has no work with it.
            for descriptor in descriptors:
                self._loop.remove_reader(descriptor)
            self._set_timer(FOREVER)
            self._future = None

    def _look(self) -> None:
        """Does what is ready, and wakes who waits where a step is worth it."""
        try:
            seconds = min(self._work.pump(), self._tell_at - time.monotonic())
        except Exception as error:  # the one who waits is told, not the loop
            if self._future is not None and not self._future.done():
                self._future.set_exception(error)
            return
        if seconds <= 0 or self._work.over:
            self.wake()
        else:
            self._set_timer(min(seconds, self._work.later))

    def _set_timer(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds == FOREVER else self._loop.call_later(seconds, self._look)

    def wake(self) -> None:
        """It may have something to do. On its loop."""
        if self._future is not None and not self._future.done():
            self._future.set_result(None)

    def end(self) -> None:
        self._work.finish()
        self._told.end()
        if self._work.error is not None:
            raise self._work.error

    def close(self) -> None:
        if not self._work.over and self._work.counts.stopped is None:
            self._work.counts.stopped = "interrupted"
        try:
            self._work.close()
        finally:
            self.wake()  # another task may wait
            self._told.close()
