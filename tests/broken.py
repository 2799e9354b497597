"""Answers that break at a given byte, and what has come of them by then: for the tests of breaks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from fault_server_client import DONE, END_OF_BODY, EVENT_STREAM, Script, as_chunk

from kimistream import Message

Delta = dict[str, Any]


@dataclass
class Said:
    """What a reader has in hand. Calls are [id, name, arguments, whether it was reported complete]."""

    thinking: str = ""
    text: str = ""
    calls: list[list[Any]] = field(default_factory=list)
    finish: str | None = None

    @property
    def nothing(self) -> bool:
        return not (self.thinking or self.text or self.calls)

    def add(self, delta: Delta) -> None:
        self.thinking += delta.get("reasoning_content", "")
        self.text += delta.get("content", "")
        for call in delta.get("tool_calls", ()):
            if "id" in call:
                self.calls.append([call["id"], call["function"]["name"], "", False])
            self.calls[-1][2] += call["function"]["arguments"]


def read(events: Iterable[Any]) -> tuple[Said, list[str]]:
    """What the events amount to, and their types; what was shown before a `Restarted` is void."""
    said, types = Said(), []
    for event in events:
        types.append(event.type)
        if event.type == "restarted":
            said = Said()
        elif event.type == "thinking":
            said.thinking += event.text
        elif event.type == "text":
            said.text += event.text
        elif event.type == "tool_call_start":
            said.calls.append([event.id, event.name, "", False])
        elif event.type == "tool_call_delta":
            said.calls[event.index][2] += event.arguments
        elif event.type == "tool_call":
            assert said.calls[event.index] == [event.id, event.name, event.arguments, False]
            said.calls[event.index][3] = True
        elif event.type == "finish":
            said.finish = event.reason
    return said, types


def of_message(message: Message | None) -> Said:
    if message is None:
        return Said()
    calls = [[call.id, call.name, call.arguments, call.complete] for call in message.tool_calls]
    return Said(message.reasoning or "", message.text, calls, message.finish_reason)


def _event(delta: Delta, finish: str | None = None) -> bytes:
    choice: Delta = {"index": 0, "delta": delta}
    body = {"id": "chatcmpl-1", "model": "kimi-k2.6", "choices": [choice]}
    if finish:
        choice["finish_reason"] = finish
        body["usage"] = {"prompt_tokens": 9, "completion_tokens": 7, "total_tokens": 16}
    return b"data: " + json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"


@dataclass(frozen=True)
class Answer:
    """An answer as a server streams it: its deltas, and why it finished."""

    deltas: tuple[Delta, ...]
    finish: str = "stop"

    @cached_property
    def frames(self) -> list[bytes]:
        return [*map(_event, self.deltas), _event({}, self.finish), DONE]

    @cached_property
    def raw(self) -> bytes:
        """The body as it is on the wire, one HTTP chunk a frame."""
        return b"".join(map(as_chunk, self.frames)) + END_OF_BODY

    @cached_property
    def ends(self) -> list[int]:
        """For each frame how many bytes of `raw` must have come for it to be there."""
        ends, position = [], 0
        for each in self.frames:
            chunk = as_chunk(each)
            ends.append(position + len(chunk) - 2)
            position += len(chunk)
        return ends

    @cached_property
    def whole(self) -> Said:
        said = self.at(len(self.raw))
        for call in said.calls:
            call[3] = True
        return said

    @property
    def end_of_the_first(self) -> int:
        """From here on a break is one; before it nothing has come, and the request is tried again."""
        return next(end for end, delta in zip(self.ends, self.deltas, strict=False) if any(delta.values()))

    @property
    def end_of_the_finish(self) -> int:
        """From here on nothing can break any more."""
        return self.ends[-2]

    def at(self, position: int) -> Said:
        """What has come with so many bytes of the body."""
        said = Said()
        for end, delta in zip(self.ends, self.deltas, strict=False):
            if end <= position:
                said.add(delta)
        if self.end_of_the_finish <= position:
            said.finish = self.finish
        return said

    def rest(self, begun: str) -> Answer:
        """What a server says that is asked to go on from this text: what follows it, its blanks at the end included."""
        begun = begun.rstrip()
        assert self.whole.text.startswith(begun)
        left = self.whole.text[len(begun) :]
        texts = [{"content": left[at : at + 5]} for at in range(0, len(left), 5)]
        return Answer((*texts, *(delta for delta in self.deltas if "tool_calls" in delta)), self.finish)

    def continues_at(self, position: int) -> bool:
        """Whether it can be gone on with: the text has begun, and no call has."""
        came = self.at(position)
        return bool(came.text.strip()) and not came.calls


def _thinking(*texts: str) -> Iterator[Delta]:
    return ({"reasoning_content": text} for text in texts)


def _texts(*texts: str) -> Iterator[Delta]:
    return ({"content": text} for text in texts)


def _call(index: int, id: str, name: str, *arguments: str) -> Iterator[Delta]:
    yield {"tool_calls": [{"index": index, "id": id, "function": {"name": name, "arguments": ""}}]}
    for each in arguments:
        yield {"tool_calls": [{"index": index, "function": {"arguments": each}}]}


ANSWERS = {
    "thinking": Answer((*_thinking("Let ", "me 思考."), *_texts("The ", "ans", "wer:\n\n", " 42 ", "\t(👩‍👧).\n"))),
    "tool call": Answer(
        (
            *_texts("I ", "look."),
            *_call(0, "call_1", "get_weather", '{"city":', '"Köln"}'),
            *_call(1, "call_2", "get_time", '{"zo', 'ne": 1}'),
        ),
        "tool_calls",
    ),
    "long text": Answer((*_texts("# One \n", *(f"{number} and\u3000" for number in range(9)), "```\nend\n```"),)),
}
ENDINGS = ("close", "reset")


def broken(answer: Answer, position: int, ending: str = "close") -> Script:
    """A stream that breaks after so many bytes of its body, perhaps within the head of an HTTP chunk."""
    script = Script().head(200, {"Content-Type": EVENT_STREAM}, chunked=True)
    if position:
        script.send(answer.raw[:position])
    return script.close() if ending == "close" else script.reset()


def whole(script: Script, answer: Answer) -> Script:
    return script.head(200, {"Content-Type": EVENT_STREAM}, chunked=True).send(answer.raw).keep()
