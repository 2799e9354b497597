"""Tells the core which classes it makes objects of."""

from __future__ import annotations

from .. import _core
from . import completions, errors, headers, message
from .object import Object

_core.register(
    message=message.Message,
    tool_call=message.ToolCall,
    usage=message.Usage,
    finish=message.Finish,
    notice=message.Notice,
    headers=headers.Headers,
    make_error=errors.make_error,
    log=errors.log,
    warn=errors.warn,
    object=Object,
    completion=completions.ChatCompletion,
    completion_chunk=completions.ChatCompletionChunk,
)
