"""The OpenAI shape: what `chat.completions.create` sends."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fault_server_client import FaultServer
from kit import KEY, Script, answer, async_kimi, completion, frame, kimi, run, sent, stream_of

import kimistream as openai
from kimistream import Kimi as OpenAI

USER = {"role": "user", "content": "hi"}
ASKED: Any = {"model": "kimi-k2.6", "messages": [USER]}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
SEARCH = {"type": "builtin_function", "function": {"name": "$web_search"}}


@pytest.fixture
def url(fault_server: FaultServer) -> str:
    return fault_server.url(Script().json(200, completion()))


def ask(server: FaultServer, url: str, **arguments: Any) -> dict[str, Any]:
    """What is sent for these arguments; the same by both clients."""
    kimi(url).chat.completions.create(**{**ASKED, **arguments})
    body = sent(server, url)

    async def again() -> None:
        async with async_kimi(url) as client:
            await client.chat.completions.create(**{**ASKED, **arguments})

    run(again())
    assert sent(server, url) == body
    return body


def test_fields_go_by_their_own_names(url: str, fault_server: FaultServer) -> None:
    body = ask(fault_server, url, temperature=0.6, top_p=0.95, n=1, seed=7, user="u", stop=["a"], presence_penalty=0,
               response_format={"type": "json_object"}, prompt_cache_key="k", some_new_field={"x": [1]})  # fmt: skip
    assert body == {
        "model": "kimi-k2.6", "messages": [USER], "temperature": 0.6, "top_p": 0.95, "n": 1, "seed": 7, "user": "u",
        "stop": ["a"], "presence_penalty": 0, "response_format": {"type": "json_object"}, "prompt_cache_key": "k",
        "some_new_field": {"x": [1]},
    }  # fmt: skip


def test_nothing_is_changed_silently(url: str, fault_server: FaultServer) -> None:
    body = ask(
        fault_server, url, temperature=1.7, model="another-provider/model", thinking={"type": "enabled"}, top_p=2
    )
    assert (body["temperature"], body["model"], body["thinking"]) == (
        1.7,
        "another-provider/model",
        {"type": "enabled"},
    )


def test_extra_body_is_merged_last_and_deep(url: str, fault_server: FaultServer) -> None:
    body = ask(
        fault_server,
        url,
        response_format={"type": "json_schema", "json_schema": {"name": "n", "strict": False}},
        temperature=0.5,
        extra_body={
            "response_format": {"json_schema": {"strict": True, "schema": {"a": 1}}},
            "temperature": 1.0,
            "thinking": {"type": "enabled", "keep": "all"},
            "null": None,
        },
    )
    assert body["response_format"] == {
        "type": "json_schema", "json_schema": {"name": "n", "strict": True, "schema": {"a": 1}}
    }  # fmt: skip
    assert (body["temperature"], body["thinking"], body["null"]) == (1.0, {"type": "enabled", "keep": "all"}, None)


def test_extra_headers(url: str, fault_server: FaultServer) -> None:
    client = kimi(url, default_headers={"X-A": "default", "X-B": "default"})
    client.chat.completions.create(**ASKED, extra_headers={"x-a": "one", "User-Agent": "mine"})
    headers = fault_server.requests(url)[-1]["headers"]
    assert (headers["x-a"], headers["x-b"], headers["user-agent"]) == ("one", "default", "mine")
    assert headers["authorization"] == f"Bearer {KEY}"


def test_an_empty_list_of_tools_is_left_out_with_the_choice(url: str, fault_server: FaultServer) -> None:
    for choice in (None, "auto", "none"):
        body = ask(fault_server, url, tools=[], tool_choice=choice)
        assert "tools" not in body
        assert "tool_choice" not in body
    assert "tools" not in ask(fault_server, url, tools=None, tool_choice=None)


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "f"}}])
def test_a_call_forced_from_an_empty_list_is_the_servers_to_refuse(
    choice: Any, url: str, fault_server: FaultServer
) -> None:
    body = ask(fault_server, url, tools=[], tool_choice=choice)
    assert (body["tools"], body["tool_choice"]) == ([], choice)


def test_extra_query_goes_into_the_address(url: str, fault_server: FaultServer) -> None:
    query = {"api-version": "2026-01-01", "a b": "x&y=\u00e9", "n": 5, "on": True, "each": ["1", 2], "not": None}
    written = "?api-version=2026-01-01&a%20b=x%26y%3D%C3%A9&n=5&on=true&each=1&each=2"
    body = ask(fault_server, url, extra_query=query)
    assert body == ASKED
    kimi(url).complete("hi", extra_query=query)
    assert [seen["target"].rpartition("/completions")[2] for seen in fault_server.requests(url)] == [written] * 3
    kimi(url).complete("hi", extra_query={})
    assert fault_server.requests(url)[-1]["target"].endswith("/completions")


@pytest.mark.parametrize("query", ["x=1", {"x": object()}, {"x": [[1]]}, {1: "x"}])
def test_an_extra_query_of_another_type_is_refused(query: Any, url: str, fault_server: FaultServer) -> None:
    with pytest.raises(TypeError):
        kimi(url).complete("hi", extra_query=query)
    assert fault_server.requests(url) == []


@pytest.mark.parametrize("choice", ["auto", "none", "required", {"type": "function", "function": {"name": "f"}}])
def test_tools(choice: Any, url: str, fault_server: FaultServer) -> None:
    body = ask(fault_server, url, tools=[TOOL, SEARCH], tool_choice=choice)
    assert (body["tools"], body["tool_choice"]) == ([TOOL, SEARCH], choice)


def test_the_older_and_the_newer_name_of_max_tokens(url: str, fault_server: FaultServer) -> None:
    assert ask(fault_server, url, max_tokens=100)["max_completion_tokens"] == 100
    assert ask(fault_server, url, max_completion_tokens=200)["max_completion_tokens"] == 200
    both = ask(fault_server, url, max_tokens=100, max_completion_tokens=200)
    assert both["max_completion_tokens"] == 200
    assert "max_tokens" not in both


def test_arguments_that_were_not_given(url: str, fault_server: FaultServer) -> None:
    class NotGiven:
        def __bool__(self) -> bool:
            return False

    body = ask(
        fault_server, url, temperature=NotGiven(), tools=NotGiven(), stream=NotGiven(), timeout=NotGiven(), stop=None
    )
    assert body == ASKED


def test_usage_is_always_asked_for(fault_server: FaultServer) -> None:
    url = fault_server.url(stream_of("x"))
    list(kimi(url).chat.completions.create(stream=True, **ASKED))
    body = sent(fault_server, url)
    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})
    list(kimi(url).chat.completions.create(stream=True, stream_options={"include_usage": True, "other": 1}, **ASKED))
    assert sent(fault_server, url)["stream_options"] == {"include_usage": True, "other": 1}


@pytest.mark.parametrize("options", [{"include_usage": True}, {"include_usage": False}, {}, None])
def test_chunks_without_choices_are_for_those_who_asked(options: Any, fault_server: FaultServer) -> None:
    """Samples index choices[0] unguarded."""
    from fault_server_client import event
    from kit import DONE, USAGE

    frames = [
        event({"id": "c", "choices": [], "prompt_filter_results": []}),  # Azure's first frame
        *answer("x", usage=None, done=False),
        event({"id": "c", "object": "chat.completion.chunk", "choices": [], "usage": USAGE}),
        DONE,
    ]
    url = fault_server.url(Script().event_stream(frames))
    more = {} if options is None else {"stream_options": options}

    async def again() -> list[Any]:
        async with async_kimi(url) as client:
            return [chunk async for chunk in await client.chat.completions.create(stream=True, **ASKED, **more)]

    stream = kimi(url).chat.completions.create(stream=True, **ASKED, **more)
    chunks = list(stream)
    assert run(again()) == chunks
    assert stream.usage.total_tokens == 22
    if options == {"include_usage": True}:
        assert [len(chunk.choices) for chunk in chunks] == [0, 1, 1, 1, 0]
        assert chunks[-1].usage.total_tokens == 22
    else:
        assert [chunk.choices[0].delta.content for chunk in chunks] == ["", "x", None]


# ---- answers go back -------------------------------------------------------------------------------------------------

CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
SEARCH_CALL = {"id": "s_1", "type": "builtin_function", "function": {"name": "$web_search", "arguments": '{"q":1}'}}
WAYS: dict[str, Any] = {
    "as it is": lambda message: message,
    "model_dump(exclude_none=True)": lambda message: message.model_dump(exclude_none=True),
    "model_dump()": lambda message: message.model_dump(),
    "to_dict()": lambda message: message.to_dict(),
    "JSON": lambda message: json.loads(message.model_dump_json(exclude_none=True)),
    "by hand": lambda message: {
        "role": message.role, "content": message.content, "tool_calls": message.tool_calls,
        "reasoning_content": message.reasoning_content,
    },
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("key", ["reasoning_content", "reasoning"])
def test_an_answer_goes_back(way: str, key: str, fault_server: FaultServer) -> None:
    answered = completion(None, **{key: "Hm."}, tool_calls=[CALL, SEARCH_CALL])
    url = fault_server.url(Script().json(200, answered))
    client = kimi(url)
    message = client.chat.completions.create(**ASKED).choices[0].message
    messages = [USER, WAYS[way](message), {"role": "tool", "tool_call_id": "call_1", "content": "1"}]
    client.chat.completions.create(model="kimi-k2.6", messages=messages)
    assert sent(fault_server, url)["messages"] == [
        USER, {"role": "assistant", "reasoning_content": "Hm.", "tool_calls": [CALL, SEARCH_CALL]}, messages[2],
    ]  # fmt: skip


@pytest.mark.parametrize("streamed", [False, True])
def test_a_native_message_goes_back(streamed: bool, fault_server: FaultServer) -> None:
    from kit import DONE, call_frame

    frames = [frame(reasoning_content="Hm."), call_frame(0, "s_1", "$web_search", '{"q":1}', type="builtin_function"),
              frame(finish_reason="tool_calls"), DONE]  # fmt: skip
    script = Script().event_stream(frames) if streamed else Script().json(
        200, completion(None, reasoning_content="Hm.", tool_calls=[SEARCH_CALL])
    )  # fmt: skip
    url = fault_server.url(script.attempt().json(200, completion()))
    client = kimi(url)
    message = client.stream("hi").message if streamed else client.complete("hi")
    client.complete([USER, message, {"role": "tool", "tool_call_id": "s_1", "name": "$web_search", "content": "r"}])
    back = sent(fault_server, url)["messages"]
    assert back[1] == {"role": "assistant", "reasoning_content": "Hm.", "tool_calls": [SEARCH_CALL]}
    assert back[2] == {"role": "tool", "tool_call_id": "s_1", "name": "$web_search", "content": "r"}


def test_a_call_without_reasoning_gets_what_moonshot_wants(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, completion()))
    kimi(url).complete([USER, {"role": "assistant", "content": "", "tool_calls": [CALL]},
                        {"role": "tool", "tool_call_id": "call_1", "content": "1"}])  # fmt: skip
    assert sent(fault_server, url)["messages"][1] == {
        "role": "assistant",
        "reasoning_content": " ",
        "tool_calls": [CALL],
    }


def test_unknown_keys_of_a_message_are_sent(url: str, fault_server: FaultServer) -> None:
    message = {"role": "assistant", "content": "Once", "partial": True, "name": "Kelly", "new": {"x": 1}}
    body = ask(fault_server, url, messages=[USER, message])
    assert body["messages"][1] == message


def test_pieces_of_a_call_joined_by_hand_go_back(fault_server: FaultServer) -> None:
    """As samples for streams do it: dicts with what the deltas had."""
    from kit import DONE, call_frame

    frames = [call_frame(0, "call_1", "f", "", type="function"), call_frame(0, arguments='{"a": 1}'),
              frame(finish_reason="tool_calls"), DONE]  # fmt: skip
    url = fault_server.url(Script().event_stream(frames).attempt().json(200, completion()))
    client = kimi(url)
    calls: dict[int, dict[str, Any]] = {}
    for chunk in client.chat.completions.create(stream=True, **ASKED):
        for piece in chunk.choices[0].delta.tool_calls or []:
            call = calls.setdefault(
                piece.index, {"id": "", "type": "function", "function": {"name": "", "arguments": ""}}
            )
            call["id"] += piece.id or ""
            call["function"]["name"] += piece.function.name or ""
            call["function"]["arguments"] += piece.function.arguments or ""
    assert calls == {0: CALL}
    client.chat.completions.create(
        model="kimi-k2.6", messages=[USER, {"role": "assistant", "tool_calls": list(calls.values())}]
    )
    assert sent(fault_server, url)["messages"][1]["tool_calls"] == [CALL]


def test_import_kimistream_as_openai(url: str) -> None:
    client = openai.OpenAI(api_key=KEY, base_url=url)
    assert isinstance(client, OpenAI)
    assert client.chat.completions.create(**ASKED).choices[0].message.content == "Hello"
    assert isinstance(openai.AsyncOpenAI(api_key=KEY), openai.AsyncKimi)
    with pytest.raises(openai.APIConnectionError):
        openai.OpenAI(api_key=KEY, base_url="http://127.0.0.1:1/v1", max_retries=0).chat.completions.create(**ASKED)
    for name in ("RateLimitError", "APIError", "BadRequestError", "APIStatusError", "APITimeoutError", "OpenAIError"):
        assert issubclass(getattr(openai, name), openai.KimiError)
