"""A reply in the messages protocol, as Moonshot's route speaks it: thinking, then text, then tools.

Thinking is not signed, usage names its counters twice, and the cached part of the input is known at the end only: the
first event counts all of it as new.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..values.frame import Frame
from ..values.replies import Call, Reply
from ..values.usage import Usage

if TYPE_CHECKING:
    from ..dialects.dialect import Dialect

_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}


def body(reply: Reply, _dialect: Dialect) -> dict[str, Any]:
    blocks: list[Mapping[str, Any]] = []
    if reply.reasoning:
        blocks.append({"type": "thinking", "thinking": "".join(reply.reasoning)})
    if reply.content:
        blocks.append({"type": "text", "text": "".join(reply.content)})
    blocks += [_tool_use(call, _input(call)) for call in reply.calls]
    used = reply.usage
    usage = {
        "input_tokens": used.prompt - used.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": used.cached,
        "output_tokens": used.completion,
        "output_tokens_details": {"thinking_tokens": used.reasoning},
        "prompt_tokens": used.prompt,
        "cached_tokens": used.cached,
    }
    return {**_message(reply), "content": blocks, "stop_reason": _stop_reason(reply), "usage": usage}


def frames(reply: Reply, _dialect: Dialect, _places: frozenset[str], _usage_asked: bool) -> Iterator[Frame]:
    yield _event("start", "message_start", {"message": {**_message(reply), "usage": _first_usage(reply.usage)}})
    yield _event("ping", "ping", {})
    index = 0
    if reply.reasoning:
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in reply.reasoning]
        yield from _block(index, {"type": "thinking", "thinking": ""}, "reasoning", deltas)
        index += 1
    if reply.content:
        deltas = [{"type": "text_delta", "text": piece} for piece in reply.content]
        yield from _block(index, {"type": "text", "text": ""}, "content", deltas)
        index += 1
    for call in reply.calls:
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", *call.arguments)]
        yield from _block(index, _tool_use(call, {}), "call", deltas)
        index += 1
    delta = {"stop_reason": _stop_reason(reply), "stop_sequence": None}
    yield _event("finish", "message_delta", {"delta": delta, "usage": _last_usage(reply.usage)})
    yield _event("done", "message_stop", {})


def _event(kind: str, name: str, data: Mapping[str, Any], tokens: int = 0) -> Frame:
    return Frame(kind, {"type": name, **data}, tokens, event=name)


def _block(index: int, start: Mapping[str, Any], kind: str, deltas: list[dict[str, str]]) -> Iterator[Frame]:
    yield _event("block", "content_block_start", {"index": index, "content_block": start})
    for delta in deltas:
        yield _event(kind, "content_block_delta", {"index": index, "delta": delta}, 1)
    yield _event("block", "content_block_stop", {"index": index})


def _message(reply: Reply) -> dict[str, Any]:
    return {
        "id": reply.id,
        "type": "message",
        "role": "assistant",
        "content": [],
        "model": reply.model,
        "stop_reason": None,
        "stop_sequence": None,
    }


def _tool_use(call: Call, arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": arguments}


def _input(call: Call) -> Any:
    """The arguments as an object; what a token limit cut is no JSON and cannot be shown."""
    try:
        return json.loads(call.text)
    except ValueError:
        return {}


def _stop_reason(reply: Reply) -> str:
    return _STOP_REASONS.get(reply.finish, reply.finish)


def _first_usage(used: Usage) -> dict[str, Any]:
    return {
        "input_tokens": used.prompt,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": 0,
        "service_tier": "standard",
        "inference_geo": "not_available",
        "prompt_tokens": used.prompt,
        "cached_tokens": 0,
    }


def _last_usage(used: Usage) -> dict[str, Any]:
    """The input split anew: together the parts are what the first event called input_tokens."""
    cached = {"cache_read_input_tokens": used.cached} if used.cached else {}
    return {"input_tokens": used.prompt - used.cached, **cached, "output_tokens": used.completion}
