"""Who sends: requests go in, heads and answers come out. Nothing here knows of rows, files or limits.

It stands on the core's reactor: no thread, and it never waits. Whoever waits does so on `descriptor`, and for `due`
seconds at most.
"""

from __future__ import annotations

import heapq
import time

from .. import _core
from .._requests.steps import Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._requests.sender import Sender
    from .._requests.steps import Steps

HEAD, ANSWER, FAILURE = "head", "answer", "failure"


class Sending:
    """Many requests at once, on one thread at a time.

    start(tag, arguments)  begins a request; raises InvalidRequestError where it cannot be sent. `before`: the steps of
                           what must be done first, such as uploads; they give the arguments in their last form
    take()                 what has come since: (tag, HEAD, None) when the server has accepted one (only where heads are
                           asked for), then (tag, ANSWER, the Message) or (tag, FAILURE, the exception)
    has_news               `take` has something already
    due                    seconds until it has, whatever comes; inf: only what comes counts
    close()                ends what is under way, and gives their tags; nothing of it is told any more
    """

    def __init__(self, core: _core.Client, heads: bool, sender: Sender) -> None:
        self._reactor = _core.Reactor(core)
        self._sender = sender
        self._heads = heads
        self._under_way: set[_Exchange] = set()
        self._woken: list[_Exchange] = []
        self._came: list[tuple[Any, str, Any]] = []
        self._timers: list[tuple[float, int, _Exchange]] = []  # a heap: steps that let time pass
        self._number = 0

    @property
    def descriptor(self) -> int:
        """Readable when `take` has something to do."""
        return self._reactor.descriptor

    def __len__(self) -> int:
        return len(self._under_way)

    @property
    def has_news(self) -> bool:
        return bool(self._woken or self._came)

    @property
    def due(self) -> float:
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else float("inf")

    def start(
        self,
        tag: Any,
        arguments: tuple[Any, ...],
        streams: bool = False,
        before: Steps[tuple[Any, ...]] | None = None,
    ) -> None:
        exchange = _Exchange(tag, self._woken, streams, before)
        if before is None:
            self._ask(exchange, arguments)
            self._under_way.add(exchange)
            self._look(exchange)
        else:
            self._under_way.add(exchange)
            self._step(exchange)
        self._reactor.pump()  # it goes out now, whatever the caller does next

    def take(self) -> list[tuple[Any, str, Any]]:
        self._reactor.pump()
        if self._timers:
            now, due = time.monotonic(), []
            while self._timers and self._timers[0][0] <= now:
                due.append(heapq.heappop(self._timers)[2])
            for exchange in due:
                self._step(exchange)
        while self._woken:
            woken, self._woken[:] = self._woken[:], []
            for exchange in woken:
                if exchange in self._under_way:
                    self._look(exchange)
            self._reactor.pump()
        came, self._came = self._came, []
        return came

    def _ask(self, exchange: _Exchange, arguments: tuple[Any, ...]) -> None:
        stream = self._sender.start(self._reactor, arguments, exchange.streams, False)
        loop: Any = exchange
        exchange.waits_on(stream, stream.head_async(loop) if self._heads else stream.message_async(loop))
        exchange.told_head = not self._heads

    def _step(self, exchange: _Exchange, result: Any = None, error: BaseException | None = None) -> None:
        """Takes the next of the steps that come before the request, or begins the request."""
        steps: Any = exchange.before
        try:
            step = steps.send(result) if error is None else steps.throw(error)
            if isinstance(step, Step):
                stream = step.start(self._reactor)
                loop: Any = exchange
                exchange.waits_on(stream, stream.body_async(loop), step.read)
            else:
                self._number += 1
                heapq.heappush(self._timers, (time.monotonic() + step, self._number, exchange))
                return
        except StopIteration as end:
            exchange.before = None
            try:
                self._ask(exchange, end.value)
            except Exception as wrong:
                self._fail(exchange, wrong)
                return
        except Exception as wrong:
            self._fail(exchange, wrong)
            return
        self._look(exchange)

    def _look(self, exchange: _Exchange) -> None:
        try:
            exchange.awaits.send(None)
        except StopIteration as done:
            self._has_come(exchange, done.value)
        except Exception as error:
            if exchange.before is not None:
                self._step(exchange, error=error)
            else:
                self._fail(exchange, error)

    def _has_come(self, exchange: _Exchange, value: Any) -> None:
        if exchange.before is not None:
            try:
                result = exchange.read(exchange.stream)
            except Exception as error:
                self._step(exchange, error=error)
            else:
                self._step(exchange, result)
        elif not exchange.told_head:
            exchange.told_head = True
            loop: Any = exchange
            exchange.awaits = exchange.stream.message_async(loop)
            self._came.append((exchange.tag, HEAD, None))
            self._look(exchange)
        else:
            self._came.append((exchange.tag, ANSWER, value))
            self._end(exchange)

    def _fail(self, exchange: _Exchange, error: Exception) -> None:
        self._came.append((exchange.tag, FAILURE, error))
        self._end(exchange)

    def _end(self, exchange: _Exchange) -> None:
        self._under_way.discard(exchange)
        exchange.end()

    def close(self) -> list[Any]:
        tags = [exchange.tag for exchange in self._under_way]
        for exchange in list(self._under_way):
            self._end(exchange)
        self._woken.clear()
        self._came.clear()
        self._timers.clear()
        self._reactor.pump()  # the connections are closed now
        return tags


class _Exchange:
    """One request, and what comes before it. The core takes it for an event loop and for the future that it makes: it
    wants nothing of them but `create_future`, `done` and `set_result`."""

    __slots__ = ("_asyncio_future_blocking", "_is_woken", "_woken", "awaits", "before", "read", "stream", "streams",
                 "tag", "told_head")  # fmt: skip

    def __init__(self, tag: Any, woken: list[_Exchange], streams: bool, before: Steps[tuple[Any, ...]] | None) -> None:
        self.tag = tag
        self.streams = streams
        self.before = before
        self.stream: Any = None
        self.awaits: Any = None
        self.read: Callable[[_core.Stream], Any] = _core.Stream.json
        self.told_head = False
        self._woken = woken
        self._is_woken = False

    def waits_on(self, stream: _core.Stream, awaits: Any, read: Callable[[_core.Stream], Any] | None = None) -> None:
        if self.stream is not None:
            self.stream.close()
        self.stream = stream
        self.awaits = awaits
        if read is not None:
            self.read = read

    def end(self) -> None:
        if self.awaits is not None:
            self.awaits.close()
            self.awaits = None
        if self.stream is not None:
            self.stream.close()
        if self.before is not None:
            self.before.close()
            self.before = None

    def create_future(self) -> _Exchange:
        self._is_woken = False
        return self

    def done(self) -> bool:
        return self._is_woken

    def set_result(self, result: None) -> None:
        self._is_woken = True
        self._woken.append(self)
