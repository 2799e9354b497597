"""The client and the simulator in each dialect: what a user does, the same at every provider."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from typing import Any

import pytest

pytest.importorskip("aiohttp")

from kit import HOSTS, run
from request_list import PNG, WEATHER

import kimistream
from kimistream import (
    AsyncKimi,
    AuthenticationError,
    BadRequestError,
    InvalidRequestError,
    Kimi,
    NotFoundError,
    RateLimitError,
    providers,
)
from kimistream.simulator import DIALECTS, QUIRKS, Simulator

ROWS = providers()
PROVIDERS = [name for name in DIALECTS if name in ROWS]
SUM = "What is 17 * 23?"
ASKED = {"role": "user", "content": "Weather in Tokyo"}
# What is told of every answer: of the model's own syntax in its text at servers without parsers, of a gateway's count.
REPAIRS = {"ktransformers": {"inline_thinking", "tool_markup_salvaged"}, "litellm": {"estimated_usage"}}


@pytest.fixture(scope="module", params=PROVIDERS)
def served(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    with Simulator(pace=0, dialect=request.param) as sim:
        yield sim


@pytest.fixture
def sim(served: Simulator) -> Simulator:
    served.reset()
    return served


@pytest.fixture
def client(sim: Simulator) -> Iterator[Kimi]:
    with connect(sim) as client:
        yield client


def connect(sim: Simulator, **options: Any) -> Kimi:
    arguments = {"api_key": sim.api_key, "provider": sim.dialect, "base_url": sim.base_url, "max_retries": 0}
    return Kimi(**{**arguments, **options})


def row(client: Kimi | AsyncKimi) -> dict[str, Any]:
    return ROWS[client.provider]


def unexpected(client: Kimi | AsyncKimi, message: kimistream.Message) -> list[str]:
    return [warning.code for warning in message.warnings if warning.code not in REPAIRS.get(client.provider, set())]


def test_each_row_has_its_dialect() -> None:
    assert list(DIALECTS) == [name for name in ROWS if name in DIALECTS]
    ours = [name for name in ROWS if not name.startswith(("test-", "custom-"))]  # those that tests registered
    assert [name for name in ours if name not in HOSTS] == list(DIALECTS)


@pytest.fixture(scope="module")
def any_server() -> Iterator[Simulator]:
    with Simulator(pace=0, dialect="openai-compatible") as sim:
        yield sim


@pytest.mark.parametrize("provider", [name for name in HOSTS if "{model}" not in ROWS[name]["chat_path"]])
def test_a_host_speaks_as_any_server_does(any_server: Simulator, provider: str) -> None:
    """A thought, a call, its result and an answer, at rows that differ from any server's in address and names only."""
    any_server.reset()
    with connect(any_server, provider=provider) as client:
        first = client.stream([ASKED], tools=[WEATHER]).message
        assert first.tool_calls[0].parse() == {"city": "Tokyo"}
        result = {"role": "tool", "tool_call_id": first.tool_calls[0].id, "content": "22°C"}
        answer = client.complete([ASKED, first, result], tools=[WEATHER])
        assert "22°C" in answer.text
        assert unexpected(client, first) == unexpected(client, answer) == []
        assert any_server.requests[-1].body["model"] == row(client)["default_model"]


# ---- models ---------------------------------------------------------------------------------------------------------


def test_models_are_listed(client: Kimi) -> None:
    if not DIALECTS[client.provider].models_path:
        with pytest.raises((NotFoundError, InvalidRequestError)):
            client.models.list()
        return
    models = client.models.list()
    assert models.data
    assert all(model.id for model in models)
    one = models.data[0].id
    assert client.models.check(one).id == one
    with pytest.raises(NotFoundError, match=one.rsplit("/", 1)[-1]):
        client.models.check(one + "x")


# ---- answers --------------------------------------------------------------------------------------------------------


def test_a_stream_that_thinks(client: Kimi) -> None:
    with client.stream(SUM, thinking=True) as stream:
        events = list(stream)
    kinds = [kind for kind, _ in groupby(event.type for event in events)]
    assert [kind for kind in kinds if kind not in ("usage", "notice")] == ["thinking", "text", "finish"]
    assert sum(event.type == "finish" for event in events) == 1
    message = stream.message
    assert "391" in message.text
    assert message.text == "".join(event.text for event in events if event.type == "text")
    assert message.reasoning == "".join(event.text for event in events if event.type == "thinking")
    assert "17" in message.reasoning
    assert message.finish_reason == "stop"
    assert message.usage.total_tokens == message.usage.prompt_tokens + message.usage.completion_tokens > 0
    assert message.id
    assert message.request_id
    assert unexpected(client, message) == []


