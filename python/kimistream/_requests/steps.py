"""Steps: what is asked of a provider and in which order, without saying how to wait for it.

A procedure of several requests is a generator. It yields a `Step`, and is sent what came of it, or a number of seconds
to let pass; its own result is what it returns. Each client has one driver that runs it (`_clients`).
"""

from __future__ import annotations

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any, TypeVar

    from .._values.timeout import AnyTimeout

    Starter = _core.Client | _core.Reactor
    T = TypeVar("T")


class Step:
    """A request, and how its answer is read."""

    __slots__ = ("read", "start")

    def __init__(
        self, start: Callable[[Starter], _core.Stream], read: Callable[[_core.Stream], Any] = _core.Stream.json
    ) -> None:
        self.start = start
        self.read = read


if TYPE_CHECKING:
    Steps = Generator[Step | float, Any, T]


def get(path: str, timeout: AnyTimeout, read: Callable[[_core.Stream], Any] = _core.Stream.json) -> Step:
    return Step(lambda starter: starter.send(path, timeout=timeout), read)


def path_of(core: _core.Client, field: str, otherwise: str) -> str:
    """The path of a resource. Raises InvalidRequestError where the provider has none: `otherwise` says so."""
    path: str = core.row[field]
    if not path:
        from .._values.errors import InvalidRequestError

        raise InvalidRequestError(f"the provider {core.provider!r} {otherwise}")
    return path
