"""Who sends: requests go in, heads and answers come out. Nothing here knows of rows, files or limits.

It stands on the core's reactor: no thread, and it never waits. Whoever waits does so on `descriptor`.
"""

from __future__ import annotations

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HEAD, ANSWER, FAILURE = "head", "answer", "failure"


class Sending:
    """Many requests at once, on one thread at a time.

    start(tag, arguments)  begins a request; raises InvalidRequestError where it cannot be sent
    take()                 what has come since: (tag, HEAD, None) when the server has accepted one (only where heads are
                           asked for), then (tag, ANSWER, the Message) or (tag, FAILURE, the exception)
    has_news               `take` has something already
    close()                ends what is under way, and gives their tags; nothing of it is told any more
    """

    def __init__(self, core: _core.Client, heads: bool) -> None:
        self._reactor = _core.Reactor(core)
        self._heads = heads
        self._under_way: set[_Exchange] = set()
        self._woken: list[_Exchange] = []
        self._came: list[tuple[Any, str, Any]] = []

    @property
    def descriptor(self) -> int:
        """Readable when `take` has something to do."""
        return self._reactor.descriptor

    def __len__(self) -> int:
        return len(self._under_way)

    @property
    def has_news(self) -> bool:
        return bool(self._woken or self._came)

    def start(self, tag: Any, arguments: tuple[Any, ...], streams: bool = False) -> None:
        stream = self._reactor.start(arguments, streams, False)
        exchange = _Exchange(tag, stream, self._woken)
        exchange.awaits = stream.head_async(exchange) if self._heads else stream.message_async(exchange)  # type: ignore[arg-type]
        exchange.told_head = not self._heads
        self._under_way.add(exchange)
        self._look(exchange)
        self._reactor.pump()  # it goes out now, whatever the caller does next

    def take(self) -> list[tuple[Any, str, Any]]:
        self._reactor.pump()
        while self._woken:
            woken, self._woken[:] = self._woken[:], []
            for exchange in woken:
                if exchange in self._under_way:
                    self._look(exchange)
            self._reactor.pump()
        came, self._came = self._came, []
        return came

    def _look(self, exchange: _Exchange) -> None:
        try:
            exchange.awaits.send(None)
        except StopIteration as done:
            if not exchange.told_head:
                exchange.told_head = True
                exchange.awaits = exchange.stream.message_async(exchange)  # type: ignore[arg-type]
                self._came.append((exchange.tag, HEAD, None))
                self._look(exchange)
                return
            self._came.append((exchange.tag, ANSWER, done.value))
        except Exception as error:
            self._came.append((exchange.tag, FAILURE, error))
        else:
            return
        self._end(exchange)

    def _end(self, exchange: _Exchange) -> None:
        self._under_way.discard(exchange)
        exchange.stream.close()
        exchange.awaits = None

    def close(self) -> list[Any]:
        tags = [exchange.tag for exchange in self._under_way]
        for exchange in list(self._under_way):
            exchange.awaits.close()
            self._end(exchange)
        self._woken.clear()
        self._came.clear()
        self._reactor.pump()  # the connections are closed now
        return tags


class _Exchange:
    """One request. The core takes it for an event loop and for the future that it makes: it wants nothing of them but
    `create_future`, `done` and `set_result`."""

    __slots__ = ("_asyncio_future_blocking", "_is_woken", "_woken", "awaits", "stream", "tag", "told_head")

    def __init__(self, tag: Any, stream: _core.Stream, woken: list[_Exchange]) -> None:
        self.tag = tag
        self.stream = stream
        self.awaits: Any = None
        self.told_head = False
        self._woken = woken
        self._is_woken = False

    def create_future(self) -> _Exchange:
        self._is_woken = False
        return self

    def done(self) -> bool:
        return self._is_woken

    def set_result(self, result: None) -> None:
        self._is_woken = True
        self._woken.append(self)
