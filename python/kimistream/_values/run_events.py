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


if TYPE_CHECKING:
    RunEvent: TypeAlias = Event | StepStart | ToolProgress | ToolResult | StepEnd
