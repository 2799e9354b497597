"""The two protocols in which Kimi answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import messages_wire, wire
from .frame import Frame
from .reply import Reply

if TYPE_CHECKING:
    from .dialect import Dialect


@dataclass(frozen=True)
class Protocol:
    """How a reply is written.

    body         the answer to a request that did not ask for a stream
    frames       the events of one that did: (reply, dialect, places of usage, whether usage was asked for)
    error_event  the name of an error's event in a stream; "" where events have none
    """

    body: Callable[[Reply, Dialect], dict[str, Any]]
    frames: Callable[[Reply, Dialect, frozenset[str], bool], Iterator[Frame]]
    error_event: str = ""


CHAT = Protocol(wire.body, wire.frames)
MESSAGES = Protocol(messages_wire.body, messages_wire.frames, "error")


def stream(reply: Reply, dialect: Dialect, places: frozenset[str], usage_asked: bool) -> Iterator[Frame]:
    """The frames of a stream, among the comments with which the dialect keeps the connection alive."""
    for comment in dialect.opening:
        yield Frame("comment", comment=comment)
    comment, distance = dialect.comments
    for number, frame in enumerate(dialect.protocol.frames(reply, dialect, places, usage_asked)):
        if distance and number and number % distance == 0:
            yield Frame("comment", comment=comment)
        yield frame
