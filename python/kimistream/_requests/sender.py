"""What every request of a client goes through, blocking or not."""

from __future__ import annotations

import sys

from .arguments import completed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .. import _core
    from .media_uploads import Uploads
    from .steps import Starter
    from .watching import Watcher


_MEDIA = f"{__package__}.media"


class Sender:
    """Fills in the environment's defaults, and knows what has been uploaded for messages. Any thread.

    A plain request costs a look at its fields; files and media are not even imported before somebody uses them.
    """

    __slots__ = ("_made", "budget", "core", "defaults", "watchers")

    def __init__(self, core: _core.Client, defaults: dict[str, Any] | None) -> None:
        self.core = core
        self.defaults = defaults
        self.budget: Watcher | None = None  # may refuse a request
        self.watchers: tuple[Watcher, ...] = ()  # only look
        self._made: dict[str, Uploads] = {}

    def start(self, starter: Starter, arguments: tuple[Any, ...], streams: bool, chunks: bool) -> _core.Stream:
        """Begins a question's request. Raises what the client's budget refuses it for."""
        if not self.is_watched:
            return starter.start(arguments, streams, chunks)
        from .watching import watched

        watchers = self.watchers if self.budget is None else (self.budget, *self.watchers)
        return watched(watchers, self.core, starter.start, arguments, streams, chunks)

    @property
    def is_watched(self) -> bool:
        return self.budget is not None or bool(self.watchers)

    @property
    def uploads(self) -> Uploads:
        if "uploads" not in self._made:
            from .media_uploads import Uploads

            self._made.setdefault("uploads", Uploads(self.core))  # whichever thread came first
        return self._made["uploads"]

    def is_plain(self, arguments: tuple[Any, ...]) -> bool:
        """Whether there is nothing to fill in and nothing to upload."""
        return not (self.defaults or arguments[-1] or _MEDIA in sys.modules)

    def completed(self, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments (`arguments.NAMES`) with the defaults for those that the caller left out."""
        return completed(arguments, self.defaults) if self.defaults or arguments[-1] else arguments

    def check_inline(self, arguments: tuple[Any, ...], most: int) -> None:
        """See `Uploads.check_inline`."""
        if _MEDIA in sys.modules:
            self.uploads.check_inline(arguments[0], most)

    def must_upload(self, arguments: tuple[Any, ...]) -> bool:
        return _MEDIA in sys.modules and self.uploads.needed(arguments[0])
