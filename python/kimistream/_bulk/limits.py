"""How much may go out at once and in a window, for all who share it."""

from __future__ import annotations

import threading
import time

from .._values.errors import InvalidRequestError
from .windows import Window

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MINUTE, DAY = 60.0, 86_400.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds, after a refusal without a hint
_LONGEST_OF_A_MINUTE = 5.0  # of a minute's limit: what is waited too long is lost, and a few refusals cost nothing
_TRY = 0.5  # seconds without a refusal, after which twice as many may go out
_MOST_PATIENCE = 16
_GRACE = 0.1  # seconds that somebody's turn waits for them
_NAMES = ("concurrency", "rpm", "tpm", "tpd")


class Limits:
    """Limits that runs, clients and threads may share. None: not limited; the provider's own are then found.

    concurrency  requests under way at once
    rpm          requests in any minute
    tpm, tpd     tokens in any minute, any 24 hours: of a request its prompt (estimated) and max_tokens, corrected by
                 the usage of its answer. Without max_tokens 32,768 are reckoned

    A window counts a request from its answer's head on, which is not earlier than where the provider counts it. Runs
    that share one are served in turn. It pickles as its numbers: a copy shares nothing.
    """

    def __init__(
        self, concurrency: int | None = None, rpm: int | None = None, tpm: int | None = None, tpd: int | None = None
    ) -> None:
        for name, value in zip(_NAMES, (concurrency, rpm, tpm, tpd), strict=True):
            _check(name, value)
        self.concurrency = concurrency
        self.rpm = rpm
        self.tpm = tpm
        self.tpd = tpd
        self._lock = threading.Lock()
        self._clock: Callable[[], float] = time.monotonic
        self._windows = [
            Window(most, seconds, of_tokens)
            for most, seconds, of_tokens in ((rpm, MINUTE, False), (tpm, MINUTE, True), (tpd, DAY, True))
            if most is not None
        ]
        self._under_way = 0
        self._ceiling: float | None = None  # found by refusals; None: nothing was refused
        self._answered_since = 0
        self._patience = 1  # rounds of answers before one more is tried; more after each that was refused
        self._paused_until = float("-inf")
        self._round = 0  # of requests that go out together, between one pause and the next
        self._sent = 0  # in this round
        self._trying = False  # nothing of this round has been accepted yet
        self._refusals = 0  # without a hint, one after the other
        self._turns: dict[Any, _Turn] = {}

    def __repr__(self) -> str:
        given = [f"{name}={getattr(self, name)}" for name in _NAMES if getattr(self, name) is not None]
        return f"Limits({', '.join(given)})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Limits):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in _NAMES)

    def __hash__(self) -> int:
        return hash(self.__reduce__())

    def __reduce__(self) -> tuple[Any, ...]:
        return Limits, tuple(getattr(self, name) for name in _NAMES)

    @property
    def has_windows(self) -> bool:
        return bool(self._windows)

    @property
    def counts_tokens(self) -> bool:
        return any(window.of_tokens for window in self._windows)

    # What follows is the runs'. `who` is a run; all times are this object's clock.

    def join(self, who: Any, wake: Callable[[], None]) -> None:
        """A run begins. `wake` is called, on any thread, when it may be worth asking again."""
        with self._lock:
            self._turns[who] = _Turn(wake)

    def leave(self, who: Any) -> None:
        with self._lock:
            self._turns.pop(who, None)
            self._wake_others(who)

    def others(self, who: Any) -> list[Any]:
        """The other runs that share this."""
        with self._lock:
            return [other for other in self._turns if other is not who]

    def rest(self, who: Any) -> None:
        """A run has nothing to send now: its turn does not wait for it."""
        turn = self._turns.get(who)
        if turn is not None:
            turn.due = None

    def take(self, who: Any, tokens: int) -> Place | float:
        """A place for one request, or the seconds after which to ask again (inf: when woken)."""
        with self._lock:
            now = self._clock()
            wait = self._wait(now, tokens)
            turn = self._turns[who]
            if wait > 0:
                turn.due = now + wait if wait != float("inf") else float("inf")
                return wait
            for other, theirs in self._turns.items():
                if other is not who and theirs.comes_before(turn, now):
                    theirs.wake()
                    turn.due = now
                    return _GRACE / 4
            turn.due = None
            turn.last = now
            self._under_way += 1
            for window in self._windows:
                window.hold(tokens)
            self._sent += 1
            return Place(tokens, self._round)

    def _wait(self, now: float, tokens: int) -> float:
        if now < self._paused_until:
            return self._paused_until - now
        if self._trying:  # few at first: twice as many as long as none of them is refused
            doubled = int((now - self._paused_until) / _TRY)
            if self._sent >= 2 ** min(doubled, 30):
                return self._paused_until + (doubled + 1) * _TRY - now
        most = self.concurrency
        if self._ceiling is not None:
            most = int(self._ceiling) if most is None else min(most, int(self._ceiling))
        if most is not None and self._under_way >= most:
            return float("inf")
        return max((window.wait(now, tokens) for window in self._windows), default=0.0)

    def accepted(self, place: Place) -> None:
        """Its answer's head has come: from now on the windows count it."""
        with self._lock:
            self._stamp(place)

    def _stamp(self, place: Place) -> None:
        if place.round == self._round:
            self._trying = False
        if place.entries is None:
            now = self._clock()
            place.entries = [window.stamp(now, place.tokens) for window in self._windows]

    def answered(self, place: Place, tokens: int | None) -> None:
        """It has ended, with so many tokens where that is known."""
        with self._lock:
            self._stamp(place)
            if tokens is not None:
                for window, entry in zip(self._windows, place.entries or (), strict=True):
                    window.correct(entry, place.tokens, tokens)
            self._refusals = 0
            if self._ceiling is not None:
                self._answered_since += 1
                if self._answered_since >= self._ceiling * self._patience:
                    self._answered_since = 0
                    self._ceiling += 1
                    self._patience = max(1, self._patience // 2)
            self._free()

    def gone(self, place: Place, sent: bool) -> None:
        """It has ended without an answer. `sent`: the provider may have counted it."""
        with self._lock:
            if sent:
                self._stamp(place)
            elif place.entries is None:
                for window in self._windows:
                    window.drop(place.tokens)
            self._free()

    def refused(self, place: Place, hint: float | None, reason: str | None, dice: float) -> None:
        """A 429 for too much, or an overload: all who share this pause, and fewer go out at once afterwards."""
        with self._lock:
            now = self._clock()
            if place.entries is None:  # a provider that refuses does not count
                for window in self._windows:
                    window.drop(place.tokens)
            self._under_way -= 1
            first = place.round == self._round  # of those that went out together; the others tell the same once more
            longest = _LONGEST_OF_A_MINUTE if reason in ("rpm", "tpm") else _LONGEST_PAUSE
            growing = min(longest, _FIRST_PAUSE * 2.0 ** min(self._refusals, 10)) * (0.5 + 0.5 * dice)
            if first:
                self._round += 1
                self._sent = 0
                self._trying = True
                self._refusals += 0 if hint else 1
                self._patience = min(_MOST_PATIENCE, 2 * self._patience)
            if first or hint:
                self._paused_until = max(self._paused_until, now + (hint or growing))
            before = self._ceiling if self._ceiling is not None else self._under_way + 1
            if reason == "concurrency":
                # What is still under way was accepted, or is refused in its turn: so this settles where the limit is.
                self._ceiling = max(1, min(before, max(self._under_way, before / 2)))
                self._answered_since = 0
            elif first and reason in (None, "overload", "rate_limit"):
                self._ceiling = max(1, before / 2)
                self._answered_since = 0
            self._wake_others(None)

    def _free(self) -> None:
        self._under_way -= 1
        self._wake_others(None)

    def _wake_others(self, but: Any) -> None:
        for who, turn in self._turns.items():
            if who is not but and turn.due == float("inf"):
                turn.due = self._clock()
                turn.wake()


class Place:
    """One request's place: `entries` in the windows once it is counted."""

    __slots__ = ("entries", "round", "tokens")

    def __init__(self, tokens: int, round: int) -> None:
        self.tokens = tokens
        self.round = round
        self.entries: list[Any] | None = None


class _Turn:
    """When one of those who share was served last, and since when (`due`) it could be served again."""

    __slots__ = ("due", "last", "wake")

    def __init__(self, wake: Callable[[], None]) -> None:
        self.wake = wake
        self.last = float("-inf")
        self.due: float | None = None

    def comes_before(self, other: _Turn, now: float) -> bool:
        return self.due is not None and self.last < other.last and self.due <= now < self.due + _GRACE


def _check(name: str, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int or None, not {type(value).__name__}")
    if value < 1:
        raise InvalidRequestError(f"{name} must be at least 1; None stands for no limit")


def joined(limits: Limits | None, rpm: int | None, tpm: int | None, tpd: int | None) -> Limits:
    """The limits of a run: those that are shared, or its own."""
    if limits is None:
        return Limits(rpm=rpm, tpm=tpm, tpd=tpd)
    if not isinstance(limits, Limits):
        raise TypeError(f"limits must be kimistream.Limits, not {type(limits).__name__}")
    given = [name for name, value in (("rpm", rpm), ("tpm", tpm), ("tpd", tpd)) if value is not None]
    if given:
        raise InvalidRequestError(f"give {' and '.join(given)} either to map() or to Limits(), not beside limits=")
    return limits
