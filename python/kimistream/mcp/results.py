"""What a tool of an MCP server answers, as what a function gives."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from .._requests.media import Image
from .._values.errors import KimiError

if TYPE_CHECKING:
    from mcp import types


class ToolError(KimiError):
    """The server says that the call has failed. In a run the model is told its words."""


def given(result: types.CallToolResult) -> Any:
    """A text, or a list of texts and pictures; the structured result where there is nothing else. What is neither text
    nor picture is named. Raises ToolError for a result that is an error."""
    parts = [_part(block) for block in result.content]
    if result.is_error:
        raise ToolError("\n".join(part for part in parts if isinstance(part, str)) or "the tool says no more than this")
    if not parts and result.structured_content is not None:
        return result.structured_content
    if any(isinstance(part, Image) for part in parts):
        return parts
    return "\n".join(parts)


def _part(block: Any) -> Any:
    if block.type == "text":
        return block.text
    if block.type == "image":
        return _picture(block.data, block.mime_type)
    if block.type == "resource_link":
        return f"{block.name}: {block.uri}"
    if block.type == "resource":
        held = block.resource
        if hasattr(held, "text"):
            return held.text
        if (held.mime_type or "").startswith("image/"):
            return _picture(held.blob, held.mime_type)
        return f"[{held.mime_type or 'a file'} at {held.uri}, which cannot be shown]"
    return f"[{block.type}, {getattr(block, 'mime_type', None) or 'of no kind that is told'}, which cannot be shown]"


def _picture(data: str, mime_type: str) -> Any:
    try:
        return Image(base64.b64decode(data))
    except ValueError:  # InvalidRequestError is one: bytes that are no picture that models read
        return f"[a picture of a kind that cannot be shown: {mime_type}]"
