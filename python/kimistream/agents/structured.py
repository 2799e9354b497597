"""`complete` and `stream` with a schema."""

from __future__ import annotations

from .._requests.prompts import messages_of
from .._tools.objects import Objects
from .._tools.tool_set import ToolSet
from .expected import expected_in
from .loop import Limits, Loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._clients.base import BaseClient


def structured_loop(client: BaseClient, arguments: tuple[Any, ...], named: dict[str, Any], whole: bool) -> Loop:
    """One answer that follows a schema; calls in it are the caller's to answer."""
    if len(arguments) > 1:
        raise TypeError("the prompt stands by its place, all else by name")
    options = {name: value for name, value in named.items() if value is not None}
    prompt = arguments[0] if arguments else options.pop("prompt", None)
    if prompt is None:
        prompt = options.pop("messages", None)
    expected = expected_in(options, client)
    tools = ToolSet(ToolSet(options.pop("tools", None)).wire)
    return Loop(messages_of(prompt), tools, options, Limits(), whole=whole, tells_steps=False, expected=expected)


def objects_of(loop: Loop) -> Objects:
    """What grows in the answers of a turn."""
    return Objects(lambda: loop.message, None if loop.expected is None else loop.expected.schema)
