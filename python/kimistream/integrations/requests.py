"""What requests of every framework have in common."""

from __future__ import annotations

from typing import Any

from .._tools.schemas import is_mfjs


def loosened(tools: list[dict[str, Any]], row: dict[str, Any]) -> list[dict[str, Any]]:
    """The entries of a request's `tools` as the provider of that row takes them: where tools are strict unless they say
    otherwise, and a schema goes beyond what a strict one may say, the tool says otherwise."""
    for tool in tools if row["schema"] == "mfjs" else ():
        function = tool.get("function")
        if tool.get("type") != "function" or not isinstance(function, dict) or "strict" in function:
            continue
        if not is_mfjs(function.get("parameters") or {"type": "object"}):
            function["strict"] = False
    return tools


def choice_of(choice: Any, tools: Any) -> Any:
    """`tool_choice` of a request: frameworks also say "any", True and a tool's bare name."""
    if choice is None or choice is False:
        return None
    if choice is True or choice in ("any", "required"):
        return "required"
    names = [tool["function"]["name"] for tool in tools or () if isinstance(tool, dict) and "function" in tool]
    return {"type": "function", "function": {"name": choice}} if choice in names else choice


def ask_forced_without_thinking(options: dict[str, Any]) -> None:
    """Moonshot refuses a forced choice while the model thinks; the caller who left thinking open wants the call."""
    if options.get("tool_choice") not in (None, "auto", "none") and options.get("thinking") is None:
        options["thinking"] = False
