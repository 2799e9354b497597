"""An HTTP archive, version 1.2, as browsers' developer tools read it."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timezone
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from ..._core import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ..exchange import Recorded
    from ..store import Entry


def as_har(entry: Entry) -> str:
    archive = {
        "log": {
            "version": "1.2",
            "creator": {"name": "kimistream", "version": __version__},
            "entries": [_entry(entry)],
        }
    }
    return json.dumps(archive, indent=2) + "\n"


def _entry(entry: Entry) -> dict[str, Any]:
    """Times are in milliseconds. How the exchange ended, and when each piece came, stands in fields of our own."""
    recorded = entry.recorded
    total = entry.facts["seconds"] * 1000
    first = min(recorded.pieces[0][0] * 1000, total) if recorded.pieces else total
    started = datetime.fromtimestamp(entry.facts["started"], timezone.utc)
    made: dict[str, Any] = {
        "startedDateTime": started.isoformat(timespec="milliseconds"),
        "time": total,
        "request": _request(entry),
        "response": _response(recorded),
        "cache": {},
        "timings": {"send": 0, "wait": first, "receive": total - first},
        "_end": recorded.end,
        "_pieces": [{"time": seconds * 1000, "size": len(piece)} for seconds, piece in recorded.timed_bytes()],
    }
    if recorded.clock:
        made["_clock"] = recorded.clock
    return made


def _request(entry: Entry) -> dict[str, Any]:
    recorded = entry.recorded
    url, body = recorded.url(entry.origin), recorded.body_bytes
    made: dict[str, Any] = {
        "method": recorded.request["method"],
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(recorded.request["headers"]),
        "queryString": [
            {"name": name, "value": value} for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True)
        ],
        "headersSize": -1,
        "bodySize": len(body),
    }
    if recorded.body is not None:
        made["postData"] = {
            "mimeType": _type_of(recorded.request["headers"]),
            "text": body.decode("utf-8", "replace"),
        }
    return made


def _response(recorded: Recorded) -> dict[str, Any]:
    """Status 0 says that no answer came, as browsers have it."""
    head = recorded.response or {"status": 0, "headers": {}}
    body = recorded.response_bytes()
    content: dict[str, Any] = {"size": len(body), "mimeType": _type_of(head["headers"])}
    try:
        content["text"] = body.decode()
    except UnicodeDecodeError:
        content |= {"text": base64.b64encode(body).decode(), "encoding": "base64"}
    made: dict[str, Any] = {
        "status": head["status"],
        "statusText": _phrase(head["status"]),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(head["headers"]),
        "content": content,
        "redirectURL": next((value for name, value in head["headers"].items() if name.lower() == "location"), ""),
        "headersSize": -1,
        "bodySize": len(body),
    }
    if recorded.failure:
        made["_error"] = recorded.failure
    return made


def _headers(headers: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]


def _type_of(headers: Mapping[str, str]) -> str:
    return next((value for name, value in headers.items() if name.lower() == "content-type"), "x-unknown")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
