"""A conversation: what was said, whole turns only, and what goes with every request. What both clients' have."""

from __future__ import annotations

import uuid
import weakref

from .. import _core
from .._notebook.shows import Shows
from .._requests.prompts import messages_of
from .._requests.roles import role_of
from .._tools.tool_set import ToolSet
from .._values.errors import InvalidRequestError
from .._values.message import Message
from .expected import expected_in
from .files import broken, kept_message, kept_usage, plain_message, plain_usage, read, write
from .history import changed, group
from .loop import Limits, Loop
from .sums import Sums, added

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from typing import Any

    from typing_extensions import Self

    from .._notebook.sheet import Sheet
    from .._requests.steps import Steps
    from .._requests.turns import Turn
    from .._values.message import Usage
    from .._values.resources import TokenCount

_MERGED = ("extra_body", "extra_headers", "extra_query")
_LIMITS = ("max_steps", "max_parallel", "tool_timeout")
_NEVER_KEPT = ("extra_headers", "on_upload")  # a key may stand in headers; a function is nothing to write


class BaseConversation(Sums, Shows):
    """A conversation with a model. Made by `client.conversation` and `client.load_conversation`.

    A turn enters the history whole, when it is complete: the question, calls with their results, the answer. One that
    was refused, broke off, was left or stopped (`StopRun`, `max_steps`, the same calls again and again) leaves the
    history as it was; `keep_partial` takes in what had come.
    One turn at a time; a stream that is still open when the next turn begins is left.
    """

    def __init__(
        self,
        client: Any,
        system: str | None = None,
        tools: Iterable[Any] | None = None,
        thinking: Any = None,
        model: str | None = None,
        **defaults: Any,
    ) -> None:
        if system is not None and not isinstance(system, str):
            raise TypeError(f"system must be a str, not {type(system).__name__}")
        self._client = client
        self._system = system
        self._options: dict[str, Any] = {"thinking": thinking, "model": model, **defaults}
        self._searches = bool(self._options.pop("web_search", False))
        self._tools = ToolSet(tools, self._searches)
        _limits_in(dict(self._options))  # what is wrong with them is said here
        if self._options.get("prompt_cache_key") is None and _knows_cache_keys(client._core.row):
            self._options["prompt_cache_key"] = f"kimistream-{uuid.uuid4().hex}"
        self._turns: list[list[Any]] = []
        self._resent = _core.Resent()
        self._usage: Usage | None = None
        self._open: weakref.ref[Any] | None = None  # the stream of a turn under way
        self._sending = False
        self._current: _Turn | None = None
        self._broken: _Turn | None = None

    # ---- what it tells ----

    @property
    def messages(self) -> list[Any]:
        """The history, a copy, the system prompt first: what `stream` takes."""
        system = [{"role": "system", "content": self._system}] if self._system is not None else []
        return [*system, *(message for turn in self._turns for message in turn)]

    @property
    def usage(self) -> Usage | None:
        """The tokens of all requests, also of turns that were undone, trimmed or broken; None before the first."""
        return self._usage

    def _sheet(self) -> Sheet:
        from .shown import sheet_of

        return sheet_of(self._system, self._turns, self._usage, self._client._core.currency)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self._turns)} turns>"

    # ---- what is done to the history ----

    def undo(self, turns: int = 1) -> None:
        """Takes the last turns back: questions, calls, results and answers. More than there are is all of them."""
        if isinstance(turns, bool) or not isinstance(turns, int):
            raise TypeError(f"turns must be an int, not {type(turns).__name__}")
        if turns < 0:
            raise InvalidRequestError("turns cannot be negative")
        self._leave_open()
        self._broken = None
        if turns:
            del self._turns[-turns:]

    def branch(self) -> Self:
        """Another conversation that goes on from here; neither sees what the other says. Its sums begin at nothing."""
        other = type(self)(self._client, self._system)
        other._tools, other._searches = self._tools, self._searches
        other._options = dict(self._options)  # its cache key too: what was said so far is the same
        other._turns = [list(turn) for turn in self._turns]
        return other

    def keep_partial(self) -> Message | None:
        """Takes the turn that did not end into the history after all: the question, the tool groups that are
        finished, and the text that had come; calls that were cut are left out. Gives that text's message, None where
        there was none. Without such a turn it does nothing."""
        self._leave_open()
        turn, self._broken = self._broken, None
        if turn is None:
            return None
        loop = turn.loop
        came = loop.messages[turn.before :]
        if loop.pending is not None:
            came = [*came, *group(loop.pending, loop.results, keep_open=False)]
        kept = None
        if loop.partial is not None and loop.partial.content:
            kept = changed(loop.partial, tool_calls=[], content=loop.begun() + loop.partial.text)
            came = [*came, kept]
        self._take_in(turn, came)
        return kept

    # ---- turns ----

    def _turn(self, prompt: Any, options: dict[str, Any], whole: bool) -> _Turn:
        """Begins one. The one that is still open is left."""
        if self._sending:
            raise InvalidRequestError("a turn of this conversation is under way: wait for it, or go on from branch()")
        question = messages_of(prompt)
        given = self._with_defaults(options)
        searches = bool(given.pop("web_search", self._searches))
        tools = self._tools
        if "tools" in given or searches != self._searches:
            tools = ToolSet(given.pop("tools", self._tools.given), searches)
        limits, system = _limits_in(given), given.pop("system", None)
        expected = expected_in(given, self._client)
        self._leave_open()
        history = self.messages
        if system is not None:
            history = [{"role": "system", "content": system}, *history[self._system is not None :]]
        before = len(history)
        continues = bool(self._turns) and bool(question) and role_of(question[0]) == "tool"
        history.extend(_in_order(self._turns[-1], question) if continues else question)
        loop = Loop(
            *(history, tools, given, limits),
            whole=whole,
            tells_steps=bool(tools.by_name),
            expected=expected,
            resent=self._resent,
        )
        self._broken = None
        self._current = _Turn(loop, before, continues)
        return self._current

    def _procedure(self, turn: _Turn) -> Turn[None]:
        """The turn, and what becomes of it."""
        try:
            yield from turn.loop.turn()
        finally:  # also where it failed, or its reader left: what had come by then is no measure of what was read
            self._ended(turn)

    def _ended(self, turn: _Turn) -> None:
        self._usage = added(self._usage, turn.loop.usage)
        if self._current is not turn:
            return  # the history has gone on without it
        self._current = None
        if turn.loop.stopped == "done":
            self._take_in(turn, turn.loop.messages[turn.before :])
        else:
            self._broken = turn

    def _take_in(self, turn: _Turn, messages: list[Any]) -> None:
        if turn.continues:
            self._turns[-1].extend(messages)
        else:
            self._turns.append(messages)

    def _leave_open(self) -> None:
        stream = None if self._open is None else self._open()
        self._open = None
        if stream is not None:
            stream._leave()

    def _with_defaults(self, options: dict[str, Any]) -> dict[str, Any]:
        given = dict(self._options)
        for name, value in options.items():
            if name in _MERGED and given.get(name) is not None and value is not None:
                given[name] = {**given[name], **value}
            elif value is not None:
                given[name] = value
        return {name: value for name, value in given.items() if value is not None}

    # ---- how long it is ----

    def _count_steps(self) -> Steps[TokenCount]:
        from .._resources import count_tokens

        return count_tokens(
            self._client._sender, self.messages, model=self._options.get("model"), tools=self._tools.wire or None
        )

    def _trim_steps(self, max_tokens: int) -> Steps[int]:
        """Counts until it is known how many turns must go: the fewest, found by halves."""
        from .._resources import count_tokens

        if isinstance(max_tokens, bool) or not isinstance(max_tokens, int):
            raise TypeError(f"max_tokens must be an int, not {type(max_tokens).__name__}")
        if max_tokens < 1:
            raise InvalidRequestError("max_tokens must be at least 1")
        turns, system = list(self._turns), self.messages[: self._system is not None]
        fewest, most = 0, max(0, len(turns) - 1)  # the last turn stays
        tools, model = self._tools.wire or None, self._options.get("model")
        while fewest < most:
            middle = (fewest + most) // 2 if fewest else 0
            left = [*system, *(message for turn in turns[middle:] for message in turn)]
            count = yield from count_tokens(self._client._sender, left, model=model, tools=tools)
            if int(count) <= max_tokens:
                most = middle
            else:
                fewest = middle + 1
        if self._turns[: len(turns)] == turns:
            del self._turns[:fewest]
        return fewest

    # ---- files ----

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes it into a file, pictures within, whole or not at all: `client.load_conversation` reads it. No key and
        no headers are in it; of functions only what the model is told."""
        options = {}
        for name, value in self._options.items():
            if name not in _NEVER_KEPT and value is not None:
                try:
                    options[name] = _core.loads(_core.dumps(value))
                except (TypeError, ValueError):
                    continue  # what JSON cannot hold is handed in again
        write(
            path,
            "conversation",
            {
                "system": self._system,
                "options": options,
                "web_search": self._searches,
                "tools": [_core.loads(_core.dumps(tool)) for tool in self._tools.wire],
                "turns": [[plain_message(message) for message in turn] for turn in self._turns],
                "usage": plain_usage(self._usage),
            },
        )

    @classmethod
    def load(cls, client: Any, path: str | os.PathLike[str], tools: Iterable[Any] | None = None) -> Self:
        """`client.load_conversation`."""
        kept = read(path, "conversation")
        given = ToolSet(tools)
        try:
            system, options, declared = kept.get("system"), kept.get("options") or {}, kept.get("tools") or []
            names = [tool["function"]["name"] for tool in declared]
            turns = [[kept_message(message) for message in turn] for turn in kept["turns"]]
            usage = kept_usage(kept.get("usage"))
            conversation = cls(client, system, **options)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise broken(path, "conversation", error) from None
        # In the order of the file, so that the same is sent; what was handed in takes the place of its name.
        ours = {name: given.by_name.get(name, given.wire[place]) for place, name in enumerate(given.names)}
        order = [ours.pop(name, tool) for name, tool in zip(names, declared, strict=True)]
        conversation._searches = bool(kept.get("web_search"))
        conversation._tools = ToolSet([*order, *ours.values()], conversation._searches)
        conversation._turns, conversation._usage = turns, usage
        return conversation


class _Turn:
    """A turn under way. `before`: so many messages stood there. `continues`: it answers the calls of the one before."""

    __slots__ = ("before", "continues", "loop")

    def __init__(self, loop: Loop, before: int, continues: bool) -> None:
        self.loop = loop
        self.before = before
        self.continues = continues


def _limits_in(options: dict[str, Any]) -> Limits:
    """Takes the limits of the loop out of the options."""
    return Limits(**{name: value for name in _LIMITS if (value := options.pop(name, None)) is not None})


def _knows_cache_keys(row: dict[str, Any]) -> bool:
    """Whether the row is a server of the models' maker, whose API names the field (platform.kimi.ai/docs/api/chat)."""
    return bool(row["schema"] == "mfjs" and row["protocol"] == "openai_chat" and row["tokens_path"])


def _in_order(turn: list[Any], question: list[Any]) -> list[Any]:
    """Results in the order of the calls that they answer, whichever was given first."""
    places: dict[str, int] = {}
    for message in turn:
        for call in message.tool_calls if isinstance(message, Message) else ():
            places[call.id] = len(places)
    end = next((place for place, each in enumerate(question) if role_of(each) != "tool"), len(question))

    def place_of(message: Any) -> int:
        return places.get(str(message.get("tool_call_id")) if isinstance(message, dict) else "", len(places))

    return [*sorted(question[:end], key=place_of), *question[end:]]
