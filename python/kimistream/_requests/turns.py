"""Turns: what a conversation or a run of tools asks and calls, without saying how to wait for it.

As with steps (`steps`), the procedure is a generator that is written once; each client has a driver for it
(`_clients.turns`, `_clients.async_turns`). It yields

    Ask           and is sent the message that was answered, after the driver has handed its events to the reader
    Calls         and is sent nothing: they are begun, side by side
    next_outcome  and is sent the `Outcome` of one of them, or a `Progress`
    an event      for the reader, and is sent nothing

What an answer fails with is thrown into it, and so is what ends it from outside: Ctrl-C, cancellation, and
GeneratorExit when its reader leaves. It says what becomes of what had come.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any, TypeVar

    from .._values.message import Message
    from .._values.run_events import RunEvent, SwarmEvent
    from .watching import RunWatch

    T = TypeVar("T")


class Ask:
    """One answer: what `stream` takes. `whole`: nobody reads its events, `complete` will do. The driver keeps the
    stream of it here. `run`: the watch of the run that it is a step of, or None."""

    __slots__ = ("messages", "options", "run", "stream", "whole")

    def __init__(self, messages: list[Any], options: dict[str, Any], whole: bool, run: RunWatch | None) -> None:
        self.messages = messages
        self.options = options
        self.whole = whole
        self.run = run
        self.stream: Any = None

    def came(self, error: BaseException) -> Message | None:
        """As much of the answer as had come when this ended it."""
        partial: Message | None = getattr(error, "partial", None)
        if partial is None and self.stream is not None:
            try:
                partial = self.stream.partial
            except RuntimeError:
                return None  # it was not opened
        return partial


class Call:
    """A function that is to be called, without arguments. `place` is the caller's own number for it; `begins` is called
    before it, in the same thread or task."""

    __slots__ = ("begins", "function", "place", "timeout")

    def __init__(
        self,
        place: int,
        function: Callable[[], Any],
        timeout: float | None,
        begins: Callable[[], object] | None = None,
    ) -> None:
        self.place = place
        self.function = function
        self.timeout = timeout
        self.begins = begins

    def make(self) -> Any:
        if self.begins is not None:
            self.begins()
        return self.function()


class Calls:
    """They run side by side, at most `most` at once, begun in their order. `heard` is told of each outcome when it
    arrives, on the thread where it does, also where nobody asks for the next one; of each call the first counts."""

    __slots__ = ("calls", "heard", "most")

    def __init__(self, calls: list[Call], most: int, heard: Callable[[Outcome], object]) -> None:
        self.calls = calls
        self.most = most
        self.heard = heard


class Outcome:
    """A call has ended: what it gave, or what it raised."""

    __slots__ = ("error", "place", "seconds", "value")

    def __init__(self, place: int, value: Any, error: BaseException | None, seconds: float) -> None:
        self.place = place
        self.value = value
        self.error = error
        self.seconds = seconds


class Progress:
    """What the generator of a call has yielded."""

    __slots__ = ("place", "value")

    def __init__(self, place: int, value: Any) -> None:
        self.place = place
        self.value = value


class NextOutcome:
    __slots__ = ()


next_outcome = NextOutcome()


def told_too_late(call: Call) -> Outcome:
    """A call that has not ended in its time."""
    assert call.timeout is not None
    words = f"it did not end within {call.timeout:g} s, and nobody waits for it any more"
    return Outcome(call.place, None, TimeoutError(words), call.timeout)


if TYPE_CHECKING:
    Effect = Ask | Calls | NextOutcome | RunEvent | SwarmEvent
    Turn = Generator[Effect, Any, T]
