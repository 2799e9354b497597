"""How long a request may take: four clocks."""

from __future__ import annotations

from .. import _core
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn, Protocol

    class HttpxTimeout(Protocol):
        """`httpx.Timeout`, as openai-python's users pass it: known by what it has, nothing is imported."""

        @property
        def connect(self) -> float | None: ...
        @property
        def read(self) -> float | None: ...


class Timeout(Value):
    """Four clocks, in seconds. A frozen value, taken wherever `timeout=` is.

    connect      name lookup, TCP, the handshakes of proxy and TLS; default: 60
    first_event  from the moment the request can go out until the first event; default: 960, for models think. Runs only
                 while somebody waits
    idle         silence between two events; default: 600. What counts is what becomes an event: comments, blank lines
                 and pings do not. Runs only while somebody waits: to think for an hour between two events is no stall
    total        from the call (under asyncio from the first await) until the end of the answer has arrived, over all
                 retries and pauses; default: none. A pause that would outlast it is not begun: the attempt's error is
                 raised at once

    None leaves a clock to the client, which leaves it to the default; `float("inf")` lets it run for ever. A number in
    a Timeout's place is `connect`, `first_event` and `idle` each. An `httpx.Timeout` is taken, too: its `connect`, and
    its `read` for `first_event` and `idle`; what is None there has no limit.

    The clock that runs out is `APITimeoutError.clock`; what had come is in its `.partial`.
    Raises InvalidRequestError for 0, negative numbers and NaN, TypeError for what is no number.
    """

    __slots__ = ("connect", "first_event", "idle", "total")
    _fields = __slots__
    __match_args__ = ("connect", "first_event", "idle", "total")

    connect: float | None
    first_event: float | None
    idle: float | None
    total: float | None

    def __init__(
        self,
        connect: float | None = None,
        first_event: float | None = None,
        idle: float | None = None,
        total: float | None = None,
    ) -> None:
        for name, value in zip(self._fields, (connect, first_event, idle, total), strict=True):
            object.__setattr__(self, name, _core.seconds(value, f"timeout's {name}"))

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(getattr(self, name) for name in self._fields))

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"a Timeout is frozen: make another one to change its {name}")

    def __delattr__(self, name: str) -> NoReturn:
        self.__setattr__(name, None)


if TYPE_CHECKING:
    AnyTimeout = float | Timeout | HttpxTimeout | None


def over(timeout: AnyTimeout, otherwise: AnyTimeout) -> AnyTimeout:
    """The first one, with the other's value for the clocks that it leaves open."""
    if timeout is None or otherwise is None:
        return otherwise if timeout is None else timeout
    pairs = zip(_core.clocks(timeout), _core.clocks(otherwise), strict=True)
    return Timeout(*(mine if mine is not None else others for mine, others in pairs))
