"""Shapes of answers that gateways make of Kimi's: what each was seen to send, in its own words, and what it means.

Streamed and whole, in both protocols, in both shapes of an answer.
"""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from fault_server_client import FaultServer
from kit import Script, async_kimi, kimi, run
from test_quirks import DONE, HOLD, STOP, USAGE, call, calls, codes, frame, line, play, said, sse, texts

from kimistream import Message, Stream, Usage, _core

ASKED: Any = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def body(message: dict[str, Any], finish: str | None = "stop", **more: Any) -> str:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    return json.dumps({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], **more})


def both(server: FaultServer, frames: list[dict[str, Any]], whole: str) -> list[Any]:
    """The OpenAI shape of an answer: its chunks' deltas, and the message of the whole one."""
    url = server.url(Script().event_stream([line(each).encode() for each in frames] + [line(DONE).encode()]))
    chunks = list(kimi(url, provider=HOLD).chat.completions.create(stream=True, **ASKED))
    url = server.url(Script().json(200, json.loads(whole)))
    message = kimi(url, provider=HOLD).chat.completions.create(**ASKED).choices[0].message
    return [[choice.delta for chunk in chunks for choice in chunk.choices], message]


def joined(deltas: list[Any], name: str) -> str:
    return "".join(getattr(delta, name) or "" for delta in deltas)


# ---- reasoning ------------------------------------------------------------------------------------------------------

REASONING: list[dict[str, Any]] = [
    {"reasoning_content": {"text": "Hm"}},  # envoyproxy/ai-gateway#2519
    {"reasoning_content": {"reasoningText": {"text": "Hm", "signature": "c2ln"}}},  # envoyproxy/ai-gateway#1222
    {"reasoning": [{"type": "reasoning_text", "text": "H"}, {"type": "reasoning_text", "text": "m"}]},
    {"reasoning_text": "Hm"},  # Copilot's key
    {"content": [{"type": "reasoning", "text": "Hm"}]},  # databricks/appkit#559
    {"content": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm"}]}]},  # earendil-works/pi#7216
    {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}], "closed": True}]},
]


@pytest.mark.parametrize("part", REASONING)
def test_reasoning_that_is_no_text(part: dict[str, Any], fault_server: FaultServer) -> None:
    answer = part.get("content", [])[:] if "content" in part else []
    whole = {**part, "content": [*answer, {"type": "text", "text": "54"}] if answer else "54"}
    frames = [frame(part), *texts("54"), STOP]
    assert said(play(sse(*frames, DONE))) == ("Hm", "54", "stop", [])
    assert said(play(body(whole)))[:3] == ("Hm", "54", "stop")
    deltas, message = both(fault_server, frames, body(whole))
    assert (joined(deltas, "reasoning_content"), joined(deltas, "content")) == ("Hm", "54")
    assert (message.reasoning_content, message.content) == ("Hm", "54")


def test_a_signature_in_the_reasoning_is_kept() -> None:
    frames = [frame({"reasoning_content": {"text": "Hm"}}), frame({"reasoning_content": {"signature": "c2ln"}})]
    assert play(sse(*frames, *texts("54"), STOP, DONE)).signature == "c2ln"


def test_tags_behind_a_reasoning_key() -> None:
    """diegosouzapw/OmniRoute#8260; the guard: an answer that speaks of the tag keeps it."""
    keyed = frame({"reasoning_content": "Hm"})
    for parts in (("</think>", "\n\nParis."), ("</thi", "nk>Paris."), ("<think></think>\nParis.",)):
        message = play(sse(keyed, *texts(*parts), STOP, DONE))
        assert said(message) == ("Hm", "Paris.", "stop", ["markup_removed"])
    whole = play(body({"reasoning_content": "<think>Hm</think>", "content": "</think>\n\nParis."}))
    assert (whole.reasoning, whole.content) == ("Hm", "Paris.")
    for words in ("The tag </think>.", "<think>x</think>y"):
        assert said(play(sse(keyed, *texts(words), STOP, DONE))) == ("Hm", words, "stop", [])


def test_tags_of_a_gateways_own_and_a_whole_answer_that_only_closes() -> None:
    """Bike4Mind/bike4mind#1089 and skalesapp/skales#166."""
    pairs = sse(*texts("<reasoning>H</reasoning>", "<reasoning>m</reas", "oning>", "54"), STOP, DONE)
    assert said(play(pairs)) == ("Hm", "54", "stop", ["inline_thinking"])
    assert said(play(body({"content": "Hm</think>\n\n54"})))[:2] == ("Hm", "54")
    assert said(play(body({"content": "Hm</think>\n\n54"}), "moonshot"))[:2] == (None, "Hm</think>\n\n54")
    assert said(play(body({"content": "It is `</think>`."})))[:2] == (None, "It is `</think>`.")


