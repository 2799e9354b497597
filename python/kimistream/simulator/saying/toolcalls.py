"""Which tool the simulator calls, and with which arguments."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..values.requests import ChatRequest
from ..values.tokens import CJK
from .knowledge import find_cities
from .schemas import Hints, instance

MAX_PARALLEL = 5  # calls in one turn

_TERM = re.compile(rf"[{CJK}](?=([{CJK}]))|[a-z0-9]+")


@dataclass(frozen=True)
class PlannedCall:
    """A call before it has its id. `arguments` is JSON text; `kind` is the tool's type on the wire."""

    kind: str
    name: str
    arguments: str


def plan_calls(request: ChatRequest, question: str) -> list[PlannedCall]:
    """The calls that answer a question: none where none may be made, one for each city where places are asked for."""
    tool = _choose(request, question)
    if tool is None:
        return []
    function, kind = tool["function"], str(tool["type"])
    if kind == "builtin_function":
        return [PlannedCall(kind, function["name"], _search_arguments(question))]
    parameters = function.get("parameters") or {}
    everywhere = [
        _text(instance(parameters, Hints.of(question, city=city)))
        for city in find_cities(question)[:MAX_PARALLEL] or [""]
    ]
    return [PlannedCall(kind, function["name"], arguments) for arguments in dict.fromkeys(everywhere)]


def _choose(request: ChatRequest, question: str) -> Mapping[str, Any] | None:
    """The named tool, else the one whose name and description have most in common with the question."""
    choice = request.body.get("tool_choice")
    if choice == "none" or not request.tools:
        return None
    if isinstance(choice, Mapping):
        return next(tool for tool in request.tools if tool["function"]["name"] == choice["function"]["name"])
    asked = _terms(question)
    return max(request.tools, key=lambda tool: len(asked & _terms(_describe(tool["function"]))))


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
