"""A history that goes out again with every step, and is read and encoded once."""

from __future__ import annotations

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


class Resent(list):  # type: ignore[type-arg]
    """Messages as a request takes them, with what the core keeps of those that were sent before (`resent`). It looks at
    each of them again: one that was edited, or stands elsewhere, is encoded anew.

    Beside the list, the text of what was sent is kept twice, for as long as `resent` lives; of messages with parts
    nothing.
    """

    __slots__ = ("resent",)

    def __init__(self, messages: Iterable[Any], resent: _core.Resent) -> None:
        super().__init__(messages)
        self.resent = resent

    def __reduce_ex__(self, protocol: Any) -> tuple[type[list[Any]], tuple[list[Any]]]:
        """Copies and pickles are plain lists."""
        return list, (list(self),)
