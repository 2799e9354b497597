"""A row on its way, and what the core says of one that has ended."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._requests.spending import Stake
    from .._requests.watching import Watch
    from .._values.errors import KimiError
    from .._values.message import Message
    from .row_answers import RowAnswer

    Count = int | None
    # index, key, request, line, attempts; tokens of the prompt, of the answer and of both; cost
    Answered = tuple[int, str, bytes, bytes, int, Count, Count, Count, float | None]
    # index, exactly one of these two, attempts, seconds, whether it is an error of all rows
    Result = tuple[int, Message | None, KimiError | None, int, float, bool]


class Item:
    __slots__ = ("answer", "arguments", "asked", "index", "input", "key", "request", "seconds", "stake", "watch")

    def __init__(self, key: Any, index: int, input: Any, request: bytes = b"") -> None:
        self.key = key
        self.index = index
        self.input = input
        self.request = request
        self.arguments: tuple[Any, ...] = ()
        self.stake: Stake | None = None  # of the run's budget
        self.watch: Watch | None = None  # of the client's
        self.answer: RowAnswer | None = None  # held to a schema
        self.asked = 0  # requests for answers that were wrong, and the time they took
        self.seconds = 0.0
