"""What was said, in the JSON of OpenTelemetry's conventions: messages with a role and parts."""

from __future__ import annotations

import json

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .call import Call


def input_messages(prompt: Any) -> str:
    return _text([_message(each) for each in _messages(prompt) if each.get("role") != "system"])


def instructions(system: str | None, prompt: Any) -> str | None:
    """Those of the request and those that stand among its messages; None where there are none."""
    parts = [] if system is None else [{"type": "text", "content": system}]
    for message in _messages(prompt):
        if message.get("role") == "system":
            parts += _parts(message.get("content"))
    return _text(parts) if parts else None


def output_messages(call: Call) -> str:
    if call.completion is not None:
        choices = call.completion.model_dump(exclude_unset=True).get("choices") or []
        answers = [(choice.get("message") or {}, choice.get("finish_reason")) for choice in choices]
    else:
        assert call.message is not None
        answers = [(call.message._to_wire(), call.message.finish_reason)]
    return _text([{**_message(said), "finish_reason": reason or "error"} for said, reason in answers])


def _messages(prompt: Any) -> list[dict[str, Any]]:
    said = _core.loads(_core.dumps(prompt))  # as it goes out: messages, pictures and other objects as JSON
    if isinstance(said, str):
        return [{"role": "user", "content": said}]
    if not isinstance(said, list):
        return []
    if all(isinstance(each, dict) and "role" in each for each in said):
        return said
    return [{"role": "user", "content": said}]


def _message(said: dict[str, Any]) -> dict[str, Any]:
    role = said.get("role") or "assistant"
    if role == "tool":
        part = {"type": "tool_call_response", "id": said.get("tool_call_id"), "response": said.get("content")}
        return {"role": role, "parts": [part]}
    reasoning = said.get("reasoning_content") or said.get("reasoning")
    parts: list[dict[str, Any]] = (
        [{"type": "reasoning", "content": reasoning}] if isinstance(reasoning, str) and reasoning else []
    )
    parts += _parts(said.get("content"))
    for call in said.get("tool_calls") or []:
        function = call.get("function") or {}
        parts.append(
            {"type": "tool_call", "id": call.get("id"), "name": function.get("name"),
             "arguments": _arguments(function.get("arguments"))}
        )  # fmt: skip
    return {"role": role, "parts": parts}


def _arguments(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text


def _parts(content: Any) -> list[dict[str, Any]]:
    if content is None or content == "":
        return []
    parts: list[dict[str, Any]] = []
    for each in content if isinstance(content, list) else [content]:
        if isinstance(each, str):
            parts.append({"type": "text", "content": each})
        elif isinstance(each, dict) and isinstance(each.get("text"), str):
            parts.append({"type": "text", "content": each["text"]})
        elif isinstance(each, dict):
            parts.append(_medium(each))
    return parts


def _medium(part: dict[str, Any]) -> dict[str, Any]:
    kind = str(part.get("type", "")).removesuffix("_url") or "image"
    at = part.get(f"{kind}_url")
    url = at.get("url") if isinstance(at, dict) else at
    if not isinstance(url, str):
        return part
    if url.startswith("data:"):
        mime, _, data = url.removeprefix("data:").partition(";base64,")
        return {"type": "blob", "modality": kind, "mime_type": mime, "content": data}
    return {"type": "uri", "modality": kind, "uri": url}


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
