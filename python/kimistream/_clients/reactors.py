"""One reactor for each event loop: no thread stands behind an asynchronous client.

The loop watches the reactor's descriptor; when that is readable it calls the core, which reads what is there and wakes
the tasks that have something to take.
"""

from __future__ import annotations

import asyncio
import weakref

from .. import _core
from .._notebook.waking import wake_while

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._values.message import Message


class _LoopReactor:
    """A reactor and its place on an event loop. Its streams and its client hold it; with the last of them it goes."""

    def __init__(self, client: _core.Client, loop: asyncio.AbstractEventLoop) -> None:
        self.core = _core.Reactor(client)
        self._descriptor = self.core.descriptor  # as the loop knows it, also in a forked child, which has it no more
        self._loop = weakref.ref(loop)
        self._pumped = False
        loop.add_reader(self._descriptor, self.core.on_ready)

    def pump_once_a_turn(self) -> None:
        """Sends what was begun: now, but for what else begins in the same turn of the loop. That goes at the next one,
        many at a time, so that a thousand beginnings hold up nobody who has something to read."""
        loop = self._loop()
        if loop is None or self._pumped:
            return
        self._pumped = True
        loop.call_soon(self._turned)
        self.core.pump()

    def _turned(self) -> None:
        self._pumped = False

    def __del__(self) -> None:
        # A reader that stays registered would be called with a descriptor that something else may own by then.
        loop, core, descriptor = self._loop(), self.core, self._descriptor
        if loop is None or loop.is_closed():
            return
        if loop.is_running() and asyncio._get_running_loop() is not loop:  # dropped on another thread
            loop.call_soon_threadsafe(lambda held: loop.remove_reader(descriptor), core)
        else:
            loop.remove_reader(descriptor)


class Reactors:
    """One reactor for each event loop that a client is used from."""

    def __init__(self, client: _core.Client) -> None:
        self.client = client
        self._by_loop: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _LoopReactor] = weakref.WeakKeyDictionary()

    def start(self, loop: asyncio.AbstractEventLoop, start: Callable[[_core.Reactor], _core.Stream]) -> _core.Stream:
        """Begins a stream on a loop, now rather than at the loop's next turn, but for many at once."""
        reactor = self._by_loop.get(loop)
        if reactor is None:
            for known in self._by_loop.keyrefs():
                other = known()
                if other is not None and other.is_closed():
                    self._by_loop.pop(other, None)
            reactor = self._by_loop[loop] = _LoopReactor(self.client, loop)
        stream = start(reactor.core)
        stream.owner = reactor
        reactor.pump_once_a_turn()
        wake_while(loop, _is_open(weakref.ref(stream)))
        return stream

    async def read(
        self, start: Callable[[_core.Reactor], _core.Stream], read: Callable[[_core.Stream], Any] = _core.Stream.json
    ) -> Any:
        """The body of an answer that comes whole, as `read` gives it."""
        loop = asyncio.get_running_loop()
        core = self.start(loop, start)
        try:
            await core.body_async(loop)
            return read(core)
        finally:
            core.close()

    async def message(self, start: Callable[[_core.Reactor], _core.Stream]) -> Message:
        loop = asyncio.get_running_loop()
        core = self.start(loop, start)
        try:
            return await core.message_async(loop)
        finally:
            core.close()

    def close(self) -> None:
        self._by_loop.clear()


def _is_open(stream: weakref.ref[_core.Stream]) -> Callable[[], bool]:
    def is_open() -> bool:
        held = stream()
        return held is not None and not held.over

    return is_open
