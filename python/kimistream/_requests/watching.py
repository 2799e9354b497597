"""Those who look at every request of a client: its budget, telemetry. Without one nothing is done for them.

A `Watcher` is told of each request before it is sent, and a budget may refuse it by raising; what it gives is told how
the answer goes, on the thread that reads it. Of a row that a bulk run has sent it is told when the row has ended.

One that has a method `run` is told of runs of tools and of swarms, too: it gives a `RunWatch`.
"""

from __future__ import annotations

import contextlib
from contextvars import ContextVar

from .. import _core
from .._values.message import Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Protocol

    from .._values.message import ToolCall

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

    class RunWatch(Protocol):
        """Of a run, or of a swarm with its agents' runs below: `begin` when it is first read, `end` once. `enter`: the
        thread or task that calls it works for this alone, to its end."""

        def begin(self) -> None: ...
        def enter(self) -> None: ...
        def call(self, call: ToolCall) -> CallWatch: ...
        def end(self, error: BaseException | None) -> None: ...

    class CallWatch(Protocol):
        """Of a call of a tool: `begin` in the thread or task that makes it; then, from any, either `end` with what the
        model is told, also of a call that was never made, or `leave` where nobody waits for it any more."""

        def begin(self) -> None: ...
        def end(self, content: Any, error: Exception | None) -> None: ...
        def leave(self) -> None: ...


_run: ContextVar[Any] = ContextVar("kimistream_run", default=None)


def current_run() -> Any:
    """The `RunWatch` of the run that the request now being sent is a step of, or None."""
    return _run.get()


@contextlib.contextmanager
def within(run: RunWatch | None) -> Iterator[None]:
    """What is sent meanwhile is a step of this run."""
    token = _run.set(run)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # a task that is thrown away ends in another context
            _run.reset(token)


def run_watch(
    watchers: tuple[Watcher, ...],
    core: _core.Client,
    prompt: Any,
    options: dict[str, Any],
    name: str | None = None,
    is_swarm: bool = False,
) -> RunWatch | None:
    """The watch of a new run, or None where nobody watches runs. `name`: of the agent."""
    for watcher in watchers:
        run: Callable[..., RunWatch] | None = getattr(watcher, "run", None)
        if run is not None:
            return run(core, prompt, options, name, is_swarm)
    return None


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
