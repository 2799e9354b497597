"""A prompt as messages, as the core has it: a text, a list of parts, or a list of messages."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def messages_of(prompt: Any) -> list[Any]:
    """What is wrong within them the core says, when they are sent."""
    if prompt is None:
        raise TypeError("a prompt is missing: a str, a list of parts or a list of messages")
    if not isinstance(prompt, (list, tuple)):
        if _is_message(prompt):
            raise TypeError(
                f"messages must be a list of messages, not a single {type(prompt).__name__}: put it into [ ]"
            )
        return [{"role": "user", "content": prompt if isinstance(prompt, str) else [prompt]}]
    if not prompt or _is_message(prompt[0]) or (isinstance(prompt[0], dict) and "type" not in prompt[0]):
        return list(prompt)
    return [{"role": "user", "content": list(prompt)}]


def _is_message(item: Any) -> bool:
    return "role" in item if isinstance(item, dict) else not isinstance(item, str) and hasattr(item, "role")
