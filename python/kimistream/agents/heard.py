"""What comes of the calls of one answer."""

from __future__ import annotations

import functools
import threading

from .. import _core
from .._tools.results import content_of
from .._values.errors import StopRun, ToolArgumentsError
from .._values.run_events import ToolResult

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._requests.turns import Outcome
    from .._requests.watching import CallWatch, RunWatch
    from .._values.message import ToolCall

    Content = str | list[Any]


class Heard:
    """The outcomes of one step's calls. They are taken in when they arrive, on whichever thread, before a reader is
    given any of them: what has ended is kept also where nobody reads on.

    contents  what goes back to the model, by the place of the call: it is written here
    stop      is called when a tool wants the run to end, `changed` when something has been taken in
    watch     is told of each call, or None
    """

    __slots__ = ("_calls", "_changed", "_contents", "_failure", "_lock", "_over", "_results", "_stop", "_watches")

    def __init__(
        self,
        calls: list[ToolCall],
        contents: dict[int, Content],
        stop: Callable[[], None],
        changed: Callable[[], None],
        watch: RunWatch | None = None,
    ) -> None:
        self._calls = calls
        self._contents = contents
        self._stop = stop
        self._changed = changed
        self._results: dict[int, ToolResult] = {}
        self._failure: BaseException | None = None
        self._lock = threading.Lock()
        self._over = False  # the step has ended, or was left
        self._watches: dict[int, CallWatch] = {}
        if watch is not None:
            self._watches = {place: watch.call(call) for place, call in enumerate(calls)}

    def begins(self, place: int) -> Callable[[], object] | None:
        """What is to be called where this call is made."""
        watch = self._watches.get(place)
        return None if watch is None else watch.begin

    def leave(self) -> None:
        """Nothing is heard any more."""
        self._over = True
        for place in list(self._watches):
            watch = self._watches.pop(place, None)  # no lock: it may be held by what this interrupts
            if watch is not None:
                _core.call_quietly(watch.leave)

    def hear(self, *outcomes: Outcome) -> None:
        """The first of a call counts: one that comes when it was told to be too late is not heard."""
        with self._lock:
            if self._over:
                return
            try:
                for outcome in outcomes:
                    if outcome.place not in self._results:
                        self._take(outcome)
                self._changed()
            except BaseException as failure:
                self._failure = failure  # the reader's to know

    def _take(self, outcome: Outcome) -> None:
        error = outcome.error
        if error is not None and not isinstance(error, Exception):
            return
        content: Content = ""
        if error is None:
            try:
                content = content_of(outcome.value)
            except Exception as no_json:
                error = no_json
        if error is not None:
            content = told_of(error)
            if isinstance(error, StopRun):
                self._stop()
        call = self._calls[outcome.place]
        self._results[outcome.place] = ToolResult(call.id, call.name, content, error, outcome.seconds)
        self._contents[outcome.place] = content
        watch = self._watches.pop(outcome.place, None)
        if watch is not None:
            _core.call_quietly(functools.partial(watch.end, content, error))

    def result_of(self, outcome: Outcome) -> ToolResult:
        if self._failure is not None:
            raise self._failure
        result = self._results.get(outcome.place)
        if result is None:
            assert outcome.error is not None
            raise outcome.error  # Ctrl-C and the like are nothing to tell the model
        return result


def told_of(error: Exception) -> str:
    """What the model is told of an error: its class and its words."""
    if isinstance(error, ToolArgumentsError):
        return f"Error: {error}"
    if isinstance(error, StopRun):
        return str(error) or "The run was stopped."
    try:
        words = _words(error)
    except Exception:
        words = ""  # one that cannot say what it is
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _words(error: Exception) -> str:
    """What it says, but for the places in this machine's files that Python puts behind it."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"[Errno {error.errno}] {error.strerror}"
    if isinstance(error, ImportError) and error.path:
        return str(error).replace(f" ({error.path})", "")
    return str(error)
