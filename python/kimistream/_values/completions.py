"""Answers in the OpenAI shape: the fields that openai's models have. Each annotation is one; it is None where it did
not come, `logprobs`, `refusal`, `audio` and their kin too, which no server of Kimi's sends."""

from __future__ import annotations

from .object import Field, Object
from .passing import told_once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CHAT = "openai.types.chat"
_COMPLETION = f"{_CHAT}.chat_completion"
_CHUNK = f"{_CHAT}.chat_completion_chunk"
_MESSAGE = f"{_CHAT}.chat_completion_message"
_CALL = f"{_CHAT}.chat_completion_message_function_tool_call"
_OLDER_CALL = f"{_CHAT}.chat_completion_message_tool_call"
_USAGE = "openai.types.completion_usage"


class Shape(Object):
    """An object whose known fields are its annotations."""

    def __init_subclass__(cls, like: str | tuple[str, ...] = ()) -> None:
        own = tuple(name for name in cls.__annotations__ if not name.startswith("_") and name not in cls._known)
        cls._known = (*cls._known, *own)
        super().__init_subclass__(like)


class PromptTokensDetails(Shape, like=f"{_USAGE}.PromptTokensDetails"):
    audio_tokens: int | None
    cache_write_tokens: int | None
    cached_tokens: int | None
    image_tokens: int | None
    text_tokens: int | None


class CompletionTokensDetails(Shape, like=f"{_USAGE}.CompletionTokensDetails"):
    accepted_prediction_tokens: int | None
    audio_tokens: int | None
    reasoning_tokens: int | None
    rejected_prediction_tokens: int | None
    text_tokens: int | None


class CompletionUsage(Shape, like=f"{_USAGE}.CompletionUsage"):
    _kinds = {  # noqa: RUF012
        "prompt_tokens_details": PromptTokensDetails,
        "completion_tokens_details": CompletionTokensDetails,
    }

    completion_tokens: int
    prompt_tokens: int
    total_tokens: int
    completion_tokens_details: CompletionTokensDetails | None
    prompt_tokens_details: PromptTokensDetails | None


class TopLogprob(Shape, like=f"{_CHAT}.chat_completion_token_logprob.TopLogprob"):
    token: str
    bytes: list[int] | None
    logprob: float


class ChatCompletionTokenLogprob(TopLogprob, like=f"{_CHAT}.ChatCompletionTokenLogprob"):
    _kinds = {"top_logprobs": TopLogprob}  # noqa: RUF012

    top_logprobs: list[TopLogprob]


class ChoiceLogprobs(Shape, like=f"{_COMPLETION}.ChoiceLogprobs"):
    _kinds = {"content": ChatCompletionTokenLogprob, "refusal": ChatCompletionTokenLogprob}  # noqa: RUF012

    content: list[ChatCompletionTokenLogprob] | None
    refusal: list[ChatCompletionTokenLogprob] | None


class ChunkLogprobs(ChoiceLogprobs, like=f"{_CHUNK}.ChoiceLogprobs"):
    pass


class Function(Shape, like=(f"{_CALL}.Function", f"{_OLDER_CALL}.Function")):
    arguments: str
    name: str


class FunctionCall(Function, like=f"{_MESSAGE}.FunctionCall"):
    """Of a message of the time before there were tools."""


class ChoiceDeltaToolCallFunction(Function, like=f"{_CHUNK}.ChoiceDeltaToolCallFunction"):
    pass


class ChoiceDeltaFunctionCall(Function, like=f"{_CHUNK}.ChoiceDeltaFunctionCall"):
    pass


class ChatCompletionMessageToolCall(
    Shape,
    like=(f"{_CALL}.ChatCompletionMessageFunctionToolCall", f"{_OLDER_CALL}.ChatCompletionMessageToolCall"),
):
    _kinds = {"function": Function}  # noqa: RUF012

    id: str
    function: Function
    type: str


class ChoiceDeltaToolCall(Shape, like=f"{_CHUNK}.ChoiceDeltaToolCall"):
    _kinds = {"function": ChoiceDeltaToolCallFunction}  # noqa: RUF012

    index: int
    id: str | None
    function: ChoiceDeltaToolCallFunction | None
    type: str | None


class AnnotationURLCitation(Shape, like=f"{_MESSAGE}.AnnotationURLCitation"):
    end_index: int
    start_index: int
    title: str
    url: str


class Annotation(Shape, like=f"{_MESSAGE}.Annotation"):
    _kinds = {"url_citation": AnnotationURLCitation}  # noqa: RUF012

    type: str
    url_citation: AnnotationURLCitation


class ChatCompletionAudio(Shape, like=f"{_CHAT}.ChatCompletionAudio"):
    id: str
    data: str
    expires_at: int
    transcript: str


class ChoiceDeltaAudio(ChatCompletionAudio, like=f"{_CHUNK}.ChoiceDeltaAudio"):
    pass


class Moderation(Shape, like=f"{_COMPLETION}.Moderation"):
    input: Any
    output: Any


class ChunkModeration(Moderation, like=f"{_CHUNK}.Moderation"):
    pass


