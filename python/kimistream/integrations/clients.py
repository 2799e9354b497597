"""The clients behind a framework's object, made of its fields."""

from __future__ import annotations

from typing import Any

from .._clients.async_kimi import AsyncKimi
from .._clients.kimi import Kimi

_OF_CLIENT = (
    *("provider", "base_url", "model", "timeout", "max_retries", "default_headers", "environment"),
    *("on_break", "max_breaks", "continue_on_length", "cassette", "history"),
)
_OF_REQUESTS = ("thinking", "check", "temperature", "top_p", "max_tokens", "stop", "extra_body", "extra_headers")


def clients_of(settings: Any) -> tuple[Kimi, AsyncKimi]:
    """Both clients, by the settings that are theirs. InvalidRequestError for what cannot work, such as no key."""
    options = {name: value for name in _OF_CLIENT if (value := getattr(settings, name)) is not None}
    key = None if settings.api_key is None else settings.api_key.get_secret_value()
    return Kimi(key, **options), AsyncKimi(key, **options)


def of_requests(settings: Any) -> dict[str, Any]:
    """The settings that go with every request."""
    return {name: value for name in _OF_REQUESTS if (value := getattr(settings, name, None)) is not None}


def model_of(settings: Any, client: Kimi) -> str:
    return str(settings.model or client._core.row["default_model"])
