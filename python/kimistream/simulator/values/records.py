"""What arrived at the simulator, for programs that want to check what they sent."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# Headers that carry a key; they are never recorded, so that a test's failure report cannot show one.
SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "x-api-key", "cookie"})


@dataclass(frozen=True)
class Request:
    """One request as it arrived.

    method, path   "POST", "/v1/chat/completions"
    headers        names in lower case; without those that carry a key
    body           the parsed JSON; None where there was no body or it was not JSON
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


def public_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The headers that may be shown, names in lower case; the last one wins where a name is repeated."""
    return {name.lower(): value for name, value in headers if name.lower() not in SECRET_HEADERS}


class RequestLog:
    """The last `limit` requests. Written by the server's thread, read by any."""

    def __init__(self, limit: int) -> None:
        self._lock = threading.Lock()
        self._items: deque[Request] = deque(maxlen=limit)

    def add(self, request: Request) -> None:
        with self._lock:
            self._items.append(request)

    def snapshot(self) -> list[Request]:
        with self._lock:
            return list(self._items)

    def clear(self) -> None:
        with self._lock:
            self._items.clear()
