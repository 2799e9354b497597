"""What runs and swarms of both clients have: how far they have come, and what their readers share."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._notebook.live import Shown
    from .._values.message import Usage
    from .._values.run_events import RunEvent


class Standing:
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
    def cost(self) -> float | None:
        """What they have cost, where the provider tells."""
        usage = self.usage
        return None if usage is None else usage.cost

    @property
    def stopped(self) -> str | None:
        """Why it has ended: "done", "max_steps" or "budget"; of a run also "repeated" (the same calls with the same
        results five times in a row) and "stop_run". Of a swarm the first two limits, where any agent was stopped by
        them. None while it goes on, and where it failed."""
        stopped: str | None = self._run.stopped
        return stopped


class BaseReading:
    """Reads a turn by a client's driver. `run`: what has its last message, an `Ending`."""

    def __init__(self, driver: Any, run: Any) -> None:
        self._driver = driver
        self._run = run
        self._failure: BaseException | None = None

    def _leave(self) -> None:
        self._driver.leave()

    def _shown(self) -> Shown:
        from .shown import story_of

        return story_of(self._run, self._driver.currency)

    def _is_over(self) -> bool:
        return self._run.stopped is not None or self._failure is not None or self._driver.closed

    def _put_back(self, event: RunEvent) -> None:
        self._driver.waiting.append(event)
