"""A line of JSON for each request."""

from __future__ import annotations

import json
import logging

from .call import Hook

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .call import Call


class Logged(Hook):
    def __init__(self, logger: logging.Logger | None, level: int | None) -> None:
        self._logger = logger or logging.getLogger("kimistream.requests")
        self._level = level
        super().__init__(self._write)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Logged) and other._logger is self._logger

    __hash__ = None

    def _write(self, call: Call) -> None:
        failed = call.error is not None
        level = self._level if self._level is not None else logging.WARNING if failed else logging.INFO
        if self._logger.isEnabledFor(level):
            told = told_of(call)
            self._logger.log(level, "%s", json.dumps(told, ensure_ascii=False), extra={"kimistream": told})


def told_of(call: Call) -> dict[str, Any]:
    """What a line has: nothing that was said."""
    usage = call.usage
    return {
        "provider": call.provider,
        "model": call.model,
        "status": call.status,
        "stream": call.streams,
        "seconds": _rounded(call.seconds),
        "first_event_seconds": _rounded(call.first_event),
        "prompt_tokens": usage and usage.prompt_tokens,
        "cached_tokens": usage and usage.cached_tokens,
        "completion_tokens": usage and usage.completion_tokens,
        "reasoning_tokens": usage and usage.reasoning_tokens,
        "cost": call.cost,
        "currency": call.currency or None,
        "retries": call.retries,
        "breaks": call.breaks,
        "finish_reason": getattr(call.message, "finish_reason", None),
        "error": None if call.error is None else type(call.error).__name__,
        "request_id": call.request_id,
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)
