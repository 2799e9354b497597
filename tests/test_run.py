"""Runs of tools: the loop's events, limits, errors that go back to the model."""

from __future__ import annotations

import asyncio
import contextvars
import dataclasses
import json
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from agents_kit import PIXEL, Side, call, calling, get_weather, results_of, roles, saying, script_of, side, tool_results
from fault_server_client import DONE, LONG_ENOUGH, FaultServer, Script, frame
from fault_server_client import event as sse_event
from kit import USAGE, call_frame, cut, sent

from kimistream import (
    APIStatusError,
    Image,
    IncompleteStreamError,
    InvalidRequestError,
    KimiError,
    StopRun,
    Tool,
    ToolArgumentsError,
)

if TYPE_CHECKING:
    pass

__all__ = ["side"]


def test_every_step_is_an_event(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(script_of(calling(call("get_weather", {"city": "Rome"}, "a")), saying("Sunny.")))
    run = side.client(url).run("Rome?", [get_weather], temperature=1.0)
    assert fault_server.attempts(url) == 0, "nothing is sent before it is read"
    events = side.events(run)
    assert [event.type for event in events] == [
        *("step_start", "thinking", "tool_call_start", "tool_call_delta", "usage", "tool_call", "finish"),
        *("tool_result", "step_end", "step_start", "thinking", "text", "usage", "finish", "step_end"),
    ]
    starts = [event.step for event in events if event.type == "step_start"]
    ends = [(event.step, event.message.finish_reason) for event in events if event.type == "step_end"]
    assert (starts, ends) == ([1, 2], [(1, "tool_calls"), (2, "stop")])
    (result,) = tool_results(events)
    assert (result.id, result.name, result.content, result.error) == ("a", "get_weather", "Rome: sunny", None)
    assert result.seconds >= 0
    assert side.message(run).text == "Sunny."
    assert (run.steps, run.stopped, run.usage.total_tokens) == (2, "done", 44)
    assert run.cost == run.usage.cost > 0
    assert roles(run.messages) == ["user", "assistant", "tool", "assistant"]
    body = sent(fault_server, url)
    assert body["messages"][1]["reasoning_content"] == "I need it."
    assert body["temperature"] == 1.0


def test_message_drives_to_the_end(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(script_of(calling(call("get_weather", {"city": "Rome"})), saying("Sunny.")))
    run = side.client(url).run([{"role": "user", "content": "Rome?"}], [get_weather], system="Be kind.")
    assert side.message(run).text == "Sunny."
    assert side.message(run).text == "Sunny."
    assert sent(fault_server, url)["messages"][0] == {"role": "system", "content": "Be kind."}
    assert fault_server.attempts(url) == 2


def test_messages_can_be_sent_on(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(script_of(calling(call("get_weather", {"city": "Rome"})), saying("Sunny.")))
    client = side.client(url)
    run = client.run("Rome?", [get_weather])
    side.events(run)
    side.do(client.complete, [*run.messages, {"role": "user", "content": "Sure?"}], check="error")
    assert roles(sent(fault_server, url)["messages"]) == ["user", "assistant", "tool", "assistant", "user"]


def test_calls_run_side_by_side_and_go_back_in_their_order(fault_server: FaultServer, side: Side) -> None:
    both = threading.Barrier(2)

    def first() -> str:
        both.wait(LONG_ENOUGH)
        done.wait(LONG_ENOUGH)
        return "one"

    def second() -> str:
        both.wait(LONG_ENOUGH)
        return "two"

    done = threading.Event()
    url = fault_server.url(script_of(calling(call("first"), call("second")), saying("Done.")))
    run = side.client(url).run("Go", [first, second])
    seen = []
    for _ in range(100):
        events = side.events(run, most=1)
        if not events:
            break
        if events[0].type == "tool_result":
            seen.append(events[0].name)
            done.set()
    assert seen == ["second", "first"]
    assert results_of(sent(fault_server, url)) == ["one", "two"]


def test_no_more_than_max_parallel_at_once(fault_server: FaultServer, side: Side) -> None:
    lock, now, most = threading.Lock(), 0, 0

    def work() -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.01)
        with lock:
            now -= 1

    calls = [call("work", id=f"c{n}") for n in range(7)]
    url = fault_server.url(script_of(calling(*calls), saying("Done.")))
    run = side.client(url).run("Go", [work], max_parallel=2)
    assert len(tool_results(side.events(run))) == 7
    assert most <= 2


def test_asynchronous_functions_run_too(fault_server: FaultServer, side: Side) -> None:
    loops = set()

    async def slow(x: int) -> int:
        await asyncio.sleep(0)
        loops.add(asyncio.get_running_loop())
        return x + 1

    url = fault_server.url(script_of(calling(call("slow", {"x": 1}), call("slow", {"x": 2}, "b")), saying("Done.")))
    side.events(side.client(url).run("Go", [slow]))
    assert results_of(sent(fault_server, url)) == ["2", "3"]
    if side.is_async:
        assert loops == {side._loop}, "coroutines run on the loop"


def test_context_variables_reach_the_functions(fault_server: FaultServer, side: Side) -> None:
    who = contextvars.ContextVar("who", default="nobody")

    def tell() -> str:
        return who.get()

    url = fault_server.url(script_of(calling(call("tell")), saying("Done.")))
    who.set("Bob")
    side.events(side.client(url).run("Go", [tell]))
    assert results_of(sent(fault_server, url)) == ["Bob"]


@dataclasses.dataclass
class Found:
    city: str


def test_results_of_all_sorts_go_back(fault_server: FaultServer, side: Side) -> None:
    values: dict[str, Any] = {
        "text": "as it is",
        "none": None,
        "data": Found("Rome"),
        "picture": Image(PIXEL),
        "mixed": ["see:", Image(PIXEL)],
        "bad": object(),
    }

    def look(what: str) -> Any:
        return values[what]

    calls = [call("look", {"what": what}, what) for what in values]
    url = fault_server.url(script_of(calling(*calls), saying("Done.")))
    results = {event.id: event for event in tool_results(side.events(side.client(url).run("Go", [look])))}
    texts = results_of(sent(fault_server, url))
    assert texts[:3] == ["as it is", "null", '{"city":"Rome"}']
    assert texts[3][0]["image_url"]["url"].startswith("data:image/png;base64,")
    assert [part["type"] for part in texts[4]] == ["text", "image_url"]
    assert "JSON has no object" in texts[5]
    assert isinstance(results["bad"].error, TypeError)
    assert results["text"].error is None


def test_what_is_wrong_goes_back_to_the_model(fault_server: FaultServer, side: Side) -> None:
    def fail(n: int) -> None:
        raise LookupError(f"no {n}")

    calls = [
        call("fail", {"n": 3}, "raises"),
        call("fail", {"n": "3", "m": 1}, "wrong"),
        call("fail", '{"n": ', "no-json"),
        call("nothing", {}, "unknown"),
        call("get_weather", {"city": "Rome"}, "fine"),
    ]
    url = fault_server.url(script_of(calling(*calls), saying("Sorry.")))
    results = {e.id: e for e in tool_results(side.events(side.client(url).run("Go", [fail, get_weather])))}
    body = sent(fault_server, url)
    told = dict(zip([each[0] for each in calls], results_of(body), strict=True))
    assert told["raises"] == "LookupError: no 3"
    assert "n: must be an integer, not a string" in told["wrong"]
    assert "m: is unknown" in told["wrong"]
    assert "not JSON" in told["no-json"]
    assert "nothing" in told["unknown"]
    assert "fail, get_weather" in told["unknown"]
    assert told["fine"] == "Rome: sunny"
    assert isinstance(results["raises"].error, LookupError)
    assert isinstance(results["wrong"].error, ToolArgumentsError)
    assert results["fine"].error is None
    arguments = [each["function"]["arguments"] for each in body["messages"][1]["tool_calls"]]
    assert arguments[2] == "{}", "what is no JSON would be refused"
    assert json.loads(arguments[1]) == {"n": "3", "m": 1}
    assert not any("Traceback" in text or __file__ in text for text in told.values())


def test_no_path_of_this_machine_is_told_to_the_model(fault_server: FaultServer, side: Side, tmp_path: Path) -> None:
    def read() -> str:
        return (tmp_path / "nothing").read_text("utf-8")

    def load() -> None:
        from json import nothing_of_the_kind  # type: ignore[attr-defined]  # noqa: F401

    url = fault_server.url(script_of(calling(call("read"), call("load")), saying("Sorry.")))
    results = tool_results(side.events(side.client(url).run("Go", [read, load])))
    told = {result.name: result.content for result in results}
    assert told["read"] == "FileNotFoundError: [Errno 2] No such file or directory"
    assert told["load"] == "ImportError: cannot import name 'nothing_of_the_kind' from 'json'"
    (error,) = (result.error for result in results if result.name == "read")
    assert str(tmp_path) in str(error), "the caller sees all of it"


def test_a_tool_over_its_time_is_an_error_and_the_run_goes_on(fault_server: FaultServer, side: Side) -> None:
    release = threading.Event()

    def wait() -> str:
        release.wait(LONG_ENOUGH)
        return "late"

    async def await_it() -> None:
        await asyncio.sleep(LONG_ENOUGH)

    try:
        own = Tool(wait, name="own_time", timeout=0.05)
        calls = [call("wait"), call("await_it"), call("own_time"), call("get_weather", {"city": "Rome"})]
        url = fault_server.url(script_of(calling(*calls), saying("Done.")))
        run = side.client(url).run("Go", [wait, await_it, own, Tool(get_weather, timeout=60)], tool_timeout=0.1)
        results = {event.name: event for event in tool_results(side.events(run))}
    finally:
        release.set()
    for name, limit in (("wait", "0.1 s"), ("await_it", "0.1 s"), ("own_time", "0.05 s")):
        assert isinstance(results[name].error, TimeoutError)
        assert limit in str(results[name].content)
    assert results["get_weather"].error is None
    assert run.stopped == "done"


def test_a_tool_that_raises_timeout_error_itself_is_told_so(fault_server: FaultServer, side: Side) -> None:
    async def ask() -> None:
        raise TimeoutError("the database")

    url = fault_server.url(script_of(calling(call("ask")), saying("Done.")))
    (result,) = tool_results(side.events(side.client(url).run("Go", [ask], tool_timeout=60)))
    assert result.content == "TimeoutError: the database"


def test_stop_run_ends_the_run_after_the_steps_other_calls(fault_server: FaultServer, side: Side) -> None:
    def approve() -> None:
        raise StopRun("a person must look at it")

    url = fault_server.url(script_of(calling(call("approve"), call("get_weather", {"city": "Rome"}))))
    run = side.client(url).run("Go", [approve, get_weather])
    results = {event.name: event for event in tool_results(side.events(run))}
    assert (run.stopped, run.steps, fault_server.attempts(url)) == ("stop_run", 1, 1)
    assert results["get_weather"].content == "Rome: sunny"
    assert isinstance(results["approve"].error, StopRun)
    assert [message["content"] for message in run.messages[2:]] == ["a person must look at it", "Rome: sunny"]
    assert side.message(run).finish_reason == "tool_calls"


def test_max_steps(fault_server: FaultServer, side: Side) -> None:
    answers = [calling(call("get_weather", {"city": f"city {n}"})) for n in range(4)]
    url = fault_server.url(script_of(*answers))
    run = side.client(url).run("Go", [get_weather], max_steps=3)
    message = side.message(run)
    assert (run.steps, run.stopped, fault_server.attempts(url)) == (3, "max_steps", 3)
    assert message.tool_calls[0].parse() == {"city": "city 2"}
    assert roles(run.messages)[-1] == "tool"


def test_the_same_calls_with_the_same_results_five_times_are_repeated(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(script_of(calling(call("get_weather", {"city": "Rome"}))))
    run = side.client(url).run("Go", [get_weather])
    side.message(run)
    assert (run.steps, run.stopped, fault_server.attempts(url)) == (5, "repeated", 5)
    answers = iter(range(100))
    url = fault_server.url(script_of(calling(call("count"))))
    run = side.client(url).run("Go", [Tool(lambda: next(answers), name="count")], max_steps=8)
    side.message(run)
    assert (run.steps, run.stopped) == (8, "max_steps"), "other results are progress"


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"max_steps": 0}, InvalidRequestError),
        ({"max_parallel": 0}, InvalidRequestError),
        ({"tool_timeout": 0}, InvalidRequestError),
        ({"max_steps": "5"}, TypeError),
        ({"max_parallel": True}, TypeError),
        ({"tool_timeout": "5"}, TypeError),
        ({"tools": [get_weather, get_weather]}, InvalidRequestError),
        ({"tools": [3]}, TypeError),
        ({"prompt": None}, TypeError),
        ({"prompt": []}, InvalidRequestError),
        ({"budget": -5}, InvalidRequestError),
    ],
    ids=lambda value: str(value).partition(" at 0x")[0],
)
def test_mistakes_are_told_before_anything_is_sent(side: Side, options: dict[str, Any], error: type[Exception]) -> None:
    client = side.client("http://127.0.0.1:9/v1")
    with pytest.raises(error):
        client.run(**{"prompt": "Go", "tools": [get_weather], **options})