def test_an_answer_at_once_is_the_streamed_one(client: Kimi) -> None:
    whole, streamed = client.complete(SUM, thinking=True), client.stream(SUM, thinking=True).message
    assert (whole.text, whole.reasoning, whole.finish_reason) == (
        streamed.text,
        streamed.reasoning,
        streamed.finish_reason,
    )
    assert whole.usage.total_tokens == streamed.usage.total_tokens
    assert unexpected(client, whole) == []


@pytest.mark.parametrize("way", ["stream", "complete"])
def test_thinking_is_turned_off(client: Kimi, way: str) -> None:
    message = client.complete(SUM, thinking=False) if way == "complete" else client.stream(SUM, thinking=False).message
    assert "391" in message.text
    if any(warning.code == "thinking_not_switched" for warning in message.warnings):  # there is no switch
        assert message.reasoning
        return
    assert not message.reasoning
    assert unexpected(client, message) == []


def test_cost_where_the_provider_tells_it(client: Kimi) -> None:
    for message in (client.complete(SUM), client.stream(SUM).message):
        assert message.usage is not None
        assert (message.usage.cost_source == "provider") == (client.provider in ("openrouter", "aimlapi"))
        assert (message.usage.cost is None) == (message.usage.cost_source is None)


def test_an_image_is_seen_where_images_are_taken(client: Kimi) -> None:
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": PNG}}]
    if row(client)["images"] == []:
        with pytest.raises(BadRequestError):
            client.complete(parts)
        return
    message = client.complete(parts)
    assert "image/png" in message.text
    assert unexpected(client, message) == []


# ---- tools ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["stream", "complete"])
def test_a_round_with_a_tool(client: Kimi, way: str) -> None:
    ask = client.complete if way == "complete" else lambda *args, **more: client.stream(*args, **more).message
    turn = ask([ASKED], tools=[WEATHER])
    assert turn.finish_reason == "tool_calls"
    (call,) = turn.tool_calls
    assert call.name == "get_weather"
    assert call.parse() == {"city": "Tokyo"}
    assert call.complete
    assert turn.reasoning
    assert "<|" not in turn.text + turn.reasoning
    history = [ASKED, turn, {"role": "tool", "tool_call_id": call.id, "content": "22°C"}]
    answer = ask(history, tools=[WEATHER])
    assert "22°C" in answer.text
    assert answer.finish_reason == "stop"
    assert unexpected(client, turn) == unexpected(client, answer) == []
    again = ask([*history, answer, {"role": "user", "content": "Weather in Paris"}], tools=[WEATHER])
    assert again.tool_calls[0].parse() == {"city": "Paris"}
    assert unexpected(client, again) == []


def test_events_of_a_tool_call(client: Kimi) -> None:
    events = list(client.stream([ASKED], tools=[WEATHER]))
    kinds = [event.type for event in events]
    assert kinds.index("tool_call_start") < kinds.index("tool_call_delta") < kinds.index("tool_call")
    assert kinds.index("tool_call") < kinds.index("finish")
    pieces = [event.arguments for event in events if event.type == "tool_call_delta"]
    assert json.loads("".join(pieces)) == {"city": "Tokyo"}


def test_a_round_with_a_tool_in_the_openai_shape(client: Kimi) -> None:
    create = client.chat.completions.create
    messages: list[Any] = [ASKED]
    first = create(messages=messages, tools=[WEATHER], tool_choice="auto").choices[0]
    assert first.finish_reason == "tool_calls"
    (call,) = first.message.tool_calls
    assert json.loads(call.function.arguments) == {"city": "Tokyo"}
    assert first.message.reasoning_content
    messages += [
        first.message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": call.id, "content": "22°C"},
    ]
    second = create(messages=messages, tools=[WEATHER]).choices[0]
    assert "22°C" in second.message.content
    assert second.message.tool_calls is None


