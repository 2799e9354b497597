"""How far runs and swarms have come."""

from __future__ import annotations

from .sums import Sums

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._values.message import Usage


class Standing(Sums):
    """How far a run or a swarm has come, without waiting."""

    _run: Any  # a Loop or a Team

    @property
    def steps(self) -> int:
        """How many are finished; of a swarm those of all its agents."""
        steps: int = self._run.steps
        return steps

    @property
    def usage(self) -> Usage | None:
        """The tokens of all answers, also of one that broke off; None before the first."""
        usage: Usage | None = self._run.usage
        return usage

    @property
    def stopped(self) -> str | None:
        """Why it has ended: "done", "max_steps" or "budget"; of a run also "repeated" (the same calls with the same
        results five times in a row) and "stop_run". Of a swarm the first two limits, where any agent was stopped by
        them. None while it goes on, and where it failed."""
        stopped: str | None = self._run.stopped
        return stopped
