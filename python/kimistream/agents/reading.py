"""What the readers of runs and swarms share, whichever client they are of."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._notebook.live import Shown
    from .._values.run_events import RunEvent


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

    def _begun(self) -> Shown:
        return self._shown()  # not a single answer's, as of the streams that are read like this

    def _is_over(self) -> bool:
        return self._run.stopped is not None or self._failure is not None or self._driver.closed

    def _put_back(self, event: RunEvent) -> None:
        self._driver.waiting.append(event)
