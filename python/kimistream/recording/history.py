"""A client's history: what `history=` means, and where the exchanges go."""

from __future__ import annotations

from .places import check, path_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os

    from .. import _core


class History:
    """A file that is fit to be one. Nothing is opened or started before `sink`."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        check(path)
        self.path = path

    def sink(self, provider: str, base_url: str, key_variable: str, row: str) -> tuple[_core.ExchangeQueue, str]:
        """Where the exchanges of a client go, and the label that says whose they are."""
        from .exchange import Origin
        from .writing import writer_of

        writer = writer_of(self.path)
        return writer.queue, writer.label(Origin(provider, base_url, key_variable, row))


def history_of(history: bool | str | os.PathLike[str] | None) -> History | None:
    """What a client's `history=` and KIMISTREAM_HISTORY mean. Raises TypeError, InvalidRequestError."""
    path = path_of(history)
    return None if path is None else History(path)
