"""Answers that a program orders, `Simulator(answer=)`: read once, then said in place of the simulator's own words.

An answer is a text, an object, or None for the simulator's own words. An object has any of

    content        the text; an object or a list is said as JSON
    reasoning      the thinking before it, also under the name reasoning_content; "" for none; without it one is made up
    tool_calls     calls, each {"name": ..., "arguments": ...} with or without an "id", or in the shape of the API;
                   arguments are an object, or a text that is sent as it is
    finish_reason  in place of the one that follows from the rest
    error          a status, a name of FAILURES, or {"status", "message", "type", "code"}: a refusal, with the
                   "retry_after" that stands beside it

A list of answers is a conversation: each request gets the next one. After the last, a request that begins a
conversation begins the list again, and one that goes on with a conversation is refused.
A function makes the answer from the request's body.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..values.failures import FAILURES, Failure
from .toolcalls import PlannedCall

_KEYS = ("content", "reasoning", "reasoning_content", "tool_calls", "finish_reason", "error", "retry_after")
_FORMS = "a text, an object, None, a list of those, or a function from the request's body to one"


class ScriptError(ValueError):
    """An answer that cannot be said; the sentence tells which and why."""


@dataclass(frozen=True)
class Scripted:
    """An ordered answer. `reasoning` None: made up; `error`: a name of FAILURES, or the failure itself."""

    content: str = ""
    reasoning: str | None = None
    calls: tuple[PlannedCall, ...] = ()
    finish: str | None = None
    error: str | Failure | None = None
    retry_after: str | None = None


class Script:
    """What `answer=` is made into. Called with the body of each request, from any thread; None: no order for it."""

    def __init__(self, answer: object) -> None:
        """ScriptError where the answer can be seen to be wrong before anything is asked."""
        self._lock = threading.Lock()
        self._next = 0
        self._listed = isinstance(answer, (list, tuple))
        items = list(answer) if isinstance(answer, (list, tuple)) else [answer]
        if not items:
            raise ScriptError("answer=: the list is empty")
        self._items = [_read_or_keep(item, self._place(index)) for index, item in enumerate(items)]

    def __call__(self, body: Mapping[str, Any]) -> Scripted | None:
        index = self._take(body)
        item = self._items[index]
        if not callable(item):
            return item
        try:
            said = item(body)
        except Exception as error:
            raise ScriptError(f"{self._place(index)} raised {type(error).__name__}: {error}") from error
        return _read(said, self._place(index))

    def reset(self) -> None:
        """Begin again."""
        with self._lock:
            self._next = 0

    def _take(self, body: Mapping[str, Any]) -> int:
        if not self._listed:
            return 0
        with self._lock:
            if self._next == len(self._items):
                if _goes_on(body):
                    raise ScriptError(f"answer=: the list has {len(self._items)} answers, and this request is one more")
                self._next = 0
            self._next += 1
            return self._next - 1

    def _place(self, index: int) -> str:
        return f"answer=[{index}]" if self._listed else "answer="


def load(path: str | Path) -> Any:
    """What a file of answers holds: .jsonl is a list, an answer a line; else the JSON of one answer or of a list.

    ScriptError names the file and what is wrong with it.
    """
    try:
        text = Path(path).read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        raise ScriptError(f"cannot read the script {path}: {getattr(error, 'strerror', None) or error}") from error
    lines = [(0, text)]
    listed = Path(path).suffix == ".jsonl"
    if listed:
        lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    try:
        answers = []
        for number, line in lines:  # noqa: B007  (named by the handler)
            answers.append(json.loads(line))
        answer = answers if listed else answers[0]
        Script(answer)
    except (ScriptError, RecursionError) as error:
        raise ScriptError(f"the script {path}: {error}") from error
    except ValueError as error:
        raise ScriptError(f"the script {path}{f', line {number}' if listed else ''} is not JSON: {error}") from error
    return answer


def _goes_on(body: Mapping[str, Any]) -> bool:
    messages = body.get("messages")
    turns = messages if isinstance(messages, list) else []
    return any(isinstance(turn, Mapping) and turn.get("role") == "assistant" for turn in turns)


def _read_or_keep(item: object, place: str) -> Callable[[Mapping[str, Any]], object] | Scripted | None:
    return item if callable(item) else _read(item, place)


def _read(said: object, place: str) -> Scripted | None:
    if said is None:
        return None
    if isinstance(said, str):
        return Scripted(said)
    if not isinstance(said, Mapping):
        raise ScriptError(f"{place}: {type(said).__name__} is no answer; it is {_FORMS}")
    unknown = [str(key) for key in said if key not in _KEYS]
    if unknown:
        raise ScriptError(f"{place}: unknown key {unknown[0]!r}; an answer has {', '.join(_KEYS)}")
    if said.get("error") is not None:
        retry_after = said.get("retry_after")
        return Scripted(
            error=_error(said["error"], place), retry_after=None if retry_after is None else str(retry_after)
        )
    reasoning = said.get("reasoning", said.get("reasoning_content"))
    given = "reasoning" in said or "reasoning_content" in said
    content = said.get("content")
    return Scripted(
        content=content if isinstance(content, str) else "" if content is None else _json(content, f"{place}: content"),
        reasoning=_text(reasoning, f"{place}: reasoning") or "" if given else None,
        calls=_calls(said.get("tool_calls"), f"{place}: tool_calls"),
        finish=_text(said.get("finish_reason"), f"{place}: finish_reason"),
    )


def _calls(calls: object, place: str) -> tuple[PlannedCall, ...]:
    if calls is None:
        return ()
    if not isinstance(calls, (list, tuple)):
        raise ScriptError(f"{place}: a list of calls, not {type(calls).__name__}")
    return tuple(_call(call, f"{place}[{index}]") for index, call in enumerate(calls))


def _call(call: object, place: str) -> PlannedCall:
    function = call.get("function", call) if isinstance(call, Mapping) else None
    name = function.get("name") if isinstance(function, Mapping) else None
    if not isinstance(call, Mapping) or not isinstance(function, Mapping) or not isinstance(name, str):
        raise ScriptError(f'{place}: a call is {{"name": ..., "arguments": ...}}')
    unknown = sorted({*map(str, call), *map(str, function)} - {"id", "type", "index", "function", "name", "arguments"})
    if unknown:
        raise ScriptError(f"{place}: unknown key {unknown[0]!r}; a call has id, name, arguments")
    arguments = function.get("arguments", {})
    text = (
        arguments
        if isinstance(arguments, str)
        else _json({} if arguments is None else arguments, f"{place}: arguments")
    )
    kind = _text(call.get("type"), f"{place}: type") or "function"
    return PlannedCall(kind, name, text, _text(call.get("id"), f"{place}: id"))


def _error(error: object, place: str) -> str | Failure:
    if isinstance(error, Mapping):
        unknown = [str(key) for key in error if key not in ("status", "message", "type", "code")]
        if unknown:
            raise ScriptError(f"{place}: error: unknown key {unknown[0]!r}; it has status, message, type, code")
        base = _failure(error.get("status", 400), place)
        message = _text(error.get("message"), f"{place}: error: message") or base.message
        kind = _text(error.get("type"), f"{place}: error: type") or base.type
        return replace(base, message=message, type=kind, code=error.get("code", base.code), html="")
    name = str(error)
    return name if name in FAILURES else _failure(error, place)


def _failure(status: object, place: str) -> Failure:
    known = FAILURES.get(str(status))
    if known is not None:
        return known
    if isinstance(status, bool) or not isinstance(status, int) or not 400 <= status < 600:
        raise ScriptError(
            f"{place}: unknown error {status!r}: a status from 400 to 599, or one of {', '.join(FAILURES)}"
        )
    return Failure(status, "simulated_error", f"Simulated error {status}")


def _text(value: object, place: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ScriptError(f"{place}: a text, not {type(value).__name__}")
    return value


def _json(value: object, place: str) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise ScriptError(f"{place}: {error}") from error
