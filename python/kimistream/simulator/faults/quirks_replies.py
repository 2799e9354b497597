"""Quirks of the servers' parsers: what the model said ends up in the wrong place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..values.replies import Call, Reply

# The model's own tokens around a tool call (MoonshotAI/Kimi-K2, docs/tool_call_guidance.md).
_SECTION, _SECTION_END = "<|tool_calls_section_begin|>", "<|tool_calls_section_end|>"
_CALL, _ARGUMENTS, _CALL_END = "<|tool_call_begin|>", "<|tool_call_argument_begin|>", "<|tool_call_end|>"
_FINE = 3  # characters of a piece that is split


def finish(reason: str) -> Callable[[Reply], Reply]:
    def change(reply: Reply) -> Reply:
        return replace(reply, finish=reason)

    return change


def finish_elsewhere(reply: Reply) -> Reply:
    """A gateway that passes the reasons of its upstream on."""
    words = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
    return replace(reply, finish=words.get(reply.finish, reply.finish))


def reasoning_pairs(reply: Reply) -> Reply:
    """Bike4Mind/bike4mind#1089, Bedrock: tags of a gateway's own, round each piece."""
    if not reply.reasoning:
        return reply
    pieces = tuple(f"<reasoning>{piece}</reasoning>" for piece in reply.reasoning)
    return replace(reply, reasoning=(), content=(*pieces, *reply.content), usage=replace(reply.usage, reasoning=0))


def tags_in_reasoning(reply: Reply) -> Reply:
    return replace(reply, reasoning=("<think>", *reply.reasoning, "</think>")) if reply.reasoning else reply


def think_in_content(reply: Reply) -> Reply:
    return _inline(reply, ("<think>",))


def think_closed_in_content(reply: Reply) -> Reply:
    """The opening tag is part of the prompt, so that only the closing one is seen; and nothing counts the reasoning."""
    return _inline(reply, ())


def _inline(reply: Reply, opening: tuple[str, ...]) -> Reply:
    if not reply.reasoning:
        return reply
    content = (*opening, *reply.reasoning, "</think>", *reply.content)
    return replace(reply, reasoning=(), content=content, usage=replace(reply.usage, reasoning=0))


def markup_in_content(reply: Reply) -> Reply:
    return _without_calls(replace(reply, content=(*reply.content, *_markup(reply, section=True))))


def markup_in_reasoning(reply: Reply) -> Reply:
    return _without_calls(replace(reply, reasoning=(*reply.reasoning, *_markup(reply, section=True))))


def markup_without_section(reply: Reply) -> Reply:
    return _without_calls(replace(reply, content=(*reply.content, *_markup(reply, section=False))))


def _markup(reply: Reply, *, section: bool) -> tuple[str, ...]:
    if not reply.calls:
        return ()
    said = [piece for call in reply.calls for piece in _call_markup(call)]
    return (_SECTION, *said, _SECTION_END) if section else tuple(said)


def _call_markup(call: Call) -> tuple[str, ...]:
    return (_CALL, f" functions.{call.name}:{call.index} ", _ARGUMENTS, " ", *call.arguments, " ", _CALL_END)


def _without_calls(reply: Reply) -> Reply:
    return replace(reply, calls=(), finish="stop" if reply.finish == "tool_calls" else reply.finish)


def think_only(reply: Reply) -> Reply:
    """Kimi-K2 issue 128: the turn ends with the reasoning."""
    return replace(reply, content=(), calls=(), finish="stop")


def fine_pieces(reply: Reply) -> Reply:
    """Every text in fragments so small that tags and markers are torn."""
    calls = tuple(replace(call, arguments=_fine(call.arguments)) for call in reply.calls)
    return replace(reply, reasoning=_fine(reply.reasoning), content=_fine(reply.content), calls=calls)


def _fine(pieces: tuple[str, ...]) -> tuple[str, ...]:
    text = "".join(pieces)
    return tuple(text[start : start + _FINE] for start in range(0, len(text), _FINE))


def one_piece(reply: Reply) -> Reply:
    calls = tuple(replace(call, arguments=_joined(call.arguments)) for call in reply.calls)
    return replace(reply, reasoning=_joined(reply.reasoning), content=_joined(reply.content), calls=calls)


def _joined(pieces: tuple[str, ...]) -> tuple[str, ...]:
    return ("".join(pieces),) if pieces else ()


def garbage_arguments(reply: Reply) -> Reply:
    """Moonshot's repetition fault: text behind complete JSON."""
    return _with_arguments(reply, lambda arguments: (*arguments, "自然科学}"))


def trailing_space_arguments(reply: Reply) -> Reply:
    return _with_arguments(reply, lambda arguments: (*arguments, "  "))


def empty_arguments(reply: Reply) -> Reply:
    return _with_arguments(reply, lambda _: ())


def same_ids(reply: Reply) -> Reply:
    return replace(reply, calls=tuple(replace(call, id=f"functions.{call.name}:0") for call in reply.calls))


def odd_ids(reply: Reply) -> Reply:
    """vLLM issue 38441: blanks and a line break in the id."""
    return replace(reply, calls=tuple(replace(call, id=f" {call.id}\n") for call in reply.calls))


def _with_arguments(reply: Reply, change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Reply:
    return replace(reply, calls=tuple(replace(call, arguments=change(call.arguments)) for call in reply.calls))
