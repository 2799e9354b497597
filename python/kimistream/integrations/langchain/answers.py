"""What the client answers, as LangChain's messages and chunks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, AIMessageChunk, InvalidToolCall
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata
from langchain_core.messages.tool import ToolCallChunk, tool_call, tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk

from ..._core import Text, Thinking
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
    """From the events of one stream to chunks; the usage is in the last one, and in no other.

    A call is shown when it is whole: LangChain completes the arguments of one that is under way, and langgraph runs
    what a stream that was cut has left. One that was cut comes in the last chunk, and is an `invalid_tool_call`.
    """

    def __init__(self, provider: str, wants_usage: bool, output_version: str | None) -> None:
        self._provider = provider
        self._first_call = _FIRST_CALL_OF_BLOCKS if output_version == "v1" else 0
        self._wants_usage = wants_usage
        self._called: set[int] = set()
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
        elif isinstance(event, ToolCall) and event.complete:
            self._called.add(event.index)
            message = AIMessageChunk(content="", tool_call_chunks=[self._call(event)])
        else:
            return None
        self._shown = True
        return ChatGenerationChunk(message=message)

    def last(self, message: Message) -> ChatGenerationChunk:
        """What is known when all has come."""
        usage = usage_metadata(message.usage) if message.usage is not None and self._wants_usage else None
        cut = [call for call in message.tool_calls if call.index not in self._called]
        chunk = AIMessageChunk(
            content="",
            tool_call_chunks=[self._call(call) for call in cut],
            additional_kwargs=_opaque(message),
            response_metadata=metadata(message, self._provider),
            usage_metadata=usage,
            chunk_position="last",
        )
        return ChatGenerationChunk(message=chunk, generation_info={"finish_reason": message.finish_reason})

    def _call(self, call: ToolCall) -> ToolCallChunk:
        # What is no object is the one thing that LangChain neither mends nor takes for arguments.
        arguments = call.arguments.strip() if _arguments(call)[1] is None else json.dumps([call.arguments])
        return tool_call_chunk(name=call.name, args=arguments, id=call.id, index=self._first_call + call.index)
