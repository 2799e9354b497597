"""Quirks of whole frames: missing ends, odd deltas, usage in odd places, errors on the way.

A stage reads the frames of a stream and yields those that go out. Frames of a protocol without `choices` pass those
stages unchanged that look for them.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..values.frame import DONE, Frame, payload
from ..values.replies import Reply
from ..values.shapes import dig

if TYPE_CHECKING:
    from ..dialects.dialect import Dialect

Stage = Callable[[Iterator[Frame], Reply, "Dialect"], Iterator[Frame]]


def each(change: Callable[[Frame], Iterator[Frame]]) -> Stage:
    def stage(frames: Iterator[Frame], _reply: Reply, _dialect: Dialect) -> Iterator[Frame]:
        for frame in frames:
            yield from change(frame)

    return stage


def without(kind: str) -> Stage:
    return each(lambda frame: iter(() if frame.kind == kind else (frame,)))


def choice_of(frame: Frame) -> Mapping[str, Any] | None:
    choices = frame.data.get("choices") if isinstance(frame.data, Mapping) else None
    return choices[0] if choices else None


def on_choice(change: Callable[[dict[str, Any]], None], *kinds: str) -> Stage:
    """Changes the first choice of frames of these kinds, of all without one."""

    def edit(frame: Frame) -> Iterator[Frame]:
        if choice_of(frame) is None or (kinds and frame.kind not in kinds):
            yield frame
            return
        data = copy.deepcopy(frame.data)
        change(data["choices"][0])
        yield replace(frame, data=data)

    return each(edit)


def no_finish(frames: Iterator[Frame], reply: Reply, dialect: Dialect) -> Iterator[Frame]:
    """No frame says why it ended, also none that would say it once more."""
    silent = on_choice(lambda choice: choice.update(finish_reason=None), "usage")
    yield from silent(without("finish")(frames, reply, dialect), reply, dialect)


def text_after_done(frame: Frame) -> Iterator[Frame]:
    yield frame
    if frame.kind == "done":
        yield Frame("done", text=b'{"not":"json')


def done_marker(frames: Iterator[Frame], _reply: Reply, _dialect: Dialect) -> Iterator[Frame]:
    """A proxy that adds [DONE] to whatever it passes on."""
    yield from frames
    yield DONE


def glued(frames: Iterator[Frame], _reply: Reply, _dialect: Dialect) -> Iterator[Frame]:
    """The first two frames with text in one event, the former cut short, as a gateway was seen to do."""
    first: Frame | None = None
    done = False
    for frame in frames:
        if done or frame.kind != "content":
            yield frame
        elif first is None:
            first = frame
        else:
            done = True
            yield replace(frame, text=payload(first)[:24] + b"data: " + payload(frame), tokens=2)
    if first is not None and not done:
        yield first


def comments(frame: Frame) -> Iterator[Frame]:
    yield Frame("comment", comment="keep-alive")
    yield frame


def comments_as_data(frame: Frame) -> Iterator[Frame]:
    if not frame.event:
        yield Frame("comment", text=b": PROCESSING")
    yield frame


def extra_frame(frame: Frame) -> Iterator[Frame]:
    """A frame that has neither choices nor an error nor usage."""
    yield frame
    if frame.kind == "start":
        yield Frame("meta", {"meta": {"region": "simulated"}})


def null_delta(frames: Iterator[Frame], reply: Reply, _dialect: Dialect) -> Iterator[Frame]:
    choice = {"index": 0, "delta": None, "finish_reason": None}
    yield Frame("start", {**reply.head("chat.completion.chunk"), "choices": [choice]})
    yield from frames


def empty_choices_first(frames: Iterator[Frame], reply: Reply, _dialect: Dialect) -> Iterator[Frame]:
    yield Frame("start", {**reply.head("chat.completion.chunk"), "choices": []})
    yield from frames


def _delta(choice: dict[str, Any]) -> dict[str, Any]:
    delta = choice.get("delta")
    return delta if isinstance(delta, dict) else {}


def nulls(choice: dict[str, Any]) -> None:
    for key in ("role", "content", "reasoning", "reasoning_content", "tool_calls", "function_call", "refusal"):
        _delta(choice).setdefault(key, None)


def empty_tool_calls(choice: dict[str, Any]) -> None:
    _delta(choice).setdefault("tool_calls", [])


def empty_content(choice: dict[str, Any]) -> None:
    _delta(choice).setdefault("content", "")


def role_everywhere(choice: dict[str, Any]) -> None:
    _delta(choice)["role"] = "assistant"


def no_role(choice: dict[str, Any]) -> None:
    _delta(choice).pop("role", None)


_OTHER_KEY = {"reasoning": "reasoning_content", "reasoning_content": "reasoning"}


def other_reasoning_key(choice: dict[str, Any]) -> None:
    choice["delta"] = {_OTHER_KEY.get(key, key): value for key, value in _delta(choice).items()}


def both_reasoning_keys(choice: dict[str, Any]) -> None:
    delta = _delta(choice)
    for key, other in _OTHER_KEY.items():
        if isinstance(delta.get(key), str):
            delta[other] = delta[key]


def reasoning_details(choice: dict[str, Any]) -> None:
    """The text in a list of items and nowhere else."""
    delta = _delta(choice)
    texts = [delta.pop(key) for key in _OTHER_KEY if isinstance(delta.get(key), str)]
    if texts:
        delta["reasoning_details"] = [{"type": "reasoning.text", "text": texts[0], "format": "unknown", "index": 0}]


def changing_ids(frames: Iterator[Frame], _reply: Reply, _dialect: Dialect) -> Iterator[Frame]:
    for number, frame in enumerate(frames):
        data = frame.data
        if isinstance(data, Mapping) and "id" in data:
            frame = replace(frame, data={**data, "id": f"{data['id']}-{number}"})
        yield frame


def surrogates(frame: Frame) -> Iterator[Frame]:
    """A character outside the basic plane in two halves, each in a frame of its own."""
    choice = choice_of(frame)
    text = choice["delta"].get("content") if choice and frame.kind == "content" else None
    if not isinstance(text, str) or all(ord(character) < 0x10000 for character in text):
        yield frame
        return
    units = text.encode("utf-16-le", "surrogatepass")
    for start in range(0, len(units), 2):
        data = copy.deepcopy(frame.data)
        unit = units[start : start + 2].decode("utf-16-le", "surrogatepass")
        data["choices"][0]["delta"]["content"] = unit
        yield replace(frame, data=data, tokens=frame.tokens if start == 0 else 0, ascii=True)


def many_data_lines(frame: Frame) -> Iterator[Frame]:
    yield (
        frame if frame.text or frame.comment else replace(frame, text=json.dumps(frame.data, indent=1).encode("ascii"))
    )


def continuous_usage(frames: Iterator[Frame], reply: Reply, dialect: Dialect) -> Iterator[Frame]:
    """Counters so far, on every frame that has a choice and no usage yet."""
    completion = 0
    for frame in frames:
        completion += frame.tokens
        if choice_of(frame) is not None and not frame.data.get("usage"):
            so_far = replace(reply.usage, completion=completion, reasoning=min(completion, reply.usage.reasoning))
            frame = replace(frame, data={**frame.data, "usage": so_far.as_json(dialect.usage_keys)})
        yield frame


def null_usage(frame: Frame) -> Iterator[Frame]:
    yield replace(frame, data={**frame.data, "usage": frame.data.get("usage")}) if choice_of(frame) else frame


def zero_usage(frames: Iterator[Frame], reply: Reply, dialect: Dialect) -> Iterator[Frame]:
    """A last frame in which every counter is zero: it takes nothing back."""
    nothing = replace(reply.usage, prompt=0, completion=0, reasoning=0, cached=0).as_json(dialect.usage_keys)
    for frame in frames:
        if frame.kind == "done" and not frame.event:
            yield Frame("usage", {**reply.head("chat.completion.chunk"), "choices": [], "usage": nothing})
        yield frame


def signed_thinking(frame: Frame) -> Iterator[Frame]:
    """A signature, empty, at the end of a thinking block, as servers send it that sign elsewhere."""
    yield frame
    data = frame.data
    if frame.kind == "block" and dig(data, ("content_block", "type")) == "thinking":
        delta = {"type": "signature_delta", "signature": ""}
        signed = {"type": "content_block_delta", "index": data["index"], "delta": delta}
        yield replace(frame, data=signed, event="content_block_delta")


def no_event_names(frame: Frame) -> Iterator[Frame]:
    yield replace(frame, event="")


def no_types(frame: Frame) -> Iterator[Frame]:
    """The event's name alone says what it is."""
    if not frame.event or not isinstance(frame.data, Mapping):
        yield frame
        return
    yield replace(frame, data={key: value for key, value in frame.data.items() if key != "type"})
