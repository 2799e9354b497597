"""Quirks of the shape of what is said: reasoning and arguments that are no text, an answer that comes twice.

Each changes a delta of a stream or the message of a whole answer, in place.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..values.frame import Frame
from ..values.replies import Reply
from .quirks_frames import Stage, choice_of, each, on_choice

if TYPE_CHECKING:
    from ..dialects.dialect import Dialect

Part = dict[str, Any]
Body = Callable[[dict[str, Any]], dict[str, Any]]
_KEYS = ("reasoning_content", "reasoning")


def in_frames(change: Callable[[Part], None]) -> Stage:
    """Changes the delta of every frame that has one."""

    def on_delta(choice: dict[str, Any]) -> None:
        if isinstance(choice.get("delta"), dict):
            change(choice["delta"])

    return on_choice(on_delta)


def in_body(change: Callable[[Part], None]) -> Body:
    """Changes the message of a whole answer."""

    def stage(body: dict[str, Any]) -> dict[str, Any]:
        body = copy.deepcopy(body)
        for choice in body.get("choices", ()):
            change(choice["message"])
        return body

    return stage


def _take_reasoning(part: Part) -> str | None:
    texts = [part.pop(key) for key in _KEYS if isinstance(part.get(key), str)]
    part.pop("reasoning_details", None)
    return texts[0] if texts else None


def reasoning_object(part: Part) -> None:
    """envoyproxy/ai-gateway#1222: as Bedrock names it."""
    for key in _KEYS:
        if isinstance(part.get(key), str):
            part[key] = {"reasoningText": {"text": part[key]}}


def reasoning_text(part: Part) -> None:
    """Copilot's key."""
    text = _take_reasoning(part)
    if text is not None:
        part["reasoning_text"] = text


def typed_parts(part: Part) -> None:
    """earendil-works/pi#7216, databricks/appkit#559: content is a list, and the reasoning a part of it."""
    text, content = _take_reasoning(part), part.get("content")
    parts: list[Part] = []
    if text:
        parts.append({"type": "reasoning", "summary": [{"type": "summary_text", "text": text}]})
    if content:
        parts.append({"type": "text", "text": content})
    if parts:
        part["content"] = parts


def refusal(part: Part) -> None:
    """The words of the answer in the place of a refusal's."""
    if part.get("content"):
        part.update(refusal=part["content"], content=None)


def call_objects(part: Part) -> None:
    """can1357/oh-my-pi#1779: arguments as JSON where JSON text is due; whole answers only."""
    for call in part.get("tool_calls") or ():
        call["function"]["arguments"] = json.loads(call["function"]["arguments"] or "{}")


def close_tag(frames: Iterator[Frame], _reply: Reply, _dialect: Dialect) -> Iterator[Frame]:
    """diegosouzapw/OmniRoute#8260: the closing tag as a piece of content of its own, behind reasoning with a key."""
    last: Frame | None = None
    for frame in frames:
        if last is not None and frame.kind in ("content", "call", "finish") and choice_of(last) is not None:
            data = copy.deepcopy(last.data)
            data["choices"][0]["delta"] = {"content": "</think>"}
            yield replace(last, data=data, tokens=0)
            last = None
        elif frame.kind == "reasoning":
            last = frame
        yield frame


def _gathered(frame: Frame, so_far: Part) -> None:
    choice = choice_of(frame)
    delta = choice.get("delta") if choice else None
    for key, value in (delta or {}).items():
        if isinstance(value, str) and key != "role":
            so_far[key] = so_far.get(key, "") + value


def message_beside(frames: Iterator[Frame], _reply: Reply, _dialect: Dialect) -> Iterator[Frame]:
    """perplexityai/api-discussion#209: each frame has its piece, and as a message all of it so far."""
    so_far: Part = {"role": "assistant"}
    for frame in frames:
        if choice_of(frame) is not None:
            _gathered(frame, so_far)
            data = copy.deepcopy(frame.data)
            data["choices"][0]["message"] = dict(so_far)
            frame = replace(frame, data=data)
        yield frame


def message_at_end(frames: Iterator[Frame], _reply: Reply, _dialect: Dialect) -> Iterator[Frame]:
    """abundantbeing/hermes-browser-extension#11: the last frame holds the whole message in place of a piece."""
    so_far: Part = {"role": "assistant", "content": ""}
    for frame in frames:
        _gathered(frame, so_far)
        if frame.kind == "finish" and choice_of(frame) is not None:
            data = copy.deepcopy(frame.data)
            del data["choices"][0]["delta"]
            data["choices"][0]["message"] = so_far
            frame = replace(frame, data={**data, "object": "chat.completion"})
        yield frame


def other_choice(frame: Frame) -> Iterator[Frame]:
    """More than one answer, and another one's pieces come first."""
    if choice_of(frame) is not None and frame.kind in ("start", "content", "finish"):
        data = copy.deepcopy(frame.data)
        data["choices"][0]["index"] = 1
        if frame.kind == "content":
            data["choices"][0]["delta"]["content"] = "another "
        yield replace(frame, data=data, tokens=0)
    yield frame


def untyped_delta(frame: Frame) -> Iterator[Frame]:
    """nashsu/llm_wiki#303: a delta of the messages protocol that does not say what it is."""
    delta = frame.data.get("delta") if isinstance(frame.data, Mapping) else None
    if frame.event == "content_block_delta" and delta:
        frame = replace(frame, data={**frame.data, "delta": {k: v for k, v in delta.items() if k != "type"}})
    yield frame


def _renamed(usage: Mapping[str, Any]) -> dict[str, Any]:
    """earendil-works/pi#8119: DeepSeek's names for the cache, and zeros under those of other protocols."""
    said = {key: value for key, value in usage.items() if key not in ("cached_tokens", "prompt_tokens_details")}
    cached = usage.get("cached_tokens") or (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    prompt = usage.get("prompt_tokens") or 0
    said |= {"prompt_cache_hit_tokens": cached, "prompt_cache_miss_tokens": prompt - cached}
    return {**said, "input_tokens": 0, "output_tokens": 0, "cached_tokens": 0}


def _usage_renamed(data: dict[str, Any]) -> dict[str, Any]:
    if isinstance(data.get("usage"), Mapping) and "prompt_tokens" in data["usage"] and "choices" in data:
        data = {**data, "usage": _renamed(data["usage"])}
    choices = [
        {**choice, "usage": _renamed(choice["usage"])} if choice.get("usage") else choice
        for choice in data.get("choices") or ()
    ]
    return {**data, "choices": choices} if choices else data


def usage_names(frame: Frame) -> Iterator[Frame]:
    yield replace(frame, data=_usage_renamed(dict(frame.data))) if isinstance(frame.data, Mapping) else frame


usage_names_in_body: Body = _usage_renamed
untyped = each(untyped_delta)
others = each(other_choice)
usages = each(usage_names)
