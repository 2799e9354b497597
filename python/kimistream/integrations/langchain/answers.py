"""What the client answers, as LangChain's messages and chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, AIMessageChunk, InvalidToolCall
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata
from langchain_core.messages.tool import ToolCallChunk, tool_call, tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk

from ..._core import Text, Thinking, ToolCallDelta, ToolCallStart
from ..._values.errors import IncompleteStreamError
from ..._values.message import Message, Restarted, ToolCall, Usage

if TYPE_CHECKING:
    from ..._values.event import Event


# Where content is blocks, LangChain numbers those of text and reasoning from 0 on and joins what has one number.
_FIRST_CALL_OF_BLOCKS = 1_000


def to_message(message: Message, provider: str) -> AIMessage:
    """A whole answer. Calls whose arguments are no JSON, or were cut, are `invalid_tool_calls`."""
    calls, invalid = [], []
    for call in message.tool_calls:
        arguments, wrong = _arguments(call)
        if wrong is None:
            calls.append(tool_call(name=call.name, args=arguments, id=call.id))
        else:
            invalid.append(
                InvalidToolCall(type="invalid_tool_call", name=call.name, args=call.arguments, id=call.id, error=wrong)
            )
    return AIMessage(
        content=message.text,
        additional_kwargs={
            **({"reasoning_content": message.reasoning} if message.reasoning else {}),
            **_opaque(message),
        },
        response_metadata=metadata(message, provider),
        tool_calls=calls,
        invalid_tool_calls=invalid,
        usage_metadata=None if message.usage is None else usage_metadata(message.usage),
        id=message.id,
    )


def _arguments(call: ToolCall) -> tuple[Any, str | None]:
    """The arguments, and what is wrong with them."""
    if not call.complete:
        return None, "the call was cut off"
    try:
        arguments = call.parse() if call.arguments.strip() else {}
    except ValueError as error:
        return None, f"the arguments are no JSON: {error}"
    return arguments, None if isinstance(arguments, dict) else "the arguments are no object"


def _opaque(message: Message) -> dict[str, Any]:
    """What some providers want back as it came."""
    kinds = {call.id: call.wire_type for call in message.tool_calls if call.wire_type != "function"}
    return _kept({"reasoning_details": message.reasoning_details, "signature": message.signature, "tool_kinds": kinds})


def _kept(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def metadata(message: Message, provider: str) -> dict[str, Any]:
    """`response_metadata`: what is known of the answer beside what it says."""
    known = {
        "model_name": message.model,
        "model_provider": "kimistream",
        "provider": provider,
        "finish_reason": message.finish_reason,
        "id": message.id,
        "request_id": message.request_id,
        "cost": None if message.usage is None else message.usage.cost,
        "warnings": [f"{warning.code}: {warning.message}" for warning in message.warnings],
    }
    return {key: value for key, value in known.items() if value not in (None, [])}


def usage_metadata(usage: Usage) -> UsageMetadata:
    read: InputTokenDetails = {} if usage.cached_tokens is None else {"cache_read": usage.cached_tokens}
    if usage.cache_write_tokens is not None:
        read["cache_creation"] = usage.cache_write_tokens
    thought: OutputTokenDetails = {} if usage.reasoning_tokens is None else {"reasoning": usage.reasoning_tokens}
    prompt, completion = usage.prompt_tokens or 0, usage.completion_tokens or 0
    counted = UsageMetadata(
        input_tokens=prompt, output_tokens=completion, total_tokens=usage.total_tokens or prompt + completion
    )
    if read:
        counted["input_token_details"] = read
    if thought:
        counted["output_token_details"] = thought
    return counted


class Chunks:
    """From the events of one stream to chunks; the usage is in the last one, and in no other."""

    def __init__(self, provider: str, wants_usage: bool, output_version: str | None) -> None:
        self._provider = provider
        self._first_call = _FIRST_CALL_OF_BLOCKS if output_version == "v1" else 0
        self._wants_usage = wants_usage
        self._begun: set[int] = set()  # calls of which something was shown
        self._shown = False

    def of(self, event: Event) -> ChatGenerationChunk | None:
        """None for an event that is told at the end. IncompleteStreamError where what was shown would be void."""
        if isinstance(event, Text):
            message = AIMessageChunk(content=event.text)
        elif isinstance(event, Thinking):
            message = AIMessageChunk(content="", additional_kwargs={"reasoning_content": event.text})
        elif isinstance(event, Restarted):
            if self._shown:
                raise IncompleteStreamError(f"{event.reason}; what LangChain was shown cannot be taken back")
            return None
        else:
            calls = self._calls(event)
            if not calls:
                return None
            message = AIMessageChunk(content="", tool_call_chunks=calls)
        self._shown = True
        return ChatGenerationChunk(message=message)

    def last(self, message: Message) -> ChatGenerationChunk:
        """What is known when all has come."""
        usage = usage_metadata(message.usage) if message.usage is not None and self._wants_usage else None
        chunk = AIMessageChunk(
            content="",
            additional_kwargs=_opaque(message),
            response_metadata=metadata(message, self._provider),
            usage_metadata=usage,
            chunk_position="last",
        )
        return ChatGenerationChunk(message=chunk, generation_info={"finish_reason": message.finish_reason})

    def _calls(self, event: Event) -> list[ToolCallChunk]:
        if isinstance(event, ToolCallStart):
            return [tool_call_chunk(name=event.name, args="", id=event.id, index=self._first_call + event.index)]
        if isinstance(event, ToolCallDelta):
            self._begun.add(event.index)
            return [tool_call_chunk(name=None, args=event.arguments, id=None, index=self._first_call + event.index)]
        if isinstance(event, ToolCall) and event.index not in self._begun and event.arguments:
            return [tool_call_chunk(name=None, args=event.arguments, id=None, index=self._first_call + event.index)]
        return []
