"""The stream quirks of the providers, one test for each, by number. Played from memory, whole and byte by byte."""

from __future__ import annotations

import json
from typing import Any

import pytest

import kimistream
from kimistream import Stream, _core

HOLD = "openai-compatible"


def frame(delta: dict[str, Any] | None = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta if delta is not None else {}, "finish_reason": finish}
    return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice], **more}


def line(value: dict[str, Any] | str) -> str:
    return f"data: {value if isinstance(value, str) else json.dumps(value)}\n\n"


def sse(*frames: dict[str, Any] | str) -> str:
    return "".join(line(each) for each in frames)


USAGE = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
STOP = frame(finish="stop", usage=USAGE)
DONE = "[DONE]"


def texts(*parts: str) -> list[dict[str, Any]]:
    return [frame({"content": part}) for part in parts]


def call(index: int | None = 0, id: str | None = None, name: str | None = None, args: Any = None) -> dict[str, Any]:
    function: dict[str, Any] = {}
    if name is not None:
        function["name"] = name
    if args is not None:
        function["arguments"] = args
    fragment: dict[str, Any] = {"type": "function", "function": function}
    if index is not None:
        fragment["index"] = index
    if id is not None:
        fragment["id"] = id
    return fragment


def calls(*fragments: dict[str, Any]) -> dict[str, Any]:
    return frame({"tool_calls": list(fragments)})


def play(body: str | bytes, provider: str = HOLD) -> kimistream.Message:
    """The message, the same whatever the reads cut."""
    raw = body.encode() if isinstance(body, str) else body
    message = Stream(_core.replay(provider, raw)).message
    for size in (1, 7):
        assert Stream(_core.replay(provider, raw, block_bytes=size)).message == message
    return message


def failure(body: str | bytes, provider: str = HOLD) -> kimistream.APIError:
    raw = body.encode() if isinstance(body, str) else body
    with pytest.raises(kimistream.APIError) as caught:
        Stream(_core.replay(provider, raw)).message  # noqa: B018
    return caught.value


def codes(message: kimistream.Message) -> list[str]:
    return [notice.code for notice in message.warnings]


def said(message: kimistream.Message) -> tuple[str | None, str | None, str | None, list[str]]:
    return message.reasoning, message.content, message.finish_reason, codes(message)


def test_q01_comments_are_keep_alives() -> None:
    body = ": OPENROUTER PROCESSING\n\n: PING\n:\n\n" + sse(*texts("a")) + ": x\n\n" + sse(*texts("b"), STOP, DONE)
    assert said(play(body)) == (None, "ab", "stop", [])


