"""Limits that the actors of a job share: one pool gives out places to whoever has rows. Divided by the number of actors
they would lie idle with those that have none, and quick batches all go to the first actor."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MINUTE, DAY = 60.0, 86_400.0
SILENCE = 60.0  # seconds after which who holds places, and says nothing, is taken for dead
_LOOK_AGAIN = 1.0  # seconds


class Window:
    """So much in any `seconds`. What is held counts until it is stamped, and is counted for as long again then: so the
    window is never ahead of the provider's, which counts when a request arrives."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._held = self._counted = 0
        self._entries: deque[tuple[float, int]] = deque()

    def room(self, now: float) -> int:
        while self._entries and self._entries[0][0] <= now - self._seconds:
            self._counted -= self._entries.popleft()[1]
        return self._most - self._held - self._counted

    def fits(self, now: float, amount: int) -> bool:
        return amount <= self.room(now) or self.room(now) == self._most  # one that is larger than all of it goes alone

    def due(self, now: float) -> float:
        """Seconds until there is more room, as far as that is known."""
        return max(0.0, self._entries[0][0] + self._seconds - now) if self._entries else float("inf")

    def hold(self, amount: int) -> None:
        self._held += amount

    def stamp(self, now: float, held: int, used: int) -> None:
        self._held -= held
        if used:
            self._counted += used
            self._entries.append((now, used))


class Pool:
    """The places. In Ray it is an actor; all its methods are called on one loop.

    take(who, tokens)  for rows whose requests are reckoned at so many tokens each: how many of them may go, at least
                       one. Waits for that. Those who wait share what comes
    give_back(who, rows, requests, reserved, used)   so many rows have ended, after so many requests
    alive(who)         holds on to its places
    """

    def __init__(
        self,
        concurrency: int | None = None,
        rpm: int | None = None,
        tpm: int | None = None,
        tpd: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._free = concurrency
        self._requests = None if rpm is None else Window(rpm, MINUTE)
        self._tokens = [Window(most, seconds) for most, seconds in ((tpm, MINUTE), (tpd, DAY)) if most is not None]
        self._waiting = 0
        self._changed = asyncio.Event()
        self._held: dict[str, list[int]] = {}  # by whom: rows, tokens
        self._heard: dict[str, float] = {}

    async def take(self, who: str, tokens: list[int]) -> int:
        self._waiting += 1
        try:
            while True:
                now = self._clock()
                self._heard[who] = now
                self._forget_the_dead(now)
                given = self._give(now, tokens)
                if given:
                    held = self._held.setdefault(who, [0, 0])
                    held[0] += given
                    held[1] += sum(tokens[:given])
                    return given
                self._changed.clear()
                due = min([window.due(now) for window in self._windows()] + [_LOOK_AGAIN])
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), max(due, 0.001))
        finally:
            self._waiting -= 1

    def _windows(self) -> list[Window]:
        return self._tokens if self._requests is None else [self._requests, *self._tokens]

    def _give(self, now: float, tokens: list[int]) -> int:
        rooms = [len(tokens)]
        if self._free is not None:
            rooms.append(self._free)
        if self._requests is not None:
            rooms.append(self._requests.room(now))
        most = min(rooms)
        if most < len(tokens):  # others wait too
            most = -(-most // max(1, self._waiting))
        given = 0
        while given < most and all(window.fits(now, tokens[given]) for window in self._tokens):
            for window in self._tokens:
                window.hold(tokens[given])
            given += 1
        if self._requests is not None:
            self._requests.hold(given)
        if self._free is not None:
            self._free -= given
        return given

    async def give_back(self, who: str, rows: int, requests: int, reserved: int, used: int) -> None:
        now = self._clock()
        self._heard[who] = now
        held = self._held.get(who)
        if held is None:
            return  # it was taken for dead
        held[0] -= rows
        held[1] -= reserved
        self._back(now, rows, requests, reserved, used)

    def _back(self, now: float, rows: int, requests: int, reserved: int, used: int) -> None:
        if self._free is not None:
            self._free += rows
        if self._requests is not None:
            self._requests.stamp(now, rows, requests)
        for window in self._tokens:
            window.stamp(now, reserved, used)
        self._changed.set()

    async def alive(self, who: str) -> None:
        self._heard[who] = self._clock()

    def _forget_the_dead(self, now: float) -> None:
        for who in [who for who, heard in self._heard.items() if heard < now - SILENCE]:
            rows, tokens = self._held.pop(who, [0, 0])
            del self._heard[who]
            if rows:
                self._back(now, rows, rows, tokens, tokens)
