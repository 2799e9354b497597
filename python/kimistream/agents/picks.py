"""What a reader may take of a turn's events instead of all of them."""

from __future__ import annotations

from .. import _core
from .loop import still_true

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from .._values.message import Message
    from .._values.run_events import RunEvent

    class Reader(Protocol):
        """A stream of a turn."""

        @property
        def partial(self) -> Message | None: ...

        def _put_back(self, event: RunEvent) -> None: ...

    class Pick(Protocol):
        over: bool

        def of(self, event: Any) -> list[Any]: ...

        def last(self) -> list[Any]: ...


class Texts:
    """The fragments of the answers. They cannot be taken back: where one begins anew, that is an error."""

    kind: type[Any] = _core.Text
    ends: tuple[type[Any], ...] = ()  # the events behind which nothing of the kind comes any more; they stay to be read

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._given = self.over = False

    def of(self, event: Any) -> list[str]:
        if isinstance(event, self.kind):
            self._given = True
            return [event.text]
        if isinstance(event, self.ends):
            self._reader._put_back(event)
            self.over = True
        elif self._given and event.type == "restarted":
            still_true(event, self._reader.partial)
        return []

    def last(self) -> list[str]:
        return []


class Thoughts(Texts):
    """The fragments of the reasoning, as far as the answer or a call."""

    kind = _core.Thinking
    ends = (_core.Text, _core.ToolCallStart)
