"""What other protocols send, as chat completions: one reading, one set of checks, whatever the shape was."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ..values.failures import invalid
from ..values.shapes import dig

_KEEP_ALL = "clear_thinking_20251015"
_CHOICES = {"auto": "auto", "any": "required", "none": "none"}


def unchanged(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return body


def without(*keys: str) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    """A gateway that drops these fields, of the request and of its messages."""

    def stripped(body: Mapping[str, Any]) -> Mapping[str, Any]:
        kept = {key: value for key, value in body.items() if key not in keys}
        messages = kept.get("messages")
        if isinstance(messages, list):
            kept["messages"] = [
                {key: value for key, value in turn.items() if key not in keys} if isinstance(turn, Mapping) else turn
                for turn in messages
            ]
        return kept

    return stripped


def last_assistant_is_user(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """SGLang's _handle_last_assistant_message: without continue_final_message the user seems to have said it."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages or body.get("continue_final_message") is True:
        return body
    last = messages[-1]
    if dig(last, ("role",)) != "assistant" or last.get("tool_calls") or not last.get("content"):
        return body
    return {**body, "messages": [*messages[:-1], {"role": "user", "content": last["content"]}]}


def messages_to_chat(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The messages protocol: system apart, blocks for parts, results of tools inside the user's message."""
    limit = body.get("max_tokens")
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise invalid("max_tokens: Field required" if limit is None else "max_tokens: must be a positive integer")
    turns = body.get("messages")
    if not isinstance(turns, list) or not turns:
        raise invalid("messages: at least one message is required")
    messages: list[dict[str, Any]] = []
    system = _texts(body.get("system"), "system")
    if system:
        messages.append({"role": "system", "content": system})
    for position, turn in enumerate(turns):
        messages += _turn(turn, position, last=position == len(turns) - 1)
    chat = {"model": body.get("model"), "messages": messages, "max_tokens": limit, "stream": body.get("stream")}
    return {**chat, **_settings(body)}


def _settings(body: Mapping[str, Any]) -> dict[str, Any]:
    thinking = body.get("thinking")
    if thinking is not None and dig(thinking, ("type",)) not in ("enabled", "disabled", "adaptive"):
        raise invalid("thinking: type must be 'enabled' or 'disabled'")
    single = dig(body, ("tool_choice", "disable_parallel_tool_use")) is True
    off = dig(thinking, ("type",)) == "disabled"
    edits = dig(body, ("context_management", "edits"))
    kept = isinstance(edits, list) and any(
        dig(edit, ("type",)) == _KEEP_ALL and dig(edit, ("keep",)) == "all" for edit in edits
    )
    settings: dict[str, Any] = {
        "stop": body.get("stop_sequences"),
        "tools": _tools(body.get("tools")),
        "tool_choice": _choice(body.get("tool_choice")),
        "parallel_tool_calls": False if single else None,
        "thinking": {"type": "disabled" if off else "enabled", **({"keep": "all"} if kept else {})},
    }
    wanted = dig(body, ("output_config", "format"))
    if dig(wanted, ("type",)) == "json_schema":
        schema = {"name": "answer", "strict": False, "schema": dig(wanted, ("schema",))}
        settings["response_format"] = {"type": "json_schema", "json_schema": schema}
    return {key: value for key, value in settings.items() if value is not None}


def _tools(tools: Any) -> list[Any] | None:
    if tools is None:
        return None
    if not isinstance(tools, list):
        raise invalid("tools: must be an array")
    return [_tool(tool) for tool in tools]


def _tool(tool: Any) -> dict[str, Any]:
    if not isinstance(tool, Mapping) or not isinstance(tool.get("input_schema"), Mapping):
        raise invalid("tools: input_schema: Field required")
    function = {"name": tool.get("name"), "parameters": tool["input_schema"], "strict": False}
    described = {"description": tool["description"]} if isinstance(tool.get("description"), str) else {}
    return {"type": "function", "function": {**function, **described}}


def _choice(choice: Any) -> Any:
    kind = dig(choice, ("type",))
    if choice is None:
        return None
    if kind == "tool":
        return {"type": "function", "function": {"name": dig(choice, ("name",))}}
    if not isinstance(kind, str) or kind not in _CHOICES:
        raise invalid(f"tool_choice: unknown type '{kind}'")
    return _CHOICES[kind]


def _turn(turn: Any, position: int, *, last: bool) -> list[dict[str, Any]]:
    role = dig(turn, ("role",))
    if role not in ("user", "assistant"):
        raise invalid(f"messages.{position}: role must be 'user' or 'assistant'")
    content = turn.get("content")
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if not isinstance(blocks, list) or not all(isinstance(block, Mapping) for block in blocks):
        raise invalid(f"messages.{position}: content must be a string or an array of blocks")
    return _user(blocks) if role == "user" else [_assistant(blocks, last=last)]


def _user(blocks: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Results of tools first, each a message of its own; then what the user says."""
    results = [
        {"role": "tool", "tool_call_id": block.get("tool_use_id"), "content": _result(block.get("content"))}
        for block in blocks
        if block.get("type") == "tool_result"
    ]
    said = [_part(block) for block in blocks if block.get("type") != "tool_result"]
    if said == [{"type": "text", "text": ""}]:
        raise invalid("text content is empty")
    return [*results, {"role": "user", "content": said}] if said or not results else results


def _result(content: Any) -> Any:
    return [_part(block) for block in content] if isinstance(content, list) else content


def _assistant(blocks: list[Mapping[str, Any]], *, last: bool) -> dict[str, Any]:
    thoughts = [str(block.get("thinking") or "") for block in blocks if block.get("type") == "thinking"]
    calls = [_call(block) for block in blocks if block.get("type") == "tool_use"]
    others = [block for block in blocks if block.get("type") not in ("thinking", "redacted_thinking", "tool_use")]
    message: dict[str, Any] = {"role": "assistant", "content": [_part(block) for block in others] or None}
    if thoughts:
        message["reasoning_content"] = "".join(thoughts)
    if calls:
        message["tool_calls"] = calls
    elif last:
        message["partial"] = True
        text = others[-1].get("text") if others else None
        if isinstance(text, str) and text != text.rstrip():  # Anthropic's words; what it does not take, others may not
            raise invalid("messages: final assistant content cannot end with trailing whitespace")
    return message


def _call(block: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(block.get("input"), Mapping):
        raise invalid("tool_use.input: Input should be a valid dictionary")
    function = {"name": block.get("name"), "arguments": json.dumps(block["input"], ensure_ascii=False)}
    return {"id": block.get("id"), "type": "function", "function": function}


def _part(block: Any) -> dict[str, Any]:
    """A block as a part of a message; what no block can be is left to the reader of parts to refuse."""
    kind = dig(block, ("type",))
    source: Any = dig(block, ("source",))
    if kind not in ("image", "video"):
        return dict(block) if isinstance(block, Mapping) else {"type": kind}
    sources: Mapping[str, Callable[[], Any]] = {
        "base64": lambda: f"data:{source.get('media_type')};base64,{source.get('data')}",
        "url": lambda: source.get("url"),
    }
    address = sources.get(str(dig(source, ("type",))), lambda: None)()
    return {"type": f"{kind}_url", f"{kind}_url": {"url": address}}


def _texts(value: Any, name: str) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, list) and all(isinstance(dig(block, ("text",)), str) for block in value):
        return "\n".join(block["text"] for block in value)
    raise invalid(f"{name}: must be a string or an array of text blocks")
