"""Functions as tools: their schemas, their arguments, their results. What makes them is not imported before a function
is used as one."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def declared(tools: Any) -> Any:
    """The tools of a request as the core takes them: functions and models as what they declare."""
    if isinstance(tools, (str, dict)) or not hasattr(tools, "__iter__") or isinstance(tools, type):
        return tools  # the core says what is wrong
    tools = tools if isinstance(tools, (list, tuple)) else list(tools)
    if all(isinstance(tool, dict) for tool in tools):
        return tools
    from .tool_set import ToolSet

    return ToolSet(tools).wire
