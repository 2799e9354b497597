"""What stands in the place of a row that could not be read."""

from __future__ import annotations

from .._values.errors import InvalidRequestError


class BadRow:
    """A row that could not be read: what stands in its place, and why."""

    __slots__ = ("error", "text")

    def __init__(self, text: str, error: InvalidRequestError) -> None:
        self.text = text
        self.error = error
