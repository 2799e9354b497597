"""What a dialect is: everything in which servers of Kimi differ, as fields with the usual behaviour for a default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..refusing.checks import Check
from ..values.failures import Failure
from ..values.models import SELF_HOSTED, Model
from ..values.reasoning import as_text
from ..values.terms import Terms
from ..values.usage import UsageKey
from .translate import unchanged

_UNKNOWN = Failure(404, "resource_not_found_error", "Not found the model {model} or Permission denied")


@dataclass(frozen=True)
class Dialect(Terms):
    """How one kind of server speaks; `Terms` has how it reads. Templates give the keys in their order,
    with the value that each has when unset.

    Where it is and who may ask:
    path, chat_path     where the API lives on the server; a part in braces stands for any one segment
    models_path         "" where models cannot be listed
    endpoints           which of "balance", "batches", "estimate", "files" it has besides
    keys                headers of which one must carry the key, as templates of {key}; none: any key is taken, and none
    needed_header       a request without it is refused; "" where none is needed
    max_body            bytes of a request; more is refused with failures["413"]
    max_message_bytes   the same with a refusal of its own, `too_large`; 0 where there is none

    What it takes:
    models              model by the name that is asked for; empty: every name is answered, as models.SELF_HOSTED
    other_names         pattern of further names, which mean the first model
    unknown_model       refusal of others; {model} in its sentence is the name
    translate           makes chat completions of what came
    checks              what it refuses, in this order
    images, videos      kinds of address that each may have

    What it answers:
    protocol            how requests are answered, a key of PROTOCOLS: "chat" completions, or "messages"
    error_event         the name of an error's event in a stream; "" where events have none
    listed              rows of the list of models, and `list_body`, the object around them
    reported            the model's name in answers; {model} is the name that was asked for, {id} the model's own
    reasoning           key of the reasoning in messages and deltas
    reasoning_shape     what a piece of reasoning becomes: (key, text) -> the keys that carry it
    closes_reasoning    an empty reasoning delta follows the last one
    response_id         {hex} is 32 hexadecimal digits, {created} and {millis} the time
    call_id             {name}; {index} within the turn; {running} over the conversation; {hex}
    gives_choices       `n` answers to a request; else one, whatever n says
    named_finish        finish reason of a call that tool_choice named
    usage               default place, a key of USAGE_PLACES; usage_always: also unasked
    usage_keys          how usage is written; usage_beside: template of what stands beside it, filled with its counters
    id_headers          response headers that name the request; {hex} and {uuid}
    reply_headers       headers of an answer, {id}; body_headers: of one that is not streamed, usage counters
    echoes              request headers that come back where their value fits the pattern
    cache_header        response header with the number of cached tokens, sent on a hit; "" where there is none
    opening, padding    comments before a stream, bytes before a body, each a write of its own
    comments            a comment in the stream after every so many frames (comment, frames); 0 for none
    chunk, choice       frames of a stream; finish_chunk, finish_choice where the last ones differ
    first_delta         None: no frame of its own says that the answer begins
    delta, call_delta   every delta has these keys; those with tool calls have call_delta over them
    finish_delta        delta of the finish frame; usage_delta: of a frame that repeats the finish reason
    call_start, call_next, call_end   first, later and closing fragment of a streamed tool call; None: no closing one
    quirks              names in quirks.QUIRKS that are always on
    failures            this server's own way to say what errors.FAILURES has under the same name
    error, stream_error envelopes of a refusal and of an error within a stream
    error_types, error_codes   the dialect's own type names and codes by status
    done_after_error    [DONE] also follows an error within a stream
    """

    path: str = "/v1"
    chat_path: str = "/chat/completions"
    models_path: str = "/models"
    endpoints: frozenset[str] = frozenset()
    keys: Mapping[str, str] = field(default_factory=lambda: {"Authorization": "Bearer {key}"})
    needed_header: str = ""
    max_body: int = 1 << 30
    max_message_bytes: int = 0
    too_large: str = ""

    models: Mapping[str, Model] = field(default_factory=dict)
    other_names: str = ""
    unknown_model: Failure = _UNKNOWN
    translate: Callable[[Any], Any] = unchanged
    checks: tuple[Check, ...] = ()
    images: frozenset[str] = frozenset({"data", "http", "https"})
    videos: frozenset[str] = frozenset({"data", "http", "https"})

    protocol: str = "chat"
    error_event: str = ""
    listed: Callable[[], list[dict[str, Any]]] = lambda: [SELF_HOSTED.row("simulator")]
    list_body: Mapping[str, Any] = field(default_factory=lambda: {"object": "list", "data": None})
    reported: str = "{model}"
    reasoning: str = "reasoning_content"
    reasoning_shape: Callable[[str, str], dict[str, Any]] = as_text
    closes_reasoning: bool = False
    response_id: str = "chatcmpl-{hex:.24}"
    call_id: str = "call_{hex:.24}"
    builtin_call_id: str = "call_{hex:.24}"
    gives_choices: bool = False
    named_finish: str = "tool_calls"
    usage: str = "empty"
    usage_always: bool = False
    usage_keys: tuple[UsageKey, ...] = ()
    usage_beside: Mapping[str, Any] = field(default_factory=dict)
    id_headers: Mapping[str, str] = field(default_factory=lambda: {"X-Request-Id": "{uuid}"})
    reply_headers: Mapping[str, str] = field(default_factory=dict)
    body_headers: Mapping[str, str] = field(default_factory=dict)
    echoes: Mapping[str, str] = field(default_factory=dict)
    cache_header: str = ""
    opening: tuple[str, ...] = ()
    padding: tuple[bytes, ...] = ()
    comments: tuple[str, int] = ("", 0)
    chunk: Mapping[str, Any] = field(default_factory=dict)
    choice: Mapping[str, Any] = field(default_factory=dict)
    finish_chunk: Mapping[str, Any] | None = None
    finish_choice: Mapping[str, Any] | None = None
    first_delta: Mapping[str, Any] | None = field(default_factory=lambda: {"role": "assistant", "content": ""})
    delta: Mapping[str, Any] = field(default_factory=dict)
    call_delta: Mapping[str, Any] = field(default_factory=dict)
    finish_delta: Mapping[str, Any] = field(default_factory=dict)
    usage_delta: Mapping[str, Any] = field(default_factory=dict)
    call_start: Mapping[str, Any] = field(default_factory=dict)
    call_next: Mapping[str, Any] = field(default_factory=dict)
    call_end: Mapping[str, Any] | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    body_choice: Mapping[str, Any] = field(default_factory=dict)
    message: Mapping[str, Any] = field(default_factory=dict)
    quirks: tuple[str, ...] = ()
    failures: Mapping[str, Failure] = field(default_factory=dict)
    error: Mapping[str, Any] = field(default_factory=dict)
    stream_error: Mapping[str, Any] = field(default_factory=dict)
    error_types: Mapping[int, str] = field(default_factory=dict)
    error_codes: Mapping[int, Any] = field(default_factory=dict)
    done_after_error: bool = True
