"""From a request to what the simulated model says: reasoning, answer, tool calls. Deterministic, and free of I/O."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..values.requests import ChatRequest, Message
from ..values.shapes import dig
from .kinds import KINDS, Answer, Question, restate
from .schemas import Hints, instance
from .toolcalls import PlannedCall, plan_calls

MAX_KEPT = 200  # characters of earlier reasoning that are quoted; reasoning that quotes itself would only grow


@dataclass(frozen=True)
class Plan:
    """What the model would say if nothing cut it short."""

    reasoning: str
    content: str
    calls: tuple[PlannedCall, ...] = ()


Scripted = str | Mapping[str, Any]  # a text, or calls by the names of their functions, each with its arguments


def plan(request: ChatRequest, scripted: Scripted | None = None) -> Plan:
    """`scripted` takes the place of what would be said or called."""
    question = _question(request, _kept(request) if request.keeps_thinking else "")
    results = _tool_results(request.turns)
    calls = _ordered_calls(scripted) if isinstance(scripted, Mapping) else []
    if not results and scripted is None:
        calls = _calls(request, question)
    answer = Answer(_thought_of_calls(calls, question), "") if calls else _answer(results, question)
    if calls:
        content = ""
    elif isinstance(scripted, str):
        content = _stopped(request, _continued(request, [scripted]))
    else:
        content = _stopped(request, _continued(request, _texts(request, question, results)))
    reasoning = _reasoning(request, question, answer.thought) if _reasons(request) else ""
    return Plan(reasoning, content, tuple(calls))


def _question(request: ChatRequest, kept: str) -> Question:
    asked = [message for message in request.turns if message.role == "user"]
    if not asked:
        return Question("")
    media = asked[-1].content.media
    earlier = tuple(message.content.text for message in asked[:-1])
    return Question(asked[-1].content.text, media, earlier, kept)


def _answer(results: list[tuple[str, str]], question: Question) -> Answer:
    if results:
        return _report(results, question)
    return next((found for kind in KINDS if (found := kind(question))), None) or restate(question)


def _reasons(request: ChatRequest) -> bool:
    """An answer that was begun has been thought over where its beginning brings the reasoning along."""
    if not request.thinking or request.prefix is None:
        return request.thinking
    return not request.reasoning_of(request.messages[-1])


def _kept(request: ChatRequest) -> str:
    """The reasoning of the last earlier turn."""
    thoughts = [request.reasoning_of(message) for message in request.turns if message.role == "assistant"]
    return next((thought[:MAX_KEPT] for thought in reversed(thoughts) if thought and thought.strip()), "")


def _calls(request: ChatRequest, question: Question) -> list[PlannedCall]:
    return plan_calls(request, question.text) if request.turns[-1].role == "user" else []


def _ordered_calls(scripted: Mapping[str, Any]) -> list[PlannedCall]:
    """A list of arguments calls the function more than once."""
    return [
        PlannedCall("function", name, json.dumps(given, ensure_ascii=False))
        for name, arguments in scripted.items()
        for given in (arguments if isinstance(arguments, list) else [arguments])
    ]


def _tool_results(messages: tuple[Message, ...]) -> list[tuple[str, str]]:
    """(tool, what it said) for the results that end the conversation, in the order of the messages."""
    results: list[Message] = []
    for message in reversed(messages):
        if message.role != "tool":
            break
        results.insert(0, message)
    names = {str(call.get("id")): dig(call, ("function", "name")) for message in messages for call in message.calls}
    return [
        (str(names.get(str(result.raw.get("tool_call_id"))) or result.raw.get("name") or "tool"), result.content.text)
        for result in results
    ]


def _report(results: list[tuple[str, str]], question: Question) -> Answer:
    told = " ".join(
        question.say(f"According to {tool}: {_readable(text)}.", f"根据 {tool} 的结果：{_readable(text)}。")
        for tool, text in results
    )
    thought = question.say(f"{len(results)} tool result(s) came back. ", f"收到 {len(results)} 个工具结果。")
    return Answer(thought, told)


def _readable(text: str) -> str:
    """A flat JSON object as "key: value, key: value"; everything else as it came."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(value, str):
        return value
    if not isinstance(value, Mapping) or any(isinstance(item, (Mapping, list)) for item in value.values()):
        return text
    return ", ".join(f"{key}: {item if isinstance(item, str) else json.dumps(item)}" for key, item in value.items())


def _thought_of_calls(calls: list[PlannedCall], question: Question) -> str:
    names = ", ".join(dict.fromkeys(call.name for call in calls))
    return question.say(f"I need {names} for this. ", f"这需要调用 {names}。")


def _reasoning(request: ChatRequest, question: Question, thought: str) -> str:
    """The question, the system prompt and the turn, as a model recalls them, around the thought itself."""
    system = next((message.content.text for message in request.turns if message.role == "system"), "")
    parts = [question.say(f'The user asks: "{question.quote}" ', f"用户问：“{question.quote}”")]
    if system:
        quote = Question(system).quote
        parts.append(question.say(f'The system prompt says: "{quote}" ', f"系统提示是：“{quote}”"))
    if question.earlier:
        turn = len(question.earlier) + 1
        parts.append(question.say(f"This is turn {turn} of our conversation. ", f"这是第 {turn} 轮对话。"))
    if question.kept and question.kept not in thought:
        parts.append(question.say(f'Earlier I thought: "{question.kept}" ', f"我之前想过：“{question.kept}”"))
    return "".join([*parts, thought, question.say("Now I can answer.", "可以回答了。")])


def _texts(request: ChatRequest, question: Question, results: list[tuple[str, str]]) -> Iterator[str]:
    """What may be answered, first of all to the request as it stands.

    A beginning tells a model more than the request does: what was asked for with JSON or with the reasoning of earlier
    turns in view is gone on with as it was begun, also where the request says neither any more.
    """
    wanted: Any = request.body.get("response_format") or {}
    yield _formatted(wanted, question, _answer(results, question).text)
    for kept in ("", _kept(request)):
        seen = replace(question, kept=kept)
        for form in (wanted, {"type": "json_object"}):
            yield _formatted(form, seen, _answer(results, seen).text)


def _formatted(wanted: Mapping[str, Any], question: Question, text: str) -> str:
    """The answer in the format that was asked for; JSON formats give JSON."""
    kind = wanted.get("type", "text")
    if kind == "json_object":
        return json.dumps({"question": question.text, "answer": text}, ensure_ascii=False)
    if kind == "json_schema":
        value = instance(wanted["json_schema"]["schema"], Hints.of(question.text, answer=text), optional=True)
        return json.dumps(value, ensure_ascii=False)
    return text


def _continued(request: ChatRequest, texts: Iterable[str]) -> str:
    """What is left to say after the caller's beginning, which is not repeated (Moonshot docs, Partial Mode): the rest
    of the first text that begins so, of the first one all where none does. Templates strip the beginning, so the blanks
    at its end are said again."""
    possible = list(texts) if request.prefix else [next(iter(texts))]
    begun = (request.prefix or "").rstrip()
    return next((text[len(begun) :] for text in possible if text.startswith(begun)), possible[0])


def _stopped(request: ChatRequest, text: str) -> str:
    """The text up to the first stop string, which is not part of it."""
    ends = [text.find(item) for item in request.stops if item and item in text]
    return text[: min(ends)] if ends else text
