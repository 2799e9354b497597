"""A turn that somebody watches."""

from __future__ import annotations

import functools

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._requests.turns import Turn
    from .._requests.watching import RunWatch


def watched(turn: Turn[None], watch: RunWatch | None) -> Turn[None]:
    """The turn, whose beginning and end are told."""
    if watch is None:
        yield from turn
        return
    watch.begin()
    error: BaseException | None = None
    try:
        yield from turn
    except BaseException as failure:
        error = failure
        raise
    finally:
        _core.call_quietly(functools.partial(watch.end, error))
