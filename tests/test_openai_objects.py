"""The OpenAI shape: what comes back, as objects."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from fault_server_client import FaultServer
from kit import DONE, USAGE, Script, async_kimi, call_frame, completion, event, frame, kimi, run

import kimistream
from kimistream import Finish, Headers, Message, Notice, Text, Thinking, ToolCall, ToolCallDelta, ToolCallStart, Usage

ASKED: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}]}
COMPLETION: dict[str, Any] = {
    "id": "cmpl-1",
    "object": "chat.completion",
    "created": 1779980001,
    "model": "kimi-k2.6",
    "system_fingerprint": "fp_1",
    "new_at_the_top": {"deep": [{"x": 1}, "y", None]},
    "choices": [
        {
            "index": 0,
            "finish_reason": "tool_calls",
            "message": {
                "role": "assistant",
                "content": None,
                "reasoning_content": "Hm.",
                "refusal": None,
                "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}, "extra": 5}
                ],
            },
            "usage": {"total_tokens": 9},
            "stop_reason": 163586,
        }
    ],
    "usage": {
        "prompt_tokens": 12,
        "completion_tokens": 10,
        "total_tokens": 22,
        "cached_tokens": 4,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 7},
    },
}


@pytest.fixture
def answered(fault_server: FaultServer) -> Any:
    url = fault_server.url(Script().json(200, COMPLETION, {"X-Request-Id": "req-1"}))
    return kimi(url).chat.completions.create(**ASKED)


def chunks_of(server: FaultServer, *frames: bytes, **options: Any) -> list[Any]:
    url = server.url(Script().event_stream([*frames, frame(finish_reason="stop", usage=USAGE), DONE]))
    return list(kimi(url).chat.completions.create(stream=True, **ASKED, **options))


# ---- a completion ----------------------------------------------------------------------------------------------------


def test_attributes(answered: Any) -> None:
    choice = answered.choices[0]
    assert (answered.id, answered.object, answered.created, answered.model) == (
        "cmpl-1",
        "chat.completion",
        1779980001,
        "kimi-k2.6",
    )
    assert (choice.index, choice.finish_reason, choice.logprobs) == (0, "tool_calls", None)
    assert (choice.message.role, choice.message.content, choice.message.refusal) == ("assistant", None, None)
    call = choice.message.tool_calls[0]
    assert (call.id, call.type, call.function.name, call.function.arguments) == ("c1", "function", "f", "{}")
    assert answered._request_id == "req-1"


def test_attributes_for_unknown_keys(answered: Any) -> None:
    assert answered.system_fingerprint == "fp_1"
    assert answered.new_at_the_top.deep[0].x == 1
    assert answered.new_at_the_top.deep[1:] == ["y", None]
    assert answered.choices[0].usage.total_tokens == 9
    assert answered.choices[0].stop_reason == 163586
    assert answered.choices[0].message.tool_calls[0].extra == 5
    for name in ("nonsense", "Choices", "_private", "__wrapped__"):
        assert not hasattr(answered, name)
        with pytest.raises(AttributeError, match=name):
            getattr(answered, name)
    assert answered.service_tier is None  # known, and did not come
    assert {"choices", "new_at_the_top", "model_dump"} <= set(dir(answered))


def test_nested_usage(answered: Any) -> None:
    usage = answered.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens, usage.cached_tokens) == (12, 10, 22, 4)
    assert usage.prompt_tokens_details.cached_tokens == 4
    assert usage.completion_tokens_details.reasoning_tokens == 7
    assert usage.prompt_tokens_details.audio_tokens is None


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning"])
def test_both_names_of_the_reasoning(key: str, fault_server: FaultServer) -> None:
    other = {"reasoning_content": "reasoning", "reasoning": "reasoning_content"}[key]
    url = fault_server.url(Script().json(200, completion("x", **{key: "Hm."})))
    message = kimi(url).chat.completions.create(**ASKED).choices[0].message
    assert message.reasoning == message.reasoning_content == "Hm."
    assert hasattr(message, "reasoning_content")
    for dumped in (message.model_dump(), json.loads(message.model_dump_json())):
        assert dumped[key] == "Hm."  # the key that came
        assert other not in dumped
    (chunk, _) = chunks_of(fault_server, frame(**{key: "Hm."}))
    delta = chunk.choices[0].delta
    assert delta.reasoning == delta.reasoning_content == "Hm."
    assert (delta.model_dump()[key], other in delta.model_dump()) == ("Hm.", False)


def test_no_reasoning(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, completion("x")))
    message = kimi(url).chat.completions.create(**ASKED).choices[0].message
    assert message.reasoning is message.reasoning_content is None


@pytest.mark.parametrize("calls", [{}, {"tool_calls": None}, {"tool_calls": []}])
def test_tool_calls_are_none_where_there_are_none(calls: dict[str, Any], fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, completion("x", **calls)))
    assert kimi(url).chat.completions.create(**ASKED).choices[0].message.tool_calls is None
    assert kimi(url).complete("hi").tool_calls == []
    (chunk, _) = chunks_of(fault_server, frame("x", **calls))
    assert chunk.choices[0].delta.tool_calls is None


def test_model_dump(answered: Any) -> None:
    dumped = answered.model_dump()
    assert COMPLETION.items() <= dumped.items() or {**dumped, **COMPLETION}.keys() == dumped.keys()
    assert dumped["new_at_the_top"] == COMPLETION["new_at_the_top"]
    assert dumped["choices"][0]["message"]["refusal"] is None
    assert dumped["choices"][0]["logprobs"] is None
    assert dumped["service_tier"] is None
    assert answered.model_dump(exclude_unset=True) == COMPLETION
    slim = answered.model_dump(exclude_none=True)
    assert slim["choices"][0]["message"] == {
        "role": "assistant", "reasoning_content": "Hm.", "tool_calls": COMPLETION["choices"][0]["message"]["tool_calls"]
    }  # fmt: skip
    assert "service_tier" not in slim
    assert answered.to_dict() == COMPLETION  # what came, as openai-python has it
    dumped["choices"][0]["message"]["content"] = "changed"
    assert answered.choices[0].message.content is None  # a dump is a copy
    for ignored in ({"mode": "json"}, {"by_alias": True}, {"warnings": False}):
        answered.model_dump(**ignored)


def test_model_dump_json(answered: Any) -> None:
    assert json.loads(answered.model_dump_json()) == answered.model_dump()
    assert json.loads(answered.model_dump_json(exclude_none=True)) == answered.model_dump(exclude_none=True)
    assert json.loads(answered.model_dump_json(indent=2)) == answered.model_dump()
    assert "\n" in answered.model_dump_json(indent=2)
    assert json.loads(answered.to_json()) == COMPLETION


def test_model_extra(answered: Any) -> None:
    assert answered.model_extra == {"new_at_the_top": COMPLETION["new_at_the_top"]}
    assert answered.choices[0].model_extra.keys() == {"usage", "stop_reason"}
    assert answered.choices[0].message.tool_calls[0].model_extra == {"extra": 5}
    assert answered.usage.model_extra == {"cached_tokens": 4}


def test_a_repr_shortens_nothing(fault_server: FaultServer) -> None:
    long = "".join(f"{number} " for number in range(5000))
    url = fault_server.url(Script().json(200, completion(long, reasoning_content=long + "!")))
    client = kimi(url)
    shown = repr(client.chat.completions.create(**ASKED))
    assert long in shown
    assert long + "!" in shown
    assert shown.startswith("ChatCompletion(")
    assert str(client.chat.completions.create(**ASKED)) == shown
    assert long in repr(client.complete("hi"))
    (chunk, _) = chunks_of(fault_server, frame(long))
    assert long in repr(chunk)
    assert long in repr(chunk.choices[0])
    assert long in repr(chunk.choices[0].delta)


def test_attributes_can_be_set(answered: Any) -> None:
    message = answered.choices[0].message
    message.content = "mine"
    message.note = "new"
    assert (message.content, message.note) == ("mine", "new")
    assert answered.model_dump()["choices"][0]["message"]["content"] == "mine"


# ---- chunks ----------------------------------------------------------------------------------------------------------


def test_chunks(fault_server: FaultServer) -> None:
    chunks = chunks_of(fault_server, frame("", role="assistant"), frame(reasoning_content="Hm."), frame("x"))
    assert [chunk.choices[0].delta.content for chunk in chunks] == ["", None, "x", None]
    assert [chunk.choices[0].delta.reasoning_content for chunk in chunks] == [None, "Hm.", None, None]
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None, None, None, "stop"]
    first, last = chunks[0], chunks[-1]
    assert (first.id, first.object, first.created, first.model) == (
        "chatcmpl-test", "chat.completion.chunk", 1779980001, "kimi-k2.6"
    )  # fmt: skip
    assert (first.choices[0].index, first.choices[0].delta.role, first.usage) == (0, "assistant", None)
    assert last.usage.total_tokens == 22
    assert first.choices[0].delta == first.choices[0].delta
    assert first.choices == first.choices


def test_a_delta_is_always_there_and_true(fault_server: FaultServer) -> None:
    nothing = [
        event({"id": "c", "choices": [{"index": 0, "delta": value, "finish_reason": None}]}) for value in ({}, None)
    ]
    for chunk in chunks_of(fault_server, *nothing, event({"id": "c", "choices": [{"index": 0}]}), frame("")):
        assert chunk
        assert chunk.choices
        assert chunk.choices[0].delta
        assert chunk.choices[0].delta.content in (None, "")
        assert chunk.choices[0].delta.tool_calls is None


def test_tool_calls_in_chunks(fault_server: FaultServer) -> None:
    chunks = chunks_of(fault_server, call_frame(0, "c1", "f", "", type="function"), call_frame(0, arguments='{"a"'))
    (first,), (second,) = chunks[0].choices[0].delta.tool_calls, chunks[1].choices[0].delta.tool_calls
    assert (first.index, first.id, first.type, first.function.name, first.function.arguments) == (
        0,
        "c1",
        "function",
        "f",
        "",
    )
    assert (second.index, second.id, second.type, second.function.name, second.function.arguments) == (
        0,
        None,
        None,
        None,
        '{"a"',
    )


def test_unknown_keys_of_chunks(fault_server: FaultServer) -> None:
    body = {
        "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "system_fingerprint": "fp",
        "new": {"x": [1]},
        "choices": [
            {"index": 0, "delta": {"content": "x", "note": {"y": 2}}, "finish_reason": None,
             "usage": {"total_tokens": 3}}
        ],
    }  # fmt: skip
    (chunk, _) = chunks_of(fault_server, event(body))
    assert (chunk.system_fingerprint, chunk.new.x, chunk.choices[0].delta.note.y) == ("fp", [1], 2)
    assert chunk.choices[0].usage.total_tokens == 3
    assert chunk.model_extra == {"new": {"x": [1]}}
    assert chunk.model_dump(exclude_unset=True) == body
    assert json.loads(chunk.model_dump_json(exclude_unset=True)) == body
    assert not hasattr(chunk, "nonsense")
    assert not hasattr(chunk.choices[0].delta, "nonsense")
    with pytest.raises(AttributeError, match="nonsense"):
        _ = chunk.choices[0].nonsense


def test_several_choices(fault_server: FaultServer) -> None:
    first = {"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}
    body = {"id": "c", "choices": [{**first, "index": 1, "delta": {"content": "b"}}, first]}
    (chunk, _) = chunks_of(fault_server, event(body), n=2)
    assert [(choice.index, choice.delta.content) for choice in chunk.choices] == [(1, "b"), (0, "a")]


def test_both_clients_give_the_same(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, COMPLETION, {"X-Request-Id": "req-1"}))

    async def ask() -> Any:
        async with async_kimi(url) as client:
            return await client.chat.completions.create(**ASKED)

    completion = run(ask())
    assert completion == kimi(url).chat.completions.create(**ASKED)
    assert completion._request_id == "req-1"


def test_models(fault_server: FaultServer) -> None:
    rows = [{"id": "kimi-k2.6", "object": "model", "owned_by": "moonshot", "context_length": 262144}, {"id": "other"}]
    url = fault_server.url(Script().json(200, {"object": "list", "data": rows}))
    models = kimi(url).models.list()
    assert [model.id for model in models] == [model.id for model in models.data] == ["kimi-k2.6", "other"]
    assert models.data[0].context_length == 262144
    request = fault_server.requests(url)[-1]
    assert (request["method"], request["target"].endswith("/v1/models")) == ("GET", True)

    async def ask() -> Any:
        async with async_kimi(url) as client:
            return await client.models.list()

    assert run(ask()) == models
    for body in (b"<html>", b'{"half', b"", b"[1]", b'{"error": {"message": "m"}}'):
        broken = kimi(fault_server.url(Script().respond(200, body, "application/json")))
        with pytest.raises(kimistream.APIError):
            broken.models.list()


# ---- as values -------------------------------------------------------------------------------------------------------

VALUES: list[Any] = [
    Text("x"), Thinking("x"), ToolCallStart(0, "i", "n"), ToolCallDelta(0, "a"), ToolCall(0, "i", "n", "{}"),
    Usage(1, 2, 3, 4, 5, 0.5), Finish("stop"), Notice("c", "m"), Headers([("A", "1"), ("a", "2")]),
    Message("assistant", "x", "r", [ToolCall(0, "i", "n", "{}", "builtin_function", False)], "stop", Usage(1),
            [Notice("c", "m")]),
]  # fmt: skip
COPIES = {"pickle": lambda value: pickle.loads(pickle.dumps(value)), "copy": copy.copy, "deepcopy": copy.deepcopy}


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_can_be_copied_and_compared(value: Any, way: str) -> None:
    twin = COPIES[way](value)
    assert type(twin) is type(value)
    assert twin == value
    assert (twin != value) is False
    assert repr(twin) == repr(value)
    assert value != object()
    assert all(value != other for other in VALUES if other is not value)


def test_reprs_of_values() -> None:
    assert repr(Text("x")) == "Text(text='x')"
    assert repr(ToolCallDelta(0, "a")) == "ToolCallDelta(index=0, arguments='a')"
    assert repr(Finish("stop")) == "Finish(reason='stop')"
    assert Text(text="x") == Text("x")
    assert hash(Text("x")) == hash(Text("x"))


@pytest.mark.parametrize("way", COPIES)
def test_objects_can_be_copied_and_compared(way: str, answered: Any, fault_server: FaultServer) -> None:
    for value in (answered, answered.choices[0].message, answered.usage):
        assert COPIES[way](value) == value
    for chunk in chunks_of(fault_server, frame("x"), call_frame(0, "c", "f", "{}")):
        for value in (chunk, chunk.choices[0], chunk.choices[0].delta):
            twin = COPIES[way](value)
            assert twin == value
            assert value == twin
            assert repr(twin) == repr(value)
    first, second = chunks_of(fault_server, frame("x"))[0], chunks_of(fault_server, frame("y"))[0]
    assert first == first
    assert first != second
    assert first != "x"


def test_headers() -> None:
    headers = Headers([("Content-Type", "text/plain"), ("Set-Cookie", "a"), ("set-cookie", "b")])
    assert headers["CONTENT-TYPE"] == headers.get("content-type") == "text/plain"
    assert headers["Set-Cookie"] == "a, b"
    assert ("set-cookie" in headers, "x" in headers, len(headers)) == (True, False, 2)
    with pytest.raises(KeyError):
        headers["x"]
    assert dict(headers) == {"content-type": "text/plain", "set-cookie": "a, b"}


# ---- names that every object has -------------------------------------------------------------------------------------

HIDING = {"model_dump": "x", "to_json": 1, "model_extra": {"a": 2}, "_kinds": 3, "__class__": 4, "_request_id": 5}


def test_keys_that_would_hide_what_an_object_has_stay_data(fault_server: FaultServer) -> None:
    body = {**COMPLETION, **HIDING}
    body["choices"] = [{**COMPLETION["choices"][0], **HIDING}]
    url = fault_server.url(Script().json(200, body, {"X-Request-Id": "req-1"}))
    for answered in (kimi(url).chat.completions.create(**ASKED), kimistream._values.completions.ChatCompletion(body)):
        assert answered.model_dump(exclude_unset=True) == body
        assert json.loads(answered.to_json())["_kinds"] == 3
        assert HIDING.items() <= answered.model_extra.items()
        assert answered.choices[0].message.content is None
        assert isinstance(answered, kimistream._values.completions.ChatCompletion)
        assert pickle.loads(pickle.dumps(answered)) == copy.copy(answered) == copy.deepcopy(answered) == answered
        assert "_kinds=3" in repr(answered)


def test_each_object_of_the_core_has_what_came(fault_server: FaultServer) -> None:
    """Where an object keeps its values, and which of its places count, differs between versions of Python."""
    body = {**COMPLETION, "keys": 1, "model_dump": "x"}
    answered = kimi(fault_server.url(Script().json(200, body))).chat.completions.create(**ASKED)
    choice = answered.choices[0]
    call = choice.message.tool_calls[0]
    for made, came in (
        (answered, {**COMPLETION, "keys": 1}),
        (choice, COMPLETION["choices"][0]),
        (call.function, {"name": "f", "arguments": "{}"}),
    ):
        simple = {key: value for key, value in came.items() if not isinstance(value, (dict, list))}
        assert {key: getattr(made, key) for key in simple} == simple
        assert vars(made).keys() - {"_hidden", "_request_id"} == came.keys()
        made.added = 1
        assert (made.added, vars(made)["added"]) == (1, 1)
        assert {*came, "added", "model_dump"} <= set(dir(made))
    assert answered.model_dump()["model_dump"] == "x"
    extra = answered.new_at_the_top.deep[0]
    extra.added = 1
    assert extra == {"x": 1, "added": 1}
    assert (extra.added, hasattr(extra, "nonsense")) == (1, False)


def test_the_core_and_the_constructor_make_the_same(answered: Any) -> None:
    made = kimistream._values.completions.ChatCompletion(COMPLETION)
    assert repr(made) == repr(answered)
    for one, other in ((made, answered), (made.choices[0], answered.choices[0]), (made.usage, answered.usage)):
        assert type(one) is type(other)
        assert vars(one).keys() == vars(other).keys() - {"_request_id"}
    assert type(made.choices[0].message.tool_calls[0].function) is kimistream._values.completions.Function
    assert type(answered.choices[0].message.tool_calls[0].function) is kimistream._values.completions.Function


def test_a_value_that_is_set_is_dumped(answered: Any) -> None:
    answered.choices[0].message.tool_calls = []
    answered.choices[0].message.content = "changed"
    answered.note = {"a": 1}
    dumped = answered.model_dump(exclude_unset=True)
    assert dumped["choices"][0]["message"]["content"] == "changed"
    assert answered.choices[0].message.tool_calls is None
    assert dumped["note"] == {"a": 1}