def test_chunks_of_a_tool_call_in_the_openai_shape(client: Kimi) -> None:
    """Gathered as programs for openai-python gather them."""
    thought, finish, calls = "", None, {}
    for chunk in client.chat.completions.create(messages=[ASKED], tools=[WEATHER], stream=True):
        choice = chunk.choices[0]
        finish = choice.finish_reason or finish
        thought += getattr(choice.delta, "reasoning_content", None) or ""
        for piece in choice.delta.tool_calls or []:
            call = calls.setdefault(piece.index, {"id": "", "name": "", "arguments": ""})
            call["id"] = piece.id or call["id"]
            call["name"] = piece.function.name or call["name"]
            call["arguments"] += piece.function.arguments or ""
    assert finish == "tool_calls"
    assert thought
    ((_, call),) = calls.items()
    assert call["id"]
    assert call["name"] == "get_weather"
    assert json.loads(call["arguments"]) == {"city": "Tokyo"}


def test_text_in_the_openai_shape(client: Kimi) -> None:
    create = client.chat.completions.create
    messages = [{"role": "user", "content": SUM}]
    whole = create(messages=messages)
    assert "391" in whole.choices[0].message.content
    assert whole.usage.total_tokens > 0
    said = "".join(chunk.choices[0].delta.content or "" for chunk in create(messages=messages, stream=True))
    assert said == whole.choices[0].message.content
    assert "</think>" not in said


# ---- conversations --------------------------------------------------------------------------------------------------

NUMBERS = [
    {"role": "user", "content": "Tell me three random numbers."},
    {"role": "assistant", "reasoning_content": "Five: 473, 921, 235, 215, 222. I tell three.", "content": "473, 921"},
    {"role": "user", "content": "What are the other two numbers you have in mind?"},
]


def test_kept_reasoning_is_in_view(client: Kimi) -> None:
    kept = client.complete(NUMBERS, thinking="keep")
    if row(client)["thinking_keep"]:
        assert "215" in kept.text
        assert unexpected(client, kept) == []
    else:
        assert unexpected(client, kept) == ["keep_not_taken"]
    assert "215" not in client.complete(NUMBERS, thinking=True).text


def test_an_answer_goes_on_from_a_prefill_or_is_refused(client: Kimi, sim: Simulator) -> None:
    if row(client)["takes_prefill"]:
        message = client.complete("Count to five", prefill="1, 2,")
        assert message.finish_reason == "stop"
        assert not message.text.startswith("1, 2,")
        assert unexpected(client, message) == []
    else:
        with pytest.raises(InvalidRequestError, match="prefill"):
            client.complete("Count to five", prefill="1, 2,")
        assert sim.requests == []


# ---- refusals -------------------------------------------------------------------------------------------------------


def test_a_wrong_key(sim: Simulator) -> None:
    with connect(sim, api_key="sk-wrong-0123456789") as client:
        if not DIALECTS[sim.dialect].keys:
            assert client.complete(SUM).text
            return
        with pytest.raises(AuthenticationError) as refusal:
            client.complete(SUM)
    assert refusal.value.status_code == 401
    assert refusal.value.reason == "key"
    assert "The key came from" not in refusal.value.message  # it was passed
    of_ones_own = row(client)["base_url"].startswith("http://localhost")
    assert (row(client)["key_advice"] in refusal.value.message) == of_ones_own  # of a provider's keys at its own hosts
    assert not refusal.value.retryable
    assert "sk-wrong" not in str(refusal.value)


def test_no_key_is_told_before_anything_is_sent(sim: Simulator) -> None:
    if ROWS[sim.dialect]["needs_key"]:
        with pytest.raises(InvalidRequestError, match="key"):
            connect(sim, api_key=None)
    else:
        connect(sim, api_key=None).close()
    assert sim.requests == []


KINDS = [  # what is ordered, the reason, and whether it is worth another try
    ("concurrency", "concurrency", True),
    ("rpm", "rpm", True),
    ("tpm", "tpm", True),
    ("tpd", "tpd", True),
    ("overloaded", "overload", True),
    ("quota", "quota", False),
    ("suspended", "suspended", False),
    ("overflow", "context_overflow", False),
    ("content_filter", "content_filter", False),
]
# Where a provider says the same with another status, or not at all.
OTHERWISE = {
    ("openrouter", "suspended"): "quota",  # 402 for both
}


