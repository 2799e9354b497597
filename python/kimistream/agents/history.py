"""What of an answer goes into the history."""

from __future__ import annotations

from .. import _core
from .._values.message import Message, ToolCall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Content = str | list[Any]


def was_cut(message: Message, call: ToolCall) -> bool:
    """Whether the call broke off with its answer, or at the limit of tokens. One that an answer has ended with, and
    whose arguments are no JSON, is the model's mistake, and it is told."""
    return not call.complete and message.finish_reason in (None, "length")


def group(message: Message, results: dict[int, Content], keep_open: bool) -> list[Any]:
    """An answer and the results of its calls, as they go into the history.

    Calls that were cut are left out, and those without a result unless `keep_open`: somebody will answer them.
    Arguments that are no JSON are `{}`. An answer without content and calls is nothing to send back.
    """
    kept = [
        (place, call)
        for place, call in enumerate(message.tool_calls)
        if not was_cut(message, call) and (keep_open or place in results)
    ]
    calls = [_with_json(call) for _, call in kept]
    if not calls and not message.content:
        return []
    answer = message if calls == message.tool_calls else changed(message, tool_calls=calls)
    return [answer, *(_result_message(call, results[place]) for place, call in kept if place in results)]


def _result_message(call: ToolCall, content: Content) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "tool", "tool_call_id": call.id, "content": content}
    if call.wire_type != "function":
        message["name"] = call.name  # the provider's own tools are told by it
    return message


def _with_json(call: ToolCall) -> ToolCall:
    try:
        _core.loads(call.arguments)
    except ValueError:
        return ToolCall(call.index, call.id, call.name, "{}", call.wire_type)
    return call


def changed(message: Message, **fields: Any) -> Message:
    """The message with other fields. It itself stays as it came."""
    return Message(**{**{name: getattr(message, name) for name in Message._fields}, **fields})
