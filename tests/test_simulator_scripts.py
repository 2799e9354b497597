"""Answers that a program orders from the simulator: texts, calls, reasoning, errors, whole conversations."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiohttp")
httpx = pytest.importorskip("httpx")

from simulator_client import WEATHER, deltas, frames, message, post  # noqa: E402

from kimistream.simulator import DIALECTS, Simulator, load_script  # noqa: E402  (after the skips)

CALL = {"name": "get_weather", "arguments": {"city": "Oslo"}}


def said(answer: Any, question: Any = "hi", **fields: Any) -> Any:
    with Simulator(pace=0, answer=answer) as sim:
        return message(post(sim, question, **fields))


def test_an_object_orders_text_and_reasoning() -> None:
    reply = said({"content": "Four.", "reasoning": "Two and two."})
    assert (reply["content"], reply["reasoning_content"]) == ("Four.", "Two and two.")
    assert said({"content": "Four.", "reasoning": ""})["reasoning_content"] == ""
    assert said({"content": {"city": "Oslo"}})["content"] == '{"city":"Oslo"}'
    assert said({"content": "Four."})["reasoning_content"]  # one is made up where none is ordered


@pytest.mark.parametrize(
    "call",
    [
        CALL,
        {**CALL, "id": "call_7"},
        {"id": "call_7", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Oslo"}'}},
    ],
    ids=["short", "with an id", "as the API has it"],
)
def test_calls_are_ordered(call: Any) -> None:
    with Simulator(pace=0, answer={"content": "I look.", "tool_calls": [call]}) as sim:
        choice = post(sim, "hi", tools=[WEATHER]).json()["choices"][0]
        streamed = frames(post(sim, "hi", tools=[WEATHER], stream=True))
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] == "I look."
    [made] = choice["message"]["tool_calls"]
    assert made["function"] == {"name": "get_weather", "arguments": '{"city":"Oslo"}'}
    assert made["id"] == call.get("id", made["id"])
    assert made["id"]
    pieces = [fragment for calls in deltas(streamed, "tool_calls") for fragment in calls]
    assert "".join(piece["function"].get("arguments") or "" for piece in pieces) == '{"city":"Oslo"}'


def test_arguments_that_are_a_text_are_sent_as_they_are() -> None:
    reply = said({"tool_calls": [{"name": "get_weather", "arguments": '{"city": "Os'}]}, tools=[WEATHER])
    assert reply["tool_calls"][0]["function"]["arguments"] == '{"city": "Os'


def test_a_finish_reason_is_ordered() -> None:
    with Simulator(pace=0, answer={"content": "Well", "finish_reason": "content_filter"}) as sim:
        assert post(sim, "hi").json()["choices"][0]["finish_reason"] == "content_filter"


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (429, 429, "max RPM"),
        ("quota", 429, "exceeded your current token quota"),
        (418, 418, "Simulated error 418"),
        ({"status": 403, "message": "Not today", "type": "mine", "code": "x"}, 403, "Not today"),
    ],
)
def test_errors_are_ordered(error: Any, status: int, words: str) -> None:
    with Simulator(pace=0, answer={"error": error, "retry_after": 3}) as sim:
        refused = post(sim, "hi")
    assert refused.status_code == status
    assert words in refused.json()["error"]["message"]
    assert refused.headers["Retry-After"] == "3"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_ordered_error_is_told_as_the_dialect_tells_it(dialect: str) -> None:
    with Simulator(pace=0, dialect=dialect, error="overloaded") as usual:
        expected = _asked(usual, dialect)
    with Simulator(pace=0, dialect=dialect, answer={"error": "overloaded"}) as ordered:
        refused = _asked(ordered, dialect)
    assert (refused.status_code, refused.json()) == (expected.status_code, expected.json())


def _asked(sim: Simulator, dialect: str) -> Any:
    row = DIALECTS[dialect]
    model = next(iter(row.models), "kimi-k2.6")
    body = {"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}
    headers = {name: template.format(key=sim.api_key) for name, template in row.keys.items()}
    if row.needed_header:
        headers[row.needed_header] = "2023-06-01"
    return httpx.post(sim.base_url + row.chat_path, json=body, headers=headers)


def test_a_list_is_a_conversation() -> None:
    script = [{"error": 500}, {"tool_calls": [CALL]}, "Sunny."]
    with Simulator(pace=0, answer=script) as sim:
        for _ in range(2):  # a second conversation begins the list again
            turns: list[Any] = [{"role": "user", "content": "How is Oslo?"}]
            assert post(sim, turns, tools=[WEATHER]).status_code == 500
            turns.append(message(post(sim, turns, tools=[WEATHER])))
            turns.append({"role": "tool", "tool_call_id": turns[-1]["tool_calls"][0]["id"], "content": "sunny"})
            assert message(post(sim, turns, tools=[WEATHER]))["content"] == "Sunny."
        refused = post(sim, turns, tools=[WEATHER])
        assert refused.status_code == 400
        assert "the list has 3 answers, and this request is one more" in refused.json()["error"]["message"]
        sim.reset()
        assert post(sim, turns, tools=[WEATHER]).status_code == 500


def test_a_function_gives_any_answer() -> None:
    def answer(body: Any) -> Any:
        return {"tool_calls": [CALL]} if body.get("tools") else None

    with Simulator(pace=0, answer=answer) as sim:
        assert message(post(sim, "hi", tools=[WEATHER]))["tool_calls"]
        assert "Hello" in message(post(sim, "hi"))["content"]


WRONG = [
    (7, "answer=: int is no answer"),
    ([], "the list is empty"),
    (["hi", 7], r"answer=\[1\]: int is no answer"),
    ({"text": "hi"}, "unknown key 'text'; an answer has content, reasoning"),
    ({"reasoning": 3}, "reasoning: a text, not int"),
    ({"tool_calls": "get_weather"}, "tool_calls: a list of calls, not str"),
    ({"tool_calls": [{"arguments": {}}]}, r"tool_calls\[0\]: a call is"),
    ({"tool_calls": [{**CALL, "args": {}}]}, "unknown key 'args'"),
    ({"tool_calls": [{**CALL, "arguments": {1, 2}}]}, "arguments: Object of type set"),
    ({"error": "overlaoded"}, "unknown error 'overlaoded'"),
    ({"error": 200}, "unknown error 200"),
    ({"error": {"staus": 400}}, "error: unknown key 'staus'"),
]


@pytest.mark.parametrize(("answer", "words"), WRONG)
def test_a_wrong_answer_is_a_clear_error(answer: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Simulator(answer=answer)


@pytest.mark.parametrize("stream", [False, True])
def test_a_functions_wrong_answer_is_told_to_the_client(stream: bool) -> None:
    def raises(body: Any) -> Any:
        return body["no such key"]

    for answer, words in (
        (lambda _: 7, "answer=: int is no answer"),
        (raises, "answer= raised KeyError: 'no such key'"),
    ):
        with Simulator(pace=0, answer=answer) as sim:
            refused = post(sim, "hi", stream=stream)
        assert refused.status_code == 400
        assert words in refused.json()["error"]["message"]


def test_scripts_are_files(tmp_path: Path) -> None:
    lines = tmp_path / "script.jsonl"
    lines.write_text('"Hello."\n\n{"content": "Bye."}\n', "utf-8")
    assert load_script(lines) == ["Hello.", {"content": "Bye."}]
    one = tmp_path / "script.json"
    one.write_text('{"content": "Always."}', "utf-8")
    assert load_script(one) == {"content": "Always."}
    for name, text, words in (
        ("a.jsonl", '"fine"\n{"content":', "a.jsonl, line 2 is not JSON"),
        ("b.json", '{"contents": "x"}', "b.json: answer=: unknown key 'contents'"),
    ):
        (tmp_path / name).write_text(text, "utf-8")
        with pytest.raises(ValueError, match=words):
            load_script(tmp_path / name)
    with pytest.raises(ValueError, match=r"cannot read the script .*none\.json"):
        load_script(tmp_path / "none.json")


def test_the_command_takes_a_script(tmp_path: Path) -> None:
    script = tmp_path / "script.jsonl"
    script.write_text("\n".join(map(json.dumps, ["First.", {"tool_calls": [CALL]}])), "utf-8")
    command = [sys.executable, "-m", "kimistream.cli", "simulate", "--port", "0", "--pace", "0", "--script"]
    with subprocess.Popen([*command, str(script)], stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            base_url = server.stderr.readline().split()[-1]
            ask = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}]}
            headers = {"Authorization": "Bearer sk-simulator"}
            answers = [httpx.post(f"{base_url}/chat/completions", json=ask, headers=headers).json() for _ in range(2)]
        finally:
            server.terminate()
    said = [answer["choices"][0]["message"] for answer in answers]
    assert said[0]["content"] == "First."
    assert said[1]["tool_calls"][0]["function"]["name"] == "get_weather"
    wrong = subprocess.run([*command, str(tmp_path / "none.jsonl")], capture_output=True, text=True, timeout=60)
    assert wrong.returncode == 2
    assert "cannot read the script" in wrong.stderr
