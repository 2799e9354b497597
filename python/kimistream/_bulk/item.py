"""A row on its way, and what the core says of one that has ended."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .._requests.spending import Stake
    from .._requests.watching import Watch
    from .._values.errors import KimiError
    from .._values.message import Message, Usage
    from .row_answers import RowAnswer

    Count = int | None
    # key, request, attempts; tokens of the prompt and of the answer; cost; place and length of its line; index
    Entry = tuple[str, bytearray, int, Count, Count, float | None, int, int, int]
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


class Answered:
    """Rows that were answered, as the core has written them; its length is how many they are.

    entries  what the ledger keeps of each
    lines    of `out`, one behind the other
    size     of the lines, in bytes
    used     by all of them together; None: nobody told
    """

    __slots__ = ("entries", "lines", "size", "used")

    def __init__(self, entries: Sequence[Entry] = (), lines: Sequence[bytes] = (), used: Usage | None = None) -> None:
        self.entries = entries
        self.lines = lines
        self.size = sum(map(len, lines))
        self.used = used

    def __len__(self) -> int:
        return len(self.entries)


NONE_ANSWERED = Answered()
