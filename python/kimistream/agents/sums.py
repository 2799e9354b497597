"""Sums of what several answers have cost."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._values.message import Usage


class Sums:
    """What has a usage has a cost."""

    @property
    def usage(self) -> Usage | None:
        raise NotImplementedError

    @property
    def cost(self) -> float | None:
        """What its answers have cost, where that is known."""
        usage = self.usage
        return None if usage is None else usage.cost


def added(sum: Usage | None, more: Usage | None) -> Usage | None:
    """Both together, field by field; what neither tells stays None."""
    if sum is None or more is None:
        return more if sum is None else sum
    return sum + more
