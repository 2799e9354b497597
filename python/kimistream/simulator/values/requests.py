"""A chat request as a value: read once, then only looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .contents import Content
from .models import Model
from .shapes import dig
from .terms import Terms
from .usage import Path

MAX_CHOICES = 16  # answers to one request


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
    """What was asked, with the terms of the dialect it was asked in."""

    body: Mapping[str, Any]
    terms: Terms
    model: Model
    messages: tuple[Message, ...]

    @cached_property
    def thinking(self) -> bool:
        """On unless the request switches it off."""
        return not self._has_any(self.terms.thinking_off)

    @cached_property
    def keeps_thinking(self) -> bool:
        """The reasoning of earlier turns is part of the conversation."""
        return self.thinking and self._has_any(self.terms.thinking_kept)

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
        limits = (self.body.get(key) for key in self.terms.limit_keys)
        limit = next((value for value in limits if value is not None), None)
        return limit if isinstance(limit, int) else None

    @property
    def choices(self) -> int:
        """How many answers are asked for, within reason."""
        wanted = self.body.get("n")
        return min(max(wanted, 1), MAX_CHOICES) if isinstance(wanted, int) else 1

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
        continued = last.role == "assistant" and self.terms.prefill(self.body, last.raw)
        return last.content.text if continued else None

    @property
    def hides_reasoning(self) -> bool:
        return self._has_any(self.terms.thinking_hidden)

    @property
    def names_a_tool(self) -> bool:
        return isinstance(self.body.get("tool_choice"), Mapping)

    @property
    def forces_a_call(self) -> bool:
        return self.names_a_tool or self.body.get("tool_choice") == "required"

    def reasoning_of(self, message: Message) -> str | None:
        """The reasoning that a message of an earlier turn carries; None where it has none of the keys."""
        for key in self.terms.reasoning_back:
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
