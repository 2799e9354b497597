"""Defects and habits of servers, by name: each can be switched on for any dialect, alone or with others.

They were all met somewhere: in recorded streams, in issues of the servers, in the work-arounds of other clients. A
reader of streams has to survive every one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..values.frame import Frame, Sent, encode
from ..values.replies import Reply
from . import quirks_bytes as written
from . import quirks_calls as calls
from . import quirks_continuations as joint
from . import quirks_errors as broken
from . import quirks_frames as framed
from . import quirks_replies as said
from .quirks_bytes import Writing
from .quirks_frames import Stage

if TYPE_CHECKING:
    from ..dialects.dialect import Dialect


@dataclass(frozen=True)
class Quirk:
    """One quirk: what it does to the reply, to the frames of its stream, to their bytes, or to the response.

    json_body     a JSON body although a stream was asked for
    content_type  of streams; "" is the right one
    gzip          streams are compressed, also for those who did not offer to read that
    padding       written before a JSON body
    """

    name: str
    about: str
    reply: Callable[[Reply], Reply] | None = None
    frames: Stage | None = None
    writing: Writing | None = None
    json_body: bool = False
    content_type: str = ""
    gzip: bool = False
    padding: tuple[bytes, ...] = ()


_CONTENT = ("reasoning", "content", "start")

QUIRKS: Mapping[str, Quirk] = {
    quirk.name: quirk
    for quirk in (
        # how it ends
        Quirk("no-done", "the end marker never comes ([DONE], message_stop)", frames=framed.without("done")),
        Quirk("no-finish", "no finish reason ever comes", frames=framed.no_finish),
        Quirk("done-marker", "one more [DONE] at the end", frames=framed.done_marker),
        Quirk("text-after-done", "an event that is no JSON behind the end", frames=framed.each(framed.text_after_done)),
        Quirk("finish-empty", 'the finish reason is ""', said.finish("")),
        Quirk("finish-unknown", "the finish reason is unexpected_state", said.finish("unexpected_state")),
        Quirk("finish-stop", "the finish reason is stop, also after tool calls", said.finish("stop")),
        Quirk("finish-tool-calls", "the finish reason is tool_calls, also without any", said.finish("tool_calls")),
        Quirk("finish-content-filter", "the finish reason is content_filter", said.finish("content_filter")),
        Quirk("finish-abort", "the finish reason is abort", said.finish("abort")),
        Quirk("finish-error", "the finish reason is error", said.finish("error")),
        # where reasoning, text and tool calls end up
        Quirk("think-in-content", "<think>...</think> inside the content", said.think_in_content),
        Quirk(
            "think-closed-in-content", "reasoning in the content, up to a lone </think>", said.think_closed_in_content
        ),
        Quirk("think-only", "the turn ends with the reasoning", said.think_only),
        Quirk("markup-in-content", "tool calls as the model's own tokens in the content", said.markup_in_content),
        Quirk("markup-in-reasoning", "tool calls as the model's own tokens in the reasoning", said.markup_in_reasoning),
        Quirk(
            "markup-without-section", "as markup-in-content, without the section around", said.markup_without_section
        ),
        Quirk("fine-pieces", "fragments of three characters: tags and markers are torn", said.fine_pieces),
        Quirk("one-piece", "each text, and each call's arguments, in one fragment", said.one_piece),
        Quirk(
            "other-reasoning-key",
            "reasoning under the other of its two keys",
            frames=framed.on_choice(framed.other_reasoning_key),
        ),
        Quirk(
            "both-reasoning-keys",
            "reasoning under both keys at once",
            frames=framed.on_choice(framed.both_reasoning_keys),
        ),
        Quirk(
            "reasoning-details-only",
            "reasoning in reasoning_details and nowhere else",
            frames=framed.on_choice(framed.reasoning_details),
        ),
        # deltas
        Quirk("null-delta", "a first frame whose delta is null", frames=framed.null_delta),
        Quirk("nulls", "every delta has all keys, null where unset", frames=framed.on_choice(framed.nulls)),
        Quirk("empty-choices-first", "a first frame without choices", frames=framed.empty_choices_first),
        Quirk(
            "empty-tool-calls",
            "tool_calls: [] beside text",
            frames=framed.on_choice(framed.empty_tool_calls, *_CONTENT),
        ),
        Quirk(
            "empty-content", 'content: "" beside reasoning', frames=framed.on_choice(framed.empty_content, "reasoning")
        ),
        Quirk("role-everywhere", "the role on every frame", frames=framed.on_choice(framed.role_everywhere)),
        Quirk("no-role", "the role on no frame", frames=framed.on_choice(framed.no_role)),
        Quirk("changing-ids", "every frame has an id of its own", frames=framed.changing_ids),
        Quirk("extra-frame", "a frame with neither choices nor error", frames=framed.each(framed.extra_frame)),
        Quirk("split-surrogates", "text beyond the basic plane in halves", frames=framed.each(framed.surrogates)),
        Quirk("signed-thinking", "messages protocol: an empty signature", frames=framed.each(framed.signed_thinking)),
        # tool calls
        Quirk("call-no-index", "fragments of tool calls have no index", frames=calls.fragments(calls.no_index)),
        Quirk("call-text-index", "the index is a text", frames=calls.fragments(calls.text_index)),
        Quirk("call-index-from-one", "the first call has index 1", frames=calls.fragments(calls.index_from_one)),
        Quirk("call-same-index", "all calls have index 0", frames=calls.fragments(calls.same_index)),
        Quirk("call-no-id", "calls have no id", frames=calls.fragments(calls.no_id)),
        Quirk("call-same-ids", "calls of one tool share an id", said.same_ids),
        Quirk("call-odd-ids", "ids with blanks and line breaks", said.odd_ids),
        Quirk("call-late-name", "the name comes after arguments", frames=calls.calls(calls.late_names)),
        Quirk("call-late-id", "the id comes after arguments", frames=calls.calls(calls.late_ids)),
        Quirk("call-repeated-head", "id and name on every fragment", frames=calls.fragments(calls.repeated_head)),
        Quirk("call-null-heads", "id, type and name null on later fragments", frames=calls.fragments(calls.null_heads)),
        Quirk("call-null-arguments", "the first arguments are null", frames=calls.fragments(calls.null_arguments)),
        Quirk("call-null-end", "a last fragment of nulls closes each call", frames=calls.calls(calls.null_end)),
        Quirk("call-whole", "a call in one fragment", frames=calls.calls(calls.whole)),
        Quirk("call-two-in-one", "a frame with two entries for one call", frames=calls.calls(calls.two_in_one)),
        Quirk("call-interleaved", "parallel calls take turns", frames=calls.calls(calls.interleaved)),
        Quirk("call-object-arguments", "arguments are an object, no text", frames=calls.calls(calls.object_arguments)),
        Quirk("call-empty-arguments", 'arguments are ""', said.empty_arguments),
        Quirk("call-garbage", "text behind complete arguments", said.garbage_arguments),
        Quirk("call-trailing-space", "blanks behind complete arguments", said.trailing_space_arguments),
        # answers that the caller has begun
        Quirk("continuation-echoes", "a continuation repeats what it goes on from", joint.echoes),
        Quirk("continuation-thinks", "a continuation brings reasoning all the same", joint.thinks),
        Quirk("continuation-think-tags", "a continuation begins with <think>...</think>", joint.thinks_in_content),
        Quirk("continuation-empty-think", "a continuation begins with <think></think>", joint.empty_think),
        # usage
        Quirk("continuous-usage", "usage so far on every frame", frames=framed.continuous_usage),
        Quirk("null-usage", "usage: null on every frame that has none", frames=framed.each(framed.null_usage)),
        Quirk("zero-usage", "a last usage that is all zero", frames=framed.zero_usage),
        # errors
        Quirk("error-frame", "the dialect's error frame after three frames", frames=broken.dialects_own),
        Quirk("error-frame-flat", "the same as {object: error, ...}", frames=broken.flat),
        Quirk("error-frame-text", 'the same as {"error": "text"}', frames=broken.text),
        Quirk("error-frame-code", "the same as {code, message}, without the word error", frames=broken.flat_code),
        Quirk("error-frame-gateway", "the same as a gateway's stream_error", frames=broken.gateway_type),
        Quirk(
            "error-field",
            "the same in an SSE field named error",
            frames=broken.flat_code,
            writing=written.each(broken.as_field),
        ),
        Quirk(
            "error-line",
            "the same as a last line of bare JSON",
            frames=broken.last_line,
            writing=written.each(broken.without_field),
        ),
        Quirk("error-in-open-event", "the same as a line of an event cut short", frames=broken.in_open_event),
        Quirk("cut-with-done", "three frames, then [DONE]: a gateway whose upstream died", frames=broken.cut_with_done),
        # the line
        Quirk("glued-frames", "two frames in one event, the first cut short", frames=framed.glued),
        Quirk(
            "comments-as-data",
            "comments of an upstream, passed on as data",
            frames=framed.each(framed.comments_as_data),
        ),
        Quirk("comments", "a comment before every event", frames=framed.each(framed.comments)),
        Quirk("many-data-lines", "JSON over many data lines", frames=framed.each(framed.many_data_lines)),
        Quirk("no-event-names", "messages protocol: no event lines", frames=framed.each(framed.no_event_names)),
        Quirk("no-types", "messages protocol: the event line alone says it", frames=framed.each(framed.no_types)),
        Quirk("crlf", "lines end with CR LF", writing=written.each(written.crlf)),
        Quirk("cr", "lines end with CR", writing=written.each(written.cr)),
        Quirk("no-blank-lines", "no blank line between events", writing=written.each(written.no_blank_line)),
        Quirk("no-space", "no blank after data:", writing=written.each(written.no_space)),
        Quirk("other-fields", "id, retry and unknown fields", writing=written.each(written.other_fields)),
        Quirk("bom", "a byte order mark before the stream", writing=written.bom),
        Quirk("no-last-blank-line", "the stream ends with the last event's data", writing=written.no_last_blank_line),
        Quirk("byte-by-byte", "a write for each byte", writing=written.byte_by_byte),
        Quirk("one-write", "the whole stream in one write", writing=written.one_write),
        # the response
        Quirk("json-body", "a JSON body although a stream was asked for", json_body=True),
        Quirk("plain-text", "streams are text/plain", content_type="text/plain"),
        Quirk("labelled-json", "streams are application/json", content_type="application/json"),
        Quirk("gzip", "streams are compressed, asked or not", gzip=True),
        Quirk("padded-body", "blank lines before a JSON body", padding=(b"\n         \n", b"\n         \n")),
    )
}


def find_quirks(names: Iterable[str]) -> tuple[Quirk, ...]:
    """The quirks of these names, each once. ValueError for a name that there is not."""
    unknown = [name for name in names if name not in QUIRKS]
    if unknown:
        raise ValueError(f"unknown quirk {unknown[0]!r}: one of {', '.join(QUIRKS)}")
    return tuple(QUIRKS[name] for name in dict.fromkeys(names))


def quirky_reply(reply: Reply, quirks: tuple[Quirk, ...]) -> Reply:
    for quirk in quirks:
        reply = quirk.reply(reply) if quirk.reply else reply
    return reply


def quirky_stream(frames: Iterator[Frame], reply: Reply, dialect: Dialect, quirks: tuple[Quirk, ...]) -> Iterator[Sent]:
    """The bytes of a stream. Changes are made in the order of the quirks, and those of bytes after those of frames."""
    for quirk in quirks:
        frames = quirk.frames(frames, reply, dialect) if quirk.frames else frames
    return quirky_bytes(frames, quirks)


def quirky_bytes(frames: Iterator[Frame], quirks: tuple[Quirk, ...]) -> Iterator[Sent]:
    events: Iterator[Sent] = map(encode, frames)
    for quirk in quirks:
        events = quirk.writing(events) if quirk.writing else events
    return events
