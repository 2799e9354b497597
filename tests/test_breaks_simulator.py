"""Breaks against the simulator: each dialect is asked to go on in its own way, or the answer is restarted."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from broken import read
from kit import run

pytest.importorskip("aiohttp")

from kimistream import (
    APIStatusError,
    AsyncKimi,
    IncompleteStreamError,
    Kimi,
    Message,
    Notice,
    RateLimitError,
)
from kimistream.simulator import Simulator

GO_ON = (
    *("moonshot", "moonshot-cn", "anyfast", "openrouter", "vllm", "sglang", "ktransformers"),
    *("moonshot-anthropic", "kimi-code"),
)
BEGIN_ANEW = ("tokenhub", "aimlapi", "cloudflare", "litellm", "portkey", "one-api", "openai-compatible")
QUESTION = "say: One, two;\n\n  three\tfour \u4e94\u516d \U0001f600 and ```code``` to the end.\n"
_numbers = itertools.count()


def once(cut: str) -> dict[str, str]:
    """The header that breaks the first attempt there, and no other."""
    return {"X-Simulate-Cut": f"{cut.replace(' ', '*1 ', 1) if ' ' in cut else cut + '*1'};{next(_numbers)}"}


@pytest.fixture(scope="module", params=[*GO_ON, *BEGIN_ANEW])
def served(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    with Simulator(pace=0, dialect=request.param) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def moonshot() -> Iterator[Simulator]:
    with Simulator(pace=0) as simulator:
        yield simulator


def client_of(sim: Simulator, **options: Any) -> Kimi:
    extra = {"default_headers": {"x-portkey-provider": "openai"}} if sim.dialect == "portkey" else {}
    return Kimi(api_key=sim.api_key, provider=sim.dialect, base_url=sim.base_url, **{**extra, **options})


def codes(message: Message) -> list[str]:
    return [warning.code for warning in message.warnings]


def test_every_dialect_mends_a_break_in_the_answer(served: Simulator) -> None:
    goes_on = served.dialect in GO_ON
    client = client_of(served, on_break="continue")
    whole = client.complete(QUESTION, thinking=False, on_break="raise")
    places = [f"{frame}{how}" for frame in (6, 9, 14) for how in ("", " rst", " done")]
    for place in places:
        served.reset()
        stream = client.stream(QUESTION, thinking=False, extra_headers=once(place), max_retries=0)
        said, types = read(stream)
        message = stream.message
        assert said.text == message.text == whole.text, place
        assert message.resumed == 1, place
        assert ("broken_and_continued" in codes(message)) == goes_on
        assert ("broken_and_restarted" in codes(message)) != goes_on
        if goes_on:
            assert "restarted" not in types
        assert len(served.requests) == 2


def test_wherever_the_stream_is_cut(moonshot: Simulator) -> None:
    """At every fifth byte, many at once; test_breaks_mended.py does it at each."""
    whole = client_of(moonshot).complete(QUESTION, thinking=False).text
    length = 4000

    async def at(client: AsyncKimi, position: int) -> bool:
        stream = client.stream(QUESTION, thinking=False, extra_headers=once(f"{position}b"))
        events = [event async for event in stream]
        message = await stream.message
        assert read(events)[0].text == message.text == whole, position
        assert message.resumed == 0 or codes(message) == ["broken_and_continued"], position
        return bool(message.resumed)

    async def all_of_them() -> None:
        arguments: Any = {"api_key": moonshot.api_key, "base_url": moonshot.base_url}
        async with AsyncKimi(**arguments, on_break="continue", max_retries=9) as client:
            mended = []
            for start in range(0, length, 500):
                mended += await asyncio.gather(*(at(client, position) for position in range(start, start + 500, 5)))
        assert 400 < sum(mended) < length / 5

    run(all_of_them())


def test_a_break_in_the_reasoning_restarts(moonshot: Simulator) -> None:
    client = client_of(moonshot, on_break="continue")
    whole = client.complete("count to 9")
    stream = client.stream("count to 9", extra_headers=once("5"))
    said, _ = read(stream)
    assert (said.thinking, said.text) == (whole.reasoning, whole.text)
    assert codes(stream.message) == ["broken_and_restarted"]


def test_a_break_behind_the_reasoning_keeps_it(moonshot: Simulator) -> None:
    """It is asked to go on without thinking, for that is done."""
    client = client_of(moonshot, on_break="continue")
    whole = client.complete("count to 9", thinking=True)
    moonshot.reset()
    stream = client.stream("count to 9", thinking=True, extra_headers=once("40"))
    said, _ = read(stream)
    assert (said.thinking, said.text) == (whole.reasoning, whole.text)
    assert codes(stream.message) == ["broken_and_continued"]
    first, second = moonshot.requests
    assert first.body["thinking"] == {"type": "enabled"}
    assert second.body["thinking"] == {"type": "disabled"}
    assert second.body["messages"][-1]["partial"] is True
    assert whole.text.startswith(second.body["messages"][-1]["content"])


def test_a_break_in_a_call_restarts(moonshot: Simulator) -> None:
    tool = {
        "type": "function",
        "function": {
            "name": "get_weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
    client = client_of(moonshot, on_break="continue")
    asked: Any = {"tools": [tool], "thinking": False}
    whole = client.complete("Weather in Tokyo and Paris", **asked)
    frames = 2 + sum(len(call.arguments) for call in whole.tool_calls)
    for frame in range(3, min(frames, 12)):
        stream = client.stream("Weather in Tokyo and Paris", **asked, extra_headers=once(str(frame)))
        said, _ = read(stream)
        assert [call[2:] for call in said.calls] == [[call.arguments, True] for call in whole.tool_calls]
        assert stream.message.resumed == 1


# ---- a server that is not as one would wish ----


@pytest.mark.parametrize(
    ("quirk", "code"),
    [
        ("continuation-echoes", None),
        ("continuation-thinks", "reasoning_left_out"),
        ("continuation-think-tags", "reasoning_left_out"),
        ("continuation-empty-think", None),
    ],
)
@pytest.mark.parametrize("frame", [26, 29, 40])
def test_quirks_at_the_joint(moonshot: Simulator, quirk: str, code: str | None, frame: int) -> None:
    client = client_of(moonshot, on_break="continue")
    whole = client.complete("count to 30", thinking=False).text
    headers = {**once(str(frame)), "X-Simulate-Quirks": quirk}
    stream = client.stream("count to 30", thinking=False, extra_headers=headers)
    said, types = read(stream)
    assert (said.text, said.thinking) == (whole, "")
    assert "restarted" not in types
    assert stream.message.reasoning is None
    expected = {"broken_and_continued", *([code] if code else [])}
    assert set(codes(stream.message)) == expected


def test_a_continuation_that_is_refused_is_restarted(moonshot: Simulator) -> None:
    client = client_of(moonshot, on_break="continue")
    whole = client.complete("count to 30", thinking=False).text
    moonshot.reset()
    headers = {**once("9"), "X-Simulate-Continuation-Error": "400"}
    stream = client.stream("count to 30", thinking=False, extra_headers=headers)
    assert read(stream)[0].text == stream.message.text == whole
    assert stream.message.resumed == 1
    assert "continuation_refused" in codes(stream.message)
    assert len(moonshot.requests) == 3


def test_a_continuation_waits_for_its_turn(moonshot: Simulator) -> None:
    client = client_of(moonshot, on_break="continue")
    whole = client.complete("count to 30", thinking=False).text
    moonshot.reset()
    wait = {"X-Simulate-Retry-After": "0.01"}
    headers = {**once("9"), **wait, "X-Simulate-Continuation-Error": f"429*2;{next(_numbers)}"}
    stream = client.stream("count to 30", thinking=False, extra_headers=headers)
    assert read(stream)[0].text == whole
    assert (stream.message.resumed, len(moonshot.requests)) == (1, 4)
    headers = {**once("9"), **wait, "X-Simulate-Continuation-Error": "overloaded"}
    stream = client.stream("count to 30", thinking=False, extra_headers=headers)
    with pytest.raises(RateLimitError) as caught:
        list(stream)
    assert caught.value.partial is not None
    assert caught.value.partial.text
    assert whole.startswith(caught.value.partial.text)


def test_so_many_breaks_and_no_more(moonshot: Simulator) -> None:
    """Each attempt is cut after a few events; three breaks are mended unless something else is said."""
    client = client_of(moonshot, on_break="continue")
    whole = client.complete("count to 90", thinking=False).text
    cut = {"X-Simulate-Cut": f"7*3;{next(_numbers)}"}
    message = client.complete("count to 90", thinking=False, extra_headers=cut)
    assert (message.text, message.resumed) == (whole, 3)
    for options, mended in (({}, 3), ({"max_breaks": 1}, 1), ({"max_breaks": 0}, 0)):
        moonshot.reset()
        stream = client.stream("count to 90", thinking=False, extra_headers={"X-Simulate-Cut": "7"}, **options)
        with pytest.raises(IncompleteStreamError) as caught:
            list(stream)
        assert len(moonshot.requests) == mended + 1
        partial = caught.value.partial
        assert partial is not None
        assert whole.startswith(partial.text)
        assert partial.text.count(",") >= 2 * (mended + 1)
        assert partial.resumed == mended


def test_silence_is_a_break(moonshot: Simulator) -> None:
    client = client_of(moonshot, on_break="continue")
    whole = client.complete("count to 30", thinking=False).text
    stream = client.stream("count to 30", thinking=False, timeout=1, extra_headers=once("9 silence"))
    assert read(stream)[0].text == whole
    assert codes(stream.message) == ["broken_and_continued"]


def test_an_error_that_may_pass_is_a_break_and_another_is_none(moonshot: Simulator) -> None:
    client = client_of(moonshot, on_break="continue")
    whole = client.complete("count to 30", thinking=False).text
    for error in ("500", "overloaded"):
        headers = {"X-Simulate-Midstream-Error": f"{error}@9*1;{next(_numbers)}"}
        stream = client.stream("count to 30", thinking=False, extra_headers=headers)
        assert read(stream)[0].text == whole
        assert stream.message.resumed == 1
    for error in ("content_filter", "quota", "400"):
        moonshot.reset()
        headers = {"X-Simulate-Midstream-Error": f"{error}@9*1;{next(_numbers)}"}
        stream = client.stream("count to 30", thinking=False, extra_headers=headers)
        with pytest.raises(APIStatusError) as caught:
            list(stream)
        assert caught.value.partial is not None
        assert len(moonshot.requests) == 1


# ---- what else is in the request ----


def test_json_mode_is_left_out_beside_partial_and_told(moonshot: Simulator) -> None:
    """Moonshot refuses json_object in Partial Mode; the beginning says enough."""
    client = client_of(moonshot, on_break="continue")
    asked: Any = {"thinking": False, "response_format": {"type": "json_object"}}
    whole = client.complete("count to 30", **asked).text
    for frame in (6, 12, 30):
        moonshot.reset()
        stream = client.stream("count to 30", **asked, extra_headers=once(str(frame)))
        assert read(stream)[0].text == stream.message.text == whole
        assert json.loads(stream.message.text)["question"] == "count to 30"
        assert stream.message.resumed == 1
        assert len(codes(stream.message)) == 2
        assert "response_format" in moonshot.requests[0].body
        assert "response_format" not in moonshot.requests[1].body


def test_schemas_go_on_in_the_middle_of_a_text(moonshot: Simulator) -> None:
    client = client_of(moonshot, on_break="continue")
    schema = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
    shape = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    asked: Any = {"thinking": False, "response_format": shape}
    whole = client.complete("count to 30", **asked).text
    for frame in (5, 9, 20):
        moonshot.reset()
        message = client.complete("count to 30", **asked, extra_headers=once(str(frame)))
        assert (message.text, message.resumed) == (whole, 1)
        assert [request.body["response_format"] for request in moonshot.requests] == [shape, shape]


def test_a_prefill_of_the_callers_is_part_of_the_prefix(moonshot: Simulator) -> None:
    client = client_of(moonshot, on_break="continue")
    moonshot.reset()
    stream = client.stream("count to 30", prefill="1, 2,", thinking=False, extra_headers=once("9"))
    text = read(stream)[0].text
    assert text.strip() == "3" + "".join(f", {number}" for number in range(4, 31)) + "."
    assert text == stream.message.text
    begun = moonshot.requests[1].body["messages"]
    assert [message["role"] for message in begun] == ["user", "assistant"]
    assert begun[1]["content"].startswith("1, 2, 3, 4")


def test_usage_is_the_sum_as_far_as_it_was_told(moonshot: Simulator) -> None:
    client = client_of(moonshot, on_break="continue")
    told = {**once("12"), "X-Simulate-Quirks": "continuous-usage"}
    message = client.complete("count to 30", thinking=False, extra_headers=told)
    whole = client.complete("count to 30", thinking=False)
    assert message.usage is not None
    assert whole.usage is not None
    assert message.usage.completion_tokens == whole.usage.completion_tokens
    assert message.usage.prompt_tokens is not None
    assert message.usage.prompt_tokens > 2 * (whole.usage.prompt_tokens or 0)
    untold = client.complete("count to 30", thinking=False, extra_headers=once("12"))
    assert untold.usage is not None
    assert untold.usage.completion_tokens is not None
    assert 0 < untold.usage.completion_tokens < (whole.usage.completion_tokens or 0)


# ---- the token limit ----


def test_an_answer_that_the_limit_cut_is_continued(moonshot: Simulator) -> None:
    client = client_of(moonshot)
    whole = client.complete("count to 30", thinking=False).text
    moonshot.reset()
    stream = client.stream("count to 30", thinking=False, max_tokens=20, continue_on_length=9)
    said, types = read(stream)
    assert said.text == stream.message.text == whole
    assert (said.finish, types.count("finish"), stream.message.resumed) == ("stop", 1, 0)
    requests = moonshot.requests
    assert len(requests) == 3
    assert {request.body["max_completion_tokens"] for request in requests} == {20}
    shorter = client.complete("count to 30", thinking=False, max_tokens=20, continue_on_length=1)
    assert shorter.finish_reason == "length"
    assert whole.startswith(shorter.text)
    assert len(shorter.text) > len(whole) // 2


def test_where_only_reasoning_came_the_limit_stands(moonshot: Simulator) -> None:
    moonshot.reset()
    message = client_of(moonshot).complete("count to 30", max_tokens=3, continue_on_length=3)
    assert (message.text, message.finish_reason, len(moonshot.requests)) == ("", "length", 1)


def test_a_call_that_the_limit_cut_stays_cut(moonshot: Simulator) -> None:
    tool = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "properties": {
        "query": {"type": "string"}}, "required": ["query"]}}}  # fmt: skip
    moonshot.reset()
    message = client_of(moonshot).complete(
        "Look up the tides of the sea", tools=[tool], thinking=False, max_tokens=3, continue_on_length=3
    )
    assert (message.finish_reason, len(moonshot.requests)) == ("length", 1)
    assert [call.complete for call in message.tool_calls] == [False]


def test_notices_come_as_events_too(moonshot: Simulator) -> None:
    stream = client_of(moonshot, on_break="continue").stream("count to 9", thinking=False, extra_headers=once("6"))
    told = [event for event in stream if isinstance(event, Notice)]
    assert told == stream.message.warnings
    assert [notice.code for notice in told] == ["broken_and_continued"]
