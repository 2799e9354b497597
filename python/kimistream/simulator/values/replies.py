"""A finished reply as a value: pieces of one token each, tool calls with their ids, and usage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .usage import Usage


@dataclass(frozen=True)
class Call:
    """A tool call as it goes out: `arguments` in the fragments in which a stream sends it."""

    index: int
    id: str
    kind: str
    name: str
    arguments: tuple[str, ...]

    @property
    def text(self) -> str:
        return "".join(self.arguments)


@dataclass(frozen=True)
class Reply:
    """What goes out, in pieces of one token each. `model` is the name under which the server answers, `begun` the
    beginning that the caller gave: no part of what goes out, None where there was none. It is said `choices` times."""

    id: str
    created: int
    model: str
    reasoning: tuple[str, ...]
    content: tuple[str, ...]
    calls: tuple[Call, ...]
    finish: str
    usage: Usage
    begun: str | None = None
    choices: int = 1

    def head(self, kind: str) -> dict[str, Any]:
        """What every JSON object of this reply begins with; `kind` is its "object"."""
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


def whole_call(call: Call) -> Mapping[str, Any]:
    """A tool call in a body that is not streamed."""
    return {"id": call.id, "type": call.kind, "function": {"name": call.name, "arguments": call.text}}
