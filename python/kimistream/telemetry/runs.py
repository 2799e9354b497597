"""Spans of runs of tools: `invoke_agent` with `execute_tool` for each call, and `invoke_workflow` of a swarm."""

from __future__ import annotations

from .. import _core
from .conventions import USAGE_FIELDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._values.message import ToolCall
    from .tracing import Tracing

_OF_THE_LAST = ("gen_ai.response.finish_reasons", "gen_ai.output.messages")
_NAMES = {"invoke_agent": "gen_ai.agent.name", "invoke_workflow": "gen_ai.workflow.name"}


class RunSpan:
    """Of one run, below what is current where it is first read. `context`: what its requests and calls stand below."""

    def __init__(self, tracing: Tracing, operation: str, name: str | None, told: dict[str, Any]) -> None:
        self._tracing = tracing
        self._name = operation if name is None else f"{operation} {name}"
        self._begins = {"gen_ai.operation.name": operation, **told}
        if name is not None:
            self._begins[_NAMES[operation]] = name
        self._ends: dict[str, Any] = {}
        self._span: Any = None
        self.context: Any = None

    def begin(self) -> None:
        self._span = self._tracing.start(self._name, self._begins)
        self.context = self._tracing.below(self._span)

    def enter(self) -> None:
        self._tracing.enter(self.context)

    def call(self, call: ToolCall) -> CallSpan:
        return CallSpan(self._tracing, self.context, call)

    def answered(self, told: dict[str, Any]) -> None:
        """A request of it has ended: it has used the tokens of all, and its answer is the last one's."""
        for attribute in USAGE_FIELDS.values():
            if attribute in told:
                self._ends[attribute] = self._ends.get(attribute, 0) + told[attribute]
        self._ends.update((attribute, told[attribute]) for attribute in _OF_THE_LAST if attribute in told)

    def end(self, error: BaseException | None) -> None:
        self._span.set_attributes(self._ends)
        if isinstance(error, Exception):  # else its reader has left, by Ctrl-C or otherwise
            self._tracing.failed(self._span, type(error).__name__, str(error))
        self._span.end()


class CallSpan:
    """Of one call of a tool, which is current for what the tool does."""

    def __init__(self, tracing: Tracing, context: Any, call: ToolCall) -> None:
        self._tracing = tracing
        self._context = context
        self._call = call
        self._span: Any = None

    def begin(self) -> None:
        self._span = self._started()
        self._tracing.enter(self._tracing.below(self._span))

    def _started(self) -> Any:
        call = self._call
        told = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": call.name,
            "gen_ai.tool.call.id": call.id,
            "gen_ai.tool.type": "function",
        }
        if self._tracing.content:
            told["gen_ai.tool.call.arguments"] = call.arguments
        return self._tracing.start(f"execute_tool {call.name}", told, self._context)

    def end(self, content: Any, error: Exception | None) -> None:
        span = self._span if self._span is not None else self._started()  # it could not be made
        if self._tracing.content:
            said = content if isinstance(content, str) else _core.dumps(content)
            span.set_attribute("gen_ai.tool.call.result", said)
        if error is not None:
            self._tracing.failed(span, type(error).__name__)
        span.end()

    def leave(self) -> None:
        if self._span is not None:
            self._span.end()
