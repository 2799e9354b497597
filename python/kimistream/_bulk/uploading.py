"""What must be done before rows can be sent: uploads, as steps. It stands on the core's reactor and never waits."""

from __future__ import annotations

import heapq
import time

from .. import _core
from .._requests.steps import Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._requests.steps import Steps


class Uploading:
    """Many procedures at once, on one thread at a time.

    start(tag, steps)  begins one, whose result is a request's arguments
    take()             what has ended since: (tag, arguments, None) or (tag, None, the exception)
    due                seconds until `take` has something to do, whatever comes; inf: only what comes counts
    close()            ends what is under way
    """

    def __init__(self, core: _core.Client) -> None:
        self._reactor = _core.Reactor(core)
        self._under_way: set[_Procedure] = set()
        self._woken: list[_Procedure] = []
        self._ended: list[tuple[Any, Any, Exception | None]] = []
        self._timers: list[tuple[float, int, _Procedure]] = []  # a heap: steps that let time pass
        self._number = 0

    @property
    def descriptor(self) -> int:
        """Readable when `take` has something to do."""
        return self._reactor.descriptor

    def __len__(self) -> int:
        return len(self._under_way) + len(self._ended)

    @property
    def due(self) -> float:
        if self._woken or self._ended:
            return 0.0
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else float("inf")

    def start(self, tag: Any, steps: Steps[Any]) -> None:
        procedure = _Procedure(tag, steps, self._woken)
        self._under_way.add(procedure)
        self._step(procedure)
        self._reactor.pump()  # it goes out now, whatever the caller does next

    def take(self) -> list[tuple[Any, Any, Exception | None]]:
        self._reactor.pump()
        while self._timers and self._timers[0][0] <= time.monotonic():
            self._step(heapq.heappop(self._timers)[2])
        while self._woken:
            woken, self._woken[:] = self._woken[:], []
            for procedure in woken:
                if procedure in self._under_way:
                    self._look(procedure)
            self._reactor.pump()
        ended, self._ended = self._ended, []
        return ended

    def _step(self, procedure: _Procedure, result: Any = None, error: BaseException | None = None) -> None:
        try:
            step = procedure.steps.send(result) if error is None else procedure.steps.throw(error)
            if isinstance(step, Step):
                procedure.begin(step.start(self._reactor), step.read)
                self._look(procedure)
            else:
                self._number += 1
                heapq.heappush(self._timers, (time.monotonic() + step, self._number, procedure))
        except StopIteration as end:
            self._end(procedure, end.value, None)
        except Exception as wrong:
            self._end(procedure, None, wrong)

    def _look(self, procedure: _Procedure) -> None:
        try:
            waiter = procedure.awaits.send(None)
        except StopIteration:
            try:
                result = procedure.read(procedure.stream)
            except Exception as error:
                self._step(procedure, error=error)
            else:
                self._step(procedure, result)
        except Exception as error:
            self._step(procedure, error=error)
        else:
            waiter.add_done_callback(procedure.wake)

    def _end(self, procedure: _Procedure, arguments: Any, error: Exception | None) -> None:
        self._under_way.discard(procedure)
        procedure.end()
        self._ended.append((procedure.tag, arguments, error))

    def close(self) -> None:
        for procedure in self._under_way:
            procedure.end()
        self._under_way.clear()
        self._woken.clear()
        self._ended.clear()
        self._timers.clear()
        self._reactor.pump()  # the connections are closed now


class _Procedure:
    """One of them. The core takes it for an event loop, of which it wants nothing but `call_soon`."""

    __slots__ = ("_woken", "awaits", "read", "steps", "stream", "tag")

    def __init__(self, tag: Any, steps: Steps[Any], woken: list[_Procedure]) -> None:
        self.tag = tag
        self.steps = steps
        self.stream: Any = None
        self.awaits: Any = None
        self.read: Any = None
        self._woken = woken

    def begin(self, stream: _core.Stream, read: Any) -> None:
        if self.stream is not None:
            self.stream.close()
        loop: Any = self
        self.stream, self.read, self.awaits = stream, read, stream.body_async(loop)

    def end(self) -> None:
        if self.awaits is not None:
            self.awaits.close()
            self.awaits = None
        if self.stream is not None:
            self.stream.close()
        self.steps.close()

    def call_soon(self, callback: Callable[[Any], Any], waiter: Any, context: Any) -> None:
        callback(waiter)

    def wake(self, waiter: Any) -> None:
        self._woken.append(self)
