"""A finished reply: pieces within the caller's token limit, tool calls with their ids, and usage."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..saying.answers import Plan
from ..saying.toolcalls import PlannedCall
from ..values.replies import Call, Reply
from ..values.tokens import estimate_prompt, pieces
from ..values.usage import Usage

if TYPE_CHECKING:
    from ..dialects.dialect import Dialect
    from ..values.requests import ChatRequest


class _Budget:
    """What is left of the caller's limit, in tokens; None has no limit. False when it is used up."""

    def __init__(self, limit: int | None) -> None:
        self._left = limit
        self.exceeded = False

    def __bool__(self) -> bool:
        return self._left is None or self._left > 0

    def take(self, wanted: Sequence[str]) -> tuple[str, ...]:
        """As many of the pieces as the limit still allows."""
        given = tuple(wanted[: self._left])
        self.exceeded = self.exceeded or len(given) < len(wanted)
        if self._left is not None:
            self._left -= len(given)
        return given


def make_reply(dialect: Dialect, request: ChatRequest, plan: Plan, *, number: int, created: int, cached: int) -> Reply:
    """Cut the plan to the caller's limit and name its parts.

    number   of the request within this simulator; makes the ids differ
    created  Unix time, seconds
    cached   tokens of the prompt that were seen before
    """
    seed = hashlib.sha256(f"{number}".encode()).hexdigest()
    left = _Budget(request.max_tokens)
    reasoning = left.take(pieces(plan.reasoning))
    content = left.take(pieces(plan.content))
    planned = _calls(dialect, request, plan, seed)
    calls = [replace(call, arguments=left.take(call.arguments)) for call in planned if left]
    choices = request.choices if dialect.gives_choices else 1
    cut = left.exceeded or len(calls) < len(planned)
    called = dialect.named_finish if request.names_a_tool else "tool_calls"
    usage = Usage(
        prompt=estimate_prompt(request.messages),
        completion=choices * (len(reasoning) + len(content) + sum(len(call.arguments) for call in calls)),
        reasoning=choices * len(reasoning),
        cached=cached,
    )
    return Reply(
        id=dialect.response_id.format(hex=seed[:32], created=created, millis=created * 1000 + number % 1000),
        created=created,
        model=dialect.reported.format(model=request.body["model"], id=request.model.id),
        reasoning=() if request.hides_reasoning else reasoning,
        content=content,
        calls=tuple(calls),
        finish="length" if cut else plan.finish or (called if calls else "stop"),
        usage=usage,
        begun=request.prefix,
        choices=choices,
    )


def _calls(dialect: Dialect, request: ChatRequest, plan: Plan, seed: str) -> tuple[Call, ...]:
    running = sum(len(message.calls) for message in request.turns)
    return tuple(
        Call(
            index,
            _call_id(dialect, call, index, running, seed),
            call.kind,
            call.name,
            tuple(pieces(call.arguments)),
        )
        for index, call in enumerate(plan.calls)
    )


def _call_id(dialect: Dialect, call: PlannedCall, index: int, running: int, seed: str) -> str:
    if call.id is not None:
        return call.id
    template = dialect.builtin_call_id if call.kind == "builtin_function" else dialect.call_id
    own = hashlib.sha256(f"{seed}/{index}".encode()).hexdigest()
    return template.format(name=call.name.lstrip("$"), index=index, running=running + index, hex=own)
