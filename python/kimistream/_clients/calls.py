"""Calls of tools in threads: one thread a call, which ends with it and keeps no program from ending."""

from __future__ import annotations

import contextvars
import inspect
import queue
import threading
import time

from .._requests.turns import Outcome, Progress, told_too_late

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._requests.turns import Call, Calls


class ThreadCalls:
    """The blocking client's calls. Who waits for `next` is woken by each outcome, and by Ctrl-C."""

    def __init__(self, calls: Calls) -> None:
        self._waiting = list(reversed(calls.calls))
        self._most = calls.most
        self._running: dict[int, tuple[Call, float]] = {}  # by place, with the time at which nobody waits any more
        self._said: queue.SimpleQueue[Outcome | Progress | None] = queue.SimpleQueue()

    def next(self) -> Outcome | Progress:
        while True:
            while self._waiting and len(self._running) < self._most:
                self._begin(self._waiting.pop())
            try:
                said = self._said.get(timeout=self._patience())
            except queue.Empty:
                late = self._late()
                if late is None:
                    continue
                return late
            if said is None:
                raise GeneratorExit  # the reader has left
            if said.place in self._running:  # else it came too late
                if isinstance(said, Outcome):
                    del self._running[said.place]
                return said

    def close(self) -> None:
        """Wakes who waits, from any thread. What runs ends by itself, unheard."""
        self._said.put(None)

    def _begin(self, call: Call) -> None:
        end = float("inf") if call.timeout is None else time.monotonic() + call.timeout
        self._running[call.place] = (call, end)
        in_thread(call, self._said.put, run_to_end)

    def _patience(self) -> float | None:
        end = min((end for _, end in self._running.values()), default=float("inf"))
        return None if end == float("inf") else max(0.0, min(end - time.monotonic(), threading.TIMEOUT_MAX))

    def _late(self) -> Outcome | None:
        now = time.monotonic()
        for place, (call, end) in self._running.items():
            if end <= now:
                del self._running[place]
                return told_too_late(call)
        return None


def in_thread(call: Call, say: Callable[[Outcome | Progress], object], finish: Callable[[Any], Any]) -> None:
    """Calls it in a thread of its own, in a copy of the caller's context. `say` gets what comes of it, on that thread;
    `finish` makes an awaitable into its result."""
    context = contextvars.copy_context()
    name = f"kimistream-tool-{call.place}"
    threading.Thread(target=context.run, args=(_run, call, say, finish), name=name, daemon=True).start()


def _run(call: Call, say: Callable[[Outcome | Progress], object], finish: Callable[[Any], Any]) -> None:
    begin = time.monotonic()
    value, error = None, None
    try:
        value = call.function()
        if inspect.isgenerator(value):
            value = _generated(call, value, say)
        elif inspect.isawaitable(value) or inspect.isasyncgen(value):
            value = finish((call, value, say))
    except BaseException as raised:
        error = raised
    say(Outcome(call.place, value, error, time.monotonic() - begin))


def _generated(call: Call, generator: Any, say: Callable[[Outcome | Progress], object]) -> Any:
    while True:
        try:
            said = next(generator)
        except StopIteration as end:
            return end.value
        say(Progress(call.place, said))


async def awaited(call: Call, value: Any, say: Callable[[Outcome | Progress], object]) -> Any:
    """The result of an awaitable; of an asynchronous generator, which can return nothing, what it yielded last."""
    if not inspect.isasyncgen(value):
        return await value
    last = None
    async for last in value:
        say(Progress(call.place, last))
    return last


def run_to_end(started: tuple[Call, Any, Callable[[Outcome | Progress], object]]) -> Any:
    """An asynchronous function of a blocking client: on a loop of its own."""
    import asyncio

    return asyncio.run(awaited(*started))
