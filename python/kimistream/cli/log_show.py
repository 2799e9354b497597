"""`kimistream log show`"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from .ending import DONE, guarded
from .log import ending, found, moment, opened
from .output import be_lenient, harmless, put_json

if TYPE_CHECKING:
    from kimistream.recording.store import Entry


def run(history: str | None, exchange: str, as_json: bool) -> int:
    be_lenient()
    return guarded(lambda: _show(history, exchange, as_json))


def _show(history: str | None, exchange: str, as_json: bool) -> int:
    with opened(history) as connection:
        entry = found(connection, exchange)
    if as_json:
        put_json({**entry.facts, "message": entry.message, "exchange": json.loads(entry.recorded.line)})
        return DONE
    sys.stdout.write("\n".join([*_facts(entry), *_asked(entry), *_answered(entry)]) + "\n")
    sys.stdout.flush()
    return DONE


def _facts(entry: Entry) -> list[str]:
    facts = entry.facts
    usage = [facts["prompt_tokens"], facts["completion_tokens"]]
    tokens = None if usage == [None, None] else f"{usage[0] or 0:,} in, {usage[1] or 0:,} out"
    shown = {
        "exchange": facts["id"],
        "time": moment(facts["started"]),
        "took": f"{facts['seconds']:.2f} s",
        "provider": facts["provider"],
        "request": f"{facts['method']} {entry.recorded.url(entry.origin)}",
        "model": facts["model"],
        "status": facts["status"],
        "ended": ending(facts) + (f" ({entry.recorded.clock})" if entry.recorded.clock else ""),
        "tokens": tokens,
        "cost": facts["cost"],
        "request id": (entry.message or {}).get("request_id"),
    }
    return [f"{name:<12}{harmless(str(value))}" for name, value in shown.items() if value not in (None, "")]


def _asked(entry: Entry) -> list[str]:
    from kimistream.recording.exchange import text_of

    body = entry.recorded.body
    if not isinstance(body, dict) or not isinstance(body.get("messages"), list):
        return _part("request", json.dumps(body, indent=2, ensure_ascii=False) if body is not None else "")
    lines = []
    if isinstance(body.get("system"), (str, list)):
        lines += _part("system", text_of(body["system"]))
    for message in body["messages"]:
        if isinstance(message, dict):
            said = text_of(message.get("content"))
            calls = [_call(call.get("function") or {}) for call in message.get("tool_calls") or ()]
            lines += _part(str(message.get("role")), "\n".join(filter(None, [said, *calls])))
    return lines


def _answered(entry: Entry) -> list[str]:
    from kimistream.recording.exchange import text_of

    message, recorded = entry.message, entry.recorded
    lines = []
    if message:
        lines += _part("thinking", message["reasoning"] or "")
        lines += _part("answer", text_of(message["content"]))
        for call in message["tool_calls"]:
            lines += _part("tool call", _call(call["function"]))
    elif not entry.facts["error"]:
        lines += _part("response", recorded.response_bytes().decode("utf-8", "replace"))
    lines += _part("error", entry.facts["error"] or "")
    return lines


def _call(function: dict[str, Any]) -> str:
    return f"{function.get('name')}({function.get('arguments') or ''})"


def _part(title: str, text: str) -> list[str]:
    return ["", f"--- {title} ---", harmless(text)] if text else []
