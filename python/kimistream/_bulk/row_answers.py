"""What a run asks of answers that are held to a schema. Who holds them is `agents/rows.py`, a room above."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from .._values.message import Message, Usage

    class RowAnswer(Protocol):
        def messages(self) -> list[Any]: ...
        def is_right(self, answer: Message) -> bool: ...
        def with_usage(self, more: Usage | None) -> Usage | None: ...

    class RowSchema(Protocol):
        wire: dict[str, Any]

        def row(self, prompt: Any) -> RowAnswer: ...
        def read(self, text: str) -> Any: ...
