"""From the body of a request to a value, checked as the dialect checks it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..values.contents import MediaRules, Upload, read_content
from ..values.failures import Refusal, invalid
from ..values.models import SELF_HOSTED, Model
from ..values.requests import ChatRequest, Message
from .dialect import Dialect

ROLES = ("system", "user", "assistant", "tool")


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
