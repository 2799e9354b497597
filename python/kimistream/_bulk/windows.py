"""A sliding window: so much in any so many seconds."""

from __future__ import annotations

from collections import deque

_SLACK = 0.002  # seconds more than the window, for clocks that are not the provider's
_GRAINS = 2000  # stamps of the same such part of a window are kept as one, under the latest of their times


class Grain:
    """What was stamped at about the same time."""

    __slots__ = ("amount", "first", "gone", "last")

    def __init__(self, now: float) -> None:
        self.first = self.last = now
        self.amount = 0
        self.gone = False


class Window:
    """What is held is under way and counts in full; what is stamped counts until a window has passed since.

    most, seconds  so much in any so many seconds
    of_tokens      it counts tokens, else requests
    """

    __slots__ = ("_held", "_most", "_seconds", "_stamped", "_sum", "of_tokens")

    def __init__(self, most: int, seconds: float, of_tokens: bool) -> None:
        self._most = most
        self._seconds = seconds
        self.of_tokens = of_tokens
        self._held = 0
        self._sum = 0  # of what is stamped
        self._stamped: deque[Grain] = deque()

    def _amount(self, tokens: int) -> int:
        return tokens if self.of_tokens else 1

    def wait(self, now: float, tokens: int) -> float:
        """Seconds until there is room; inf: not before something that is under way ends. What is more than a whole
        window holds goes when nothing else counts."""
        while self._stamped and self._stamped[0].last + self._seconds + _SLACK <= now:
            gone = self._stamped.popleft()
            gone.gone = True
            self._sum -= gone.amount
        over = self._held + self._sum + min(self._amount(tokens), self._most) - self._most
        if over <= 0:
            return 0.0
        for grain in self._stamped:
            over -= grain.amount
            if over <= 0:
                return grain.last + self._seconds + _SLACK - now
        return float("inf")

    def hold(self, tokens: int) -> None:
        self._held += self._amount(tokens)

    def drop(self, tokens: int) -> None:
        self._held -= self._amount(tokens)

    def stamp(self, now: float, tokens: int) -> Grain:
        grain = self._stamped[-1] if self._stamped else None
        if grain is None or now - grain.first > self._seconds / _GRAINS:
            grain = Grain(now)
            self._stamped.append(grain)
        amount = self._amount(tokens)
        self._held -= amount
        self._sum += amount
        grain.amount += amount
        grain.last = now
        return grain

    def correct(self, grain: Grain, held: int, tokens: int) -> None:
        """It was another number of tokens than was held."""
        if self.of_tokens and not grain.gone:
            grain.amount += tokens - held
            self._sum += tokens - held