def test_dict_tools_are_the_callers_to_answer(fault_server: FaultServer, side: Side) -> None:
    ask: dict[str, Any] = {"type": "function", "function": {"name": "ask", "parameters": {"type": "object"}}}
    url = fault_server.url(script_of(calling(call("ask"), call("get_weather", {"city": "Rome"}))))
    run = side.client(url).run("Go", [ask, get_weather])
    assert [each.name for each in side.message(run).tool_calls] == ["ask", "get_weather"]
    assert (run.stopped, fault_server.attempts(url)) == ("done", 1)
    assert roles(run.messages) == ["user", "assistant", "tool"]


def test_a_call_cut_by_length_never_runs(fault_server: FaultServer, side: Side) -> None:
    seen = []

    def note(word: str) -> None:
        seen.append(word)

    frames = [
        frame("", role="assistant"),
        *(call_frame(0, "a", "note", '{"word": "whole"}'), call_frame(1, "b", "note", '{"word": "cut"}')),
        *(frame(finish_reason="length", usage=USAGE), DONE),
    ]
    url = fault_server.url(script_of(frames, saying("Done.")))
    run = side.client(url).run("Go", [note])
    side.message(run)
    assert seen == ["whole"]
    assert [each["id"] for each in sent(fault_server, url)["messages"][1]["tool_calls"]] == ["a"]


