"""`complete` with a schema."""

from __future__ import annotations

from .._tools.tool_set import ToolSet
from .expected import expected_in
from .loop import Limits, Loop
from .prompts import messages_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .. import _core


def structured_loop(core: _core.Client, arguments: tuple[Any, ...], named: dict[str, Any]) -> Loop:
    """What `complete` with a schema does: one answer; calls in it are the caller's to answer."""
    if len(arguments) > 1:
        raise TypeError("complete() takes the prompt by its place, all else by name")
    options = {name: value for name, value in named.items() if value is not None}
    prompt = arguments[0] if arguments else options.pop("prompt", None)
    if prompt is None:
        prompt = options.pop("messages", None)
    expected = expected_in(options, core)
    tools = ToolSet(ToolSet(options.pop("tools", None)).wire)
    return Loop(messages_of(prompt), tools, options, Limits(), whole=True, tells_steps=False, expected=expected)
