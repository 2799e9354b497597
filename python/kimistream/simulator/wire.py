"""A reply on the wire: one JSON body, or the frames of a stream. The dialect's templates give keys and order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .dialects import USAGE_PLACES, Dialect
from .errors import Failure, envelope
from .reply import Reply, message_of
from .shapes import dump, fill

DONE = b"data: [DONE]\n\n"


class Frame(NamedTuple):
    """One event of a stream, and how many tokens it carries: pacing waits once for each."""

    data: bytes
    tokens: int


def frame(value: Any) -> bytes:
    return b"data: " + dump(value) + b"\n\n"


def body(reply: Reply, dialect: Dialect) -> dict[str, Any]:
    """The answer to a request that did not ask for a stream."""
    choice = {**dialect.body_choice, "message": message_of(reply, dialect), "finish_reason": reply.finish}
    return {
        **dialect.body,
        **_head(reply, "chat.completion"),
        "choices": [choice],
        "usage": reply.usage.as_json(dialect),
    }


def frames(reply: Reply, dialect: Dialect, usage: str, *, usage_asked: bool) -> Iterator[Frame]:
    """The whole stream, [DONE] included.

    usage        a key of USAGE_PLACES: where the usage goes
    usage_asked  the request asked for the frame of its own
    """
    places = USAGE_PLACES[usage]
    counted = reply.usage.as_json(dialect)
    yield Frame(_delta(reply, dialect, {"role": "assistant", "content": ""}), 0)
    for piece in reply.reasoning:
        yield Frame(_delta(reply, dialect, {dialect.reasoning: piece}), 1)
    if reply.reasoning and dialect.closes_reasoning:
        yield Frame(_delta(reply, dialect, {dialect.reasoning: ""}), 0)
    for piece in reply.content:
        yield Frame(_delta(reply, dialect, {"content": piece}), 1)
    for fragment, tokens in _call_fragments(reply, dialect):
        yield Frame(_delta(reply, dialect, {"tool_calls": [fragment]}), tokens)
    yield Frame(_finish(reply, dialect, places, counted), 0)
    if "empty" in places and usage_asked:
        yield Frame(frame({**_head(reply, "chat.completion.chunk"), "choices": [], "usage": counted}), 0)
    yield Frame(DONE, 0)


def error_frames(failure: Failure, dialect: Dialect) -> Iterator[bytes]:
    """How a stream ends that failed after it had begun."""
    yield frame(envelope(dialect.stream_error, dialect.error_types, failure))
    if dialect.done_after_error:
        yield DONE


def _head(reply: Reply, kind: str) -> dict[str, Any]:
    return {"id": reply.id, "object": kind, "created": reply.created, "model": reply.model}


def _chunk(reply: Reply, dialect: Dialect, choice: Mapping[str, Any], extra: Mapping[str, Any]) -> bytes:
    choices = [{**dialect.choice, **choice}]
    return frame({**dialect.chunk, **_head(reply, "chat.completion.chunk"), "choices": choices, **extra})


def _delta(reply: Reply, dialect: Dialect, delta: Mapping[str, Any]) -> bytes:
    return _chunk(reply, dialect, {"delta": {**dialect.delta, **delta}}, {})


def _finish(reply: Reply, dialect: Dialect, places: frozenset[str], counted: Mapping[str, Any]) -> bytes:
    choice = {
        "delta": {**dialect.delta, **dialect.finish_delta},
        "finish_reason": reply.finish,
        **dialect.finish_extra,
        **({"usage": counted} if "choice" in places else {}),
    }
    return _chunk(reply, dialect, choice, {"usage": counted} if "finish" in places else {})


def _call_fragments(reply: Reply, dialect: Dialect) -> Iterator[tuple[Mapping[str, Any], int]]:
    for call in reply.calls:
        yield fill(dialect.call_start, {"index": call.index, "id": call.id, "type": call.kind, "name": call.name}), 0
        for piece in call.arguments:
            yield fill(dialect.call_next, {"index": call.index, "arguments": piece}), 1
