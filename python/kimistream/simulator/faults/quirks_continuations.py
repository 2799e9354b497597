"""Quirks of answers that the caller has begun: what goes wrong at the joint. Other answers pass unchanged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..values.replies import Reply
from ..values.tokens import pieces

_THOUGHT = "They want me to go on from here. "


def _when_begun(change: Callable[[Reply, str], Reply]) -> Callable[[Reply], Reply]:
    def quirk(reply: Reply) -> Reply:
        return change(reply, reply.begun) if reply.begun else reply

    return quirk


@_when_begun
def echoes(reply: Reply, begun: str) -> Reply:
    """vLLM with `echo`, and gateways that say the whole message again."""
    return replace(reply, content=(*pieces(begun.rstrip()), *reply.content))


@_when_begun
def thinks(reply: Reply, _begun: str) -> Reply:
    """Reasoning under its key, also where it was switched off: Kimi K2.6 may think again about what it has begun."""
    thought = tuple(pieces(_THOUGHT))
    used = replace(reply.usage, reasoning=len(thought), completion=reply.usage.completion + len(thought))
    return replace(reply, reasoning=thought, usage=used)


@_when_begun
def thinks_in_content(reply: Reply, _begun: str) -> Reply:
    """A template that opens a block of thinking for every answer, on a server without a parser for it."""
    return replace(reply, content=("<think>", *pieces(_THOUGHT), "</think>", *reply.content))


@_when_begun
def empty_think(reply: Reply, _begun: str) -> Reply:
    """The block of thinking that a template writes for answers without any."""
    return replace(reply, content=("<think>", "</think>", *reply.content))
