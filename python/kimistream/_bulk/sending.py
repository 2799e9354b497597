"""Who sends: rows go in, and come out as they end. Nothing here knows of files or of what rows are.

The core does it (`BulkRun`): limits, retries, connections. What must be uploaded first is done here, beside it.
"""

from __future__ import annotations

import select
from collections import deque

from .. import _core
from .._requests.watching import Past, tell_past
from .._values.errors import APIError
from .item import NONE_ANSWERED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._requests.sender import Sender
    from .._requests.steps import Steps
    from .._values.errors import KimiError
    from .._values.message import Message
    from .file_rows import FileRows
    from .item import Answered, Result
    from .limits import Limits
    from .uploading import Uploading

FOREVER = float("inf")


class Ended:
    """A row that has ended: exactly one of `message` and `error`.

    attempts, seconds  requests that were sent for it, and the time since the first of them
    is_of_all          an error that every other row meets as well
    """

    __slots__ = ("attempts", "error", "is_of_all", "message", "seconds", "tag")

    def __init__(
        self, tag: Any, message: Message | None, error: Any, attempts: int, seconds: float, is_of_all: bool
    ) -> None:
        self.tag = tag
        self.message = message
        self.error: KimiError | None = error
        self.attempts = attempts
        self.seconds = seconds
        self.is_of_all = is_of_all


class Sending:
    """Many requests at once, on one thread at a time; `wake` may be called on any.

    room                how many may be started
    start(index, tag, arguments, tokens)  adds one, for the next `pump`; those with a smaller index go first. `before`:
                        the steps of what must be done first, such as uploads; they give the arguments' last form.
                        `streams`: its answer is asked for in pieces
    flush()             sends what was started, without a look at what comes
    pump()              does what is ready; gives the seconds until `take` is worth calling; inf: nothing has ended
    take()              those that have ended since
    take_answered()     the file's rows among them that were answered; they are to be written before the next `take`
    wait(seconds)       waits until `take` is worth calling, for so long at most; ends early at a signal and by `wake`
    later               seconds until `pump` has something to do, whatever comes
    descriptors         one of them is readable when `pump` has something to do
    close()             ends what is under way
    """

    def __init__(self, sender: Sender, limits: Limits, concurrency: int) -> None:
        self._sender = sender
        self.run = self._run = _core.BulkRun(sender.core, limits._shared, concurrency)
        self.file_rows: FileRows | None = None
        self._answered = NONE_ANSWERED
        self._tags: dict[int, Any] = {}
        self._watched: dict[
            int, tuple[tuple[Any, ...], bool]
        ] = {}  # what rows ask and how, where somebody looks at requests
        self._uploading: Uploading | None = None
        self._uploaded: deque[Ended] = deque()  # those that could not be uploaded
        self.counts_tokens = self._run.counts_tokens
        self.wake = self._run.wake
        self.flush = self._run.flush
        self.no_more = self._run.no_more

    @property
    def descriptors(self) -> list[int]:
        own = [self._run.descriptor]
        return own if self._uploading is None else [*own, self._uploading.descriptor]

    def __len__(self) -> int:
        """Those that were started and not taken yet."""
        before = 0 if self._uploading is None else len(self._uploading) + len(self._uploaded)
        return len(self._run) + before

    @property
    def room(self) -> int:
        return self._run.room - (0 if self._uploading is None else len(self._uploading))

    def start(
        self,
        index: int,
        tag: Any,
        arguments: tuple[Any, ...],
        tokens: int,
        before: Steps[tuple[Any, ...]] | None = None,
        streams: bool = False,
    ) -> None:
        """Raises KimiError, TypeError or ValueError for arguments that cannot be sent."""
        if before is None:
            self._add(index, arguments, tokens, streams)
        else:
            if self._uploading is None:
                from .uploading import Uploading

                self._uploading = Uploading(self._sender.core)
            self._uploading.start((index, tokens, streams), before)
        self._tags[index] = tag

    def _add(self, index: int, arguments: tuple[Any, ...], tokens: int, streams: bool) -> None:
        self._run.add(index, arguments, tokens, streams)
        if self._sender.watchers:
            self._watched[index] = arguments, streams

    def pump(self) -> float:
        self._run.pump()
        if self._uploading is not None:
            self._take_uploads(self._uploading)
        return 0.0 if self._uploaded else self._run.due

    def take(self) -> list[Ended]:
        self.pump()
        ended = list(self._uploaded)
        self._uploaded.clear()
        for index, message, error, attempts, seconds, is_of_all in self._take():
            asked = self._watched.pop(index, None)
            if asked is not None:
                past = Past(attempts, seconds)
                tell_past(self._sender.watchers, self._sender.core, *asked, past, message, error)
            tag = self._tags.pop(index, None)
            if tag is None and self.file_rows is not None:
                tag = self.file_rows.left(index)
            ended.append(Ended(tag, message, error, attempts, seconds, is_of_all))
        return ended

    def _take(self) -> list[Result]:
        if self.file_rows is None:
            return self._run.take()
        if self._answered:  # an error came between: they are still to be written, and their places are right only then
            return []
        self._answered, others = self.file_rows.take()
        return others

    def take_answered(self) -> Answered:
        answered, self._answered = self._answered, NONE_ANSWERED
        return answered

    def _take_uploads(self, uploading: Uploading) -> None:
        for (index, tokens, streams), arguments, error in uploading.take():
            if error is None:
                try:
                    self._add(index, arguments, tokens, streams)
                    continue
                except Exception as wrong:
                    error = wrong
            asked, of_all = 0, False
            if isinstance(error, APIError):
                asked, of_all = 1, _core.meets_every_row(error.status_code or 0, error.reason or "")
            self._uploaded.append(Ended(self._tags.pop(index), None, error, asked, 0.0, of_all))

    @property
    def later(self) -> float:
        own = self._run.later
        return own if self._uploading is None else min(own, self._uploading.due)

    def wait(self, seconds: float) -> None:
        if self._uploading is None or not len(self._uploading):
            self._run.wait(seconds)
            return
        poll = select.poll()
        for descriptor in self.descriptors:
            poll.register(descriptor, select.POLLIN)
        seconds = min(seconds, self.later, self._run.due)
        poll.poll(None if seconds == FOREVER else seconds * 1000 + 0.5)

    def stop(self) -> None:
        """Nothing new is sent; what is under way ends, what only waits is forgotten."""
        self._run.stop()

    def close(self) -> None:
        self._run.close()
        if self._uploading is not None:
            self._uploading.close()
        self._tags.clear()
        self._watched.clear()
