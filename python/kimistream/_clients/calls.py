"""Calls of tools in threads: one thread a call, which ends with it and keeps no program from ending."""

from __future__ import annotations

import contextlib
import contextvars
import inspect
import queue
import threading
import time

from .._requests.turns import Outcome, Progress, told_too_late

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from .._requests.turns import Call, Calls


_MOST_SAID = 64  # of what one call tells of its progress; it waits until somebody has taken some


class Running:
    """A call under way, as its thread and who waits for it know it."""

    __slots__ = ("call", "end", "ended", "left", "room")

    def __init__(self, call: Call) -> None:
        self.call = call
        self.end = float("inf") if call.timeout is None else time.monotonic() + call.timeout  # nobody waits any longer
        self.ended = False  # its outcome has come, and may not have been taken yet
        self.left = False
        self.room = threading.Semaphore(_MOST_SAID)

    def wait_for_room(self) -> bool:
        """Whether anybody still hears what it says."""
        self.room.acquire()
        if self.left:
            self.room.release()
        return not self.left

    def leave(self) -> None:
        self.left = True
        self.room.release()


class ThreadCalls:
    """The blocking client's calls. Who waits for `next` is woken by each outcome, and by Ctrl-C."""

    def __init__(self, calls: Calls) -> None:
        self._waiting = list(reversed(calls.calls))
        self._most = calls.most
        self._heard = calls.heard
        self._running: dict[int, Running] = {}  # by place
        self._said: queue.SimpleQueue[Outcome | Progress | None] = queue.SimpleQueue()

    def next(self) -> Outcome | Progress:
        while True:
            while self._waiting and len(self._running) < self._most:
                self._begin(self._waiting.pop())
            late = self._late()
            if late is not None:
                return late
            try:
                said = self._said.get(timeout=self._patience())
            except queue.Empty:
                continue
            if said is None:
                raise GeneratorExit  # the reader has left
            running = self._running.get(said.place)
            if running is None:
                continue  # it came too late
            if isinstance(said, Outcome):
                del self._running[said.place]
            else:
                running.room.release()
            return said

    def close(self) -> None:
        """Wakes who waits, from any thread. What runs ends by itself, unheard; what tells of its
        progress ends there."""
        for running in list(self._running.values()):
            running.leave()
        self._said.put(None)

    def _begin(self, call: Call) -> None:
        running = self._running[call.place] = Running(call)
        heard, put = self._heard, self._said.put

        def say(said: Outcome | Progress) -> bool:
            if isinstance(said, Outcome):
                running.ended = True
                heard(said)
            elif not running.wait_for_room():
                return False
            put(said)
            return True

        in_thread(call, say, run_to_end)

    def _patience(self) -> float | None:
        end = min((each.end for each in self._running.values() if not each.ended), default=float("inf"))
        return None if end == float("inf") else max(0.0, min(end - time.monotonic(), threading.TIMEOUT_MAX))

    def _late(self) -> Outcome | None:
        now = time.monotonic()
        for place, running in self._running.items():
            if running.end <= now and not running.ended:
                del self._running[place]
                running.leave()
                late = told_too_late(running.call)
                self._heard(late)
                return late
        return None


def in_thread(call: Call, say: Callable[[Outcome | Progress], bool], finish: Callable[[Any], Any]) -> None:
    """Calls it in a thread of its own, in a copy of the caller's context. `say` gets what comes of it, on that thread,
    and says whether anybody still hears it; `finish` makes an awaitable into its result."""
    context = contextvars.copy_context()
    name = f"kimistream-tool-{call.place}"
    threading.Thread(target=context.run, args=(_run, call, say, finish), name=name, daemon=True).start()


def _run(call: Call, say: Callable[[Outcome | Progress], bool], finish: Callable[[Any], Any]) -> None:
    begin = time.monotonic()
    value, error = None, None
    try:
        value = call.make()
        if inspect.isgenerator(value):
            value = _generated(call, value, say)
        elif inspect.isawaitable(value) or inspect.isasyncgen(value):
            value = finish((call, value, say))
    except BaseException as raised:
        error = raised
    say(Outcome(call.place, value, error, time.monotonic() - begin))


def _generated(call: Call, generator: Any, say: Callable[[Outcome | Progress], bool]) -> Any:
    while True:
        try:
            said = next(generator)
        except StopIteration as end:
            return end.value
        if not say(Progress(call.place, said)):
            generator.close()
            return None


async def awaited(call: Call, value: Any, say: Callable[[Progress], Awaitable[bool]]) -> Any:
    """The result of an awaitable; of an asynchronous generator, which can return nothing, what it yielded last."""
    if not inspect.isasyncgen(value):
        return await value
    last = None
    async with contextlib.aclosing(value):
        async for last in value:
            if not await say(Progress(call.place, last)):
                break
    return last


def run_to_end(started: tuple[Call, Any, Callable[[Outcome | Progress], bool]]) -> Any:
    """An asynchronous function of a blocking client: on a loop of its own."""
    import asyncio

    call, value, say = started

    async def tell(said: Progress) -> bool:
        return say(said)

    return asyncio.run(awaited(call, value, tell))
