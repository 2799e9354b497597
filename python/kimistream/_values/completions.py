"""Answers in the OpenAI shape."""

from __future__ import annotations

from .object import Field, Object, either


class PromptTokensDetails(Object):
    _known = ("cached_tokens", "audio_tokens", "cache_write_tokens")


class CompletionTokensDetails(Object):
    _known = ("reasoning_tokens", "audio_tokens")


class CompletionUsage(Object):
    _known = (
        "completion_tokens",
        "prompt_tokens",
        "total_tokens",
        "completion_tokens_details",
        "prompt_tokens_details",
    )
    _kinds = {  # noqa: RUF012
        "prompt_tokens_details": PromptTokensDetails,
        "completion_tokens_details": CompletionTokensDetails,
    }


class Function(Object):
    _known = ("arguments", "name")


class ChatCompletionMessageToolCall(Object):
    _known = ("id", "function", "type")
    _kinds = {"function": Function}  # noqa: RUF012


class ChoiceDeltaToolCall(Object):
    _known = ("index", "id", "function", "type")
    _kinds = {"function": Function}  # noqa: RUF012


class ChatCompletionMessage(Object):
    _known = ("content", "role", "tool_calls", "reasoning_content")
    _twins = {"reasoning_content": "reasoning"}  # noqa: RUF012
    _kinds = {"tool_calls": ChatCompletionMessageToolCall, "function_call": Function}  # noqa: RUF012

    reasoning = either("reasoning", "reasoning_content")
    reasoning_content = either("reasoning_content", "reasoning")
    tool_calls = Field(lambda came: came.get("tool_calls") or None)  # samples ask for it, and vLLM sends []


class ChoiceDelta(ChatCompletionMessage):
    _kinds = {"tool_calls": ChoiceDeltaToolCall, "function_call": Function}  # noqa: RUF012


class Choice(Object):
    _known = ("finish_reason", "index", "message", "logprobs")
    _kinds = {"message": ChatCompletionMessage, "usage": CompletionUsage}  # noqa: RUF012


class ChunkChoice(Object):
    _known = ("delta", "finish_reason", "index", "logprobs")
    _kinds = {"delta": ChoiceDelta, "usage": CompletionUsage}  # noqa: RUF012

    delta = Field(lambda came: came.get("delta") or ChoiceDelta())  # always there: samples ask it for its content
    finish_reason = Field(lambda came: came.get("finish_reason") or None)


class ChatCompletion(Object):
    """A whole answer, as it came."""

    _known = ("id", "choices", "created", "model", "object", "service_tier", "system_fingerprint", "usage")
    _kinds = {"choices": Choice, "usage": CompletionUsage}  # noqa: RUF012


class ChatCompletionChunk(Object):
    """One frame of a stream, as it came."""

    _known = ("id", "choices", "created", "model", "object", "service_tier", "system_fingerprint", "usage")
    _kinds = {"choices": ChunkChoice, "usage": CompletionUsage}  # noqa: RUF012