def test_q02_padding_before_a_json_body() -> None:
    message = {"role": "assistant", "content": "hi"}
    body = {"id": "c", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    assert said(play("\n         \n\n" + json.dumps(body))) == (None, "hi", "stop", [])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_q03_line_ends_and_fields(end: str) -> None:
    first, second = json.dumps(texts("a")[0]).split('"choices"', 1)
    lines = ["event: message", "id: 7", "retry: 10", f"data:{first}", f'data: "choices"{second}', ""]
    for value in (*texts("b"), STOP):
        lines += [f"data:{json.dumps(value)}", ""]
    lines += ["data: [DONE]", "", ""]
    assert said(play(end.join(lines))) == (None, "ab", "stop", [])


def test_q04_a_frame_split_anywhere_also_inside_a_character() -> None:
    raw = line(frame({"content": "我们🙂"})).replace("\\u", "\\u").encode() + sse(STOP, DONE).encode()
    text = json.dumps(frame({"content": "我们🙂"}), ensure_ascii=False)
    raw = f"data: {text}\n\n".encode() + sse(STOP, DONE).encode()
    for cut in range(len(raw)):
        stream = Stream(_core.replay(HOLD, raw, block_bytes=max(cut, 1)))
        assert stream.message.content == "我们🙂"


def test_q05_no_blank_lines_and_no_last_newline() -> None:
    body = "".join(f"data: {json.dumps(each)}\n" for each in (*texts("a", "b"), STOP)) + "data: [DONE]"
    assert said(play(body)) == (None, "ab", "stop", [])


def test_q06_two_frames_glued() -> None:
    glued = 'data: {"id":"chatcmpl-jQugNdata:' + json.dumps(texts("b")[0]) + "\n\n"
    message = play(sse(*texts("a")) + glued + sse(STOP, DONE))
    assert said(message) == (None, "ab", "stop", ["corrupt_frame"])


def test_q07_no_end_marker() -> None:
    assert said(play(sse(*texts("a"), STOP))) == (None, "a", "stop", ["missing_end_marker"])
    error = failure(sse(*texts("a")))
    assert isinstance(error, kimistream.IncompleteStreamError)
    assert error.partial is not None
    assert (error.partial.content, error.partial.finish_reason) == ("a", None)


def test_q08_end_marker_without_finish_reason() -> None:
    """The one-api family of gateways sends it after a cut as well: nothing is invented."""
    for body in (sse(*texts("a"), frame(usage=USAGE), DONE), sse(calls(call(0, "i", "f", "{}")), DONE)):
        error = failure(body)
        assert isinstance(error, kimistream.IncompleteStreamError)
        assert error.partial is None or error.partial.finish_reason is None
        assert error.partial is None or not any(each.complete for each in error.partial.tool_calls)


def test_q09_usage_frame_without_choices() -> None:
    message = play(sse(*texts("a"), frame(finish="stop"), {"id": "c1", "choices": [], "usage": USAGE}, DONE))
    assert message.usage is not None
    assert (message.usage.total_tokens, codes(message)) == (7, [])


def test_q10_usage_inside_the_choice() -> None:
    last = frame(finish="stop")
    last["choices"][0]["usage"] = {**USAGE, "cached_tokens": 2}
    message = play(sse(*texts("a"), last, DONE), "moonshot")
    assert message.usage is not None
    assert (message.usage.prompt_tokens, message.usage.cached_tokens) == (3, 2)


def test_q11_usage_twice_and_the_finish_reason_again() -> None:
    full = {**USAGE, "prompt_tokens_details": {"cached_tokens": 2}}
    for second in ({**USAGE, "prompt_tokens_details": {"cached_tokens": 0}}, {**USAGE, "prompt_tokens_details": None}):
        body = sse(*texts("a"), frame({}, "stop", usage=full), frame({}, "stop", usage=second), DONE)
        stream = Stream(_core.replay("cloudflare", body.encode()))
        events = list(stream)
        assert [event.type for event in events].count("finish") == 1
        assert stream.usage is not None
        assert (stream.usage.cached_tokens, stream.usage.total_tokens) == (2, 7)


def test_q12_continuous_usage_replaces() -> None:
    frames = [
        frame({"content": "ab"[i]}, usage={"prompt_tokens": 3, "completion_tokens": i, "total_tokens": 3 + i})
        for i in range(2)
    ]
    message = play(sse(*frames, STOP, DONE))
    assert message.usage is not None
    assert message.usage.completion_tokens == 4


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ({"error": {"message": "boom", "type": "InternalServerError", "code": 500}}, kimistream.InternalServerError),
        ({"object": "error", "message": "boom", "type": "BadRequestError", "code": 400}, kimistream.BadRequestError),
        ({"error": {"object": "error", "message": "boom", "code": 503}}, kimistream.InternalServerError),
        ({**frame(finish="error"), "error": {"code": 429, "message": "boom"}}, kimistream.RateLimitError),
        ({"error": "boom"}, kimistream.APIError),
    ],
)
def test_q13_an_error_inside_the_stream(wrong: dict[str, Any], kind: type[kimistream.APIError]) -> None:
    error = failure(sse(*texts("a"), wrong, DONE))
    assert type(error) is kind
    assert "boom" in error.message
    assert error.partial is not None
    assert error.partial.content == "a"


