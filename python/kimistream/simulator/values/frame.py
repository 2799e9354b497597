"""One event of a stream, from its JSON to the bytes of server-sent events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from .shapes import dump, dump_ascii


@dataclass(frozen=True)
class Frame:
    """One event before it is written.

    kind    what it carries: "start", "reasoning", "content", "call", "block", "finish", "usage", "done", "error",
            "comment"; what shapes the stream later looks at this and not at a protocol
    data    its JSON; ignored where there is `text`
    tokens  how many it carries: pacing waits once for each
    event   the name on its "event:" line, which there is only with a name
    text    what stands behind "data: " in place of JSON: "[DONE]"
    comment a comment line, and nothing else
    ascii   everything beyond ASCII is escaped
    """

    kind: str
    data: Any = None
    tokens: int = 0
    event: str = ""
    text: bytes = b""
    comment: str = ""
    ascii: bool = False


class Sent(NamedTuple):
    """Bytes of one write. `counts` is True for the last bytes of an event that a fault's position counts."""

    data: bytes
    tokens: int = 0
    counts: bool = True


DONE = Frame("done", text=b"[DONE]")


def payload(frame: Frame) -> bytes:
    """What stands behind "data: "."""
    return frame.text or (dump_ascii if frame.ascii else dump)(frame.data)


def encode(frame: Frame) -> Sent:
    if frame.comment:
        return Sent(f": {frame.comment}\n\n".encode(), counts=False)
    event = f"event: {frame.event}\n".encode() if frame.event else b""
    return Sent(event + b"data: " + payload(frame).replace(b"\n", b"\ndata: ") + b"\n\n", frame.tokens)
