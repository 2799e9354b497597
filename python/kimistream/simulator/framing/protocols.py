"""The two protocols in which Kimi answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..values.frame import Frame
from ..values.replies import Reply
from . import messages_wire, wire

if TYPE_CHECKING:
    from ..dialects.dialect import Dialect


@dataclass(frozen=True)
class Protocol:
    """How a reply is written.

    body    the answer to a request that did not ask for a stream
    frames  the events of one that did: (reply, dialect, places of usage, whether usage was asked for)
    """

    body: Callable[[Reply, Dialect], dict[str, Any]]
    frames: Callable[[Reply, Dialect, frozenset[str], bool], Iterator[Frame]]


PROTOCOLS = {
    "chat": Protocol(wire.body, wire.frames),
    "messages": Protocol(messages_wire.body, messages_wire.frames),
}


def stream(reply: Reply, dialect: Dialect, places: frozenset[str], usage_asked: bool) -> Iterator[Frame]:
    """The frames of a stream, among the comments with which the dialect keeps the connection alive."""
    for comment in dialect.opening:
        yield Frame("comment", comment=comment)
    comment, distance = dialect.comments
    for number, frame in enumerate(PROTOCOLS[dialect.protocol].frames(reply, dialect, places, usage_asked)):
        if distance and number and number % distance == 0:
            yield Frame("comment", comment=comment)
        yield frame
