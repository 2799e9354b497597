"""What `chat.completions.stream` gives, as openai-python has it: each piece, and what it makes with those before it."""

from __future__ import annotations

from .passing import Passes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .completions import ChatCompletionChunk, ChatCompletionTokenLogprob, ParsedChatCompletion

_EVENTS = "openai.lib.streaming.chat._events"


class CompletionEvent(Passes):
    """Fields by their names. One that is a function's result is made when somebody asks: what a thousand pieces make
    together is not put together a thousand times."""

    type: str

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    def __init_subclass__(cls, type: str) -> None:
        super().__init_subclass__(like=f"{_EVENTS}.{cls.__name__}")
        cls.type = type

    def __getattribute__(self, name: str) -> Any:
        value = object.__getattribute__(self, name)
        if value.__class__ is Later:
            value = self.__dict__[name] = value.make()
        return value

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__dict__)
        return f"{type(self).__name__}(type={self.type!r}, {fields})"


class Later:
    """A value that is made when it is asked for."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make


class ChunkEvent(CompletionEvent, type="chunk"):
    """Every chunk, before what is made of it. `snapshot`: the completion as far as it has come."""

    chunk: ChatCompletionChunk
    snapshot: ParsedChatCompletion


class ContentDeltaEvent(CompletionEvent, type="content.delta"):
    """`snapshot`: the text so far; `parsed`: what of the JSON can be read by now, where a class was asked for."""

    delta: str
    snapshot: str
    parsed: Any


class ContentDoneEvent(CompletionEvent, type="content.done"):
    content: str
    parsed: Any


class RefusalDeltaEvent(CompletionEvent, type="refusal.delta"):
    delta: str
    snapshot: str


class RefusalDoneEvent(CompletionEvent, type="refusal.done"):
    refusal: str


class FunctionToolCallArgumentsDeltaEvent(CompletionEvent, type="tool_calls.function.arguments.delta"):
    """`arguments`: those so far; `parsed_arguments`: what of them can be read by now, where the tool is strict."""

    name: str
    index: int
    arguments: str
    parsed_arguments: Any
    arguments_delta: str


class FunctionToolCallArgumentsDoneEvent(CompletionEvent, type="tool_calls.function.arguments.done"):
    name: str
    index: int
    arguments: str
    parsed_arguments: Any


class LogprobsContentDeltaEvent(CompletionEvent, type="logprobs.content.delta"):
    content: list[ChatCompletionTokenLogprob]
    snapshot: list[ChatCompletionTokenLogprob]


class LogprobsContentDoneEvent(CompletionEvent, type="logprobs.content.done"):
    content: list[ChatCompletionTokenLogprob]


class LogprobsRefusalDeltaEvent(CompletionEvent, type="logprobs.refusal.delta"):
    refusal: list[ChatCompletionTokenLogprob]
    snapshot: list[ChatCompletionTokenLogprob]


class LogprobsRefusalDoneEvent(CompletionEvent, type="logprobs.refusal.done"):
    refusal: list[ChatCompletionTokenLogprob]
