"""A chat request as a value: read once, then only looked at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .contents import Content, read_content
from .errors import Failure, Refusal, invalid
from .models import MODELS, SELF_HOSTED, Model
from .shapes import dig

if TYPE_CHECKING:
    from .dialects import Dialect, Path

ROLES = ("system", "user", "assistant", "tool")


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
        """Limit of reasoning and answer together; None where none was given. The deprecated name gives way."""
        limit = self.body.get("max_completion_tokens")
        limit = self.body.get("max_tokens") if limit is None else limit
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
        last, dialect = self.messages[-1], self.dialect
        asked = last.raw.get(dialect.prefill_message) is True or self.body.get(dialect.prefill_body) is True
        return last.content.text if asked and last.role == "assistant" else None

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


def read_request(body: Any, dialect: Dialect) -> ChatRequest:
    """The request, with its model and messages checked: as much as a token estimate needs."""
    if body is None:
        raise invalid("Invalid request: the body is not valid JSON")
    if not isinstance(body, Mapping):
        raise invalid("Invalid request: the body must be a JSON object")
    return ChatRequest(body, dialect, _model(body, dialect), _messages(body, dialect))


def read_chat(body: Any, dialect: Dialect) -> ChatRequest:
    """The request, with everything checked that the dialect checks."""
    request = read_request(body, dialect)
    for check in dialect.checks:
        check(request)
    return request


def _model(body: Mapping[str, Any], dialect: Dialect) -> Model:
    name = body.get("model")
    if not isinstance(name, str) or not name:
        raise invalid("Invalid request: model is required")
    if dialect.any_model:
        return SELF_HOSTED
    if name not in MODELS:
        raise Refusal(Failure(404, "resource_not_found_error", f"Not found the model {name} or Permission denied"))
    return MODELS[name]


def _messages(body: Mapping[str, Any], dialect: Dialect) -> tuple[Message, ...]:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise invalid("Invalid request: messages must not be empty")
    return tuple(_message(message, position, dialect) for position, message in enumerate(messages))


def _message(raw: Any, position: int, dialect: Dialect) -> Message:
    if not isinstance(raw, Mapping):
        raise invalid(f"Invalid request: the message at position {position} must be an object")
    role = raw.get("role")
    if role not in ROLES:
        raise invalid(f"Invalid request: the message at position {position} has an unknown role '{role}'")
    message = Message(role, read_content(raw.get("content"), dialect.media_schemes), raw)
    if not message.content.given and not _may_be_empty(message):
        raise invalid(f"the message at position {position} with role '{role}' must not be empty")
    return message


def _may_be_empty(message: Message) -> bool:
    """A tool may have nothing to say; an assistant may only have called tools, thought, or begun an answer."""
    raw = message.raw
    if message.role == "assistant":
        return bool(message.calls or raw.get("reasoning_content") or raw.get("reasoning") or raw.get("partial"))
    return message.role == "tool"
