"""From a request to what the simulated model says: reasoning, answer, tool calls. Deterministic, and free of I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
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


def plan(request: ChatRequest, scripted: str | None = None) -> Plan:
    """`scripted` takes the place of the answer's text; tools are not called then."""
    question = _question(request)
    results = _tool_results(request.turns)
    calls = [] if results or scripted is not None else _calls(request, question)
    if calls:
        answer = Answer(_thought_of_calls(calls, question), "")
    elif results:
        answer = _report(results, question)
    else:
        answer = next((found for kind in KINDS if (found := kind(question))), None) or restate(question)
    text = _formatted(request, question, answer.text) if scripted is None else scripted
    content = "" if calls else _stopped(request, _continued(request, text))
    reasoning = _reasoning(request, question, answer.thought) if request.thinking else ""
    return Plan(reasoning, content, tuple(calls))


def _question(request: ChatRequest) -> Question:
    asked = [message for message in request.turns if message.role == "user"]
    if not asked:
        return Question("")
    media = asked[-1].content.media
    earlier = tuple(message.content.text for message in asked[:-1])
    return Question(asked[-1].content.text, media, earlier, _kept(request))


def _kept(request: ChatRequest) -> str:
    """The reasoning of the last earlier turn, where the caller has it kept."""
    if not request.keeps_thinking:
        return ""
    thoughts = [request.reasoning_of(message) for message in request.turns if message.role == "assistant"]
    return next((thought[:MAX_KEPT] for thought in reversed(thoughts) if thought and thought.strip()), "")


def _calls(request: ChatRequest, question: Question) -> list[PlannedCall]:
    return plan_calls(request, question.text) if request.turns[-1].role == "user" else []


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


def _formatted(request: ChatRequest, question: Question, text: str) -> str:
    """The answer in the format that was asked for; JSON formats give JSON."""
    wanted: Any = request.body.get("response_format") or {}
    kind = wanted.get("type", "text")
    if kind == "json_object":
        return json.dumps({"question": question.text, "answer": text}, ensure_ascii=False)
    if kind == "json_schema":
        value = instance(wanted["json_schema"]["schema"], Hints.of(question.text, answer=text), optional=True)
        return json.dumps(value, ensure_ascii=False)
    return text


def _continued(request: ChatRequest, text: str) -> str:
    """What is left to say after the caller's beginning, which is not repeated (Moonshot docs, Partial Mode)."""
    return text.removeprefix(request.prefix) if request.prefix else text


def _stopped(request: ChatRequest, text: str) -> str:
    """The text up to the first stop string, which is not part of it."""
    ends = [text.find(item) for item in request.stops if item and item in text]
    return text[: min(ends)] if ends else text
