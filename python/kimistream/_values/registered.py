"""Tells the core which classes it makes objects of."""

from __future__ import annotations

from .. import _core
from . import completions, errors, headers, message
from .object import Extra, Object
from .passing import OtherName, counterpart

_core.register(
    message=message.Message,
    tool_call=message.ToolCall,
    usage=message.Usage,
    finish=message.Finish,
    notice=message.Notice,
    restarted=message.Restarted,
    headers=headers.Headers,
    make_error=errors.make_error,
    log=errors.log,
    warn=errors.warn,
    object=Object,
    extra=Extra,
    other_name=OtherName,
    counterpart=counterpart,
    completion=completions.ChatCompletion,
    completion_chunk=completions.ChatCompletionChunk,
)

# Fragments of a stream are of these classes; see `object.Kind`.
for fragment, kind in (
    (_core.StreamedChunk, completions.ChatCompletionChunk),
    (_core.StreamedChoice, completions.ChunkChoice),
    (_core.StreamedDelta, completions.ChoiceDelta),
):
    fragment._kind = kind
    fragment.model_fields = Object.__dict__["model_fields"]
