"""LlamaIndex's messages as the client takes them: its blocks of thinking and of calls go back, too."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from llama_index.core.base.llms.types import (
    CachePoint,
    ChatMessage,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    VideoBlock,
)

from ..._values.errors import InvalidRequestError

_ROLES = {"developer": "system", "function": "tool", "chatbot": "assistant", "model": "assistant"}
_TOLD_ELSEWHERE = (ThinkingBlock, ToolCallBlock, CachePoint)


def to_kimi(messages: Sequence[ChatMessage]) -> list[dict[str, Any]]:
    """The messages as the client's `messages`. InvalidRequestError for a block that Kimi cannot take."""
    return [_turn(message) for message in messages]


def _turn(message: ChatMessage) -> dict[str, Any]:
    role = _ROLES.get(message.role.value, message.role.value)
    parts = [_part(block) for block in message.blocks if not isinstance(block, _TOLD_ELSEWHERE)]
    alone = len(parts) <= 1 and all(part["type"] == "text" for part in parts)
    turn: dict[str, Any] = {"role": role, "content": "".join(part["text"] for part in parts) if alone else parts}
    for name in ("name", "tool_call_id", "partial"):
        if message.additional_kwargs.get(name):
            turn[name] = message.additional_kwargs[name]
    if role == "assistant":
        turn.update(_answer(message))
        if not turn["content"] and turn.get("tool_calls"):
            turn["content"] = None
    return turn


def _answer(message: ChatMessage) -> dict[str, Any]:
    """Thinking and calls of an answer."""
    thoughts = [block for block in message.blocks if isinstance(block, ThinkingBlock)]
    calls = [_call(block) for block in message.blocks if isinstance(block, ToolCallBlock)]
    answer: dict[str, Any] = {"reasoning_content": "".join(block.content or "" for block in thoughts)}
    for block in thoughts:
        known = block.additional_information
        answer.update({key: known[key] for key in ("reasoning_details", "signature") if known.get(key)})
    answer["tool_calls"] = calls or [_old_call(call) for call in message.additional_kwargs.get("tool_calls") or ()]
    return {key: value for key, value in answer.items() if value}


def _call(block: ToolCallBlock) -> dict[str, Any]:
    given = block.tool_kwargs
    arguments = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
    function = {"name": block.tool_name, "arguments": arguments or "{}"}
    return {"id": block.tool_call_id, "type": "function", "function": function}


def _old_call(call: Any) -> dict[str, Any]:
    """A call as it stood in additional_kwargs before there were blocks: openai's object, or a dict."""
    plain = call if isinstance(call, Mapping) else call.model_dump()
    return {key: plain[key] for key in ("id", "type", "function") if key in plain}


def _part(block: Any) -> dict[str, Any]:
    for kind, part in _PARTS:
        if isinstance(block, kind):
            return part(block)
    raise InvalidRequestError(f"Kimi takes no {type(block).__name__}: text, pictures and videos")


def _picture(block: ImageBlock) -> dict[str, Any]:
    data = lambda: block.resolve_image(as_base64=True).read().decode()  # noqa: E731
    return {"type": "image_url", "image_url": {"url": _address(block.url, block.image_mimetype or "image/png", data)}}


def _video(block: VideoBlock) -> dict[str, Any]:
    data = lambda: block.resolve_video(as_base64=True).read().decode()  # noqa: E731
    return {"type": "video_url", "video_url": {"url": _address(block.url, block.video_mimetype or "video/mp4", data)}}


def _address(url: Any, mime: str, data: Callable[[], str]) -> str:
    return str(url) if url else f"data:{mime};base64,{data()}"


_PARTS: tuple[tuple[type, Callable[[Any], dict[str, Any]]], ...] = (
    (TextBlock, lambda block: {"type": "text", "text": block.text}),
    (ImageBlock, _picture),
    (VideoBlock, _video),
)
