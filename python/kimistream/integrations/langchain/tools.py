"""Tools of LangChain's as the client takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.utils.function_calling import convert_to_openai_tool

from ..._tools.tool import Tool
from ..requests import loosened


def declared(tools: Sequence[Any], row: dict[str, Any], strict: bool | None) -> list[dict[str, Any]]:
    """The entries of a request's `tools`. `strict` None: as it comes, and as far as the provider of that row can."""
    return loosened([_declared(tool, strict) for tool in tools], row)


def _declared(tool: Any, strict: bool | None) -> dict[str, Any]:
    if isinstance(tool, Tool):
        return tool.schema
    if isinstance(tool, dict) and "type" in tool and isinstance(tool.get("function"), dict):
        return {**tool, "function": dict(tool["function"])}  # Moonshot's own tools among them
    entry: dict[str, Any] = convert_to_openai_tool(tool, strict=strict)
    return entry
