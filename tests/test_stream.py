"""The native shape: events in their order, the message that they make, and how an answer ends."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest
from fault_server_client import FaultServer
from kit import (
    DONE,
    KEY,
    USAGE,
    Script,
    answer,
    call_frame,
    completion,
    cut,
    event,
    frame,
    kimi,
    sent,
    stalled,
    stream_of,
)

import kimistream
from kimistream import (
    AsyncKimi,
    Finish,
    IncompleteStreamError,
    Kimi,
    Message,
    Text,
    Thinking,
    ToolCall,
    ToolCallDelta,
    ToolCallStart,
    Usage,
)

THINKING = [
    frame("", role="assistant"),
    frame(reasoning_content="Let me "),
    frame(reasoning_content="think."),
    frame("The "),
    frame("answer."),
    frame(
        finish_reason="stop", usage={**USAGE, "cached_tokens": 4, "completion_tokens_details": {"reasoning_tokens": 7}}
    ),
    DONE,
]
TOOLS = [
    frame("", role="assistant"),
    frame("I look."),
    call_frame(0, "call_1", "get_weather", "", type="function"),
    call_frame(0, arguments='{"city":'),
    call_frame(1, "call_2", "get_time", '{"zone"', type="function"),
    call_frame(0, arguments='"Tokyo"}'),
    call_frame(1, arguments=':"JST"}'),
    frame(finish_reason="tool_calls", usage=USAGE),
    DONE,
]


def read(server: FaultServer, frames: list[bytes], **options: Any) -> tuple[list[Any], kimistream.Stream]:
    stream = kimi(server.url(Script().event_stream(frames)), **options).stream("hi")
    return list(stream), stream


@pytest.mark.parametrize("method", ["stream", "complete"])
@pytest.mark.parametrize("client_type", [Kimi, AsyncKimi])
def test_signatures(client_type: Any, method: str) -> None:
    parameters = list(inspect.signature(getattr(client_type, method)).parameters.values())[1:]
    assert parameters[0].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    names = [p.name for p in parameters[1:] if p.kind is inspect.Parameter.KEYWORD_ONLY]
    wanted = [
        "model",
        "system",
        "thinking",
        "tools",
        "tool_choice",
        "max_tokens",
        "timeout",
        "extra_body",
        "extra_headers",
    ]
    assert [name for name in names if name in wanted] == wanted
    assert parameters[-1].kind is inspect.Parameter.VAR_KEYWORD


def test_events_in_their_order(fault_server: FaultServer) -> None:
    events, stream = read(fault_server, THINKING)
    usage = Usage(12, 10, 22, 4, 7)
    assert events == [
        Thinking("Let me "), Thinking("think."), Text("The "), Text("answer."), usage, Finish("stop")
    ]  # fmt: skip
    assert [each.type for each in events] == ["thinking", "thinking", "text", "text", "usage", "finish"]
    assert stream.usage == usage
    assert list(stream) == []  # over, for ever
    assert next(stream, None) is None


def test_events_of_tool_calls(fault_server: FaultServer) -> None:
    events, stream = read(fault_server, TOOLS)
    first = ToolCall(0, "call_1", "get_weather", '{"city":"Tokyo"}')
    second = ToolCall(1, "call_2", "get_time", '{"zone":"JST"}')
    assert events == [
        Text("I look."),
        ToolCallStart(0, "call_1", "get_weather"),
        ToolCallDelta(0, '{"city":'),
        ToolCallStart(1, "call_2", "get_time"),
        ToolCallDelta(1, '{"zone"'),
        ToolCallDelta(0, '"Tokyo"}'),
        ToolCallDelta(1, ':"JST"}'),
        Usage(12, 10, 22),
        first,
        second,
        Finish("tool_calls"),
    ]
    assert [each.type for each in events[1:3]] == ["tool_call_start", "tool_call_delta"]
    assert events[-2].type == "tool_call"
    assert (first.index, first.id, first.name, first.parse(), first.complete) == (
        0,
        "call_1",
        "get_weather",
        {"city": "Tokyo"},
        True,
    )
    assert (first.function.name, first.function.arguments) == ("get_weather", '{"city":"Tokyo"}')
    assert stream.message.tool_calls == [first, second]


def test_fragments_are_never_merged(fault_server: FaultServer) -> None:
    texts = [chr(0x4E00 + i) for i in range(200)]
    body = b"".join(answer(*texts))
    script = Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True).chunk(body).last_chunk().keep()
    stream = kimi(fault_server.url(script)).stream("hi")
    assert list(stream.text) == texts


def test_the_message(fault_server: FaultServer) -> None:
    script = Script().event_stream(THINKING, headers={"Msh-Request-Id": "req-77"})
    stream = kimi(fault_server.url(script)).stream("hi")
    message = stream.message
    assert isinstance(message, Message)
    assert (message.role, message.content, message.text) == ("assistant", "The answer.", "The answer.")
    assert message.reasoning == message.reasoning_content == "Let me think."
    assert (message.tool_calls, message.finish_reason, message.warnings, message.resumed) == ([], "stop", [], 0)
    assert (message.id, message.model, message.request_id) == ("chatcmpl-test", "kimi-k2.6", "req-77")
    assert message.usage == stream.usage
    usage = message.usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (12, 10, 22)
    assert (usage.cached_tokens, usage.reasoning_tokens) == (4, 7)
    assert message.cost == usage.cost > 0
    assert stream.message == message  # any number of times
    assert (stream.request_id, stream.status_code) == ("req-77", 200)
    assert stream.headers["MSH-request-ID"] == stream.headers["msh-request-id"] == "req-77"
    assert "msh-REQUEST-id" in stream.headers
    assert stream.headers.get("x-missing") is None


@pytest.mark.parametrize(
    ("body", "content", "text"),
    [({"content": ""}, "", ""), ({"content": None, "reasoning_content": "hm"}, None, ""), ({"content": "x"}, "x", "x")],
)
def test_absent_null_and_empty_content(
    body: dict[str, Any], content: Any, text: str, fault_server: FaultServer
) -> None:
    message = kimi(fault_server.url(Script().json(200, completion(**body)))).complete("hi")
    assert (message.content, message.text) == (content, text)


def test_complete(fault_server: FaultServer) -> None:
    calls = [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}]
    body = completion(None, reasoning_content="Hm.", tool_calls=calls)
    body["choices"][0]["finish_reason"] = "tool_calls"
    url = fault_server.url(Script().json(200, body, {"Msh-Request-Id": "req-5"}))
    message = kimi(url).complete("hi")
    assert (message.content, message.reasoning, message.finish_reason) == (None, "Hm.", "tool_calls")
    assert message.tool_calls == [ToolCall(0, "c1", "f", '{"a":1}')]
    assert (message.usage, message.request_id) == (Usage(12, 10, 22), "req-5")
    assert "stream" not in sent(fault_server, url)


def test_text_and_thinking(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().event_stream(THINKING))
    assert list(kimi(url).stream("hi").text) == ["The ", "answer."]
    stream = kimi(url).stream("hi")
    assert list(stream.thinking) == ["Let me ", "think."]
    assert list(stream.text) == ["The ", "answer."]  # the answer stayed to be read
    assert stream.message.reasoning == "Let me think."
    stream = kimi(url).stream("hi")
    next(iter(stream))
    assert [each.text for each in [next(stream), next(stream)]] == ["think.", "The "]
    assert list(stream.thinking) == []
    assert stream.message.content == "The answer."


def test_message_after_a_part_was_read(fault_server: FaultServer) -> None:
    stream = kimi(fault_server.url(Script().event_stream(THINKING))).stream("hi")
    assert next(stream).type == "thinking"
    assert stream.message.reasoning == "Let me think."


def test_partial_is_what_has_come_so_far(fault_server: FaultServer) -> None:
    frames = [frame("", role="assistant"), frame("One "), frame("two "), call_frame(0, "c", "f", '{"a')]
    script = Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True).chunk(b"".join(frames)).stall()
    with kimi(fault_server.url(script)).stream("hi") as stream:
        assert next(stream) == Text("One ")
        for each in stream:
            if each.type == "tool_call_delta":
                break
        partial = stream.partial
        assert partial is not None
        assert (partial.content, partial.finish_reason) == ("One two ", None)
        assert [(call.arguments, call.complete) for call in partial.tool_calls] == [('{"a', False)]
    assert stream.partial == partial  # kept


def test_partial_is_none_when_nothing_has_come(fault_server: FaultServer) -> None:
    stream = kimi(fault_server.url(stalled(frame("", role="assistant")))).stream("hi")
    assert stream.partial is None
    stream.close()
    assert stream.partial is None
    assert stream.usage is None


def test_what_has_come_may_be_more_than_what_was_read(fault_server: FaultServer) -> None:
    body = b"".join([frame("One "), frame("two"), frame("!")])
    with kimi(fault_server.url(stalled(body))).stream("hi") as stream:
        assert next(stream) == Text("One ")
    assert stream.partial is not None
    assert stream.partial.text == "One two!"  # kept, though nobody had read it


# ---- the end ---------------------------------------------------------------------------------------------------------


def codes(message: Message) -> list[str]:
    return [notice.code for notice in message.warnings]


@pytest.mark.parametrize("late", [0, 20])
def test_finish_reason_and_nothing_more(late: float, fault_server: FaultServer) -> None:
    """A finish reason makes it complete; usage and end marker that did not come are warnings."""
    script = Script().event_stream(answer("x", usage=None, done=False), late_ms=late)
    message = kimi(fault_server.url(script)).stream("hi").message
    assert (message.text, message.finish_reason, message.usage) == ("x", "stop", None)
    assert codes(message) == ["missing_end_marker", "missing_usage"]


def test_finish_reason_then_a_cut(fault_server: FaultServer) -> None:
    message = kimi(fault_server.url(cut(*answer("x", done=False)))).stream("hi").message
    assert (message.finish_reason, codes(message)) == ("stop", ["missing_end_marker"])


def test_finish_reason_then_silence(fault_server: FaultServer) -> None:
    script = Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True)
    for each in answer("x", done=False):
        script.chunk(each)
    url = fault_server.url(script.wait_close())
    message = kimi(url).stream("hi").message
    assert (message.finish_reason, codes(message)) == ("stop", ["missing_end_marker"])
    fault_server.wait_closed(url=url)  # by the client, long before the idle limit of minutes


@pytest.mark.parametrize("frames", [[], [frame("", role="assistant")], answer("One ", "two", finish=None, done=False)])
@pytest.mark.parametrize("how", ["ended", "cut", "reset"])
def test_neither_finish_reason_nor_end_marker(how: str, frames: list[bytes], fault_server: FaultServer) -> None:
    script = Script().event_stream(frames)
    if how != "ended":
        script = (
            Script()
            .head(200, {"Content-Type": "text/event-stream"}, chunked=True)
            .send(b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in frames))
        )
        script = script.close() if how == "cut" else script.reset()
    stream = kimi(fault_server.url(script)).stream("hi")
    with pytest.raises(IncompleteStreamError) as caught:
        list(stream)
    error = caught.value
    assert error.status_code == 200
    if len(frames) < 3:
        assert error.partial is None
    else:
        assert error.partial is not None
        assert (error.partial.content, error.partial.finish_reason) == ("One two", None)
        assert error.partial == stream.partial
    with pytest.raises(IncompleteStreamError):  # said again by whoever asks again
        _ = stream.message


def test_what_came_is_delivered_before_the_error(fault_server: FaultServer) -> None:
    stream = kimi(fault_server.url(cut(*answer("One ", "two", finish=None, done=False)))).stream("hi")
    got: list[Any] = []
    with pytest.raises(IncompleteStreamError):
        got.extend(stream)
    assert got == [Text("One "), Text("two")]


def test_end_marker_without_finish_reason(fault_server: FaultServer) -> None:
    """It proves nothing, unless the row says that it stands for one."""
    with pytest.raises(IncompleteStreamError) as broken:
        read(fault_server, answer("x", finish=None))
    assert broken.value.partial is not None
    assert (broken.value.partial.text, broken.value.partial.finish_reason) == ("x", None)
    marks = {"name": "test-marker-completes", "inherits": "moonshot", "end_marker_completes": True}
    events, stream = read(fault_server, answer("x", finish=None), provider=marks)
    assert [each.type for each in events] == ["text", "notice", "finish", "notice"]
    assert events[2] == Finish("stop")
    assert "missing_finish_reason" in codes(stream.message)


def test_a_last_event_without_its_blank_line(fault_server: FaultServer) -> None:
    frames = [frame("x"), frame(finish_reason="stop", usage=USAGE).rstrip(b"\n")]
    assert read(fault_server, frames)[1].message.finish_reason == "stop"
    whole = b"".join(frames)
    closed = Script().head(200, {"Content-Type": "text/event-stream"}).send(whole).close()
    assert kimi(fault_server.url(closed)).stream("hi").message.finish_reason == "stop"
    torn = Script().event_stream([frame("x"), frame(finish_reason="stop")[:-9]])
    with pytest.raises(IncompleteStreamError) as caught:
        _ = kimi(fault_server.url(torn)).stream("hi").message
    assert caught.value.partial is not None
    assert caught.value.partial.text == "x"
    broken = Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True).chunk(whole).close()
    with pytest.raises(IncompleteStreamError):  # the connection did not end cleanly
        _ = kimi(fault_server.url(broken)).stream("hi").message


def test_nothing_after_the_end_marker_counts(fault_server: FaultServer) -> None:
    frames = [*answer("x"), frame("more"), b"data: {broken\n\n", event({"error": {"message": "late"}})]
    events, stream = read(fault_server, frames)
    assert stream.message.text == "x"
    assert [each.reason for each in events if each.type == "finish"] == ["stop"]


def test_a_repeated_finish_reason_is_told_once(fault_server: FaultServer) -> None:
    frames = [*answer("x", done=False), frame(finish_reason="stop", usage=USAGE), frame(finish_reason="length"), DONE]
    events, stream = read(fault_server, frames)
    assert [each.type for each in events] == ["text", "usage", "finish"]
    assert stream.message.finish_reason == "stop"


def test_cleaned_arguments_are_told(fault_server: FaultServer) -> None:
    fenced = '```json\n{"a": 1}\n```'
    frames = [call_frame(0, "c", "f", fenced), frame(finish_reason="tool_calls", usage=USAGE), DONE]
    message = read(fault_server, frames)[1].message
    assert json.loads(message.tool_calls[0].arguments) == message.tool_calls[0].parse() == {"a": 1}
    assert codes(message) == ["arguments_cleaned"]
    assert message.warnings[0].type == "notice"
    assert message.warnings[0].message


def test_a_call_that_was_cut_is_not_complete(fault_server: FaultServer) -> None:
    frames = [call_frame(0, "c1", "f", '{"a":1}'), call_frame(1, "c2", "g", '{"b": [1, ')]
    stream = kimi(fault_server.url(cut(*frames))).stream("hi")
    with pytest.raises(IncompleteStreamError) as caught:
        list(stream)
    partial = caught.value.partial
    assert partial is not None
    assert [call.arguments for call in partial.tool_calls] == ['{"a":1}', '{"b": [1, ']
    assert partial.tool_calls[1].complete is False
    with pytest.raises(ValueError, match=r"."):
        partial.tool_calls[1].parse()


def test_a_repr_shows_state_and_no_key(fault_server: FaultServer) -> None:
    stream = kimi(fault_server.url(stream_of("x"))).stream("hi")
    assert "open" in repr(stream)
    list(stream)
    assert "over" in repr(stream)
    assert KEY not in repr(stream)
