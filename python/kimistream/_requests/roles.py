"""Who says what in a list of messages, dicts or objects."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def role_of(message: Any) -> str | None:
    role = message.get("role") if isinstance(message, dict) else getattr(message, "role", None)
    return role if isinstance(role, str) else None


def with_words(messages: list[Any], words: str) -> list[Any]:
    """The messages with these words of the system's behind what it says at their beginning."""
    place = 0
    while place < len(messages) and role_of(messages[place]) == "system":
        place += 1
    return [*messages[:place], {"role": "system", "content": words}, *messages[place:]]
