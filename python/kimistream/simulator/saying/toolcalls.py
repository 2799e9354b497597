"""Which tool the simulator calls, and with which arguments."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..values.requests import ChatRequest
from ..values.shapes import dig
from ..values.tokens import CJK
from .arithmetic import find_sum
from .kinds import Question, is_known
from .knowledge import find_cities
from .schemas import Hints, instance, wants_number, wants_place

MAX_PARALLEL = 5  # calls in one turn

# Words that say nothing of what is asked about.
_WORDS = (
    "a an and are as at be by can do does for from get give hello hey hi how i if in is it me my name of "
    "on or please s say tell that the their them there this to use user we what when where which who will "
    "with word words you your "
    "什么 怎么 请问 一个 可以 你好"
)
_COMMON = frozenset(_WORDS.split())
_TERM = re.compile(rf"[{CJK}](?=([{CJK}]))|[a-z0-9]+")


@dataclass(frozen=True)
class PlannedCall:
    """A call before it has its id. `arguments` is JSON text; `kind` is the tool's type on the wire; `id` None: made."""

    kind: str
    name: str
    arguments: str
    id: str | None = None


def plan_calls(request: ChatRequest, question: Question, answer: str = "") -> list[PlannedCall]:
    """The calls to make next: none where none may be made, or where the question needs none.

    One for each city where places are asked for, less those that were made; side by side, or with parallel_tool_calls
    false one after the other.
    A choice that forces a call gets one each time. `answer` is what could be said in place of a call.
    """
    if request.body.get("tool_choice") == "none" or not request.tools or not question.text:
        return []
    made, single = _made(request), request.body.get("parallel_tool_calls") is False
    if request.forces_a_call:
        tool = _named(request) or _best(_unused(request.tools, made) or request.tools, question.text)
        calls = _calls_of(tool, question.text, answer)
        left = calls[made.count(tool["function"]["name"]) :] or calls[:1]
    else:
        tool = _best(request.tools, question.text)
        if not _is_needed(tool, question):
            return []
        left = _calls_of(tool, question.text, answer)[len(made) :]
    return left[:1] if single else left


def _calls_of(tool: Mapping[str, Any], question: str, answer: str) -> list[PlannedCall]:
    """All the calls of a tool that answer a question."""
    function, kind = tool["function"], str(tool["type"])
    if kind == "builtin_function":
        return [PlannedCall(kind, function["name"], _search_arguments(question))]
    parameters = function.get("parameters") or {}
    everywhere = [
        _text(instance(parameters, Hints.of(question, answer, city=city)))
        for city in find_cities(question)[:MAX_PARALLEL] or [""]
    ]
    return [PlannedCall(kind, function["name"], arguments) for arguments in dict.fromkeys(everywhere)]


def _made(request: ChatRequest) -> list[str]:
    """The tools that were called since the user last spoke."""
    names: list[str] = []
    for message in reversed(request.turns):
        if message.role == "user":
            break
        names += [str(dig(call, ("function", "name"))) for call in message.calls]
    return names


def _named(request: ChatRequest) -> Mapping[str, Any] | None:
    name = dig(request.body.get("tool_choice"), ("function", "name"))
    return next((tool for tool in request.tools if tool["function"]["name"] == name), None)


def _unused(tools: list[Mapping[str, Any]], made: list[str]) -> list[Mapping[str, Any]]:
    return [tool for tool in tools if tool["function"]["name"] not in made]


def _best(tools: list[Mapping[str, Any]], question: str) -> Mapping[str, Any]:
    """The one whose name and description have most in common with the question."""
    asked = _terms(question)
    return max(tools, key=lambda tool: len(asked & _terms(_describe(tool["function"]))))


def _is_needed(tool: Mapping[str, Any], question: Question) -> bool:
    """The question is about what the tool is for, or it is none that can be answered without."""
    function = tool["function"]
    parameters = function.get("parameters")
    about = (_terms(question.text) & _terms(_describe(function))) - _COMMON
    place = wants_place(parameters) and find_cities(question.text)
    numbers = wants_number(parameters) and find_sum(question.text)
    return bool(about or place or numbers) or not is_known(question)


def _describe(function: Mapping[str, Any]) -> str:
    return f"{function['name']} {function.get('description') or ''}"


def _terms(text: str) -> set[str]:
    """Words in Latin letters, and pairs of neighbouring CJK characters."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", text).lower()
    return {match[0] + (match[1] or "") for match in _TERM.finditer(words)}


def _search_arguments(question: str) -> str:
    """What Moonshot's $web_search sends: the search is done, its result waits on the server under an id."""
    search = hashlib.sha256(question.encode("utf-8", "replace")).hexdigest()[:24]
    return _text({"search_result": {"search_id": search}, "usage": {"total_tokens": 7610}})


def _text(arguments: Any) -> str:
    return json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))
