"""From a request to what the simulated model says: reasoning, answer, tool calls. Deterministic, and free of I/O."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..values.requests import ChatRequest, Message
from ..values.shapes import dig
from .formats import formatted
from .kinds import KINDS, Answer, Question, restate
from .scripts import Scripted
from .toolcalls import PlannedCall, plan_calls

MAX_KEPT = 200  # characters of earlier reasoning that are quoted; reasoning that quotes itself would only grow


@dataclass(frozen=True)
class Plan:
    """What the model would say if nothing cut it short. `finish` None: the reason that follows from what is said."""

    reasoning: str
    content: str
    calls: tuple[PlannedCall, ...] = ()
    finish: str | None = None


def plan(request: ChatRequest, scripted: Scripted | None = None) -> Plan:
    """`scripted` takes the place of answer and calls, and of the reasoning where it has one."""
    question = _question(request, _kept(request) if request.keeps_thinking else "")
    results = _tool_results(request.turns)
    if scripted is not None:
        return _ordered(request, scripted, question)
    calls = _calls(request, question, results)
    answer = Answer(_thought_of_calls(calls, question), "") if calls else _answer(results, question)
    content = "" if calls else _stopped(request, _continued(request, _texts(request, question, results)))
    reasoning = _reasoning(request, question, answer.thought) if _reasons(request) else ""
    return Plan(reasoning, content, tuple(calls))


def _ordered(request: ChatRequest, scripted: Scripted, question: Question) -> Plan:
    content = _stopped(request, _continued(request, [scripted.content]))
    reasoning = scripted.reasoning
    if reasoning is None:
        thought = _thought_of_calls(scripted.calls, question) if scripted.calls else _answer([], question).thought
        reasoning = _reasoning(request, question, thought) if _reasons(request) else ""
    return Plan(reasoning, content, scripted.calls, scripted.finish)


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


def _calls(request: ChatRequest, question: Question, results: list[tuple[str, str]]) -> list[PlannedCall]:
    if request.turns[-1].role not in ("user", "tool"):
        return []
    return plan_calls(request, question, _report(results, question).text if results else "")


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


def _thought_of_calls(calls: Sequence[PlannedCall], question: Question) -> str:
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
    prompt = _prompt(request)
    yield formatted(wanted, prompt, question.text, _answer(results, question).text)
    for kept in ("", _kept(request)):
        seen = replace(question, kept=kept)
        for form in (wanted, {"type": "json_object"}):
            yield formatted(form, prompt, question.text, _answer(results, seen).text)


def _prompt(request: ChatRequest) -> list[str]:
    """Where a format may be asked for in words: the last question, the system prompts, the questions before."""
    asked = [message.content.text for message in reversed(request.turns) if message.role == "user"]
    return [*asked[:1], *(message.content.text for message in request.turns if message.role == "system"), *asked[1:]]


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
