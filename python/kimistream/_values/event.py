"""The events of a stream."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .. import _core
    from .message import Finish, Notice, Restarted, ToolCall, Usage

    Event = (
        _core.Text
        | _core.Thinking
        | _core.ToolCallStart
        | _core.ToolCallDelta
        | ToolCall
        | Usage
        | Finish
        | Notice
        | Restarted
    )