class _Reasoning:
    """One of the two names of reasoning."""

    def __init__(self, name: str, other: str) -> None:
        self._name = name
        self._other = other

    def __get__(self, instance: Reasoned | None, owner: type | None = None) -> Any:
        if instance is None:
            return self
        came = instance.__dict__
        value = came[self._name] if self._name in came else came.get(self._other)
        return told_once(instance, self._name, value) if isinstance(value, str) else value

    def __set__(self, instance: Reasoned, value: Any) -> None:
        instance.__dict__[self._name] = value


class Reasoned(Shape):
    """Reasoning answers to both of its names, and is in dumps and `model_extra` under the one that it came under."""

    __slots__ = ("_asked_for",)

    reasoning = _Reasoning("reasoning", "reasoning_content")
    reasoning_content = _Reasoning("reasoning_content", "reasoning")


class ChatCompletionMessage(Reasoned, like=f"{_CHAT}.ChatCompletionMessage"):
    _kinds = {  # noqa: RUF012
        "annotations": Annotation,
        "audio": ChatCompletionAudio,
        "function_call": FunctionCall,
        "tool_calls": ChatCompletionMessageToolCall,
    }

    content: str | None
    refusal: str | None
    role: str
    annotations: list[Annotation] | None
    audio: ChatCompletionAudio | None
    function_call: FunctionCall | None
    # Samples ask for it, and vLLM sends []
    tool_calls: list[ChatCompletionMessageToolCall] | None = Field(lambda came: came.get("tool_calls") or None)  # type: ignore[assignment]


class ChoiceDelta(Reasoned, like=f"{_CHUNK}.ChoiceDelta"):
    _kinds = {  # noqa: RUF012
        "audio": ChoiceDeltaAudio,
        "function_call": ChoiceDeltaFunctionCall,
        "tool_calls": ChoiceDeltaToolCall,
    }

    audio: ChoiceDeltaAudio | None
    content: str | None
    function_call: ChoiceDeltaFunctionCall | None
    refusal: str | None
    role: str | None
    tool_calls: list[ChoiceDeltaToolCall] | None = Field(lambda came: came.get("tool_calls") or None)  # type: ignore[assignment]


class Choice(Shape, like=f"{_COMPLETION}.Choice"):
    _kinds = {"logprobs": ChoiceLogprobs, "message": ChatCompletionMessage, "usage": CompletionUsage}  # noqa: RUF012

    finish_reason: str
    index: int
    logprobs: ChoiceLogprobs | None
    message: ChatCompletionMessage


class ChunkChoice(Shape, like=f"{_CHUNK}.Choice"):
    _kinds = {"delta": ChoiceDelta, "logprobs": ChunkLogprobs, "usage": CompletionUsage}  # noqa: RUF012

    # always there: samples ask it for its content
    delta: ChoiceDelta = Field(lambda came: came.get("delta") or ChoiceDelta())  # type: ignore[assignment]
    finish_reason: str | None = Field(lambda came: came.get("finish_reason") or None)  # type: ignore[assignment]
    index: int
    logprobs: ChunkLogprobs | None


class ChatCompletion(Shape, like=f"{_CHAT}.ChatCompletion"):
    """A whole answer, as it came."""

    _kinds = {"choices": Choice, "moderation": Moderation, "usage": CompletionUsage}  # noqa: RUF012

    id: str
    choices: list[Choice]
    created: int
    model: str
    object: str
    metadata: dict[str, str] | None
    moderation: Moderation | None
    service_tier: str | None
    system_fingerprint: str | None
    usage: CompletionUsage | None


class ChatCompletionChunk(Shape, like=f"{_CHAT}.ChatCompletionChunk"):
    """One frame of a stream, as it came."""

    _kinds = {"choices": ChunkChoice, "moderation": ChunkModeration, "usage": CompletionUsage}  # noqa: RUF012

    id: str
    choices: list[ChunkChoice]
    created: int
    model: str
    object: str
    moderation: ChunkModeration | None
    obfuscation: str | None
    service_tier: str | None
    system_fingerprint: str | None
    usage: CompletionUsage | None


# ---- answers that were read -----------------------------------------------------------------------------------------


class ParsedFunction(Function, like=f"{_CHAT}.ParsedFunction"):
    """`parsed_arguments`: an instance of the tool's pydantic model, or plain objects where the tool is strict."""

    parsed_arguments: Any


class ParsedFunctionToolCall(ChatCompletionMessageToolCall, like=f"{_CHAT}.ParsedFunctionToolCall"):
    _kinds = {"function": ParsedFunction}  # noqa: RUF012

    function: ParsedFunction


class ParsedChatCompletionMessage(ChatCompletionMessage, like=f"{_CHAT}.ParsedChatCompletionMessage"):
    _kinds = {**ChatCompletionMessage._kinds, "tool_calls": ParsedFunctionToolCall}  # noqa: RUF012

    parsed: Any


class ParsedChoice(Choice, like=f"{_CHAT}.ParsedChoice"):
    _kinds = {**Choice._kinds, "message": ParsedChatCompletionMessage}  # noqa: RUF012

    message: ParsedChatCompletionMessage


class ParsedChatCompletion(ChatCompletion, like=f"{_CHAT}.ParsedChatCompletion"):
    """What `chat.completions.parse` gives: a ChatCompletion whose messages have `.parsed`."""

    _kinds = {**ChatCompletion._kinds, "choices": ParsedChoice}  # noqa: RUF012

    choices: list[ParsedChoice]  # type: ignore[assignment]
