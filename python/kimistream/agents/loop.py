"""The loop: asks, calls the tools that the answer wants called, and asks again. One procedure for both clients."""

from __future__ import annotations

from .. import _core
from .._requests.resent import Resent
from .._requests.turns import Ask, Call, Calls, Outcome, next_outcome
from .._values.errors import BudgetExceededError, IncompleteStreamError, InvalidRequestError, ToolArgumentsError
from .._values.message import Message, Restarted, ToolCall
from .._values.run_events import StepEnd, StepStart, ToolProgress
from .allowance import ExhaustedError
from .heard import Heard
from .history import changed, group, was_cut
from .sums import added
from .watched import watched

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from .._requests.spending import Stake
    from .._requests.turns import Turn
    from .._requests.watching import RunWatch
    from .._tools.tool_set import ToolSet
    from .._values.message import Usage
    from .allowance import Allowance
    from .expected import Expected

    Content = str | list[Any]

    class Ending(Protocol):
        """What has a last message."""

        @property
        def message(self) -> Message | None: ...

        stopped: str | None


STOPS = ("done", "max_steps", "budget", "repeated", "stop_run")
SAME_STEPS = 5  # in a row, and a run goes nowhere


class Limits:
    """How far a loop may go. Raises for what is no limit."""

    __slots__ = ("max_parallel", "max_steps", "tool_timeout")

    def __init__(self, max_steps: int = 50, max_parallel: int = 8, tool_timeout: float | None = None) -> None:
        from .._tools.tool import seconds

        for name, value in (("max_steps", max_steps), ("max_parallel", max_parallel)):
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(f"{name} must be an int, not {type(value).__name__}")
            if value < 1:
                raise InvalidRequestError(f"{name} must be at least 1")
        self.max_steps = max_steps
        self.max_parallel = max_parallel
        self.tool_timeout = seconds(tool_timeout, "tool_timeout")


