"""Those who look at every request of a client: its budget, telemetry. Without one nothing is done for them.

A `Watcher` is told of each request before it is sent, and a budget may refuse it by raising; what it gives is told how
the answer goes, on the thread that reads it. Of a row that a bulk run has sent it is told when the row has ended.
"""

from __future__ import annotations

from .. import _core
from .._values.message import Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    class Watch(Protocol):
        """Of one request: `first` when something of the answer has come; `end` once, however it ends. `message` is as
        far as it came, `error` an exception or None, `completion` the answer where it was asked for whole in the OpenAI
        shape."""

        def first(self) -> None: ...
        def end(self, message: Message | None, error: BaseException | None, completion: Any) -> None: ...

    class Watcher(Protocol):
        """`past`: of a request that has ended already."""

        def begin(
            self, core: _core.Client, arguments: tuple[Any, ...], streams: bool, past: Past | None = None
        ) -> Watch: ...


class Past:
    """What is told of a request when it has ended: the attempts at it, and the seconds since the first of them."""

    __slots__ = ("attempts", "seconds")

    def __init__(self, attempts: int, seconds: float) -> None:
        self.attempts = attempts
        self.seconds = seconds


class Watches:
    """All watches of one request as one."""

    __slots__ = ("_all",)

    def __init__(self) -> None:
        self._all: list[Watch] = []

    def begin(self, watchers: tuple[Watcher, ...], *request: Any) -> None:
        for watcher in watchers:
            self._all.append(watcher.begin(*request))

    def first(self) -> None:
        for each in self._all:
            each.first()

    def end(self, message: Message | None, error: BaseException | None, completion: Any) -> None:
        for each in reversed(self._all):
            each.end(message, error, completion)


def watched(
    watchers: tuple[Watcher, ...],
    core: _core.Client,
    start: Callable[[tuple[Any, ...], bool, bool], _core.Stream],
    arguments: tuple[Any, ...],
    streams: bool,
    chunks: bool,
) -> _core.Stream:
    """Starts a request that is looked at."""
    watches = Watches()
    try:
        watches.begin(watchers, core, arguments, streams)
        stream = start(arguments, streams, chunks)
    except BaseException as error:
        watches.end(None, error, None)
        raise
    stream.watch(watches)
    return stream


def tell_past(
    watchers: tuple[Watcher, ...],
    core: _core.Client,
    arguments: tuple[Any, ...],
    streams: bool,
    past: Past,
    message: Message | None,
    error: BaseException | None,
) -> None:
    """Tells those who look of a request that they could not look at. What they raise is unraisable, as everywhere."""
    if message is None and past.attempts:
        message = getattr(error, "partial", None) or Message()
    for watcher in watchers:

        def tell(watcher: Watcher = watcher) -> None:
            watcher.begin(core, arguments, streams, past).end(message, error, None)

        _core.call_quietly(tell)
