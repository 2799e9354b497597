"""A beginning of the answer that is spoken by somebody: `prefill_name`."""

from __future__ import annotations

from .._values.errors import InvalidRequestError
from .prompts import messages_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_WITH_NAMES = "openai_chat"  # the protocol whose messages have a name


def named_beginning(
    row: dict[str, Any], prompt: Any, name: Any, prefill: str | None, extra_body: dict[str, Any] | None
) -> tuple[list[Any], dict[str, Any] | None]:
    """The messages with the beginning as the last of them, and the extra body, in the provider's words: the answer goes
    on from there, and speaks as `name` (platform.kimi.ai/docs/guide/use-partial-mode-feature-of-kimi-api). The
    beginning may be empty."""
    if not isinstance(name, str):
        raise TypeError(f"prefill_name must be a str, not {type(name).__name__}")
    if not row["takes_prefill"] or row["protocol"] != _WITH_NAMES:
        raise InvalidRequestError(
            f"the provider {row['name']!r} is not known to go on from a beginning that has a name; leave prefill_name "
            "out, and say in the system prompt who is to speak"
        )
    begun = {"role": "assistant", "name": name, "content": prefill or "", **row["prefill_message"]}
    if row["prefill_body"]:
        extra_body = {**row["prefill_body"], **(extra_body or {})}
    return [*messages_of(prompt), begun], extra_body