@pytest.mark.parametrize(("ordered", "reason", "retryable"), KINDS)
@pytest.mark.parametrize("way", ["stream", "complete", "create"])
def test_reasons(sim: Simulator, client: Kimi, ordered: str, reason: str, retryable: bool, way: str) -> None:
    headers = {"X-Simulate-Error": ordered}
    create = client.chat.completions.create
    ask = {
        "stream": client.stream,
        "complete": client.complete,
        "create": lambda hi, **more: create(messages=hi, **more),
    }
    with pytest.raises(kimistream.APIStatusError) as refusal:
        ask[way]([ASKED], extra_headers=headers)
    error = refusal.value
    assert error.reason == OTHERWISE.get((sim.dialect, ordered), reason)
    assert error.retryable is retryable
    if error.status_code == 429:
        assert isinstance(error, RateLimitError)
    assert error.headers
    assert len(sim.requests) == 1


@pytest.mark.parametrize(("ordered", "reason", "retryable"), KINDS)
def test_reasons_within_a_stream(client: Kimi, ordered: str, reason: str, retryable: bool) -> None:
    with pytest.raises(kimistream.APIError) as failure:
        _ = client.stream(SUM, extra_headers={"X-Simulate-Midstream-Error": f"{ordered}@10"}).message
    error = failure.value
    assert not isinstance(error, kimistream.IncompleteStreamError)
    assert error.reason == OTHERWISE.get((client.provider, ordered), reason)
    assert error.retryable is retryable
    assert error.partial is not None
    assert error.partial.reasoning
    assert error.partial.finish_reason is None


def test_what_is_worth_it_is_tried_again(sim: Simulator) -> None:
    with connect(sim, max_retries=2) as client:
        # A time of its own for the wait: the header's second would only make the test slow.
        headers = {"X-Simulate-Error": "overloaded*1", "X-Simulate-Retry-After": "0.01"}
        assert "391" in client.complete(SUM, extra_headers=headers).text
        assert len(sim.requests) == 2
        with pytest.raises(kimistream.APIStatusError):
            client.complete(SUM, extra_headers={"X-Simulate-Error": "quota"})
        assert len(sim.requests) == 3


def test_an_unknown_model(client: Kimi) -> None:
    if not DIALECTS[client.provider].models:
        assert client.complete(SUM, model="my-own-name").text  # whatever it was started with
        return
    with pytest.raises(kimistream.APIStatusError) as refusal:
        client.complete(SUM, model="nobody-has-this")
    assert "nobody-has-this" in refusal.value.message
    assert not refusal.value.retryable


# ---- quirks ---------------------------------------------------------------------------------------------------------

ERRORS = (
    *("error-frame", "error-frame-flat", "error-frame-text", "error-frame-code", "error-frame-gateway"),
    *("error-field", "error-line", "error-in-open-event"),
)
# What the answer is not the same with, however well it is read; looked at one by one in test_quirks.py.
CHANGES_THE_ANSWER = {
    *("finish-unknown", "finish-tool-calls", "finish-content-filter", "finish-abort", "finish-error"),
    *ERRORS,
    *("cut-with-done", "no-finish"),
    *("think-only", "call-empty-arguments", "glued-frames"),
}
IN_THE_TEXT = {
    *("think-in-content", "markup-in-content", "markup-in-reasoning", "markup-without-section"),
    *("reasoning-pairs", "tags-in-reasoning", "close-tag-in-content"),
}
IMPLICIT = {"think-closed-in-content"}


def left_alone(client: Kimi, quirk: str) -> bool:
    """Whether the answer comes as if the quirk were not there."""
    own = row(client)
    if quirk in CHANGES_THE_ANSWER:
        return False
    if quirk == "call-garbage" and own["protocol"] == "anthropic_messages":
        return False  # arguments are an object there, garbage behind it has no place
    if quirk in IN_THE_TEXT:
        return bool(own["salvages_tool_markup"]) and own["inline_thinking"] != "never"
    return quirk not in IMPLICIT or own["inline_thinking"] == "implicit_open"


