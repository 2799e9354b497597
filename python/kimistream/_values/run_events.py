"""What a run of tools tells beside the events of its answers. Plain values."""

from __future__ import annotations

from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal, TypeAlias

    from .event import Event
    from .message import Message


class StepStart(Value):
    """A step begins: one answer of the model, and the calls in it. `step` counts from 1."""

    __slots__ = _fields = __match_args__ = ("step",)
    type: Literal["step_start"] = "step_start"

    def __init__(self, step: int) -> None:
        self.step = step


class ToolProgress(Value):
    """What a tool that is still running says: what its generator yielded."""

    __slots__ = _fields = __match_args__ = ("id", "name", "content")
    type: Literal["tool_progress"] = "tool_progress"

    def __init__(self, id: str, name: str, content: Any) -> None:
        self.id = id
        self.name = name
        self.content = content


class ToolResult(Value):
    """A call has ended. They come in the order in which calls end.

    content  what goes back to the model: a text, or a list of parts; of an error what the model is told of it
    error    None, or the exception
    seconds  that the function took; 0 where it was not called
    """

    __slots__ = _fields = __match_args__ = ("id", "name", "content", "error", "seconds")
    type: Literal["tool_result"] = "tool_result"

    def __init__(
        self, id: str, name: str, content: str | list[Any], error: BaseException | None = None, seconds: float = 0.0
    ) -> None:
        self.id = id
        self.name = name
        self.content = content
        self.error = error
        self.seconds = seconds


class StepEnd(Value):
    """A step has ended, its calls too. `message` is the model's."""

    __slots__ = _fields = __match_args__ = ("step", "message")
    type: Literal["step_end"] = "step_end"

    def __init__(self, step: int, message: Message) -> None:
        self.step = step
        self.message = message


class AgentStart(Value):
    """An agent of a swarm begins. `agent` is its name, `task` what it is to do."""

    __slots__ = _fields = __match_args__ = ("agent", "task")
    type: Literal["agent_start"] = "agent_start"

    def __init__(self, agent: str, task: str) -> None:
        self.agent = agent
        self.task = task


class AgentEvent(Value):
    """What happens in an agent's run: `event` is one of a run's, and its fields are here, too (`.type`, `.text`,
    `.name`, ...). `agent` is the agent's name."""

    __slots__ = _fields = __match_args__ = ("agent", "event")

    def __init__(self, agent: str, event: RunEvent) -> None:
        self.agent = agent
        self.event = event

    def __getattr__(self, name: str) -> Any:
        if name in AgentEvent._fields:  # of one that is being made
            raise AttributeError(name)
        return getattr(self.event, name)


class AgentEnd(Value):
    """An agent has ended. `state`: "done", "stopped" (at a limit, by `StopRun`, going round in circles) or "failed",
    with the exception in `error`."""

    __slots__ = _fields = __match_args__ = ("agent", "state", "error")
    type: Literal["agent_end"] = "agent_end"

    def __init__(self, agent: str, state: str, error: BaseException | None = None) -> None:
        self.agent = agent
        self.state = state
        self.error = error


if TYPE_CHECKING:
    RunEvent: TypeAlias = Event | StepStart | ToolProgress | ToolResult | StepEnd
    SwarmEvent: TypeAlias = AgentStart | AgentEvent | AgentEnd
