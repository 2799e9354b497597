"""The tools of one request or run, by their names."""

from __future__ import annotations

import functools

from .._values.errors import InvalidRequestError
from .tool import Tool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any


WEB_SEARCH = {"type": "builtin_function", "function": {"name": "$web_search"}}


class Echo:
    """A tool of the provider's own: it does the work itself when its arguments come back as they are
    (platform.kimi.ai/docs/guide/use-web-search)."""

    timeout = None

    def prepare(self, arguments: str) -> Callable[[], str]:
        return lambda: arguments


class ToolSet:
    """`wire`: what is declared, as dicts. `by_name`: those that can be called here. Dicts are the caller's to answer.

    Raises InvalidRequestError for two tools of one name, TypeError for what is none.
    """

    __slots__ = ("by_name", "given", "names", "wire")

    def __init__(self, tools: Iterable[Any] | None, web_search: bool = False) -> None:
        self.wire: list[dict[str, Any]] = []
        self.by_name: dict[str, Tool | Echo] = {}
        self.names: list[str] = []
        if (
            isinstance(tools, (dict, str))
            or not (tools is None or hasattr(tools, "__iter__"))
            or isinstance(tools, type)
        ):
            raise TypeError(f"tools must be a list of tools, not {_described(tools)}: put it into [ ]")
        self.given = list(tools or ())
        for place, tool in enumerate(self.given):
            self._add(tool, place)
        if web_search:
            self.by_name["$web_search"] = Echo()
            if "$web_search" not in self.names:
                self.names.append("$web_search")
                self.wire.append(WEB_SEARCH)

    def _add(self, tool: Any, place: int) -> None:
        made = None if isinstance(tool, dict) or _is_wire(tool) else tool_of(tool, place)
        wire = made.schema if made is not None else tool if isinstance(tool, dict) else _wire_of(tool)
        function = wire.get("function")
        name = function.get("name") if isinstance(function, dict) else None
        if isinstance(name, str):
            if name in self.names:
                raise InvalidRequestError(
                    f"two tools have the name {name!r}, and the model could not tell them apart: "
                    "Tool(..., name=...) renames one"
                )
            self.names.append(name)
            if made is not None:
                self.by_name[name] = made
        self.wire.append(wire)


def tool_of(tool: Any, place: int) -> Tool:
    if isinstance(tool, Tool):
        return tool
    if not callable(tool):
        raise TypeError(
            f"tools[{place}] must be a function, a Tool, a pydantic model or a dict "
            '{"type": "function", "function": {"name": ..., "parameters": {...}}}, not ' + _described(tool)
        )
    try:
        return _of_function(tool)
    except TypeError:  # one that cannot be a key
        return Tool(tool)


@functools.lru_cache(maxsize=256)
def _of_function(function: Any) -> Tool:
    return Tool(function)


def _is_wire(tool: Any) -> bool:
    if isinstance(tool, (type, Tool)):
        return False
    return hasattr(tool, "_to_wire") or hasattr(tool, "model_dump")


def _wire_of(tool: Any) -> dict[str, Any]:
    wire = tool._to_wire() if hasattr(tool, "_to_wire") else tool.model_dump()
    return wire if isinstance(wire, dict) else dict(wire)


def _described(tool: Any) -> str:
    if isinstance(tool, type):
        return f"the class {tool.__name__}"
    return f"the function {tool.__name__}" if hasattr(tool, "__name__") else type(tool).__name__
