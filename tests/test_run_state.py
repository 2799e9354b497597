"""Runs of tools: state files, and what goes on from them."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from agents_kit import PIXEL, Side, call, calling, get_weather, results_of, roles, saying, script_of, side, tool_results
from fault_server_client import LONG_ENOUGH, FaultServer
from kit import python, sent, wait_until

from kimistream import (
    Image,
    InvalidRequestError,
    KimiError,
    StopRun,
    ToolArgumentsError,
)

if TYPE_CHECKING:
    from kimistream.simulator import Simulator

__all__ = ["side"]


def test_a_state_goes_on_without_repeating_a_tool(fault_server: FaultServer, side: Side, tmp_path: Path) -> None:
    seen: list[str] = []

    def note(word: str) -> str:
        seen.append(word)
        return f"noted {word}"

    def fail_once(word: str) -> str:
        note(word)
        if word == "three" and not broken:
            broken.append(True)
            raise KeyboardInterrupt
        return f"noted {word}"

    broken: list[bool] = []
    state = tmp_path / "run.json"
    two = calling(call("note", {"word": "two"}, "b"), call("fail_once", {"word": "three"}, "c"))
    url = fault_server.url(script_of(calling(call("note", {"word": "one"})), two, saying("Done.")))
    client = side.client(url)
    tools = [note, fail_once]
    first = client.run("Go", tools, state=state, max_parallel=1)
    assert not state.exists()
    side.interrupted(lambda: side_events(side, first))
    assert json.loads(state.read_text("utf-8"))["version"] == 1
    assert seen == ["one", "two", "three"]
    second = client.run("Go", tools, state=state, max_parallel=1)
    assert (second.steps, second.usage.total_tokens) == (1, 44)
    events = side.events(second)
    assert [event.name for event in tool_results(events)] == ["fail_once"], "only what was running may run again"
    assert seen == ["one", "two", "three", "three"]
    assert side.message(second).text == "Done."
    assert (second.steps, second.stopped, second.usage.total_tokens) == (3, "done", 66)
    assert fault_server.attempts(url) == 3
    assert results_of(sent(fault_server, url)) == ["noted one", "noted two", "noted three"]

    third = client.run("Go", tools, state=state)
    assert side.events(third) == []
    assert (side.message(third).text, third.steps, third.stopped) == ("Done.", 3, "done")
    assert roles(third.messages) == roles(second.messages)
    assert fault_server.attempts(url) == 3, "a finished state asks nothing"


def side_events(side: Side, run: Any) -> Any:
    """Reads to the end, awaited where the client is."""
    if not side.is_async:
        return list(run)

    async def read() -> None:
        async for _ in run:
            pass

    return read()


def test_what_has_ended_is_in_the_state_before_it_is_read(
    fault_server: FaultServer, side: Side, tmp_path: Path
) -> None:
    seen: list[str] = []
    both = threading.Barrier(2)

    def first() -> str:
        seen.append("first")
        if len(seen) <= 2:
            both.wait(LONG_ENOUGH)
        return "one"

    def second() -> str:
        seen.append("second")
        if len(seen) <= 2:
            both.wait(LONG_ENOUGH)
        return "two"

    state = tmp_path / "run.json"
    url = fault_server.url(script_of(calling(call("first"), call("second")), saying("Done.")))
    client = side.client(url)
    left = client.run("Go", [first, second], state=state)
    while side.events(left, most=1)[0].type != "tool_result":
        pass
    wait_until(lambda: len(json.loads(state.read_text("utf-8"))["results"]) == 2)
    side.do(left.close)
    again = client.run("Go", [first, second], state=state)
    assert tool_results(side.events(again)) == []
    assert sorted(seen) == ["first", "second"]
    assert results_of(sent(fault_server, url)) == ["one", "two"]


def test_what_coroutines_have_ended_with_is_in_the_state_too(fault_server: FaultServer, tmp_path: Path) -> None:
    seen: list[str] = []

    async def first() -> None:
        seen.append("first")

    async def second() -> None:
        for _ in range(3):  # it ends while the outcome of the first one is on its way
            await asyncio.sleep(0)
        seen.append("second")

    side = Side("asyncio")
    state = tmp_path / "run.json"
    url = fault_server.url(script_of(calling(call("first"), call("second")), saying("Done.")))
    client = side.client(url)

    async def leave() -> None:
        run = client.run("Go", [first, second], state=state)
        async for event in run:
            if event.type == "tool_result":
                while len(seen) < 2:
                    await asyncio.sleep(0)
                break
        await run.close()

    side.wait(leave())
    assert len(json.loads(state.read_text("utf-8"))["results"]) == 2
    side.close()


def test_a_state_that_cannot_be_written_is_the_readers_to_know(
    fault_server: FaultServer, side: Side, tmp_path: Path
) -> None:
    def work() -> None:
        state.unlink()
        state.mkdir()

    state = tmp_path / "run.json"
    url = fault_server.url(script_of(calling(call("work")), saying("Done.")))
    run = side.client(url).run("Go", [work], state=state)
    with pytest.raises(OSError, match=r"run\.json"):
        side.events(run)


def test_save_after_a_step_goes_on_from_there(fault_server: FaultServer, side: Side, tmp_path: Path) -> None:
    seen = []

    def note(word: str) -> Any:
        seen.append(word)
        return ["picture:", Image(PIXEL)]

    url = fault_server.url(script_of(calling(call("note", {"word": "one"})), saying("Done.")))
    client = side.client(url)
    prompt = [{"role": "user", "content": ["See", Image(PIXEL)]}]
    run = client.run(prompt, [note])
    for _ in range(50):
        if side.events(run, most=1)[0].type == "step_end":
            break
    run.save(tmp_path / "run")
    side.do(run.close)
    again = client.run(prompt, [note], state=str(tmp_path / "run"))
    assert side.message(again).text == "Done."
    assert seen == ["one"]
    assert results_of(sent(fault_server, url))[0][1]["type"] == "image_url"


def test_more_steps_go_on_from_a_state_that_had_enough(fault_server: FaultServer, side: Side, tmp_path: Path) -> None:
    url = fault_server.url(script_of(calling(call("get_weather", {"city": "Rome"})), saying("Done.")))
    client = side.client(url)
    state = tmp_path / "run.json"
    run = client.run("Go", [get_weather], max_steps=1, state=state)
    side.message(run)
    assert run.stopped == "max_steps"
    same = client.run("Go", [get_weather], max_steps=1, state=state)
    assert side.events(same) == []
    assert same.stopped == "max_steps"
    more = client.run("Go", [get_weather], max_steps=2, state=state)
    assert side.message(more).text == "Done."
    assert (more.stopped, more.steps) == ("done", 2)


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "{}", '{"kimistream": "run", "version": 1}', '{"kimistream": "run", "version": 9}', "other"],
)
def test_a_state_that_is_none_stays_as_it_is(fault_server: FaultServer, side: Side, tmp_path: Path, text: str) -> None:
    url = fault_server.url(script_of(saying("Done.")))
    client = side.client(url)
    state = tmp_path / "run.json"
    if text == "other":
        side.message(client.run("Another question", [get_weather], state=state))
    else:
        state.write_text(text)
    before = state.read_bytes()
    with pytest.raises(InvalidRequestError, match=r"run\.json"):
        client.run("Go", [get_weather], state=state)
    assert state.read_bytes() == before
    assert fault_server.attempts(url) == (1 if text == "other" else 0)


@pytest.mark.parametrize("fields", [{"stopped": "nonsense"}, {"stopped": 3}, {"steps": -1}, {"steps": "2"}])
def test_a_state_with_wrong_fields_stays_as_it_is(
    fault_server: FaultServer, side: Side, tmp_path: Path, fields: dict[str, Any]
) -> None:
    url = fault_server.url(script_of(saying("Done.")))
    client = side.client(url)
    state = tmp_path / "run.json"
    side.message(client.run("Go", [get_weather], state=state))
    text = json.dumps({**json.loads(state.read_text("utf-8")), **fields})
    state.write_text(text, "utf-8")
    with pytest.raises(InvalidRequestError, match=r"run\.json.*(steps|stopped)"):
        client.run("Go", [get_weather], state=state)
    assert state.read_text("utf-8") == text


def test_a_state_of_another_system_stays_as_it_is(fault_server: FaultServer, side: Side, tmp_path: Path) -> None:
    url = fault_server.url(script_of(saying("Done.")))
    client = side.client(url)
    state = tmp_path / "run.json"
    side.message(client.run("Go", [get_weather], state=state, system="Be kind."))
    before = state.read_bytes()
    for other in ({"system": "Be brief."}, {}):
        with pytest.raises(InvalidRequestError, match=r"run\.json.*another system"):
            client.run("Go", [get_weather], state=state, **other)
    assert state.read_bytes() == before
    assert client.run("Go", [get_weather], state=state, system="Be kind.").stopped == "done"


def test_a_killed_program_goes_on_where_it_was(fault_server: FaultServer, tmp_path: Path) -> None:
    answers = [calling(call("note", {"n": n})) for n in range(3)]
    url = fault_server.url(script_of(*answers, saying("Done.")))
    program = """
