"""The total of a call that takes several requests."""

from __future__ import annotations

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._values.timeout import AnyTimeout


class _Left:
    """A timeout whose total runs: each request that is given it reads what is left. Known to the core by its names."""

    __slots__ = ("_end", "_total", "connect", "first_event", "idle")

    def __init__(self, clocks: tuple[float | None, float | None, float | None], total: float) -> None:
        from time import monotonic

        self.connect, self.first_event, self.idle = clocks
        self._total = total
        self._end = monotonic() + total

    @property
    def total(self) -> float:
        from time import monotonic

        left = self._end - monotonic()
        if left > 0:
            return left
        from .._values.errors import APITimeoutError

        raise APITimeoutError(
            f"the call was not complete within {self._total:g} s; raise timeout's total, or leave it open",
            clock="total",
        )


def begun(timeout: AnyTimeout, core: _core.Client) -> AnyTimeout:
    """The timeout, for all requests of a call that begins now: `total` is for all of them."""
    *clocks, total = _core.clocks(timeout)
    if total is None:
        total = core.total
    if total is None or isinstance(timeout, _Left):
        return timeout
    connect, first_event, idle = clocks
    left: Any = _Left((connect, first_event, idle), total)
    return left  # type: ignore[no-any-return]


def patience(timeout: AnyTimeout, otherwise: float) -> float:
    """How long something that is asked for again and again may take, in seconds."""
    _, first_event, _, total = _core.clocks(timeout)
    return total if total is not None else first_event if first_event is not None else otherwise
