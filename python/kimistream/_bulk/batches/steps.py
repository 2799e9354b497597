"""What a batch is asked for and in which order: upload, create, look until it ends, read its files. It never waits."""

from __future__ import annotations

import contextlib
from time import monotonic

from ... import _core
from ..._requests import uploads
from ..._requests.steps import Step
from ..._requests.totals import patience
from ..._resources import batches
from ..._values.errors import APIConnectionError, APIStatusError, APITimeoutError, BadRequestError, NotFoundError
from .lines import answers_of, of_file, row_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..._requests.sender import Sender
    from ..._requests.steps import Steps
    from ..._values.bulk import Row
    from ..._values.resources import Batch
    from ..._values.timeout import AnyTimeout
    from .lines import Line

ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 1.0, 60.0, 1.5  # seconds between looks


def submit(sender: Sender, lines: list[Line], window: str, metadata: dict[str, str] | None) -> Steps[Batch]:
    """Uploads the requests and begins a batch of them. The file of a batch that is refused is deleted again."""
    text = b"".join(line.text for line in lines)
    file = ("kimistream-batch.jsonl", text, "application/jsonl")
    stored = yield from uploads.upload_steps(sender.core, file, "batch")
    try:
        return (yield from batches.create(sender, input_file_id=stored.id, completion_window=window, metadata=metadata))
    except APIStatusError as refusal:
        if (refusal.status_code or 500) < 500:  # else it may have been made all the same
            with contextlib.suppress(APIConnectionError, APIStatusError):  # the refusal is what counts
                yield from uploads.delete_steps(sender.core, stored.id)
        raise


def until_ended(
    sender: Sender,
    batch: Batch,
    poll: float | None,
    timeout: float | None,
    looked: Callable[[Batch], object],
) -> Steps[Batch]:
    """Looks at a batch until it has ended. A look that fails for now is made again.

    poll     seconds between looks; None: 1, growing to 60
    timeout  seconds; then APITimeoutError, and the batch goes on
    looked   is told of each look
    """
    end = None if timeout is None else monotonic() + timeout
    pause = FIRST_PAUSE if poll is None else poll
    while True:
        try:
            batch = yield from batches.retrieve(sender, batch.id)
        except (APIConnectionError, APIStatusError) as error:
            if not (error.retryable or isinstance(error, APIConnectionError)):
                raise
        else:
            looked(batch)
            if batch.status in ENDED:
                return batch
        left = None if end is None else end - monotonic()
        if left is not None and left <= 0:
            raise APITimeoutError(
                f"the batch {batch.id} is still {batch.status!r} after {timeout:g} s; it goes on: wait again, or "
                "come back with client.batches.job(id)",
                clock="total",
            )
        yield pause if left is None else min(pause, left)
        if poll is None:
            pause = min(pause * GROWTH, LONGEST_PAUSE)


def cancelled(sender: Sender, batch_id: str) -> Steps[Batch]:
    """Cancels; of one that has ended, or is being cancelled, gives how it stands."""
    try:
        return (yield from batches.cancel(sender, batch_id))
    except BadRequestError:
        batch = yield from batches.retrieve(sender, batch_id)
        if batch.status not in ENDED and batch.status != "cancelling":
            raise
        return batch


def rows_of(sender: Sender, batch: Batch, lines: list[Line] | None) -> Steps[list[Row]]:
    """Every request once, in the input's order. Without `lines` those of the batch's input file count."""
    if lines is None:
        lines = of_file((yield _content(sender, batch.input_file_id)))
    answers: dict[str, dict[str, Any]] = {}
    for file_id in (batch.error_file_id, batch.output_file_id):
        if file_id:
            try:
                answers.update(answers_of((yield _content(sender, file_id))))
            except NotFoundError:  # a batch without failures may name an error file that is not there
                if file_id == batch.output_file_id:
                    raise
    return [row_of(sender.core, line, answers.get(line.custom_id), batch) for line in lines]


def _content(sender: Sender, file_id: str) -> Step:
    core = sender.core
    return Step(lambda starter: _core.file_request(starter, core, file_id, content=True), _core.body_bytes)


def seconds_of(timeout: AnyTimeout) -> float | None:
    """How long a caller waits: a number of seconds, or a `Timeout`'s total."""
    return None if timeout is None else patience(timeout, float("inf"))