ODD = {
    # Gateways say "stop" although there are calls.
    "finish_stop": [call_frame(0, "a", "note", '{"word": "x"}'), frame(finish_reason="stop")],
    "index_seven": [call_frame(7, "a", "note", '{"word": "x"}'), frame(finish_reason="tool_calls")],
    # vLLM with Kimi K2.6: the first chunk holds the same call twice.
    "one_call_twice": [
        frame(tool_calls=[
            {"index": 0, "id": "a", "type": "function", "function": {"name": "note", "arguments": ""}},
            {"index": 0, "function": {"arguments": '{"word": '}},
        ]),
        call_frame(0, arguments='"x"}'),
        frame(finish_reason="tool_calls"),
    ],
    "no_index": [call_frame(None, "a", "note", '{"word": "x"}'), frame(finish_reason="tool_calls")],
    "index_of_others": [
        frame(tool_calls=[
            {"index": "0", "id": "a", "type": "function", "function": {"name": "note", "arguments": ""}},
        ]),
        *(call_frame(-1, "a", None, '{"word": "x"}'), frame(finish_reason="tool_calls")),
    ],
    "id_again_and_empty": [
        *(call_frame(0, "a", "note", ""), call_frame(0, "a", None, '{"word": '), call_frame(0, "", None, '"x"}')),
        frame(finish_reason="tool_calls"),
    ],
    "name_again": [
        *(call_frame(0, "a", "note", '{"wo'), call_frame(0, None, "note", 'rd": "x"}')),
        frame(finish_reason="tool_calls"),
    ],
    "name_later": [
        *(call_frame(0, "a", None, '{"word": '), call_frame(0, None, "note", '"x"}')),
        frame(finish_reason="tool_calls"),
    ],
    "arguments_as_object": [
        frame(tool_calls=[
            {"index": 0, "id": "a", "type": "function", "function": {"name": "note", "arguments": {"word": "x"}}},
        ]),
        frame(finish_reason="tool_calls"),
    ],
    "empty_lists": [
        *(frame(tool_calls=[]), call_frame(0, "a", "note", '{"word": "x"}'), frame(tool_calls=None)),
        frame(finish_reason="tool_calls"),
    ],
    "bytes_one_by_one": [
        *(call_frame(0, "a", "note", ""), *(call_frame(0, None, None, each) for each in '{"word": "x"}')),
        frame(finish_reason="tool_calls"),
    ],
    "index_of_a_billion": [call_frame(10**9, "a", "note", '{"word": "x"}'), frame(finish_reason="tool_calls")],
    "index_null": [
        frame(tool_calls=[
            {"index": None, "id": "a", "type": "function", "function": {"name": "note", "arguments": '{"word": "x"}'}},
        ]),
        frame(finish_reason="tool_calls"),
    ],
    "id_null_later": [
        call_frame(0, "a", "note", ""),
        frame(tool_calls=[{"index": 0, "id": None, "function": {"name": None, "arguments": '{"word": "x"}'}}]),
        frame(finish_reason="tool_calls"),
    ],
    "arguments_null_then_all": [
        frame(tool_calls=[{"index": 0, "id": "a", "function": {"name": "note", "arguments": None}}]),
        *(call_frame(0, None, None, '{"word": "x"}'), frame(finish_reason="tool_calls")),
    ],
    "text_behind": [call_frame(0, "a", "note", '{"word": "x"}'), frame("So."), frame(finish_reason="tool_calls")],
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_calls_that_came_oddly_run_once(fault_server: FaultServer, side: Side, name: str) -> None:
    seen = []

    def note(word: str) -> None:
        seen.append(word)

    url = fault_server.url(script_of([frame("", role="assistant"), *ODD[name], DONE], saying("Done.")))
    assert side.message(side.client(url).run("Go", [note])).text == "Done."
    assert seen == ["x"]
    assert [message["tool_call_id"] for message in sent(fault_server, url)["messages"][2:]] == ["a"]


# Fragments of several calls, and the words in the order in which the calls go back.
SEVERAL = {
    "taking_turns": [
        *(call_frame(0, "a", "note", '{"word"'), call_frame(1, "b", "note", '{"wo')),
        *(call_frame(0, None, None, ': "x"}'), call_frame(1, None, None, 'rd": "y"}')),
    ],
    "last_first": [call_frame(1, "a", "note", '{"word": "x"}'), call_frame(0, "b", "note", '{"word": "y"}')],
    "another_id_at_the_same_index": [
        *(call_frame(0, "a", "note", '{"word": "x"}'), call_frame(0, "b", "note", '{"word": "y"}')),
    ],
}


@pytest.mark.parametrize("name", SEVERAL)
def test_calls_whose_fragments_are_mixed_run_once_each(fault_server: FaultServer, side: Side, name: str) -> None:
    seen = []

    def note(word: str) -> str:
        seen.append(word)
        return word

    frames = [frame("", role="assistant"), *SEVERAL[name], frame(finish_reason="tool_calls"), DONE]
    url = fault_server.url(script_of(frames, saying("Done.")))
    side.message(side.client(url).run("Go", [note]))
    assert sorted(seen) == ["x", "y"]
    results = {message["tool_call_id"]: message["content"] for message in sent(fault_server, url)["messages"][2:]}
    assert results == {"a": "x", "b": "y"}


def test_long_arguments_in_small_pieces(fault_server: FaultServer, side: Side) -> None:
    word = "many words, " * 20_000
    pieces = [call_frame(0, "a", "note", '{"word": "'), *(call_frame(0, None, None, word[at : at + 997]) for at in
              range(0, len(word), 997)), call_frame(0, None, None, '"}')]  # fmt: skip
    seen = []

    def note(word: str) -> None:
        seen.append(word)

    frames = [frame("", role="assistant"), *pieces, frame(finish_reason="tool_calls"), DONE]
    side.message(side.client(fault_server.url(script_of(frames, saying("Done.")))).run("Go", [note]))
    assert seen == [word]


def test_calls_left_in_the_text_run_too(fault_server: FaultServer, side: Side) -> None:
    seen = []

    def note(word: str) -> None:
        seen.append(word)

    said = "<|tool_calls_section_begin|><|tool_call_begin|>functions.note:0<|tool_call_argument_begin|>"
    said += '{"word": "x"}<|tool_call_end|><|tool_calls_section_end|>'
    frames = [frame("", role="assistant"), *(frame(said[place : place + 9]) for place in range(0, len(said), 9))]
    url = fault_server.url(script_of([*frames, frame(finish_reason="stop", usage=USAGE), DONE], saying("Done.")))
    assert side.message(side.client(url, provider="vllm").run("Go", [note])).text == "Done."
    assert seen == ["x"]
    answer, result = sent(fault_server, url)["messages"][1:]
    assert answer["tool_calls"][0]["id"] == result["tool_call_id"]
    assert "<|" not in (answer.get("content") or "")


def test_an_odd_id_is_the_same_in_call_and_result(fault_server: FaultServer, side: Side) -> None:
    odd = "call " + "ü/" * 60
    url = fault_server.url(script_of(calling(call("get_weather", {"city": "Rome"}, odd)), saying("Done.")))
    side.message(side.client(url).run("Go", [get_weather]))
    answer, result = sent(fault_server, url)["messages"][1:]
    assert answer["tool_calls"][0]["id"] == result["tool_call_id"]


def test_a_hundred_calls_in_one_answer(fault_server: FaultServer, side: Side) -> None:
    calls = [call("get_weather", {"city": f"c{n}"}, f"id{n}") for n in range(100)]
    url = fault_server.url(script_of(calling(*calls), saying("Done.")))
    side.message(side.client(url).run("Go", [get_weather]))
    assert results_of(sent(fault_server, url)) == [f"c{n}: sunny" for n in range(100)]


def test_empty_arguments_are_an_empty_object(fault_server: FaultServer, side: Side) -> None:
    def now() -> str:
        return "noon"

    url = fault_server.url(script_of(calling(("a", "now", "")), saying("Done.")))
    side.message(side.client(url).run("Go", [now]))
    body = sent(fault_server, url)
    assert results_of(body) == ["noon"]
    assert body["messages"][1]["tool_calls"][0]["function"]["arguments"] == "{}"


def test_a_broken_stream_runs_none_of_its_calls(fault_server: FaultServer, side: Side) -> None:
    seen = []

    def note(word: str) -> None:
        seen.append(word)

    begun = (frame("", role="assistant"), call_frame(0, "a", "note", '{"word": "x"}'))
    failed = sse_event({"error": {"message": "overloaded", "type": "engine_overloaded_error"}})
    for script, error in ((cut(*begun), IncompleteStreamError), (Script().event_stream([*begun, failed]), KimiError)):
        run = side.client(fault_server.url(script)).run("Go", [note])
        with pytest.raises(error):
            side.message(run)
        assert seen == []
        assert run.stopped is None


def test_what_raises_leaves_the_finished_steps(fault_server: FaultServer, side: Side) -> None:
    script = Script().event_stream(calling(call("get_weather", {"city": "Rome"})))
    url = fault_server.url(script.attempt().json(400, {"error": {"message": "no"}}))
    run = side.client(url).run("Go", [get_weather])
    with pytest.raises(APIStatusError):
        side.events(run)
    assert roles(run.messages) == ["user", "assistant", "tool"]
    assert (run.steps, run.stopped, run.usage.total_tokens) == (1, None, 22)
    with pytest.raises(APIStatusError):
        side.message(run)