import os, sys
from kimistream import Kimi
def note(n: int) -> str:
    with open(sys.argv[3], "a") as file:
        file.write(f"{n}\\n")
    if n == 1 and sys.argv[4] == "die":
        os.kill(os.getpid(), 9)
    return f"noted {n}"
client = Kimi("sk-test-0123456789abcdefghij", base_url=sys.argv[1], provider="moonshot", max_retries=0)
run = client.run("Go", [note], state=sys.argv[2])
print(run.message.text, run.steps)
"""
    arguments = [url, str(tmp_path / "state"), str(tmp_path / "notes")]
    assert python(program, *arguments, "die").returncode == -9
    done = python(program, *arguments, "live")
    assert (done.stdout, done.stderr) == ("Done. 4\n", "")
    assert (tmp_path / "notes").read_text() == "0\n1\n1\n2\n", "only the call that was running ran again"
    assert fault_server.attempts(url) == 4


def test_two_hundred_steps_run_each_tool_once(fault_server: FaultServer, side: Side) -> None:
    seen: list[int] = []

    def note(n: int) -> int:
        seen.append(n)
        return n

    answers = [calling(call("note", {"n": n}, f"c{n}"), thought="word " * 20) for n in range(200)]
    url = fault_server.url(script_of(*answers, saying("Done.")))
    run = side.client(url).run("Go", [note], max_steps=300)
    assert side.message(run).text == "Done."
    assert seen == list(range(200))
    assert (run.steps, run.usage.total_tokens) == (201, 201 * 22)


def test_with_the_simulator(simulator: Simulator, side: Side) -> None:
    client = side.client(simulator.base_url, api_key=simulator.api_key)
    run = client.run("The weather in Paris and Tokyo?", [get_weather], check="error", thinking=True)
    assert side.message(run).text == ("According to get_weather: Paris: sunny. According to get_weather: Tokyo: sunny.")
    found = client.run("Search the web for news of today", web_search=True)
    assert "search_id" in side.message(found).text
    assert found.steps == 2


@pytest.mark.parametrize("dialect", ["vllm", "openrouter", "moonshot-anthropic", "tokenhub"])
def test_with_other_dialects(side: Side, dialect: str) -> None:
    pytest.importorskip("aiohttp")
    from kimistream.simulator import Simulator

    with Simulator(pace=0, dialect=dialect) as sim:
        client = side.client(sim.base_url, api_key=sim.api_key, provider=dialect)
        run = client.run("The weather in Paris and Tokyo?", [get_weather], thinking=True)
        assert "Paris: sunny" in side.message(run).text
        chat = client.conversation(system="Be kind.", tools=[get_weather], thinking="keep")
        side.do(chat.send, "The weather in Paris?")
        assert "Rome: sunny" in side.do(chat.send, "And in Rome?").text


def test_errors_are_values_of_the_package() -> None:
    assert issubclass(ToolArgumentsError, KimiError)
    assert issubclass(ToolArgumentsError, ValueError)
    assert not issubclass(StopRun, KimiError), "it is no error"
