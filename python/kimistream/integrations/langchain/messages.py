"""LangChain's messages as the client takes them: texts, pictures and clips in all spellings, calls, and reasoning."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ChatMessage, HumanMessage, SystemMessage, ToolMessage

from ..._values.errors import InvalidRequestError

_ROLES = ((HumanMessage, "user"), (AIMessage, "assistant"), (ToolMessage, "tool"), (SystemMessage, "system"))
_SAID_ELSEWHERE = frozenset({"tool_use", "tool_call", "invalid_tool_call", "tool_call_chunk", "input_json_delta"})
_THOUGHTS = {"reasoning": "reasoning", "thinking": "thinking"}  # type of the block: the key of its text


def to_kimi(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    """The messages as the client's `messages`. InvalidRequestError for what no message of Kimi's can be."""
    return [turn for message in messages for turn in _turns(message)]


def _turns(message: BaseMessage) -> Iterable[dict[str, Any]]:
    """One message; results of tools that stand inside a user's, as Anthropic has them, are messages of their own."""
    blocks = message.content if isinstance(message.content, list) else [message.content]
    results = [block for block in blocks if isinstance(block, Mapping) and block.get("type") == "tool_result"]
    for block in results:
        content = block.get("content")
        said = _content(content if isinstance(content, list) else [content or ""])
        yield {"role": "tool", "tool_call_id": block.get("tool_use_id"), "content": said}
    rest = [block for block in blocks if block not in results]
    if rest or not results:
        yield _turn(message, rest)


def _turn(message: BaseMessage, blocks: Sequence[Any]) -> dict[str, Any]:
    roles = [role for kind, role in _ROLES if isinstance(message, kind)]  # chunks are messages of their kind, too
    role = message.role if isinstance(message, ChatMessage) else next(iter(roles), None)
    if role is None:
        raise InvalidRequestError(f"a {type(message).__name__} is no message that can be sent")
    turn: dict[str, Any] = {"role": role, "content": _content(blocks)}
    if message.name:
        turn["name"] = message.name
    if isinstance(message, ToolMessage):
        turn["tool_call_id"] = message.tool_call_id
    if isinstance(message, AIMessage):
        turn.update(_answer(message, blocks))
        if not turn["content"] and turn.get("tool_calls"):
            turn["content"] = None
    return turn


def _answer(message: AIMessage, blocks: Sequence[Any]) -> dict[str, Any]:
    """Calls and reasoning of an answer, which go back as they came."""
    kinds = message.additional_kwargs.get("tool_kinds") or {}
    calls = [(call["id"], call["name"], json.dumps(call["args"], ensure_ascii=False)) for call in message.tool_calls]
    calls += [(call["id"], call["name"], call["args"] or "") for call in message.invalid_tool_calls]
    answer: dict[str, Any] = {
        "tool_calls": [
            {"id": key, "type": kinds.get(key, "function"), "function": {"name": name, "arguments": arguments}}
            for key, name, arguments in calls
        ],
        "reasoning_content": message.additional_kwargs.get("reasoning_content") or _reasoning(blocks),
        "reasoning_details": message.additional_kwargs.get("reasoning_details"),
        "signature": message.additional_kwargs.get("signature"),
        "partial": message.additional_kwargs.get("partial"),
    }
    return {key: value for key, value in answer.items() if value}


def _reasoning(blocks: Iterable[Any]) -> str:
    """What stands in blocks of reasoning, LangChain's own and Anthropic's."""
    thoughts = [block for block in blocks if isinstance(block, Mapping) and block.get("type") in _THOUGHTS]
    return "".join(str(block.get(_THOUGHTS[block["type"]]) or "") for block in thoughts)


def _content(blocks: Sequence[Any]) -> str | list[dict[str, Any]]:
    """One text where there is nothing but text that stands alone, else parts."""
    parts = [part for block in blocks if (part := _part(block)) is not None]
    if all(part.get("type") == "text" for part in parts) and len(parts) <= 1:
        return "".join(part["text"] for part in parts)
    return parts


def _part(block: Any) -> dict[str, Any] | None:
    """A block as a part of a message; None for what is told in another field."""
    if isinstance(block, str):
        return {"type": "text", "text": block}
    kind = block.get("type")
    if kind in _SAID_ELSEWHERE or kind in _THOUGHTS or kind in ("redacted_thinking", "non_standard"):
        return None
    if kind == "text":
        return {"type": "text", "text": block["text"]}
    if kind in ("image", "video"):
        return {"type": f"{kind}_url", f"{kind}_url": {"url": _address(block, kind)}}
    return dict(block)  # image_url and its kin go as they are; what is none is refused by the client


def _address(block: Mapping[str, Any], kind: str) -> str:
    """Where a picture or a clip is, in LangChain's spellings (v1, v0) and in Anthropic's."""
    source = block.get("source") or block
    mime = source.get("mime_type") or source.get("media_type") or {"image": "image/png", "video": "video/mp4"}[kind]
    spellings: tuple[tuple[str, Callable[[Any], str]], ...] = (
        ("url", str),
        ("base64", lambda data: f"data:{mime};base64,{data}"),
        ("data", lambda data: f"data:{mime};base64,{data}"),
        ("file_id", lambda file: f"ms://{file}"),
    )
    for key, address in spellings:
        if source.get(key):
            return address(source[key])
    raise InvalidRequestError(f"a block of type {kind!r} has none of url, base64, data, file_id")