# ---- the answer twice -----------------------------------------------------------------------------------------------


def test_a_message_beside_each_delta_or_behind_all(fault_server: FaultServer) -> None:
    """perplexityai/api-discussion#209 and abundantbeing/hermes-browser-extension#11."""
    growing = []
    for piece, so_far, end in (("The ", "The ", None), ("sea.", "The sea.", "stop")):
        each = frame({"content": piece}, end)
        each["choices"][0]["message"] = {"role": "assistant", "content": so_far}
        growing.append(each)
    assert play(sse(*growing, DONE)).content == "The sea."
    last = json.loads(body({"content": "The sea."}, usage=USAGE))
    assert said(play(sse(*texts("The ", "sea."), last, DONE))) == (None, "The sea.", "stop", ["repeated_answer"])
    assert said(play(sse(last, DONE))) == (None, "The sea.", "stop", [])
    for frames in ([*texts("The ", "sea."), last], [last]):
        deltas, _ = both(fault_server, frames, body({"content": "The sea."}))
        assert joined(deltas, "content") == "The sea."


# ---- calls ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [{"a": {"b": 1}}, [1, 2], 5])
def test_arguments_that_are_no_text(arguments: Any, fault_server: FaultServer) -> None:
    """can1357/oh-my-pi#1779. Only an object can be run."""
    end = frame(finish="tool_calls", usage=USAGE)
    frames = [calls(call(0, "i", "f", arguments)), end]
    whole = body({"content": None, "tool_calls": [call(0, "i", "f", arguments)]}, "tool_calls", usage=USAGE)
    for message in (play(sse(*frames, DONE)), play(whole)):
        (made,) = message.tool_calls
        assert json.loads(made.arguments) == arguments
        assert made.complete == isinstance(arguments, dict)
    deltas, message = both(fault_server, frames, whole)
    parts = [part.function.arguments for delta in deltas for part in delta.tool_calls or []]
    assert json.loads("".join(parts)) == arguments
    assert json.loads(message.tool_calls[0].function.arguments) == arguments


def arguments_of(*fragments: Any, finish: str = "tool_calls") -> tuple[str, bool, list[str]]:
    frames = [calls(call(0, "i" if not at else None, None if at else "f", each)) for at, each in enumerate(fragments)]
    message = play(sse(*frames, frame(finish=finish, usage=USAGE), DONE))
    (made,) = message.tool_calls
    return made.arguments, made.complete, codes(message)


def test_an_empty_object_first_and_then_the_arguments(fault_server: FaultServer) -> None:
    """openai/openai-agents-js#712, BerriAI/litellm#4537."""
    assert arguments_of("{}", '{"a":', "1}") == ('{"a":1}', True, ["arguments_cleaned"])
    assert arguments_of("", "{}", '{"a":', "1}") == ('{"a":1}', True, ["arguments_cleaned"])
    assert arguments_of("{}") == ("{}", True, [])
    for cut in (("{}", '{"a":'), ("", "{}", '{"a":')):
        assert not arguments_of(*cut)[1]
    assert arguments_of({}, {"a": 1})[:2] == ('{"a": 1}', True)
    end = frame(finish="tool_calls", usage=USAGE)
    for rest, right in ((['{"a":', "1}"], {"a": 1}), ([], {})):
        frames = [calls(call(0, "i", "f", "{}")), *(calls(call(0, None, None, part)) for part in rest), end]
        deltas, _ = both(fault_server, frames, body({"content": "x"}))
        parts = [part.function.arguments for delta in deltas for part in delta.tool_calls or []]
        assert json.loads("".join(parts)) == right


def test_fragments_that_hold_all_so_far() -> None:
    """NousResearch/hermes-agent#35718; #35860 took its rule back, for the nested one is right as it is."""
    cumulative = ('{"a"', '{"a":"ti', '{"a":"tides"}', '{"a":"tides"}')
    assert arguments_of(*cumulative) == ('{"a":"tides"}', True, ["arguments_cleaned"])
    assert arguments_of('{"a":', '{"a":"blue"}', "}") == ('{"a":{"a":"blue"}}', True, [])
    assert arguments_of('{"a":"t"}', '{"a":"tides"}')[:2] == ('{"a":"tides"}', True)
    assert arguments_of('{"a":1}', "自然科学}")[:2] == ('{"a":1}', True)
    assert not arguments_of(*cumulative[:2])[1]
    assert not arguments_of(*cumulative, finish="length")[1]


