"""Pieces that rows of dialects are made of: templates and settings that more than one of them has."""

from __future__ import annotations

from typing import Any

from ..values.shapes import Fixed
from ..values.usage import Path, UsageKey

DATA_OR_WEB = frozenset({"data", "http", "https"})
HEAD = {"id": None, "object": None, "created": None, "model": None, "choices": None}
CHOICE = {"index": 0, "delta": None, "finish_reason": None}
FUNCTION = {"name": None, "arguments": ""}
OPENAI_ERROR = {"error": {"message": None, "type": None, "param": None, "code": None}}
FLAT_ERROR = {"object": Fixed("error"), "message": None, "type": None, "param": None, "code": None}
MESSAGES_ERROR = {"type": Fixed("error"), "error": {"type": None, "message": None}}
TOTALS: tuple[UsageKey, ...] = (
    (("prompt_tokens",), "prompt", "keep"),
    (("completion_tokens",), "completion", "keep"),
    (("total_tokens",), "total", "keep"),
)
CACHED = (("prompt_tokens_details", "cached_tokens"), "cached", "omit")
REASONED = (("completion_tokens_details", "reasoning_tokens"), "reasoning", "keep")
TEMPLATE_OFF: tuple[tuple[Path, Any], ...] = (
    (("chat_template_kwargs", "thinking"), False),
    (("chat_template_kwargs", "enable_thinking"), False),
    (("reasoning_effort",), "none"),
)
TEMPLATE_KEPT: tuple[tuple[Path, Any], ...] = ((("chat_template_kwargs", "preserve_thinking"), True),)
THINKING_OFF: tuple[tuple[Path, Any], ...] = ((("thinking", "type"), "disabled"),)
THINKING_KEPT: tuple[tuple[Path, Any], ...] = ((("thinking", "keep"), "all"),)
ENGINE_TYPES = {400: "BadRequestError", 404: "NotFoundError", 500: "InternalServerError"}
ANY_KEY_OF = ("reasoning_content", "reasoning", "reasoning_details")

# What an engine writes that leaves nothing out.
ENGINE_CHOICE = {
    "index": 0,
    "message": None,
    "logprobs": None,
    "finish_reason": None,
    "stop_reason": None,
    "token_ids": None,
}
ENGINE_MESSAGE: dict[str, Any] = {
    "role": "assistant",
    "content": "",
    "refusal": None,
    "annotations": None,
    "audio": None,
    "function_call": None,
    "tool_calls": [],
    "reasoning": None,
}
ROUTER_TYPES = {
    400: "invalid_request",
    401: "unauthorized",
    402: "payment_required",
    403: "forbidden",
    404: "not_found",
    408: "timeout",
    429: "rate_limit_exceeded",
    500: "server_error",
    502: "provider_unavailable",
    503: "provider_unavailable",
    529: "provider_overloaded",
}
# vLLM's sentence.
TOO_MANY_TOKENS = (
    "This model's maximum context length is {window} tokens. However, you requested {requested} tokens ({prompt} in "
    "the messages, {limit} in the completion). Please reduce the length of the messages or completion."
)


def capacity_error(model: str, docs: str) -> dict[str, Any]:
    """A router's error of its own shape: nobody has room for the model just now."""
    return {
        "error": {
            "message": f"All providers for {model} are at capacity. Retry after 1 seconds.",
            "error_type": "rate_limit_exceeded",
            "http_status": 429,
            "availability": {
                "code": "capacity_exhausted",
                "retryable": True,
                "retry_after": 1,
                "requested_models": [model],
                "docs_url": docs,
            },
        }
    }