def test_q14_odd_finish_reasons() -> None:
    assert said(play(sse(frame({"content": "a"}, ""), STOP, DONE))) == (None, "a", "stop", [])
    for reason in ("error", "abort"):
        error = failure(sse(*texts("a"), frame(finish=reason), DONE))
        assert error.partial is not None
        assert error.partial.content == "a"
    message = play(sse(*texts("a"), frame(finish="unexpected_state", usage=USAGE), DONE))
    assert (message.content, message.finish_reason) == ("a", "unexpected_state")


def test_q15_finish_reason_against_the_calls() -> None:
    message = play(sse(calls(call(0, "i", "f", "{}")), STOP, DONE))
    assert message.finish_reason == "tool_calls"
    message = play(sse(*texts("a"), frame(finish="tool_calls", usage=USAGE), DONE))
    assert codes(message) == ["tool_calls_empty"]


def test_q16_null_is_absent() -> None:
    nulls = {"role": None, "content": None, "reasoning_content": None, "tool_calls": None}
    odd: list[dict[str, Any]] = [frame(nulls), frame({**nulls, "tool_calls": []}), frame({})]
    for delta in (None, "missing"):
        each = frame()
        each["choices"][0]["delta"] = delta
        if delta:
            del each["choices"][0]["delta"]
        odd.append(each)
    assert said(play(sse(*odd, frame({**nulls, "content": "a"}), STOP, DONE))) == (None, "a", "stop", [])


def test_q17_empty_content_beside_reasoning() -> None:
    body = sse(*(frame({"content": "", "reasoning": part}) for part in ("x", "y")), *texts("a"), STOP, DONE)
    stream = Stream(_core.replay("openrouter", body.encode()))
    assert [event.type for event in stream] == ["thinking", "thinking", "text", "usage", "finish"]


def test_q18_role_on_every_frame_or_never() -> None:
    for role in ({"role": "assistant"}, {"role": ""}, {}):
        frames = [frame({**role, "content": part}) for part in ("a", "b")]
        message = play(sse(*frames, STOP, DONE))
        assert (message.role, message.content) == ("assistant", "ab")


@pytest.mark.parametrize(
    "delta",
    [
        {"reasoning_content": "x"},
        {"reasoning": "x"},
        {"reasoning_details": [{"type": "reasoning.text", "text": "x"}]},
        {"reasoning": "x", "reasoning_details": [{"type": "reasoning.text", "text": "x"}]},
        {"reasoning": "x", "reasoning_content": "x"},
        {"reasoning": None, "reasoning_content": "x"},
        {"reasoning": "x", "reasoning_content": ""},
    ],
)
def test_q19_one_source_of_reasoning(delta: dict[str, Any]) -> None:
    assert said(play(sse(frame(delta), frame(delta), *texts("a"), STOP, DONE))) == ("xx", "a", "stop", [])


def test_q20_think_tags_in_the_content() -> None:
    parts = ("Add: 1+1", "=2.</th", "ink>", "\n\n2")
    assert said(play(sse(*texts(*parts), STOP, DONE), "ktransformers")) == (
        "Add: 1+1=2.",
        "2",
        "stop",
        ["inline_thinking"],
    )
    opened = sse(*texts("<thi", "nk>x", "</think>", "a <think> b"), STOP, DONE)
    assert said(play(opened)) == ("x", "a <think> b", "stop", ["inline_thinking"])
    assert said(play(opened, "moonshot"))[:2] == (None, "<think>x</think>a <think> b")
    keyed = sse(frame({"reasoning_content": "y"}), *texts("<think>x</think>a"), STOP, DONE)
    assert said(play(keyed)) == ("y", "<think>x</think>a", "stop", [])


def test_q21_reasoning_present_but_empty() -> None:
    assert play(sse(frame({"reasoning_content": ""}), *texts("a"), STOP, DONE)).reasoning == ""
    assert play(sse(*texts("a"), STOP, DONE)).reasoning is None


def test_q22_a_leading_space_stays() -> None:
    assert said(play(sse(frame({"reasoning": " The"}), *texts(" a"), STOP, DONE)))[:2] == (" The", " a")


