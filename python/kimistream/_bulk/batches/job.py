"""A batch that somebody waits for."""

from __future__ import annotations

from ..._values.errors import InvalidRequestError
from ..._values.resources import BatchCounts
from .steps import ENDED, cancelled, rows_of, seconds_of, until_ended

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from typing import Any, TypeVar

    from ..._requests.sender import Sender
    from ..._requests.steps import Steps
    from ..._values.bulk import Row
    from ..._values.resources import Batch
    from ..._values.timeout import AnyTimeout
    from .lines import Line

    T = TypeVar("T")


class _Job:
    """A batch at the provider.

    id      of it: `client.batches.job(id)` gives the job again, in any process
    batch   as it was at the last look; `status` and `counts` are its
    """

    def __init__(self, sender: Sender, drive: Any, batch: Batch, lines: list[Line] | None, poll: float | None) -> None:
        self._sender = sender
        self._drive = drive
        self._lines = lines
        self._poll = checked_poll(poll)
        self._rows: list[Row] | None = None
        self.batch = batch

    @property
    def id(self) -> str:
        return self.batch.id

    @property
    def status(self) -> str:
        """At the last look."""
        return self.batch.status

    @property
    def counts(self) -> BatchCounts:
        """At the last look: `completed`, `failed`, `total`."""
        return self.batch.request_counts or BatchCounts(completed=0, failed=0, total=len(self._lines or ()))

    def _wait_steps(self, timeout: AnyTimeout, progress: Callable[[Any], object] | None) -> Steps[None]:
        def looked(batch: Batch) -> None:
            self.batch = batch
            if progress is not None:
                progress(self)

        if self.batch.status not in ENDED:
            yield from until_ended(self._sender, self.batch, self._poll, seconds_of(timeout), looked)

    def _row_steps(self) -> Steps[list[Row]]:
        yield from self._wait_steps(None, None)
        if self._rows is None:
            self._rows = yield from rows_of(self._sender, self.batch, self._lines)
        return self._rows

    def _cancel_steps(self) -> Steps[None]:
        if self.batch.status not in ENDED:
            self.batch = yield from cancelled(self._sender, self.batch.id)

    def __repr__(self) -> str:
        counts = self.counts
        return (
            f"<{self.__class__.__name__} {self.id} {self.status}: {counts.completed} answered, {counts.failed} failed, "
            f"{counts.total} in all>"
        )


class BatchJob(_Job):
    __doc__ = _Job.__doc__

    def wait(self, timeout: AnyTimeout = None, progress: Callable[[BatchJob], object] | None = None) -> BatchJob:
        """Waits until the batch has ended, however it does; gives the job. Ctrl-C ends the waiting, not the batch.

        timeout   seconds; then APITimeoutError, and the batch goes on
        progress  is given the job at each look
        """
        self._drive(self._wait_steps(timeout, progress))
        return self

    def __iter__(self) -> Iterator[Row]:
        """The rows in the order of the input, each once. Waits for the end first."""
        return iter(self._drive(self._row_steps()))

    def cancel(self) -> BatchJob:
        """Cancels the batch; gives the job. Once more, or too late, does no harm."""
        self._drive(self._cancel_steps())
        return self


class AsyncBatchJob(_Job):
    """As `BatchJob`; what waits is awaited, and the rows come by `async for`."""

    async def wait(
        self, timeout: AnyTimeout = None, progress: Callable[[AsyncBatchJob], object] | None = None
    ) -> AsyncBatchJob:
        """As `BatchJob.wait`."""
        await self._drive(self._wait_steps(timeout, progress))
        return self

    async def __aiter__(self) -> AsyncIterator[Row]:
        for row in await self._drive(self._row_steps()):
            yield row

    async def cancel(self) -> AsyncBatchJob:
        """As `BatchJob.cancel`."""
        await self._drive(self._cancel_steps())
        return self


def checked_poll(poll: Any) -> float | None:
    if poll is None:
        return None
    if isinstance(poll, bool) or not isinstance(poll, (int, float)):
        raise TypeError(f"poll must be a number of seconds or None, not {type(poll).__name__}")
    if not 0 < poll < float("inf"):
        raise InvalidRequestError(f"poll cannot be {poll}: seconds between two looks")
    return float(poll)
