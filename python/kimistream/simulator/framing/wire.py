"""A reply as chat completions: one JSON body, or the frames of a stream. Templates give keys and order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..values.failures import Failure
from ..values.frame import DONE, Frame
from ..values.replies import Reply, whole_call
from ..values.shapes import fill
from .envelope import envelope

if TYPE_CHECKING:
    from ..dialects.dialect import Dialect

# The id of Kimi's end-of-turn token, which the engines report beside the finish reason.
_END_OF_TURN = 163586


def body(reply: Reply, dialect: Dialect) -> dict[str, Any]:
    """The answer to a request that did not ask for a stream."""
    said = {"message": _message(reply, dialect), **_ending(reply)}
    choices = [fill(dialect.body_choice, {**said, "index": index}) for index in range(reply.choices)]
    values = {**reply.head("chat.completion"), "choices": choices, "usage": reply.usage.as_json(dialect.usage_keys)}
    return {**fill(dialect.body, values), **fill(dialect.usage_beside, reply.usage.counters)}


def _message(reply: Reply, dialect: Dialect) -> dict[str, Any]:
    said: dict[str, Any] = {"content": "".join(reply.content)}
    if reply.reasoning:
        said.update(dialect.reasoning_shape(dialect.reasoning, "".join(reply.reasoning)))
    if reply.calls:
        said["tool_calls"] = [whole_call(call) for call in reply.calls]
    return {**dialect.message, **said}


def frames(reply: Reply, dialect: Dialect, places: frozenset[str], usage_asked: bool) -> Iterator[Frame]:
    """The whole stream, [DONE] included. Several choices take turns.

    places       where the usage goes, a value of USAGE_PLACES
    usage_asked  the request asked for the frame of its own
    """
    for frame in _one_choice(reply, dialect, places, usage_asked):
        for index in range(reply.choices if frame.data and frame.data.get("choices") else 1):
            yield frame if index == 0 else _of_choice(frame, index)


def _of_choice(frame: Frame, index: int) -> Frame:
    choices = [{**choice, "index": index} for choice in frame.data["choices"]]
    return replace(frame, data={**frame.data, "choices": choices})


def _one_choice(reply: Reply, dialect: Dialect, places: frozenset[str], usage_asked: bool) -> Iterator[Frame]:
    counted = reply.usage.as_json(dialect.usage_keys)
    beside = fill(dialect.usage_beside, reply.usage.counters)
    if dialect.first_delta is not None:
        yield _delta(reply, dialect, "start", dialect.first_delta)
    for piece in reply.reasoning:
        yield _delta(reply, dialect, "reasoning", dialect.reasoning_shape(dialect.reasoning, piece), 1)
    if reply.reasoning and dialect.closes_reasoning:
        yield _delta(reply, dialect, "reasoning", {dialect.reasoning: ""})
    for piece in reply.content:
        yield _delta(reply, dialect, "content", {"content": piece}, 1)
    for fragment, tokens in _call_fragments(reply, dialect):
        yield _delta(reply, dialect, "call", {**dialect.call_delta, "tool_calls": [fragment]}, tokens)
    yield _finish(reply, dialect, places, counted)
    if "repeat" in places:
        choice = {"delta": {**dialect.delta, **dialect.usage_delta}, "finish_reason": reply.finish}
        native = {"native_finish_reason": reply.finish}
        yield _chunk(reply, dialect, "usage", {**choice, **native}, {"usage": counted, **beside}, last=True)
    if "empty" in places and (usage_asked or dialect.usage_always):
        extra = {"choices": [], "usage": counted, **beside}
        yield Frame("usage", {**reply.head("chat.completion.chunk"), **extra})
    elif beside and "repeat" not in places:
        yield Frame("usage", beside)
    yield DONE


def error_frames(failure: Failure, dialect: Dialect, reply: Reply) -> Iterator[Frame]:
    """How a stream ends that failed after it had begun."""
    values = reply.head("chat.completion.chunk")
    yield Frame("error", envelope(dialect, dialect.stream_error, failure, **values), event=dialect.error_event)
    if dialect.done_after_error:
        yield DONE


def _ending(reply: Reply) -> Mapping[str, Any]:
    """What the last choice says; the engines disagree on when the token that ended the turn is worth a word."""
    return {
        "finish_reason": reply.finish,
        "native_finish_reason": reply.finish,
        "matched_stop": None if reply.finish == "length" else _END_OF_TURN,
        "stop_reason": _END_OF_TURN if reply.finish == "stop" else None,
    }


def _chunk(
    reply: Reply,
    dialect: Dialect,
    kind: str,
    choice: Mapping[str, Any],
    extra: Mapping[str, Any],
    tokens: int = 0,
    *,
    last: bool = False,
) -> Frame:
    chunk = dialect.finish_chunk if last and dialect.finish_chunk is not None else dialect.chunk
    template = dialect.finish_choice if last and dialect.finish_choice is not None else dialect.choice
    values = {**reply.head("chat.completion.chunk"), "choices": [fill(template, choice)]}
    return Frame(kind, {**fill(chunk, values), **extra}, tokens)


def _delta(reply: Reply, dialect: Dialect, kind: str, delta: Mapping[str, Any], tokens: int = 0) -> Frame:
    return _chunk(reply, dialect, kind, {"delta": {**dialect.delta, **delta}}, {}, tokens)


def _finish(reply: Reply, dialect: Dialect, places: frozenset[str], counted: Mapping[str, Any]) -> Frame:
    choice = {"delta": {**dialect.delta, **dialect.finish_delta}, **_ending(reply)}
    frame = _chunk(reply, dialect, "finish", choice, {"usage": counted} if "finish" in places else {}, last=True)
    if "choice" in places:
        frame.data["choices"][0]["usage"] = counted
    return frame


def _call_fragments(reply: Reply, dialect: Dialect) -> Iterator[tuple[Mapping[str, Any], int]]:
    for call in reply.calls:
        yield fill(dialect.call_start, {"index": call.index, "id": call.id, "type": call.kind, "name": call.name}), 0
        for piece in call.arguments:
            yield fill(dialect.call_next, {"index": call.index, "arguments": piece}), 1
        if dialect.call_end is not None:
            yield fill(dialect.call_end, {"index": call.index}), 0
