"""A chat request as a value: read once, then only looked at."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .contents import Content, MediaRules, Upload, read_content
from .errors import Refusal, invalid
from .models import SELF_HOSTED, Model
from .shapes import dig

if TYPE_CHECKING:
    from .dialect import Dialect
    from .usage import Path

ROLES = ("system", "user", "assistant", "tool")

# Whether a last message of the assistant is the beginning of the answer: (body, message) -> bool.
Prefill = Callable[[Mapping[str, Any], Mapping[str, Any]], bool]


def partial_flag(_body: Mapping[str, Any], last: Mapping[str, Any]) -> bool:
    """Moonshot's Partial Mode."""
    return last.get("partial") is True


def continue_final(body: Mapping[str, Any], _last: Mapping[str, Any]) -> bool:
    """A switch of the engines' chat templates."""
    return body.get("continue_final_message") is True


def trailing(_body: Mapping[str, Any], last: Mapping[str, Any]) -> bool:
    """It is enough to be the last one, and to have text."""
    return not last.get("tool_calls")


@dataclass(frozen=True)
class Message:
    """One message: `raw` is what came, `content` what it says."""

    role: str
    content: Content
    raw: Mapping[str, Any]

    @property
    def calls(self) -> list[Mapping[str, Any]]:
        calls = self.raw.get("tool_calls")
        return [call for call in calls if isinstance(call, Mapping)] if isinstance(calls, list) else []


@dataclass(frozen=True)
class ChatRequest:
    """What was asked, with the dialect it was asked in."""

    body: Mapping[str, Any]
    dialect: Dialect
    model: Model
    messages: tuple[Message, ...]

    @cached_property
    def thinking(self) -> bool:
        """On unless the request switches it off."""
        return not self._has_any(self.dialect.thinking_off)

    @cached_property
    def keeps_thinking(self) -> bool:
        """The reasoning of earlier turns is part of the conversation."""
        return self.thinking and self._has_any(self.dialect.thinking_kept)

    @property
    def mode(self) -> str:
        return "thinking" if self.thinking else "instant"

    @property
    def streams(self) -> bool:
        return self.body.get("stream") is True

    @property
    def wants_usage(self) -> bool:
        return dig(self.body, ("stream_options", "include_usage")) is True

    @property
    def max_tokens(self) -> int | None:
        """Limit of reasoning and answer together; None where none was given."""
        limits = (self.body.get(key) for key in self.dialect.limit_keys)
        limit = next((value for value in limits if value is not None), None)
        return limit if isinstance(limit, int) else None

    @property
    def stops(self) -> list[str]:
        stop = self.body.get("stop") or []
        return [stop] if isinstance(stop, str) else stop

    @property
    def tools(self) -> list[Mapping[str, Any]]:
        return self.body.get("tools") or []

    @cached_property
    def prefix(self) -> str | None:
        """The beginning of the answer that the caller wants continued; None where there is none."""
        last = self.messages[-1]
        continued = last.role == "assistant" and self.dialect.prefill(self.body, last.raw)
        return last.content.text if continued else None

    @property
    def hides_reasoning(self) -> bool:
        return self._has_any(self.dialect.thinking_hidden)

    @property
    def names_a_tool(self) -> bool:
        return isinstance(self.body.get("tool_choice"), Mapping)

    def reasoning_of(self, message: Message) -> str | None:
        """The reasoning that a message of an earlier turn carries; None where it has none of the keys."""
        for key in self.dialect.reasoning_back:
            value = message.raw.get(key)
            if isinstance(value, str):
                return value
            if isinstance(value, list):
                return "".join(str(dig(item, ("text",)) or dig(item, ("summary",)) or "") for item in value)
        return None

    @property
    def turns(self) -> tuple[Message, ...]:
        """The messages to answer: all but the beginning of the answer itself."""
        return self.messages if self.prefix is None else self.messages[:-1]

    def _has_any(self, settings: tuple[tuple[Path, Any], ...]) -> bool:
        return any(dig(self.body, path) == value for path, value in settings)


def parse(raw: bytes) -> Any:
    """The JSON of a body; None where it is not JSON, which no request may be either."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def read_request(body: Any, dialect: Dialect, uploads: Mapping[str, Upload] | None = None) -> ChatRequest:
    """The request, with its model and messages checked: as much as a token estimate needs."""
    if body is None:
        raise invalid("Invalid request: the body is not valid JSON")
    if not isinstance(body, Mapping):
        raise invalid("Invalid request: the body must be a JSON object")
    model = _model(body, dialect)
    body = dialect.translate(body)
    rules = MediaRules({"image": dialect.images, "video": dialect.videos}, uploads)
    return ChatRequest(body, dialect, model, _messages(body, rules))


def read_chat(body: Any, dialect: Dialect, uploads: Mapping[str, Upload] | None = None) -> ChatRequest:
    """The request, with everything checked that the dialect checks."""
    request = read_request(body, dialect, uploads)
    for check in dialect.checks:
        check(request)
    return request


def _model(body: Mapping[str, Any], dialect: Dialect) -> Model:
    name = body.get("model")
    if not isinstance(name, str) or not name:
        raise invalid("Invalid request: model is required")
    if not dialect.models:
        return SELF_HOSTED
    if name in dialect.models:
        return dialect.models[name]
    if dialect.other_names and re.fullmatch(dialect.other_names, name):
        return next(iter(dialect.models.values()))
    unknown = dialect.unknown_model
    raise Refusal(replace(unknown, message=unknown.message.format(model=name)))


def _messages(body: Mapping[str, Any], rules: MediaRules) -> tuple[Message, ...]:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise invalid("Invalid request: messages must not be empty")
    return tuple(_message(message, position, rules) for position, message in enumerate(messages))


def _message(raw: Any, position: int, rules: MediaRules) -> Message:
    if not isinstance(raw, Mapping):
        raise invalid(f"Invalid request: the message at position {position} must be an object")
    role = raw.get("role")
    if role not in ROLES:
        raise invalid(f"Invalid request: the message at position {position} has an unknown role '{role}'")
    message = Message(role, read_content(raw.get("content"), rules), raw)
    if not message.content.given and not _may_be_empty(message):
        raise invalid(f"the message at position {position} with role '{role}' must not be empty")
    return message


_THOUGHTS = ("reasoning_content", "reasoning", "reasoning_details")


def _may_be_empty(message: Message) -> bool:
    """A tool may have nothing to say; an assistant may only have called tools, thought, or begun an answer."""
    raw = message.raw
    if message.role == "assistant":
        return bool(message.calls or raw.get("partial") or any(raw.get(key) for key in _THOUGHTS))
    return message.role == "tool"