def one_call(*fragments: dict[str, Any], provider: str = HOLD) -> kimistream.ToolCall:
    message = play(sse(*(calls(each) for each in fragments), frame(finish="tool_calls", usage=USAGE), DONE), provider)
    assert len(message.tool_calls) == 1
    return message.tool_calls[0]


def test_q23_id_and_name_come_once() -> None:
    later = {"index": 0, "id": None, "type": None, "function": {"name": None, "arguments": '"a":1}'}}
    empty = {"index": 0, "id": "", "type": "", "function": {"name": "", "arguments": ""}}
    got = one_call(call(0, "i", "f", "{"), later, empty)
    assert (got.id, got.name, got.arguments, got.wire_type) == ("i", "f", '{"a":1}', "function")
    assert one_call(call(0, "i", "f", "{"), call(0, "i", "f", "}")).name == "f"


def test_q24_arguments_before_the_name() -> None:
    got = one_call(call(0, None, None, '{"a"'), call(0, "i", "f", ":1}"))
    assert (got.id, got.name, got.arguments) == ("i", "f", '{"a":1}')


def test_q25_indexes_of_every_kind() -> None:
    end = frame(finish="tool_calls", usage=USAGE)
    expected = [("a", "f", "{}"), ("b", "g", "[1]")]

    def found(*fragments: dict[str, Any]) -> list[tuple[str, str, str]]:
        message = play(sse(*(calls(each) for each in fragments), end, DONE))
        assert [each.index for each in message.tool_calls] == [0, 1]
        return [(each.id, each.name, each.arguments) for each in message.tool_calls]

    for first, second in ((None, None), (0, 0), (1, 2), (5, 6), ("0", "1")):
        fragments = [call(first, "a", "f", "{}"), call(second, "b", "g", "["), call(second, None, None, "1]")]  # type: ignore[arg-type]
        assert found(*fragments) == expected


def test_q26_a_whole_call_in_one_fragment() -> None:
    assert one_call(call(0, "i", "f", '{"a":1}')).parse() == {"a": 1}


def test_q27_null_finalization_fragment() -> None:
    last = {"id": None, "type": None, "index": 0, "function": {"name": None, "arguments": ""}}
    assert one_call(call(0, "i", "f", "{}"), last, provider="cloudflare").arguments == "{}"


def test_q28_white_space_behind_complete_arguments() -> None:
    assert one_call(call(0, "i", "f", '{"a":1}'), call(0, None, None, " \n")).arguments == '{"a":1}'


def test_q29_garbage_behind_complete_arguments() -> None:
    body = sse(calls(call(0, "i", "f", '{"a":1}自然科学}')), frame(finish="tool_calls", usage=USAGE), DONE)
    message = play(body, "moonshot")
    assert (message.tool_calls[0].parse(), len(message.warnings)) == ({"a": 1}, 1)


@pytest.mark.parametrize(("given", "expected"), [("", {}), (None, {}), ({"a": 1}, {"a": 1}), ("null", {})])
def test_q30_empty_arguments_or_an_object(given: Any, expected: Any) -> None:
    fragment = call(0, "i", "f")
    fragment["function"]["arguments"] = given
    assert one_call(fragment).parse() == expected


def test_q31_repeated_and_missing_ids() -> None:
    message = play(
        sse(calls(call(0, "", "f", "{}"), call(1, None, "g", "{}")), frame(finish="tool_calls", usage=USAGE), DONE)
    )
    ids = [each.id for each in message.tool_calls]
    assert all(ids)
    assert len(set(ids)) == 2


def test_q32_the_frame_id_changes() -> None:
    frames = texts("a", "b")
    frames[1]["id"] = "c2"
    assert play(sse(*frames, STOP, DONE)).id == "c1"


def test_q33_interleaved_choices() -> None:
    frames = texts("a", "x", "b", "y")
    for each in frames[1::2]:
        each["choices"][0]["index"] = 1
    assert said(play(sse(*frames, STOP, DONE))) == (None, "ab", "stop", ["other_choices"])


