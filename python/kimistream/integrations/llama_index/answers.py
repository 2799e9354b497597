"""What the client answers, as LlamaIndex's responses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    MessageRole,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)
from llama_index.core.llms.llm import ToolSelection

from ..._core import Text, Thinking, ToolCallDelta, ToolCallStart
from ..._values.errors import IncompleteStreamError
from ..._values.message import Message, Restarted, ToolCall, Usage

if TYPE_CHECKING:
    from ..._values.event import Event


def to_response(message: Message, delta: str | None = None) -> ChatResponse:
    """A whole answer; `raw` is the message in plain types, and alone has calls that were cut: agents would run them."""
    whole = [call for call in message.tool_calls if call.complete]
    calls = [_CallSoFar(call.id, call.name, call.arguments, call.wire_type) for call in whole]
    return ChatResponse(
        message=_message(_thinking(message), message.text, calls),
        raw=message.to_dict(),
        delta=delta,
        additional_kwargs=_counted(message.usage),
    )


def selections(response: ChatResponse) -> list[ToolSelection]:
    """The calls of a response. Arguments that are no JSON object are none."""
    return [
        ToolSelection(
            tool_id=block.tool_call_id or "", tool_name=block.tool_name, tool_kwargs=_arguments(block.tool_kwargs)
        )
        for block in response.message.blocks
        if isinstance(block, ToolCallBlock)
    ]


def one_call(response: ChatResponse) -> ChatResponse:
    """The response with the first of its calls, for those who asked for one."""
    blocks = response.message.blocks
    others = [block for block in blocks if isinstance(block, ToolCallBlock)][1:]
    response.message.blocks = [block for block in blocks if not any(block is other for other in others)]
    if "tool_calls" in response.message.additional_kwargs:
        del response.message.additional_kwargs["tool_calls"][1:]
    return response


def _arguments(given: dict[str, Any] | str) -> dict[str, Any]:
    if not isinstance(given, str):
        return given
    try:
        arguments = json.loads(given or "{}")
    except ValueError:
        return {}
    return arguments if isinstance(arguments, dict) else {}


def _thinking(message: Message) -> ThinkingBlock | None:
    kept = {"reasoning_details": message.reasoning_details, "signature": message.signature}
    opaque = {key: value for key, value in kept.items() if value}
    if not message.reasoning and not opaque:
        return None
    tokens = None if message.usage is None else message.usage.reasoning_tokens
    return ThinkingBlock(content=message.reasoning, num_tokens=tokens, additional_information=opaque)


def _counted(usage: Usage | None) -> dict[str, Any]:
    if usage is None:
        return {}
    names = ("prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens", "reasoning_tokens", "cost")
    return {name: value for name in names if (value := getattr(usage, name)) is not None}


class _CallSoFar:
    """A call while its arguments grow."""

    def __init__(self, key: str, name: str, arguments: str = "", kind: str = "function") -> None:
        self.key = key
        self.name = name
        self.arguments = arguments
        self.kind = kind

    def block(self) -> ToolCallBlock:
        return ToolCallBlock(tool_call_id=self.key, tool_name=self.name, tool_kwargs=self.arguments)

    def wire(self) -> dict[str, Any]:
        return {"id": self.key, "type": self.kind, "function": {"name": self.name, "arguments": self.arguments}}


def _message(thinking: ThinkingBlock | None, text: str, calls: list[_CallSoFar]) -> ChatMessage:
    blocks: list[Any] = [] if thinking is None else [thinking]
    if text or not calls:
        blocks.append(TextBlock(text=text))
    blocks += [call.block() for call in calls]
    more = {"tool_calls": [call.wire() for call in calls]} if calls else {}
    return ChatMessage(role=MessageRole.ASSISTANT, blocks=blocks, additional_kwargs=more)


class Growing:
    """From the events of one stream to responses, each of which holds all that has come, as LlamaIndex wants it."""

    def __init__(self) -> None:
        self._text = ""
        self._thoughts = ""
        self._calls: dict[int, _CallSoFar] = {}

    def of(self, event: Event) -> ChatResponse | None:
        """None for an event that changes nothing yet. IncompleteStreamError where what was shown would be void."""
        delta, thought = "", ""
        if isinstance(event, Text):
            delta = event.text
            self._text += delta
        elif isinstance(event, Thinking):
            thought = event.text
            self._thoughts += thought
        elif isinstance(event, ToolCallStart):
            self._calls[event.index] = _CallSoFar(event.id, event.name)
        elif isinstance(event, ToolCallDelta):
            self._calls[event.index].arguments += event.arguments
        elif isinstance(event, ToolCall):
            self._calls[event.index] = _CallSoFar(event.id, event.name, event.arguments, event.wire_type)
        elif isinstance(event, Restarted) and (self._text or self._thoughts or self._calls):
            raise IncompleteStreamError(f"{event.reason}; what LlamaIndex was shown cannot be taken back")
        else:
            return None
        thinking = ThinkingBlock(content=self._thoughts) if self._thoughts else None
        return ChatResponse(
            message=_message(thinking, self._text, [self._calls[index] for index in sorted(self._calls)]),
            delta=delta,
            additional_kwargs={"thinking_delta": thought} if thought else {},
        )