@pytest.mark.parametrize("quirk", QUIRKS)
def test_quirks_are_mended(client: Kimi, quirk: str) -> None:
    if not left_alone(client, quirk):
        pytest.skip("changes the answer")
    asked: list[dict[str, Any]] = [
        {"prompt": SUM, "thinking": True},
        {"prompt": "Weather in Tokyo, weather in Paris", "tools": [WEATHER]},
    ]
    headers = {"X-Simulate-Quirks": quirk}
    for arguments in asked:
        clean = essence(client.complete(**arguments))
        assert essence(client.stream(**arguments).message) == clean
        assert essence(client.stream(extra_headers=headers, **arguments).message) == clean
        assert essence(client.complete(extra_headers=headers, **arguments)) == clean


def essence(message: kimistream.Message) -> tuple[Any, ...]:
    calls = [(call.name, call.parse()) for call in message.tool_calls]
    return message.text, message.reasoning or "", calls, message.finish_reason


@pytest.mark.parametrize("quirk", ERRORS)
def test_an_error_within_a_stream_is_an_error_of_the_server(client: Kimi, quirk: str) -> None:
    with pytest.raises(kimistream.APIError) as failure:
        _ = client.stream(SUM, extra_headers={"X-Simulate-Quirks": quirk}).message
    assert not isinstance(failure.value, kimistream.IncompleteStreamError)
    assert "Internal server error" in failure.value.message


def test_a_body_in_place_of_a_stream_shows_in_the_deltas(client: Kimi) -> None:
    """Workers AI answers some streams with a whole body; samples read `delta.content`."""
    chunks = client.chat.completions.create(
        messages=[{"role": "user", "content": SUM}],
        stream=True,
        extra_headers={"X-Simulate-Quirks": "json-body"},
    )
    assert "391" in "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


@pytest.mark.parametrize("way", ["stream", "complete"])
def test_thinking_is_turned_off_in_the_servers_own_words(client: Kimi, way: str) -> None:
    body = row(client)["thinking_off"]
    if not body:
        pytest.skip("there is no switch")
    ask = client.complete if way == "complete" else lambda *args, **more: client.stream(*args, **more).message
    message = ask(SUM, extra_body=body)
    assert "391" in message.text
    assert not message.reasoning


def test_an_address_with_a_part_to_fill_in_is_refused() -> None:
    for name in [name for name, each in ROWS.items() if "{" in each["base_url"]]:
        with pytest.raises(InvalidRequestError, match="base_url"):
            Kimi(api_key="sk-test-0123456789", provider=name)


# ---- resources ------------------------------------------------------------------------------------------------------


def test_tokens_are_counted_or_estimated(client: Kimi, sim: Simulator) -> None:
    count = client.count_tokens([{"role": "user", "content": "Hello there"}])
    assert 1 < int(count) < 50
    assert count.estimated == (not row(client)["tokens_path"])
    assert len(sim.requests) == (not count.estimated)


def test_a_balance_where_there_is_one(client: Kimi, sim: Simulator) -> None:
    if row(client)["balance_path"]:
        balance = client.balance()
        assert isinstance(balance.available_balance, Decimal)
        assert balance.currency == row(client)["currency"]
    else:
        with pytest.raises(InvalidRequestError, match=client.provider):
            client.balance()
        assert sim.requests == []


# ---- asyncio --------------------------------------------------------------------------------------------------------


def test_the_asynchronous_client(sim: Simulator) -> None:
    async def use() -> None:
        arguments = {"api_key": sim.api_key, "provider": sim.dialect, "base_url": sim.base_url, "max_retries": 0}
        async with AsyncKimi(**arguments) as client:
            kinds = [event.type async for event in client.stream(SUM, thinking=True)]
            assert [kind for kind, _ in groupby(kinds) if kind not in ("usage", "notice")] == [
                "thinking",
                "text",
                "finish",
            ]
            turn = await client.complete([ASKED], tools=[WEATHER])
            history = [ASKED, turn, {"role": "tool", "tool_call_id": turn.tool_calls[0].id, "content": "22°C"}]
            answer = await client.stream(history, tools=[WEATHER]).message
            assert "22°C" in answer.text
            assert unexpected(client, answer) == []
            with pytest.raises(kimistream.APIStatusError) as refusal:
                await client.complete("hi", extra_headers={"X-Simulate-Error": "rpm"})
            assert refusal.value.reason == "rpm"

    run(use())