class Loop:
    """Where a loop stands, and the procedure that takes it further.

    messages  what was asked and all finished steps; they can be sent
    pending   the answer of the step under way, once it has come; `results` by the place of the call: what has ended
    message   the last answer
    partial   what had come of an answer that broke off
    stopped   None while it goes on; one of STOPS
    expected  the schema that its answers follow, or None
    allowances  what its answers may take
    watch     who is told of it as a whole, or None
    """

    def __init__(
        self,
        messages: list[Any],
        tools: ToolSet,
        options: dict[str, Any],
        limits: Limits,
        *,
        whole: bool = False,
        tells_steps: bool = True,
        on_change: Callable[[], None] | None = None,
        expected: Expected | None = None,
        resent: _core.Resent | None = None,
    ) -> None:
        self.messages = messages
        self.message: Message | None = None
        self.pending: Message | None = None
        self.results: dict[int, Content] = {}
        self.partial: Message | None = None
        self.steps = 0
        self.usage: Usage | None = None
        self.stopped: str | None = None
        self.told_to_stop = False
        self.same = 0  # steps in a row that were as `last`
        self.last: str | None = None
        self._tools = tools
        self._beginning: str = options.get("prefill") or ""
        self._speaker: str | None = options.get("prefill_name")
        options = {name: value for name, value in options.items() if name not in ("prefill", "prefill_name")}
        if self._beginning and expected is not None:
            raise InvalidRequestError("schema and prefill do not go together: leave one of them out")
        self._options = {**options, "tools": tools.wire} if tools.wire else options
        self.allowances: list[Allowance] = []
        self._held: list[tuple[Allowance, Stake | None]] | None = None
        self.expected = expected
        self.watch: RunWatch | None = None
        self._resent = _core.Resent() if resent is None else resent
        self._limits = limits
        self._whole = whole
        self._tells_steps = tells_steps
        self._changed = on_change or (lambda: None)

    def turn(self) -> Turn[None]:
        return watched(self._turn(), self.watch)

    def _turn(self) -> Turn[None]:
        if self.stopped in ("max_steps", "budget"):
            self.stopped = None  # there may be more of them now
        try:
            while self.stopped is None and self._may_go_on():
                yield from self._step()
        finally:
            self._settle(None)
            self._resent = _core.Resent()  # a conversation holds its own; what was kept for this loop is let go

    def _step(self) -> Turn[None]:
        if self._tells_steps:
            yield StepStart(self.steps + 1)
        if self.pending is None:
            try:
                answer = yield from self._answer()
            except ExhaustedError as end:  # between two attempts at one answer
                self.stopped = end.reason
                return
            except BudgetExceededError:  # the client's own
                self.stopped = "budget"
                if self.message is None:
                    raise  # nothing has been asked that a run could end with
                return
            self.take(answer)
            if answer.tool_calls:
                self._changed()
        message = self.pending
        assert message is not None
        yield from self._call_all(message)
        self.finish_step()
        self._changed()
        if self._tells_steps:
            yield StepEnd(self.steps, last_message(self))

    def _may_go_on(self) -> bool:
        """Whether another answer may be asked for; what it could take is held then."""
        if self.pending is not None:
            return True
        try:
            if self.steps >= self._limits.max_steps:
                raise ExhaustedError("max_steps")
            self._hold(self.messages)
        except ExhaustedError as end:
            self.stopped = end.reason
        return self.stopped is None

    def _hold(self, messages: list[Any]) -> None:
        self._held = []
        try:
            for allowance in self.allowances:
                self._held.append((allowance, allowance.begin(messages, self._options)))
        except BaseException:
            self._settle(None)
            raise

    def _settle(self, usage: Usage | None) -> None:
        held, self._held = self._held, None
        for allowance, stake in held or ():
            allowance.end(stake, usage)

    def _answer(self) -> Turn[Message]:
        """The next answer; with a schema the first one that follows it."""
        if self.expected is None:
            return (yield from self._ask(self.messages))
        attempts = self.expected.attempts(self.messages)
        while True:
            message = yield from self._ask(attempts.messages())
            self.partial = message
            if attempts.is_right(message):
                return message
            if not self._whole:
                yield Restarted(attempts.made, "The answer did not follow its schema, and was sent back.")

    def _ask(self, messages: list[Any]) -> Turn[Message]:
        if self._held is None:
            self._hold(messages)
        ask = Ask(Resent(messages, self._resent), {**self._options, **self._begun_as()}, self._whole, self.watch)
        try:
            message: Message = yield ask
        except BaseException as error:
            self.partial = ask.came(error)
            if self.partial is not None:
                self.usage = added(self.usage, self.partial.usage)
            raise
        self.usage = added(self.usage, message.usage)
        self._settle(message.usage)
        return message

    def _begun_as(self) -> dict[str, Any]:
        """How the first answer is to begin, and who speaks it."""
        begun = {} if self.steps else {"prefill": self._beginning, "prefill_name": self._speaker}
        return {name: value for name, value in begun.items() if value}

    def begun(self) -> str:
        """The beginning of the first answer, where the caller gave one; the answer does not repeat it."""
        return "" if self.steps else self._beginning

    def take(self, message: Message) -> None:
        self.message = self.pending = message
        if self.begun():  # the history has both as one
            self.pending = changed(message, content=self.begun() + message.text)
        self.partial = None

    # ---- the calls of one answer ----

    def _call_all(self, message: Message) -> Turn[None]:
        calls, ready, ended = message.tool_calls, [], []
        heard = Heard(calls, self.results, self._told_to_stop, self._changed, self.watch)
        for place, call in enumerate(calls):
            if place in self.results or was_cut(message, call) or self.is_handed_out(call):
                continue
            try:
                function, timeout = self._prepared(call)
            except Exception as error:
                ended.append(Outcome(place, None, error, 0.0))
            else:
                timeout = timeout if timeout is not None else self._limits.tool_timeout
                ready.append(Call(place, function, timeout, heard.begins(place)))
        try:
            if ended:
                heard.hear(*ended)
            for outcome in ended:
                yield heard.result_of(outcome)
            if not ready:
                return
            yield Calls(ready, self._limits.max_parallel, heard.hear)
            left = len(ready)
            while left:
                said = yield next_outcome
                if isinstance(said, Outcome):
                    left -= 1
                    yield heard.result_of(said)
                else:
                    yield ToolProgress(calls[said.place].id, calls[said.place].name, said.value)
        finally:
            heard.leave()

    def _told_to_stop(self) -> None:
        self.told_to_stop = True

    def is_handed_out(self, call: ToolCall) -> bool:
        """Whether its result is the caller's to give: of a tool that is a dict, and where there is no other."""
        if call.name in self._tools.by_name:
            return False
        return not self._tools.by_name or call.name in self._tools.names

    def _prepared(self, call: ToolCall) -> tuple[Callable[[], Any], float | None]:
        tool = self._tools.by_name.get(call.name)
        if tool is None:
            there = ", ".join(self._tools.names)
            raise ToolArgumentsError(f"there is no tool named {call.name!r}; there are: {there}")
        prepared = tool.prepare(call.arguments)
        if not call.complete:  # it did not come as a call should, whatever its arguments look like
            raise ToolArgumentsError(f"the call of {call.name} did not come whole, and was not made")
        return prepared, tool.timeout

    # ---- the end of a step ----

    def finish_step(self) -> None:
        message = self.pending
        assert message is not None
        calls = [(place, call) for place, call in enumerate(message.tool_calls) if not was_cut(message, call)]
        self.messages.extend(group(message, self.results, keep_open=True))
        self.steps += 1
        if calls and self.told_to_stop:
            self.stopped = "stop_run"
        elif not calls or any(place not in self.results for place, _ in calls):
            self.stopped = "done"
        elif self._is_same(calls):
            self.stopped = "repeated"
        elif self.steps >= self._limits.max_steps:
            self.stopped = "max_steps"
        self.pending, self.results = None, {}

    def _is_same(self, calls: list[tuple[int, ToolCall]]) -> bool:
        told = _core.dumps([[call.name, call.arguments, self.results[place]] for place, call in calls])
        self.same = self.same + 1 if told == self.last else 1
        self.last = told
        return self.same >= SAME_STEPS


def last_message(loop: Ending) -> Message:
    if loop.message is None and loop.stopped == "budget":
        raise InvalidRequestError("the budget does not allow an answer: nothing has come")
    if loop.message is None:
        raise RuntimeError("nothing was asked: it was closed before an answer had come")
    return loop.message


def still_true(event: Any, partial: Message | None) -> None:
    """Whoever was given fragments cannot give them back when the answer begins anew: that is an error."""
    if event.type == "restarted":
        raise IncompleteStreamError(
            "the answer broke off and began anew, and what was given of it is void: read the events, which say so",
            retryable=True,
            partial=partial,
        )
