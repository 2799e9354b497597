"""The asynchronous client's driver of turns (`_requests.turns`)."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import time

from .._notebook.waking import waking
from .._requests.turns import Ask, Calls, NextOutcome, Outcome, told_too_late
from .._requests.watching import within
from .calls import Running, awaited, in_thread
from .turns import DriverFace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from typing import Any, Protocol

    from .._requests.turns import Progress, Turn
    from .._values.message import Message
    from .._values.run_events import RunEvent
    from .async_stream import AsyncStream

    class AsyncAsks(Protocol):
        """What of a client its turns need."""

        @property
        def complete(self) -> Callable[..., Awaitable[Message]]: ...
        @property
        def stream(self) -> Callable[..., AsyncStream]: ...


_PATIENCE = 1.0  # seconds


class AsyncTurnDriver(DriverFace):
    """As `turns.TurnDriver`: an asynchronous iterator."""

    def __init__(self, client: AsyncAsks, turn: Turn[None]) -> None:
        self.waiting: list[RunEvent] = []
        self._state: _State = _State(client, turn)
        self._events = _events(self._state)

    @property
    def stream(self) -> AsyncStream | None:
        return self._state.stream

    def __aiter__(self) -> AsyncTurnDriver:
        return self

    async def __anext__(self) -> RunEvent:
        if self.waiting:
            return self.waiting.pop()
        while True:
            event = await self._events.__anext__()
            if event is not None:
                return event

    async def open(self) -> None:
        """Goes on until the head of an answer has come."""
        if self.stream is not None:
            return
        early: list[RunEvent] = []
        async for event in self._events:
            if event is None:
                break
            early.append(event)
        self.waiting[:0] = reversed(early)

    async def close(self) -> None:
        """Ends the turn, from any task: whoever reads it sees its end. Asynchronous tools under way have ended, too."""
        await self._state.close()
        with contextlib.suppress(RuntimeError):  # another task is reading: it finds the stream closed
            await self._events.aclose()
        if self._state.calls is not None:
            await self._state.calls.ended()

    def leave(self) -> None:
        """The same without waiting for anything: the turn is told at once."""
        self._state.leave()


class _State:
    """What the events and their reader share. It knows neither, so that none keeps the other alive."""

    __slots__ = ("calls", "client", "closed", "stream", "turn")

    def __init__(self, client: AsyncAsks, turn: Turn[None]) -> None:
        self.client = client
        self.turn = turn
        self.stream: AsyncStream | None = None
        self.calls: TaskCalls | None = None
        self.closed = False

    async def close(self) -> None:
        self.closed = True
        if self.stream is not None:
            await self.stream.close()
        if self.calls is not None:
            self.calls.close()

    def leave(self) -> None:
        self.closed = True
        if self.stream is not None:
            self.stream._core_stream().close()
        if self.calls is not None:
            self.calls.close()
        self.turn.close()


async def _events(state: _State) -> AsyncGenerator[RunEvent | None, None]:
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
                if isinstance(effect, Ask) and not effect.whole:
                    with within(effect.run):
                        effect.stream = state.stream = state.client.stream(effect.messages, **effect.options)
                        await state.stream
                    yield None
                    async for event in state.stream:
                        yield event
                    if not state.closed:
                        result = await state.stream.message
                elif isinstance(effect, Ask):
                    with within(effect.run):
                        result = await state.client.complete(effect.messages, **effect.options)
                elif isinstance(effect, Calls):
                    state.calls = TaskCalls(effect)
                elif isinstance(effect, NextOutcome):
                    assert state.calls is not None
                    result = await state.calls.next()
                else:
                    yield effect  # type: ignore[misc]  # of a swarm's, who reads it knows
            except BaseException as failure:  # the turn knows what is to be kept
                error = failure
                if state.stream is not None:
                    await state.stream.close()
    finally:
        if state.calls is not None:
            state.calls.cancel()
        state.turn.close()


class TaskCalls:
    """Asynchronous functions as tasks of the loop, others in threads."""

    def __init__(self, calls: Calls) -> None:
        self._waiting = list(reversed(calls.calls))
        self._most = calls.most
        self._heard = calls.heard
        self._running: dict[int, tuple[Running, asyncio.Task[None]]] = {}
        self._asked: set[asyncio.Task[Outcome]] = set()
        self._taken = asyncio.Event()  # something that was said, and there is room again
        self._said: asyncio.Queue[Outcome | Progress | None] = asyncio.Queue()

    async def next(self) -> Outcome | Progress:
        while True:
            while self._waiting and len(self._running) < self._most:
                call = self._waiting.pop()
                running = Running(call)
                self._running[call.place] = (running, asyncio.ensure_future(self._run(running)))
            with waking(asyncio.get_running_loop()):  # a function may wait in silence, too
                said = await self._said.get()
            if said is None:
                raise GeneratorExit  # the reader has left
            if said.place in self._running:  # else it came too late
                if isinstance(said, Outcome):
                    del self._running[said.place]
                else:
                    self._running[said.place][0].room.release()
                    self._taken.set()
                return said

    async def _run(self, running: Running) -> None:
        call = running.call
        asked = asyncio.ensure_future(self._outcome(running))
        self._asked.add(asked)
        asked.add_done_callback(self._asked.discard)
        try:
            await asyncio.wait({asked}, timeout=call.timeout)
        finally:
            if not asked.done():
                asked.cancel()
                running.leave()
        if asked.done():
            outcome = asked.result()
        else:
            outcome = told_too_late(call)
            self._heard(outcome)
        self._said.put_nowait(outcome)

    async def _outcome(self, running: Running) -> Outcome:
        """What came of it. Nothing is raised: Ctrl-C in a task would go past all who wait, to the loop."""
        begin = time.monotonic()
        value, error = None, None
        try:
            value = await self._value(running)
        except BaseException as raised:
            error = raised
        outcome = Outcome(running.call.place, value, error, time.monotonic() - begin)
        self._heard(outcome)
        return outcome

    async def _value(self, running: Running) -> Any:
        call = running.call

        async def tell(said: Progress) -> bool:
            while not running.room.acquire(blocking=False):
                self._taken.clear()
                await self._taken.wait()
            self._said.put_nowait(said)
            await asyncio.sleep(0)  # it may never wait for anything, and the others' turn must come
            return True

        if is_asynchronous(call.function):
            return await awaited(call, call.make(), tell)
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[Outcome] = loop.create_future()

        def hear(said: Outcome | Progress) -> None:
            if not isinstance(said, Outcome):
                self._said.put_nowait(said)
            elif not ended.done():
                ended.set_result(said)

        def say(said: Outcome | Progress) -> bool:
            if isinstance(said, Outcome):
                if not isinstance(said.value, _Unfinished):
                    self._heard(said)
            elif not running.wait_for_room():
                return False
            with contextlib.suppress(RuntimeError):  # the loop is over, and nobody waits any more
                loop.call_soon_threadsafe(hear, said)
            return True

        in_thread(call, say, _Unfinished)
        outcome = await ended
        if outcome.error is not None:
            raise outcome.error
        if isinstance(outcome.value, _Unfinished):
            return await awaited(call, outcome.value.value, tell)
        return outcome.value

    def close(self) -> None:
        self._said.put_nowait(None)

    def cancel(self) -> None:
        for running, task in self._running.values():
            running.leave()
            task.cancel()

    async def ended(self) -> None:
        """Waits until what was cancelled has ended; not for ever, as a tool may take no notice, or be who asks."""
        if self._asked:
            await asyncio.wait(self._asked, timeout=_PATIENCE)


class _Unfinished:
    """A plain function gave something to await, which is the loop's to do."""

    def __init__(self, started: tuple[Any, Any, Any]) -> None:
        self.value = started[1]


def is_asynchronous(function: Any) -> bool:
    while isinstance(function, functools.partial):
        function = function.func
    called = function if inspect.isroutine(function) else type(function).__call__
    return inspect.iscoroutinefunction(called) or inspect.isasyncgenfunction(called)
