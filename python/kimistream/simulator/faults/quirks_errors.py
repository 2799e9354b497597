"""Quirks of errors in odd places: what servers and gateways write when an answer breaks that has begun."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..framing.wire import error_frames
from ..values.failures import FAILURES
from ..values.frame import DONE, Frame, payload
from ..values.replies import Reply
from ..values.shapes import dump
from .quirks_frames import Stage

if TYPE_CHECKING:
    from ..dialects.dialect import Dialect

_ERROR_AFTER = 3  # frames
_FAILURE = {"code": 500, "message": "Internal server error", "type": "server_error"}
_BEGINS = b'data: {"code":'


def broken_by(*errors: Frame) -> Stage:
    """The first frames, then these in place of all that would follow."""

    def stage(frames: Iterator[Frame], _reply: Reply, _dialect: Dialect) -> Iterator[Frame]:
        yield from first_frames(frames)
        yield from errors

    return stage


def first_frames(frames: Iterator[Frame]) -> Iterator[Frame]:
    sent = 0
    for frame in frames:
        if sent == _ERROR_AFTER:
            break
        yield frame
        sent += not frame.comment


def dialects_own(frames: Iterator[Frame], reply: Reply, dialect: Dialect) -> Iterator[Frame]:
    yield from first_frames(frames)
    yield from error_frames(FAILURES["500"], dialect, reply)


flat = broken_by(
    Frame(
        "error",
        {
            "object": "error",
            "message": "Internal server error",
            "type": "InternalServerError",
            "param": None,
            "code": 500,
        },
    ),
    DONE,
)
text = broken_by(Frame("error", {"error": "Internal server error"}))
cut_with_done = broken_by(DONE)
flat_code = broken_by(Frame("error", _FAILURE), DONE)
gateway_type = broken_by(Frame("error", {"error": {"message": "Internal server error", "type": "stream_error"}}), DONE)
last_line = broken_by(Frame("error", _FAILURE))


def in_open_event(frames: Iterator[Frame], _reply: Reply, _dialect: Dialect) -> Iterator[Frame]:
    """The error is a further line of an event that was cut short."""
    last: Frame | None = None
    for last in first_frames(frames):
        yield last
    if last is not None:
        yield Frame("error", text=payload(last)[:40] + b"\n" + dump({"error": _FAILURE}))


def as_field(data: bytes) -> bytes:
    """llama.cpp of 2025: an SSE field named error."""
    return b"error: " + data.removeprefix(b"data: ") if data.startswith(_BEGINS) else data


def without_field(data: bytes) -> bytes:
    """JSON without SSE framing, the last line of the body."""
    return data.removeprefix(b"data: ").rstrip(b"\n") if data.startswith(_BEGINS) else data
