"""The blocking client's driver of turns (`_requests.turns`)."""

from __future__ import annotations

import contextlib

from .._requests.turns import Ask, Calls, NextOutcome
from .._requests.watching import within
from .calls import ThreadCalls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from typing import Any, Protocol

    from .._requests.turns import Turn
    from .._values.message import Message
    from .._values.run_events import RunEvent
    from .stream import Stream

    class Asks(Protocol):
        """What of a client its turns need."""

        @property
        def complete(self) -> Callable[..., Message]: ...
        @property
        def stream(self) -> Callable[..., Stream]: ...


class DriverFace:
    """What each client's driver of a turn tells of itself."""

    _state: Any

    @property
    def closed(self) -> bool:
        return bool(self._state.closed)

    @property
    def currency(self) -> str:
        """Of what its answers cost; "" where it is not known."""
        currency: str = self._state.client._core.currency
        return currency


class TurnDriver(DriverFace):
    """Runs a turn while somebody iterates over its events. Dropping it leaves the turn and closes its connection."""

    def __init__(self, client: Asks, turn: Turn[None]) -> None:
        self.waiting: list[RunEvent] = []  # events that were read and not taken, the first one last
        self._state: _State = _State(client, turn)
        self._events = _events(self._state)

    @property
    def stream(self) -> Stream | None:
        """The answer that comes now, or came last."""
        return self._state.stream

    def __iter__(self) -> TurnDriver:
        return self

    def __next__(self) -> RunEvent:
        if self.waiting:
            return self.waiting.pop()
        while True:
            event = next(self._events)
            if event is not None:
                return event

    def rest(self) -> Iterator[RunEvent]:
        """The same events. A generator, which takes half the time of `next` for each."""
        while self.waiting:
            yield self.waiting.pop()
        for event in self._events:
            if event is not None:
                yield event

    def open(self) -> None:
        """Goes on until the head of an answer has come."""
        early: list[RunEvent] = []
        for event in self._events:
            if event is None:
                break
            early.append(event)
        self.waiting[:0] = reversed(early)

    def close(self) -> None:
        """Ends the turn, from any thread: whoever reads it sees its end."""
        self._state.close()
        with contextlib.suppress(ValueError):  # another thread is reading: it finds the stream closed
            self._events.close()

    def leave(self) -> None:
        """The same without waiting for anything: the turn is told at once."""
        self._state.leave()


class _State:
    """What the events and their reader share. It knows neither, so that none keeps the other alive."""

    __slots__ = ("calls", "client", "closed", "stream", "turn")

    def __init__(self, client: Asks, turn: Turn[None]) -> None:
        self.client = client
        self.turn = turn
        self.stream: Stream | None = None
        self.calls: ThreadCalls | None = None
        self.closed = False

    def close(self) -> None:
        self.closed = True
        if self.stream is not None:
            self.stream.close()
        if self.calls is not None:
            self.calls.close()

    def leave(self) -> None:
        self.close()
        with contextlib.suppress(ValueError):  # it runs just now, in another thread, and finds itself closed
            self.turn.close()


def _events(state: _State) -> Generator[RunEvent | None, None, None]:
    """The events; None where a stream has been opened."""
    result: Any = None
    error: BaseException | None = None
    try:
        while not state.closed:
            try:
                effect = state.turn.send(result) if error is None else state.turn.throw(error)
            except StopIteration:
                return
            result, error = None, None
            try:
                if isinstance(effect, Ask):
                    result = yield from _answer(state, effect)
                elif isinstance(effect, Calls):
                    state.calls = ThreadCalls(effect)
                elif isinstance(effect, NextOutcome):
                    assert state.calls is not None
                    result = state.calls.next()
                else:
                    yield effect  # type: ignore[misc]  # of a swarm's, who reads it knows
            except BaseException as failure:  # the turn knows what is to be kept
                error = failure
    finally:
        if state.calls is not None:
            state.calls.close()
        state.turn.close()


def _answer(state: _State, ask: Ask) -> Generator[RunEvent | None, None, Any]:
    with within(ask.run):
        if ask.whole:
            return state.client.complete(ask.messages, **ask.options)
        ask.stream = stream = state.stream = state.client.stream(ask.messages, **ask.options)
    try:
        yield None
        yield from stream
        return None if state.closed else stream.message
    except BaseException:
        stream.close()
        raise