def test_arguments_that_are_the_text_of_a_text() -> None:
    assert arguments_of(json.dumps('{"a":1}')) == ('{"a":1}', True, ["arguments_cleaned"])


# ---- the messages protocol ------------------------------------------------------------------------------------------


def messages(*events: dict[str, Any]) -> str:
    start = {"id": "msg_1", "role": "assistant", "model": "m", "content": [], "usage": {"input_tokens": 10}}
    all_events = [
        {"type": "message_start", "message": start},
        *events,
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 7}},
        {"type": "message_stop"},
    ]
    return "".join(f"event: {each.get('type', '')}\ndata: {json.dumps(each)}\n\n" for each in all_events)


def block(index: int, start: dict[str, Any], *deltas: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


@pytest.mark.parametrize("named", [True, False])
def test_deltas_and_blocks_without_a_type(named: bool) -> None:
    """nashsu/llm_wiki#303: the block says what it is."""

    def typed(kind: str) -> dict[str, str]:
        return {"type": kind} if named else {}

    stream = messages(
        *block(0, {**typed("thinking"), "thinking": ""}, {"text": "H"}, {"thinking": "m"}, {"signature": "s"}),
        *block(1, {**typed("text"), "text": ""}, {"text": "The sea."}),
        *block(2, {**typed("tool_use"), "id": "t", "name": "f", "input": {}}, {"partial_json": '{"a":1}'}),
    )
    message = play(stream, "kimi-code")
    assert said(message)[:3] == ("Hm", "The sea.", "tool_calls")
    assert [(each.name, each.arguments) for each in message.tool_calls] == [("f", '{"a":1}')]
    assert message.signature == "s"


def test_calls_of_the_messages_protocol_in_other_forms() -> None:
    start = {"type": "tool_use", "id": "t", "name": "f", "input": {}}

    def delta(value: Any) -> dict[str, Any]:
        return {"type": "input_json_delta", "partial_json": value}

    for deltas in ([delta({"a": 1})], [delta("{}"), delta('{"a":'), delta("1}")], [delta('{"a"'), delta('{"a":1}')]):
        (made,) = play(messages(*block(0, start, *deltas)), "kimi-code").tool_calls
        assert (made.parse(), made.complete) == ({"a": 1}, True)


def test_usage_of_the_messages_protocol() -> None:
    usage = {"input_tokens": 3, "cache_read_input_tokens": 5, "output_tokens": 7, "cache_creation_input_tokens": 4}
    usage["cache_creation"] = {"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 3}  # type: ignore[assignment]
    whole = {"id": "m", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn"}
    whole |= {"content": [{"type": "text", "text": "x"}], "usage": usage}  # type: ignore[dict-item]
    found = play(json.dumps(whole), "kimi-code").usage
    assert found == Usage(12, 7, 19, 5, cache_write_tokens=4, cache_write_1h_tokens=3)


# ---- ends, usage, refusals, choices ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "plain"),
    [("end_turn", "stop"), ("MAX_TOKENS", "length"), ("max_tokens", "length"), ("refusal", "content_filter")],
)
def test_finish_reasons_of_another_protocol(reason: str, plain: str, fault_server: FaultServer) -> None:
    frames = [*texts("a"), frame(finish=reason, usage=USAGE)]
    assert play(sse(*frames, DONE)).finish_reason == plain
    assert play(body({"content": "a"}, reason)).finish_reason == plain
    url = fault_server.url(Script().event_stream([line(each).encode() for each in [*frames, DONE]]))
    chunks = list(kimi(url, provider=HOLD).chat.completions.create(stream=True, **ASKED))
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices][-1] == plain


def test_calls_are_to_be_made_whatever_word_the_end_has() -> None:
    """farion1231/cc-switch#5093, OpenRouterTeam/ai-sdk-provider#420; the guard: a reason that says cut stands."""
    made = calls(call(0, "i", "f", '{"a":1}'))
    for reason in ("tool_use", "TOOL_CALLS", "function_call", "end_turn", "odd"):
        assert play(sse(made, frame(finish=reason, usage=USAGE), DONE)).finish_reason == "tool_calls"
    cut = play(sse(made, frame(finish="max_tokens", usage=USAGE), DONE))
    assert (cut.finish_reason, cut.tool_calls[0].complete) == ("length", False)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        # earendil-works/pi#8119; can1357/oh-my-pi#5022 and dialects: the greater of each counter
        ({"prompt_tokens": 30, "prompt_cache_hit_tokens": 28, "prompt_cache_miss_tokens": 2}, (30, 28, None)),
        ({"prompt_tokens": 30, "cached_tokens": 28, "prompt_tokens_details": {"cached_tokens": 0}}, (30, 28, None)),
        ({"prompt_tokens": 30, "cache_read_input_tokens": 28, "cache_creation_input_tokens": 1}, (30, 28, 1)),
        ({"prompt_tokens": 30, "prompt_tokens_details": {"cache_write_tokens": 4}}, (30, None, 4)),
        ({"input_tokens": 1, "cache_read_input_tokens": 28, "cache_creation_input_tokens": 1}, (30, 28, 1)),
    ],
)
def test_usage_under_gateways_names(usage: dict[str, Any], expected: tuple[Any, ...]) -> None:
    last = {"id": "c1", "choices": [], "usage": {"completion_tokens": 4, **usage}}
    streamed = play(sse(*texts("a"), frame(finish="stop"), last, DONE)).usage
    whole = play(body({"content": "a"}, usage=usage)).usage
    for found in (streamed, whole):
        assert found is not None
        assert (found.prompt_tokens, found.cached_tokens, found.cache_write_tokens) == expected


