"""What else openai-python's clients have: parse, stream, raw responses, copies, arguments of the constructor."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from fault_server_client import FaultServer
from kit import DONE, KEY, Script, answer, async_kimi, call_frame, completion, frame, kimi, run, sent, stream_of

import kimistream
from kimistream import AsyncKimi, InvalidRequestError, Kimi, NotFoundError, SchemaError, Timeout

ASKED: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}]}
CITY = '{"name": "Paris", "people": 3}'
STRICT = {"type": "function", "function": {"name": "f", "strict": True, "parameters": {"type": "object"}}}
both = pytest.mark.parametrize("client_type", [Kimi, AsyncKimi])


@dataclasses.dataclass
class City:
    name: str
    people: int


def called(arguments: str = '{"a": 1}', **more: Any) -> dict[str, Any]:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": arguments}}
    return completion(None, tool_calls=[call], **more)


# ---- parse -----------------------------------------------------------------------------------------------------------


def test_parse(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, completion(CITY), {"X-Request-Id": "req-1"}))
    parsed = kimi(url).chat.completions.parse(**ASKED, response_format=City)
    assert parsed.choices[0].message.parsed == City("Paris", 3)
    assert (parsed.choices[0].message.content, parsed._request_id) == (CITY, "req-1")
    asked = sent(fault_server, url)["response_format"]
    assert (asked["type"], asked["json_schema"]["name"]) == ("json_schema", "City")

    async def ask() -> None:
        async with async_kimi(url) as client:
            again = await client.beta.chat.completions.parse(**ASKED, response_format=City)
            assert again.choices[0].message.parsed == City("Paris", 3)

    run(ask())


def test_parse_where_the_prompt_must_say_it(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, completion(f"```json\n{CITY}\n```")))
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]
    parsed = kimi(url, provider="tokenhub").chat.completions.parse(model="m", messages=messages, response_format=City)
    assert parsed.choices[0].message.parsed == City("Paris", 3)
    body = sent(fault_server, url)
    assert body["response_format"] == {"type": "json_object"}
    assert [message["role"] for message in body["messages"]] == ["system", "system", "user"]
    assert "JSON Schema" in body["messages"][1]["content"]


def test_parse_without_a_class(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, completion(CITY)))
    wanted = {"type": "json_object"}
    parsed = kimi(url).chat.completions.parse(**ASKED, response_format=wanted)
    assert parsed.choices[0].message.parsed is None
    assert sent(fault_server, url)["response_format"] == wanted
    with pytest.raises(TypeError, match="parse"):
        kimi(url).chat.completions.create(**ASKED, response_format=City)


@pytest.mark.parametrize(("tool", "parsed"), [(STRICT, {"a": 1}), ({**STRICT, "function": {"name": "f"}}, None)])
def test_arguments_of_strict_tools(tool: Any, parsed: Any, fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, called()))
    (call,) = kimi(url).chat.completions.parse(**ASKED, tools=[tool]).choices[0].message.tool_calls or []
    assert (call.function.parsed_arguments, call.function.arguments) == (parsed, '{"a": 1}')


def test_arguments_of_a_pydantic_tool(fault_server: FaultServer) -> None:
    pydantic = pytest.importorskip("pydantic")
    model = pydantic.create_model("F", a=(int, ...))
    function = type("PydanticFunctionTool", (dict,), {"model": model})(STRICT["function"])
    url = fault_server.url(Script().json(200, called()))
    tools = [{"type": "function", "function": function}]
    (call,) = kimi(url).chat.completions.parse(**ASKED, tools=tools).choices[0].message.tool_calls or []
    assert call.function.parsed_arguments == model(a=1)


def test_answers_that_cannot_be_parsed(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, completion('{"name": 3}')))
    with pytest.raises(SchemaError, match="people"):
        kimi(url).chat.completions.parse(**ASKED, response_format=City)
    for reason, error in (
        ("length", kimistream.LengthFinishReasonError),
        ("content_filter", kimistream.ContentFilterFinishReasonError),
    ):
        body = completion('{"na')
        body["choices"][0]["finish_reason"] = reason
        with pytest.raises(error) as caught:
            kimi(fault_server.url(Script().json(200, body))).chat.completions.parse(**ASKED, response_format=City)
        assert caught.value.completion.choices[0].message.content == '{"na'


# ---- stream ----------------------------------------------------------------------------------------------------------


def test_stream(fault_server: FaultServer) -> None:
    frames = [frame(reasoning_content="Hm."), *answer(CITY[:9], CITY[9:])]
    url = fault_server.url(Script().event_stream(frames))
    with kimi(url).chat.completions.stream(**ASKED, response_format=City) as stream:
        events = [event for event in stream if event.type != "chunk"]
        final = stream.get_final_completion()
    assert [event.type for event in events] == ["content.delta"] * 3 + ["content.done"]
    assert [event.delta for event in events[:3]] == ["", CITY[:9], CITY[9:]]
    assert [event.snapshot for event in events[:3]] == ["", CITY[:9], CITY]
    assert (events[3].content, events[3].parsed) == (CITY, City("Paris", 3))
    message = final.choices[0].message
    assert (message.content, message.parsed, message.reasoning) == (CITY, City("Paris", 3), "Hm.")
    assert (final.object, final.choices[0].finish_reason, final.usage and final.usage.total_tokens) == (
        "chat.completion", "stop", 22,
    )  # fmt: skip


def test_stream_of_calls(fault_server: FaultServer) -> None:
    frames = [
        call_frame(0, "c1", "f", ""), call_frame(0, arguments='{"a"'), call_frame(0, arguments=": 1}"),
        call_frame(1, "c2", "g", "{}"), frame(finish_reason="tool_calls"), DONE,
    ]  # fmt: skip
    url = fault_server.url(Script().event_stream(frames))
    with kimi(url).chat.completions.stream(**ASKED, tools=[STRICT]) as stream:
        events = [event for event in stream if "tool" in event.type]
        calls = stream.get_final_completion().choices[0].message.tool_calls or []
    deltas = [event for event in events if event.type == "tool_calls.function.arguments.delta"]
    for index, whole in ((0, '{"a": 1}'), (1, "{}")):
        mine = [event for event in deltas if event.index == index]
        assert "".join(event.arguments_delta for event in mine) == mine[-1].arguments == whole
    done = [event for event in events if event.type == "tool_calls.function.arguments.done"]
    assert [(event.index, event.name, event.arguments, event.parsed_arguments) for event in done] == [
        (0, "f", '{"a": 1}', {"a": 1}),
        (1, "g", "{}", None),
    ]
    assert events.index(done[0]) < events.index(done[1]) == len(events) - 1
    assert [(call.id, call.function.name, call.function.parsed_arguments) for call in calls] == [
        ("c1", "f", {"a": 1}),
        ("c2", "g", None),
    ]


def test_the_asynchronous_stream(fault_server: FaultServer) -> None:
    url = fault_server.url(stream_of("a", "b"))

    async def ask() -> None:
        async with async_kimi(url) as client, client.chat.completions.stream(**ASKED) as stream:
            events = [event async for event in stream]
            assert events[0].chunk.id == "chatcmpl-test"
            assert stream.current_completion_snapshot.choices[0].message.content == "ab"
            assert (await stream.get_final_completion()).choices[0].message.content == "ab"

    run(ask())


def test_a_stream_that_is_cut_by_the_limit(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().event_stream(answer('{"na', finish="length")))
    with (
        kimi(url).chat.completions.stream(**ASKED, response_format=City) as stream,
        pytest.raises(kimistream.LengthFinishReasonError),
    ):
        stream.until_done()


# ---- raw responses ---------------------------------------------------------------------------------------------------


def test_raw_responses(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, completion("x"), {"X-Request-Id": "req-1", "X-A": "b"}))
    client = kimi(url)
    for completions in (client.chat.completions.with_raw_response, client.with_raw_response.chat.completions):
        raw = completions.create(**ASKED)
        assert (raw.status_code, raw.headers["x-a"], raw.request_id) == (200, "b", "req-1")
        assert json.loads(raw.text) == raw.http_response.json() == completion("x")
        assert raw.parse() is raw.parse()
        assert raw.parse() == client.chat.completions.create(**ASKED)
        assert (raw.method, raw.url, raw.http_request.url) == ("POST", f"{url}/chat/completions", raw.url)
        assert (raw.http_version, raw.is_closed) == ("HTTP/1.1", True)
    raw = client.beta.chat.completions.with_raw_response.parse(**ASKED)
    assert raw.parse().choices[0].message.parsed is None
    with client.chat.completions.with_streaming_response.create(**ASKED) as response:
        assert (response.headers["x-a"], response.json(), response.parse().id) == (
            "b",
            completion("x"),
            "chatcmpl-test",
        )


def test_raw_streams(fault_server: FaultServer) -> None:
    url = fault_server.url(stream_of("x"))
    client = kimi(url)
    raw = client.chat.completions.with_raw_response.create(stream=True, **ASKED)
    assert not raw.is_closed
    chunks = list(raw.parse())
    assert [chunk.choices[0].delta.content for chunk in chunks] == ["", "x", None]
    with client.chat.completions.with_streaming_response.create(stream=True, **ASKED) as response:
        lines = [line for line in response.iter_lines() if line]
    assert [json.loads(line.removeprefix("data: ")) for line in lines[:-1]] == [chunk.to_dict() for chunk in chunks]
    assert lines[-1] == "data: [DONE]"

    async def ask() -> None:
        async with async_kimi(url) as client:
            raw = await client.chat.completions.with_raw_response.create(stream=True, **ASKED)
            assert [chunk.id async for chunk in raw.parse()] == [chunk.id for chunk in chunks]
            async with client.chat.completions.with_streaming_response.create(stream=True, **ASKED) as response:
                assert [line async for line in response.iter_lines() if line] == lines

    run(ask())


def test_create_can_be_replaced(fault_server: FaultServer) -> None:
    client = kimi(fault_server.url(Script().json(200, completion(CITY))))
    original, seen = client.chat.completions.create, []

    def traced(**arguments: Any) -> Any:
        seen.append(arguments)
        return original(**arguments)

    client.chat.completions.create = traced  # type: ignore[method-assign, assignment]
    client.chat.completions.create(**ASKED)
    client.chat.completions.parse(**ASKED, response_format=City)
    assert len(seen) == 2


# ---- clients ---------------------------------------------------------------------------------------------------------


@both
def test_arguments_of_openais_constructor(client_type: Any) -> None:
    class NotGiven:
        pass

    class URL(str):
        raw_path = b"/"

    client = client_type(
        KEY, base_url=URL("http://127.0.0.1:9/v1"), timeout=NotGiven(), max_retries=NotGiven(), organization="o",
        project="p", default_query={"q": "1"}, http_client=None, webhook_secret=None, websocket_base_url=None,
        _strict_response_validation=False,
    )  # fmt: skip
    assert (client.base_url, client.max_retries) == ("http://127.0.0.1:9/v1", 2)
    assert (client.organization, client.project, client.default_query) == ("o", "p", {"q": "1"})
    assert client.default_headers == {"OpenAI-Organization": "o", "OpenAI-Project": "p"}
    assert (client.api_key, client_type(lambda: KEY).api_key) == (KEY, KEY)
    assert client.is_closed() is False
    with pytest.raises(InvalidRequestError, match="default_headers and timeout"):
        client_type(KEY, http_client=object())

    async def key() -> str:
        return KEY

    with pytest.raises(InvalidRequestError, match="awaited"):
        client_type(key)


def test_what_goes_with_every_request(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, completion("x")))
    client = kimi(url, default_query={"q": "1"}, organization="o", thinking=False, options={"max_tokens": 7})
    client.chat.completions.create(**ASKED, extra_query={"r": "2"}, idempotency_key="k")
    request = fault_server.requests(url)[-1]
    assert request["target"].endswith("?q=1&r=2")
    assert (request["headers"]["openai-organization"], request["headers"]["idempotency-key"]) == ("o", "k")
    body = sent(fault_server, url)
    assert (body["thinking"], body["max_completion_tokens"]) == ({"type": "disabled"}, 7)
    client.complete("hi", thinking=True, max_tokens=9)
    body = sent(fault_server, url)
    assert (body["thinking"], body["max_completion_tokens"]) == ({"type": "enabled"}, 9)


@pytest.mark.parametrize("thinking", [True, "keep", None])
def test_what_a_client_thinks_gives_way_to_a_call_that_a_request_forces(
    thinking: Any, fault_server: FaultServer
) -> None:
    url = fault_server.url(Script().json(200, called()))
    client = kimi(url, provider="moonshot", thinking=thinking, check="fix")
    client.chat.completions.create(**ASKED, tools=[STRICT], tool_choice="required")
    body = sent(fault_server, url)
    assert (body["tool_choice"], body["thinking"]) == ("required", {"type": "disabled"})
    client.chat.completions.create(**ASKED, tools=[STRICT], tool_choice="auto")
    assert sent(fault_server, url).get("thinking") != {"type": "disabled"}


def test_schema_words_outside_mfjs_are_mended(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, completion("x")))
    client = kimi(url, provider="moonshot", check="fix")
    schema = {"type": "object", "properties": {"a": {"type": "integer", "exclusiveMaximum": 10}}}
    tool = {"type": "function", "function": {"name": "get", "parameters": schema}}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    client.chat.completions.create(**ASKED, tools=[tool], response_format=wanted)
    body = sent(fault_server, url)
    for sent_schema in (
        body["tools"][0]["function"]["parameters"],
        body["response_format"]["json_schema"]["schema"],
    ):
        mended = sent_schema["properties"]["a"]
        assert "exclusiveMaximum" not in mended
        assert "exclusiveMaximum: 10" in mended["description"]  # the model still reads it


@both
@pytest.mark.parametrize("options", [{"check": "loud"}, {"thinking": "on"}, {"check": 3}, {"options": [1]}], ids=str)
def test_defaults_that_cannot_be(client_type: Any, options: dict[str, Any]) -> None:
    with pytest.raises((InvalidRequestError, TypeError)):
        client_type(KEY, **options)


@both
def test_copies(client_type: Any) -> None:
    client = client_type(KEY, base_url="http://127.0.0.1:9/v1", default_headers={"A": "1"}, max_retries=1, check="fix")
    twin = client.with_options(timeout=3, default_headers={"B": "2"})
    assert type(twin) is client_type
    assert (twin.timeout, twin.max_retries, twin.base_url, twin.api_key) == (3, 1, client.base_url, KEY)
    assert (twin.default_headers, client.default_headers) == ({"A": "1", "B": "2"}, {"A": "1"})
    assert client.copy(set_default_headers={"C": "3"}).default_headers == {"C": "3"}
    assert client.copy(timeout=Timeout(idle=5)).timeout == Timeout(idle=5)
    client.api_key = "sk-another"
    assert (client.api_key, twin.api_key) == ("sk-another", KEY)


def test_a_key_that_is_assigned_is_sent(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, completion("x")))
    client = kimi(url)
    client.api_key = "sk-another"
    client.chat.completions.create(**ASKED)
    assert fault_server.requests(url)[-1]["headers"]["authorization"] == "Bearer sk-another"


def test_headers_that_are_left_out(fault_server: FaultServer) -> None:
    class Omit:
        pass

    url = fault_server.url(Script().json(200, completion("x")))
    messages = (message for message in ASKED["messages"])
    kimi(url).chat.completions.create(model="kimi-k2.6", messages=messages, extra_headers={"X-A": Omit(), "X-B": "b"})
    headers = fault_server.requests(url)[-1]["headers"]
    assert ("x-a" in headers, headers["x-b"]) == (False, "b")


@both
def test_what_kimi_has_not(client_type: Any) -> None:
    client = client_type(KEY)
    with pytest.raises(InvalidRequestError, match=r"client\.responses\.create: .*chat\.completions"):
        client.responses.create(model="m")
    with pytest.raises(InvalidRequestError, match=r"images\.with_raw_response\.generate"):
        client.images.with_raw_response.generate()
    assert not hasattr(client, "nonsense")


def test_a_model_by_its_name(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, {"data": [{"id": "kimi-k2.6"}]}))
    assert kimi(url).models.retrieve("kimi-k2.6").id == "kimi-k2.6"
    with pytest.raises(NotFoundError):
        kimi(url).models.retrieve("another")
