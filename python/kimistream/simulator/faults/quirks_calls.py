"""Quirks of streamed tool calls: indexes, ids and names that come late, twice, odd or not at all."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from ..values.frame import Frame
from ..values.replies import Reply
from .quirks_frames import Stage, choice_of

if TYPE_CHECKING:
    from ..dialects.dialect import Dialect

Fragment = dict[str, Any]


def _fragment(frame: Frame) -> Fragment:
    fragment: Fragment = frame.data["choices"][0]["delta"]["tool_calls"][0]
    return fragment


def _is_fragment(frame: Frame) -> bool:
    return frame.kind == "call" and choice_of(frame) is not None


def calls(change: Callable[[list[list[Frame]]], Iterator[Frame]]) -> Stage:
    """Gives all fragments, call by call, to a function that yields what goes out in their place."""

    def stage(frames: Iterator[Frame], _reply: Reply, _dialect: Dialect) -> Iterator[Frame]:
        gathered: dict[int, list[Frame]] = {}
        for frame in frames:
            if _is_fragment(frame):
                gathered.setdefault(_fragment(frame)["index"], []).append(
                    replace(frame, data=copy.deepcopy(frame.data))
                )
                continue
            if not frame.comment:  # a keep-alive ends no call
                yield from change(list(gathered.values()))
                gathered = {}
            yield frame
        yield from change(list(gathered.values()))

    return stage


def fragments(change: Callable[[Fragment, int, Fragment], None]) -> Stage:
    """Changes each fragment in place: (fragment, its position in the call, a copy of the call's first one)."""

    def changed(groups: list[list[Frame]]) -> Iterator[Frame]:
        for group in groups:
            first = copy.deepcopy(_fragment(group[0]))
            for position, frame in enumerate(group):
                change(_fragment(frame), position, first)
                yield frame

    return calls(changed)


def no_index(fragment: Fragment, _position: int, _first: Fragment) -> None:
    del fragment["index"]


def text_index(fragment: Fragment, _position: int, _first: Fragment) -> None:
    fragment["index"] = str(fragment["index"])


def index_from_one(fragment: Fragment, _position: int, _first: Fragment) -> None:
    fragment["index"] += 1


def same_index(fragment: Fragment, _position: int, _first: Fragment) -> None:
    fragment["index"] = 0


def no_id(fragment: Fragment, _position: int, _first: Fragment) -> None:
    fragment.pop("id", None)


def repeated_head(fragment: Fragment, _position: int, first: Fragment) -> None:
    fragment.update(id=first["id"], type=first["type"])
    fragment["function"]["name"] = first["function"]["name"]


def null_heads(fragment: Fragment, position: int, _first: Fragment) -> None:
    if position:
        fragment.update(id=None, type=None)
        fragment["function"]["name"] = None


def null_arguments(fragment: Fragment, position: int, _first: Fragment) -> None:
    if not position:
        fragment["function"]["arguments"] = None


def _late(groups: list[list[Frame]], move: Callable[[Fragment, Fragment], None]) -> Iterator[Frame]:
    """Moves something from a call's first fragment to the third, or to the last of a shorter call."""
    for group in groups:
        move(_fragment(group[0]), _fragment(group[min(2, len(group) - 1)]))
        yield from group


def _move_name(first: Fragment, later: Fragment) -> None:
    later["function"]["name"] = first["function"].pop("name")


def _move_id(first: Fragment, later: Fragment) -> None:
    later["id"] = first.pop("id")


def late_names(groups: list[list[Frame]]) -> Iterator[Frame]:
    return _late(groups, _move_name)


def late_ids(groups: list[list[Frame]]) -> Iterator[Frame]:
    return _late(groups, _move_id)


def _arguments(group: list[Frame]) -> str:
    return "".join(_fragment(frame)["function"].get("arguments") or "" for frame in group)


def _merged(group: list[Frame], arguments: Any) -> Frame:
    _fragment(group[0])["function"]["arguments"] = arguments
    return replace(group[0], tokens=sum(frame.tokens for frame in group))


def whole(groups: list[list[Frame]]) -> Iterator[Frame]:
    for group in groups:
        yield _merged(group, _arguments(group))


def object_arguments(groups: list[list[Frame]]) -> Iterator[Frame]:
    """An object where a text is due."""
    for group in groups:
        text = _arguments(group)
        try:
            value = json.loads(text)
        except ValueError:  # cut by a token limit
            value = text
        yield _merged(group, value)


def empty_first(groups: list[list[Frame]]) -> Iterator[Frame]:
    """openai/openai-agents-js#712, BerriAI/litellm#4537: the head brings {}, and the arguments follow."""
    for group in groups:
        if _arguments(group):
            _fragment(group[0])["function"]["arguments"] = "{}"
        yield from group


def cumulative(groups: list[list[Frame]]) -> Iterator[Frame]:
    """NousResearch/hermes-agent#35718: all arguments so far, each time; one piece alone is no such thing."""
    for group in groups:
        so_far = ""
        for frame in group:
            so_far += _fragment(frame)["function"].get("arguments") or ""
            if so_far:
                _fragment(frame)["function"]["arguments"] = so_far
            yield frame


def two_in_one(groups: list[list[Frame]]) -> Iterator[Frame]:
    """A call's head and its first arguments as two entries of one frame, both with its index."""
    for group in groups:
        if len(group) > 1:
            delta = group[0].data["choices"][0]["delta"]
            delta["tool_calls"] = [*delta["tool_calls"], _fragment(group[1])]
            group = [group[0], *group[2:]]
        yield from group


def null_end(groups: list[list[Frame]]) -> Iterator[Frame]:
    """A last fragment in which all is null and empty."""
    for group in groups:
        yield from group
        data = copy.deepcopy(group[-1].data)
        end = {"id": None, "type": None, "index": _fragment(group[0])["index"]}
        data["choices"][0]["delta"]["tool_calls"] = [{**end, "function": {"name": None, "arguments": ""}}]
        yield replace(group[-1], data=data, tokens=0)


def interleaved(groups: list[list[Frame]]) -> Iterator[Frame]:
    """Parallel calls take turns, fragment by fragment."""
    for round_ in zip_longest(*groups):
        yield from (frame for frame in round_ if frame is not None)