def test_q34_unknown_fields_and_frames_of_cost_alone() -> None:
    more = {"provider": "p", "x_groq": {}, "metrics": None, "sglext": [1], "service_tier": "s", "matched_stop": 163586}
    meta = {"meta": {"usage": {"credits_used": 120, "usd_spent": 0.00006}}}
    message = play(sse(*(frame({"content": part}, **more) for part in "ab"), STOP, meta, DONE), "aimlapi")
    assert message.usage is not None
    assert (message.content, message.usage.cost, codes(message)) == ("ab", 0.00006, [])


def test_q35_json_although_a_stream_was_asked() -> None:
    message = {"role": "assistant", "content": "hi", "reasoning": "x"}
    body = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": USAGE}
    stream = Stream(_core.replay("cloudflare", json.dumps(body).encode()))
    assert [event.type for event in stream] == ["thinking", "text", "usage", "finish"]

    chunks = list(_core.replay("cloudflare", json.dumps(body).encode(), chunks=True).chunks())
    assert [(chunk.choices[0].delta.content, chunk.choices[0].finish_reason) for chunk in chunks] == [("hi", "stop")]


def test_q36_native_frames_of_workers_ai() -> None:
    tool = {"name": "f", "arguments": {"a": 1}}
    frames: list[dict[str, Any] | str] = [
        {"response": "he", "p": "x"},
        {"response": "llo"},
        {"response": "", "tool_calls": [tool]},
        {"response": "", "usage": USAGE},
        DONE,
    ]
    message = play(sse(*frames), "cloudflare")
    assert (message.content, [each.parse() for each in message.tool_calls]) == ("hello", [{"a": 1}])
    assert message.usage is not None
    assert message.finish_reason == "tool_calls"


def test_q37_no_order_is_taken_for_granted() -> None:
    body = sse(
        *texts("a"),
        frame({"reasoning_content": "x"}),
        calls(call(0, "i", "f", "{}")),
        *texts("b"),
        frame({"reasoning_content": "y"}),
        frame(finish="tool_calls", usage=USAGE),
        DONE,
    )
    message = play(body)
    assert (message.content, message.reasoning, len(message.tool_calls)) == ("ab", "xy", 1)


def test_q38_a_think_only_answer() -> None:
    assert said(play(sse(frame({"reasoning_content": "x"}), STOP, DONE))) == ("x", None, "stop", ["empty_answer"])


def test_q39_halves_of_characters_control_characters_and_nan() -> None:
    halves = (
        'data: {"choices":[{"index":0,"delta":{"content":"a\\ud83d"}}]}\n\n'
        'data: {"choices":[{"index":0,"delta":{"content":"\\ude42b"}}]}\n\n'
        'data: {"choices":[{"index":0,"delta":{"content":"\\ud83d!"}}]}\n\n'
    )
    assert play(halves + sse(STOP, DONE)).content == "a🙂b\ufffd!"
    got = one_call(call(0, "i", "f", '{"text":"a\nb","x":NaN}'))
    assert got.parse()["text"] == "a\nb"
    raw = b'data: {"choices":[{"index":0,"delta":{"content":"a\x01b\xff"}}]}\n\n' + sse(STOP, DONE).encode()
    message = play(raw)
    assert message.content == "a\x01b\ufffd"
    assert codes(message) == ["mended_text"]


def test_q40_silence_is_allowed_for_minutes() -> None:
    assert "10 min" in (kimistream.Kimi.__doc__ or "")  # the clocks themselves: tests of the core (call_test)


def test_q41_thousands_of_tiny_fragments_are_parsed_once() -> None:
    text = json.dumps({"text": "x" * 60_000})
    fragments = [calls(call(0, "i", "f", ""))] + [calls(call(0, None, None, letter)) for letter in text]
    body = sse(*fragments, frame(finish="tool_calls", usage=USAGE), DONE)
    message = Stream(_core.replay(HOLD, body.encode())).message
    assert message.tool_calls[0].arguments == text
