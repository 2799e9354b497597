"""Who waits for a run by batches: a thread, or an event loop. Its rows come all at once, in the input's order.

Ctrl-C ends the waiting; the batch goes on.
"""

from __future__ import annotations

import time

from ..progress import Told
from .run import BatchWork

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..._values.bulk import Row, Run
    from ..options import Plan


class _Driver:
    def __init__(self, plan: Plan, run: Run, drive: Any) -> None:
        self._drive = drive
        self._counts = plan.counts
        self._told = Told(plan.progress, run)
        self._work = BatchWork(plan, lambda: self._told.tell(time.monotonic()))
        self._has_begun = self._is_over = False

    def _begins(self) -> bool:
        begins, self._has_begun = not self._has_begun, True
        return begins

    def _all(self) -> list[Row]:
        self._is_over = True
        return self._work.given

    def end(self) -> None:
        self._work.close()
        self._told.end()

    def close(self) -> None:
        if not self._is_over and self._counts.stopped is None:
            self._counts.stopped = "interrupted"
        try:
            self._work.close()
        finally:
            self._told.close()


class BatchDriver(_Driver):
    """As that of `blocking.py`. `drive` takes steps to their end."""

    def advance(self) -> list[Row]:
        if not self._begins():
            return []
        self._drive(self._work.steps())
        return self._all()


class AsyncBatchDriver(_Driver):
    """As that of `asynchronous.py`."""

    async def advance(self) -> list[Row]:
        if not self._begins():
            return []
        await self._drive(self._work.steps())
        return self._all()
