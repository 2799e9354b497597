"""What the page shows of an exchange, as plain values."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..._values.event import Event
    from ..store import Entry


def shown(entry: Entry) -> dict[str, Any]:
    """The facts, the request, what it amounts to, and `events`: [seconds, kind, text, place of the tool call]."""
    recorded = entry.recorded
    told = recorded.tell(entry.origin, events=True)
    return {
        **entry.facts,
        "url": recorded.url(entry.origin),
        "clock": recorded.clock,
        "request": {"headers": recorded.request["headers"], "body": recorded.body},
        "response": recorded.response,
        "message": entry.message,
        "events": [made for seconds, event in told.events if (made := _event(seconds, event))],
        "streams": recorded.streams,
        "is_chat": recorded.is_chat(entry.origin),
    }


def _event(seconds: float, event: Event) -> list[Any] | None:
    if event.type in ("thinking", "text"):
        return [seconds, event.type, event.text]
    if event.type == "tool_call_start":
        return [seconds, "call", event.name, event.index]
    if event.type == "tool_call_delta":
        return [seconds, "arguments", event.arguments, event.index]
    return None
