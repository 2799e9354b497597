"""Chunks as the events of `chat.completions.stream`, and as the completion that they make."""

from __future__ import annotations

from .._values import completion_events as events
from .._values.completion_events import Later
from .._values.completions import ParsedChatCompletion
from .parsing import partial_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .._values.completions import ChatCompletionChunk, ChoiceDelta, ChunkChoice
    from .parsing import Parsing


class Grown:
    """A text that grows. What it was at some time costs nothing before somebody asks."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def add(self, piece: str) -> None:
        self._pieces.append(piece)

    def so_far(self) -> Later:
        count = len(self._pieces)
        return Later(lambda: "".join(self._pieces[:count]))

    def __str__(self) -> str:
        return "".join(self._pieces)


class Call:
    """A tool call as it grows."""

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}
        self.name = ""
        self.arguments = Grown()

    def add(self, piece: dict[str, Any]) -> None:
        function = piece.pop("function", None) or {}
        self.name = function.get("name") or self.name
        self.arguments.add(function.get("arguments") or "")
        self.fields.update({key: value for key, value in piece.items() if value is not None})

    def whole(self) -> dict[str, Any]:
        fields = {key: value for key, value in self.fields.items() if key != "index"}
        return {"type": "function", **fields, "function": {"name": self.name, "arguments": str(self.arguments)}}


class Gathered:
    """A choice as it grows."""

    def __init__(self, index: int) -> None:
        self.fields: dict[str, Any] = {"index": index, "finish_reason": None, "logprobs": None}
        self.message: dict[str, Any] = {}
        self.texts: dict[str, Grown] = {}
        self.calls: dict[int, Call] = {}
        self.logprobs: dict[str, list[Any]] = {}
        self.done: set[Any] = set()
        self.call: int | None = None  # the one that grows

    def add(self, choice: ChunkChoice) -> None:
        came = choice.to_dict()
        for key, value in (came.pop("delta", None) or {}).items():
            if key == "tool_calls":
                for place, piece in enumerate(value or []):
                    self.calls.setdefault(piece.get("index", place), Call()).add(piece)
            elif key != "role" and isinstance(value, str):
                self.texts.setdefault(key, Grown()).add(value)
            elif isinstance(value, list) and isinstance(self.message.get(key), list):
                self.message[key] += value
            elif value is not None:
                self.message[key] = value
        for kind, items in (came.pop("logprobs", None) or {}).items():
            if items:
                self.logprobs.setdefault(kind, []).extend(items)
        self.fields.update({key: value for key, value in came.items() if value is not None})

    def whole(self) -> dict[str, Any]:
        message = {"role": "assistant", "content": None, **self.message}
        message.update({key: str(text) for key, text in self.texts.items()})
        if self.calls:
            message["tool_calls"] = [self.calls[index].whole() for index in sorted(self.calls)]
        return {**self.fields, "logprobs": self.logprobs or None, "message": message}


class Fold:
    """Takes chunks, gives events; any thread, one at a time. Raises what `Parsing` raises when a piece is done."""

    def __init__(self, parsing: Parsing) -> None:
        self._parsing = parsing
        self._fields: dict[str, Any] = {}
        self._choices: dict[int, Gathered] = {}

    def snapshot(self) -> ParsedChatCompletion:
        """The completion as far as it has come; `.parsed` is left for the end."""
        choices = [self._choices[index].whole() for index in sorted(self._choices)]
        return ParsedChatCompletion({**self._fields, "object": "chat.completion", "choices": choices})

    def final(self) -> ParsedChatCompletion:
        return self._parsing.parsed(self.snapshot())

    def events(self, chunk: ChatCompletionChunk) -> Iterator[Any]:
        came = chunk.to_dict(exclude={"choices", "obfuscation"})
        self._fields.update({key: value for key, value in came.items() if value is not None})
        touched = []
        for choice in chunk.choices or []:
            gathered = self._choices.setdefault(choice.index, Gathered(choice.index))
            gathered.add(choice)
            touched.append((choice, gathered))
        yield events.ChunkEvent(chunk=chunk, snapshot=Later(self.snapshot))
        for choice, gathered in touched:
            if choice.finish_reason and (self._parsing.reads_content or self._parsing.tools):
                self._parsing.refuse_cut(self.snapshot())
            yield from self._pieces(choice.delta, gathered)
            yield from self._logprobs(choice, gathered)
            yield from self._ends(choice, gathered)

    def _pieces(self, delta: ChoiceDelta, gathered: Gathered) -> Iterator[Any]:
        if delta.content is not None:
            so_far = gathered.texts["content"].so_far()
            reads = self._parsing.reads_content
            yield events.ContentDeltaEvent(
                delta=delta.content,
                snapshot=so_far,
                parsed=Later(lambda: partial_json(so_far.make())) if reads else None,
            )
        if delta.refusal is not None:
            yield events.RefusalDeltaEvent(delta=delta.refusal, snapshot=gathered.texts["refusal"].so_far())
        for place, piece in enumerate(delta.tool_calls or []):
            index = place if piece.index is None else piece.index
            call = gathered.calls[index]
            yield self._arguments_delta(index, call, (piece.function and piece.function.arguments) or "")

    def _arguments_delta(self, index: int, call: Call, delta: str) -> Any:
        so_far = call.arguments.so_far()
        strict = self._parsing.is_strict(call.name)
        return events.FunctionToolCallArgumentsDeltaEvent(
            name=call.name,
            index=index,
            arguments=so_far,
            parsed_arguments=Later(lambda: partial_json(so_far.make())) if strict else None,
            arguments_delta=delta,
        )

    def _logprobs(self, choice: ChunkChoice, gathered: Gathered) -> Iterator[Any]:
        if choice.logprobs is not None:
            if choice.logprobs.content:
                yield events.LogprobsContentDeltaEvent(
                    content=choice.logprobs.content, snapshot=gathered.logprobs["content"]
                )
            if choice.logprobs.refusal:
                yield events.LogprobsRefusalDeltaEvent(
                    refusal=choice.logprobs.refusal, snapshot=gathered.logprobs["refusal"]
                )

    def _ends(self, choice: ChunkChoice, gathered: Gathered) -> Iterator[Any]:
        """A piece is done when the next one begins, and at the end."""
        for place, piece in enumerate(choice.delta.tool_calls or []):
            index = place if piece.index is None else piece.index
            if index != gathered.call:
                yield from self._content_ends(gathered)
                yield from self._call_ends(gathered)
            gathered.call = index
        if choice.finish_reason:
            yield from self._content_ends(gathered)
            yield from self._call_ends(gathered)

    def _content_ends(self, gathered: Gathered) -> Iterator[Any]:
        for key in ("content", "refusal"):
            text = str(gathered.texts.get(key, ""))
            if not text or key in gathered.done:
                continue
            gathered.done.add(key)
            if key == "refusal":
                yield events.RefusalDoneEvent(refusal=text)
            else:
                message = ParsedChatCompletion({"choices": [gathered.whole()]}).choices[0].message
                yield events.ContentDoneEvent(content=text, parsed=self._parsing.content_of(message))
        for key, items in gathered.logprobs.items():
            if ("logprobs", key) not in gathered.done:
                gathered.done.add(("logprobs", key))
                kind = events.LogprobsContentDoneEvent if key == "content" else events.LogprobsRefusalDoneEvent
                yield kind(**{key: items})

    def _call_ends(self, gathered: Gathered) -> Iterator[Any]:
        if gathered.call is None or gathered.call in gathered.done:
            return
        gathered.done.add(gathered.call)
        call = gathered.calls[gathered.call]
        arguments = str(call.arguments)
        yield events.FunctionToolCallArgumentsDoneEvent(
            name=call.name,
            index=gathered.call,
            arguments=arguments,
            parsed_arguments=self._parsing.arguments_of(call.name, arguments),
        )