def test_usage_with_written_tokens_is_kept_like_the_rest(fault_server: FaultServer) -> None:
    usage = Usage(30, 4, 34, 20, 2, 0.5, 8)
    assert usage.cache_write_tokens == 8
    assert pickle.loads(pickle.dumps(usage)) == usage
    message = Message(content="a", usage=usage)
    assert Message.from_dict(json.loads(message.to_json())) == message
    whole = json.loads(body({"content": "a"}, usage={**USAGE, "prompt_tokens_details": {"cached_tokens": 2}}))
    answer = kimi(fault_server.url(Script().json(200, whole)), provider=HOLD).chat.completions.create(**ASKED)
    assert answer.usage.prompt_tokens_details.cache_write_tokens is None  # known, and did not come


def test_the_words_of_a_refusal() -> None:
    frames = [frame({"content": None, "refusal": part}) for part in ("I can", "not.")]
    assert said(play(sse(*frames, STOP, DONE))) == (None, "I cannot.", "stop", ["refusal"])
    assert said(play(body({"content": None, "refusal": "No."}, usage=USAGE))) == (None, "No.", "stop", ["refusal"])


def test_several_choices(fault_server: FaultServer) -> None:
    """The native shape has choice 0, whichever comes first; the OpenAI shape has them all."""

    def piece(index: int, text: str, end: str | None = None) -> dict[str, Any]:
        each = frame({"content": text}, end)
        each["choices"][0]["index"] = index
        return each

    frames = [piece(1, "x"), piece(0, "a"), piece(1, "y", "stop"), piece(0, "b", "stop")]
    assert said(play(sse(*frames, DONE)))[:3] == (None, "ab", "stop")
    whole = json.loads(body({"content": "a"}))
    whole["choices"].insert(0, {**whole["choices"][0], "index": 1, "message": {"role": "assistant", "content": "x"}})
    assert play(json.dumps(whole)).content == "a"
    url = fault_server.url(Script().event_stream([line(each).encode() for each in [*frames, DONE]]))
    chunks = list(kimi(url, provider=HOLD).chat.completions.create(stream=True, n=2, **ASKED))
    said_by = {0: "", 1: ""}
    for choice in (choice for chunk in chunks for choice in chunk.choices):
        said_by[choice.index] += choice.delta.content or ""
    assert said_by == {0: "ab", 1: "xy"}
    url = fault_server.url(Script().json(200, whole))
    answer = kimi(url, provider=HOLD).chat.completions.create(n=2, **ASKED)
    assert [(each.index, each.message.content) for each in answer.choices] == [(1, "x"), (0, "a")]


def test_the_same_without_waiting(fault_server: FaultServer) -> None:
    frames = [frame({"reasoning_content": {"text": "Hm"}}), *texts("</think>54"), STOP, DONE]
    url = fault_server.url(Script().event_stream([line(each).encode() for each in frames]))

    async def ask() -> Message:
        async with async_kimi(url, provider=HOLD) as client:
            message: Message = await client.stream("hi").message
            return message

    assert said(run(ask()))[:3] == ("Hm", "54", "stop")


def test_events_of_a_call_come_in_order() -> None:
    raw = sse(calls(call(0, "i", "f", "{}")), *texts("x"), frame(finish="tool_calls", usage=USAGE), DONE).encode()
    kinds = [event.type for event in Stream(_core.replay(HOLD, raw))]
    assert kinds == ["tool_call_start", "tool_call_delta", "text", "tool_call", "usage", "finish"] or kinds == [
        "tool_call_start", "tool_call_delta", "text", "usage", "tool_call", "finish"
    ]  # fmt: skip
