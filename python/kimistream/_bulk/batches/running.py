"""Who waits for a run by batches: a thread, or an event loop."""

from __future__ import annotations

import time

from ..._values.bulk import Run
from ..._values.errors import InvalidRequestError
from ..output import read_rows
from ..progress import Told
from .run import BatchWork

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator
    from typing import Any

    from ..._values.bulk import Row
    from ..options import Plan


class _BatchRun(Run):
    def __init__(self, plan: Plan, drive: Any) -> None:
        super().__init__(plan.counts, plan.out, read_rows)
        self._plan = plan
        self._drive = drive
        self._told = Told(plan.progress, self)

    def _begin(self) -> BatchWork:
        return BatchWork(self._plan, lambda: self._told.tell(time.monotonic()))

    def _ended(self, work: BatchWork, error: BaseException | None = None) -> None:
        if error is not None and not isinstance(error, Exception):
            self._counts.stopped = "interrupted"
            error.run = self  # type: ignore[attr-defined]
        try:
            work.close()
        finally:
            self._told.close() if error is not None else self._told.end()


class BatchRows(_BatchRun):
    """The rows of a run by batches without `out`, in the input's order. Nothing is sent before the first is asked
    for. Ctrl-C ends the waiting; the batch goes on."""

    def __iter__(self) -> Iterator[Row]:
        work = self.to_the_end()
        return iter(work.given)

    def to_the_end(self) -> BatchWork:
        work = self._begin()
        try:
            self._drive(work.steps())
        except BaseException as error:
            self._ended(work, error)
            raise
        self._ended(work)
        return work


class AsyncBatchRows(_BatchRun):
    """As `BatchRows`: `async for row in run`, or with `out` `await run`."""

    def __await__(self) -> Generator[Any, None, Run]:
        return self._whole().__await__()

    async def _whole(self) -> Run:
        if self._out is None:
            raise InvalidRequestError("a run without out= gives rows: async for row in client.map(...)")
        await self._to_the_end()
        return self

    async def __aiter__(self) -> AsyncIterator[Row]:
        if self._out is not None:
            raise InvalidRequestError("a run with out= is awaited: await client.map(..., out=...), then run.rows()")
        for row in (await self._to_the_end()).given:
            yield row

    async def _to_the_end(self) -> BatchWork:
        work = self._begin()
        try:
            await self._drive(work.steps())
        except BaseException as error:
            self._ended(work, error)
            raise
        self._ended(work)
        return work


def run_blocking(plan: Plan, drive: Any) -> BatchRows | Run:
    rows = BatchRows(plan, drive)
    if plan.out is not None:
        rows.to_the_end()
    return rows
