"""`client.swarm`: a planner splits, workers do the parts side by side, a writer joins."""

from __future__ import annotations

import asyncio
import json
import pickle
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from agents_kit import Side, call, calling, get_weather, saying, script_of, side
from fault_server_client import FaultServer, Script
from kit import USAGE, frame, python, sent, stalled, wait_until

from kimistream import (
    AgentEvent,
    APIStatusError,
    Budget,
    InvalidRequestError,
    SchemaError,
    StopRun,
)
from kimistream.display.agents import table_of

pytest.importorskip("aiohttp")

from kimistream.simulator import Simulator

__all__ = ["side"]


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(pace=0) as simulator:
        yield simulator


def on(side: Side, sim: Simulator, **options: Any) -> Any:
    return side.client(sim.base_url, api_key=sim.api_key, **options)


def questions(sim: Simulator) -> list[str]:
    return [request["messages"][0]["content"] for request in asked(sim)]


def asked(sim: Simulator) -> list[dict[str, Any]]:
    return [request.body if isinstance(request.body, dict) else json.loads(request.body) for request in sim.requests]


def test_a_planner_splits_workers_work_and_a_writer_joins(fault_server: FaultServer, side: Side) -> None:
    plan = json.dumps({"tasks": [{"name": "Rome", "task": "Rome?"}, {"name": "Oslo", "task": "Oslo?"}]})
    url = fault_server.url(script_of(saying(plan), saying("Dry."), saying("Dry."), saying("All dry.")))
    swarm = side.client(url).swarm("Where is it dry?", [get_weather], max_agents=9)
    assert fault_server.attempts(url) == 0, "nothing is sent before it is read"
    events = side.events(swarm)
    assert side.message(swarm).text == "All dry."
    assert [agent.name for agent in swarm.agents] == ["planner", "Rome", "Oslo", "writer"]
    assert [(agent.state, agent.stopped, agent.steps) for agent in swarm.agents] == [("done", "done", 1)] * 4
    assert swarm.usage.total_tokens == sum(agent.usage.total_tokens for agent in swarm.agents) == 88
    assert (swarm.stopped, swarm.steps, fault_server.attempts(url)) == ("done", 4, 4)
    bodies = [sent(fault_server, url, attempt) for attempt in range(4)]
    assert "at most 7 assistants" in bodies[0]["messages"][0]["content"]
    assert bodies[0]["response_format"]["json_schema"]["schema"]["properties"]["tasks"]["maxItems"] == 7
    assert sorted(body["messages"][0]["content"].split("\n")[0] for body in bodies[1:3]) == ["Oslo?", "Rome?"]
    assert all("Where is it dry?" in body["messages"][0]["content"] for body in bodies)
    assert [bool(body.get("tools")) for body in bodies] == [False, True, True, False]
    assert "Rome?\nDry." in bodies[3]["messages"][0]["content"]
    kinds = [(event.agent, event.type) for event in events]
    assert (kinds[0], kinds[-1]) == (("planner", "agent_start"), ("writer", "agent_end"))
    assert {agent for agent, kind in kinds if kind == "step_start"} == {"planner", "Rome", "Oslo", "writer"}
    said = [event for event in events if event.agent == "writer" and event.type == "text"]
    assert [event.text for event in said] == ["All dry."]
    assert isinstance(said[0], AgentEvent)
    assert pickle.loads(pickle.dumps(said[0].event)) == said[0].event


def test_a_plan_takes_the_planners_place(side: Side, sim: Simulator) -> None:
    plan = ["The weather in Rome?", {"task": "The weather in Berlin?", "name": "north"}, "The weather in Paris?"]
    swarm = on(side, sim).swarm("Where is it dry?", [get_weather], plan=plan, workers=2)
    events = side.events(swarm)
    assert [agent.name for agent in swarm.agents] == ["worker 1", "north", "worker 3", "writer"]
    results = {event.agent: event.content for event in events if event.type == "tool_result"}
    assert results == {"worker 1": "Rome: sunny", "north": "Berlin: sunny", "worker 3": "Paris: sunny"}
    assert swarm.steps == len(sim.requests) == 7
    assert swarm.agents[0].tasks == ["The weather in Rome?"]


@pytest.mark.parametrize("workers", [1, 3])
def test_so_many_work_at_once(side: Side, sim: Simulator, workers: int) -> None:
    running, most, lock, together = 0, 0, threading.Lock(), threading.Barrier(workers)

    def meet(city: str) -> str:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait(30)  # breaks, and is told, unless so many are here at the same time
        with lock:
            running -= 1
        return "met"

    swarm = on(side, sim).swarm("Meet.", [meet], plan=["Meet in Rome."] * 6, workers=workers)
    assert all(event.error is None for event in side.events(swarm) if event.type == "tool_result")
    assert most == workers


def test_more_parts_than_workers_are_shared_out(side: Side, sim: Simulator) -> None:
    swarm = on(side, sim).swarm("All", plan=[f"part {number}" for number in range(7)], max_agents=4)
    side.message(swarm)
    assert len(swarm.agents) == 4
    assert sorted(task for agent in swarm.agents[:3] for task in agent.tasks) == [f"part {n}" for n in range(7)]
    assert swarm.steps == len(sim.requests) == 8
    assert sum(question.startswith("part") for question in questions(sim)) == 7
    assert "Part 7 of 7" in questions(sim)[-1]


@pytest.mark.parametrize(("max_agents", "max_steps"), [(1, 4000), (2, 4000), (300, 1), (300, 2)])
def test_where_there_is_no_room_for_a_swarm_one_agent_does_it(
    side: Side, sim: Simulator, max_agents: int, max_steps: int
) -> None:
    swarm = on(side, sim).swarm("The weather in Rome?", [get_weather], max_agents=max_agents, max_steps=max_steps)
    assert side.message(swarm) is not None
    assert [agent.name for agent in swarm.agents] == ["writer"]
    assert swarm.steps == len(sim.requests) <= max_steps


@pytest.mark.parametrize("max_steps", [2, 3, 4, 5, 9])
def test_never_more_steps_than_allowed_and_one_is_the_writers(side: Side, sim: Simulator, max_steps: int) -> None:
    plan = ["The weather in Rome?"] * 5
    swarm = on(side, sim).swarm("Where?", [get_weather], plan=plan, max_steps=max_steps, workers=3)
    assert side.message(swarm).text
    assert swarm.steps == len(sim.requests) == max_steps
    assert (swarm.stopped, swarm.agents[-1].name, swarm.agents[-1].state) == ("max_steps", "writer", "done")
    assert "(not finished: max_steps)" in questions(sim)[-1]


def test_a_budget_is_of_all_together(side: Side, sim: Simulator) -> None:
    plan = ["The weather in Rome?"] * 30
    swarm = on(side, sim).swarm("Where?", [get_weather], plan=plan, budget=Budget(tokens=3000), max_tokens=300)
    side.events(swarm)
    assert swarm.stopped == "budget"
    assert 1 <= len(sim.requests) < 30
    assert swarm.usage.total_tokens <= 3000


def test_where_the_price_is_not_known_the_first_worker_shows_it(fault_server: FaultServer, side: Side) -> None:
    usage = {**USAGE, "cost": 0.5}
    url = fault_server.url(script_of(saying("Dry.", usage=usage)))
    client = side.client(url, provider="openrouter")
    swarm = client.swarm("Where?", plan=["Rome?", "Oslo?", "Paris?"], budget=1.2, workers=3)
    side.events(swarm)
    assert (swarm.cost, swarm.stopped, fault_server.attempts(url)) == (1.0, "budget", 2)
    assert swarm.agents[0].state == "done"


def test_a_worker_may_have_its_own_tools_and_limits(side: Side, sim: Simulator) -> None:
    def get_time(city: str) -> str:
        return f"{city}: noon"

    plan = [
        {"task": "The time in Rome?", "name": "clock", "tools": [get_time]},
        {"task": "The weather in Rome?", "name": "short", "max_steps": 1},
        {"task": "The weather in Oslo?", "name": "poor", "budget": Budget(tokens=1)},
    ]
    swarm = on(side, sim).swarm("All", [get_weather], plan=plan)
    events = side.events(swarm)
    assert [event.content for event in events if event.type == "tool_result" and event.agent == "clock"] == [
        "Rome: noon"
    ]
    stops = {agent.name: (agent.stopped, agent.steps) for agent in swarm.agents}
    assert stops == {"clock": ("done", 2), "short": ("max_steps", 1), "poor": ("budget", 0), "writer": ("done", 1)}


def test_workers_may_search_the_web(side: Side, sim: Simulator) -> None:
    swarm = on(side, sim).swarm("What is new?", plan=["Search the web for news."], web_search=True)
    assert [event.name for event in side.events(swarm) if event.type == "tool_result"] == ["$web_search"]
    bodies = asked(sim)
    assert [bool(body.get("tools")) for body in bodies] == [True, True, False]
    assert "web_search" not in bodies[0]


def test_a_worker_that_fails_is_told_to_the_writer(fault_server: FaultServer, side: Side) -> None:
    script = script_of(saying("Dry."))
    script.attempt().json(400, {"error": {"message": "no", "type": "invalid_request_error"}})
    script.attempt().event_stream(saying("Both."))
    url = fault_server.url(script)
    swarm = side.client(url).swarm("Where?", plan=["Rome?", "Oslo?"], workers=1)
    ends = [event for event in side.events(swarm) if event.type == "agent_end"]
    assert [(end.agent, end.state, type(end.error).__name__) for end in ends] == [
        ("worker 1", "done", "NoneType"),
        ("worker 2", "failed", "BadRequestError"),
        ("writer", "done", "NoneType"),
    ]
    assert swarm.agents[1].error is ends[1].error
    assert "(not finished: BadRequestError)" in sent(fault_server, url)["messages"][0]["content"]


def test_what_all_meet_is_raised(fault_server: FaultServer, side: Side) -> None:
    for options in ({}, {"plan": ["Rome?", "Oslo?"]}):
        url = fault_server.url(Script().json(401, {"error": {"message": "no"}}))
        swarm = side.client(url).swarm("Where?", **options)
        with pytest.raises(APIStatusError, match="no"):
            side.message(swarm)
        assert swarm.stopped is None
        assert fault_server.attempts(url) == (2 if options else 1)


def test_a_tool_may_stop_its_agent(side: Side, sim: Simulator) -> None:
    def get_weather(city: str) -> str:
        raise StopRun("enough")

    swarm = on(side, sim).swarm("Where?", [get_weather], plan=["The weather in Rome?"])
    side.message(swarm)
    assert [(agent.state, agent.stopped) for agent in swarm.agents] == [("stopped", "stop_run"), ("done", "done")]


def test_the_last_answer_may_follow_a_schema(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(script_of(saying("Dry."), saying('{"dry": 1}'), saying('{"dry": true}')))
    schema = {"type": "object", "properties": {"dry": {"type": "boolean"}}}
    swarm = side.client(url).swarm("Where?", plan=["Rome?"], schema=schema)
    assert side.message(swarm).parsed == {"dry": True}
    assert "response_format" not in sent(fault_server, url, 0)
    swarm = side.client(fault_server.url(script_of(saying("Dry.")))).swarm("?", plan=["Rome?"], schema=schema)
    with pytest.raises(SchemaError):
        side.message(swarm)


@pytest.mark.parametrize("stands", ["extra_body", "fields"])
def test_a_swarm_of_the_tutorials_is_sent_as_it_is_and_told(side: Side, sim: Simulator, stands: str) -> None:
    agent = {"agent": {"type": "swarm", "max_agents": 30, "max_steps": 4000}}
    options: dict[str, Any] = {"extra_body": agent} if stands == "extra_body" else agent
    message = side.do(on(side, sim).complete, "Build a site.", **options)
    assert [warning.code for warning in message.warnings] == ["undocumented_field"]
    assert asked(sim)[0]["agent"] == agent["agent"]


def test_leaving_it_ends_all_that_is_under_way(fault_server: FaultServer, side: Side) -> None:
    begun, ended = threading.Event(), threading.Event()

    def wait_long(city: str) -> Any:
        begun.set()
        try:
            while True:
                yield "waiting"
        finally:
            ended.set()

    ask = calling(call("wait_long", {"city": "Rome"}))
    url = fault_server.url(script_of(ask))
    swarm = side.client(url).swarm("Where?", [wait_long], plan=["Rome?", "Oslo?"])
    events = side.events(swarm, 40)
    assert len(events) == 40
    assert begun.is_set()
    side.do(swarm.close)
    assert side.events(swarm) == []
    wait_until(ended.is_set)
    wait_until(lambda: not [each for each in threading.enumerate() if each.name.startswith("kimistream-tool")])


STOPPED = """
import os, signal, sys, threading, time
from kimistream import Kimi
client = Kimi("sk-test-0123456789abcdefghij", base_url=sys.argv[1], provider="moonshot", max_retries=0)
swarm = client.swarm("Go", plan=["a", "b"])
begun = 0
try:
    for event in swarm:
        begun += event.type == "text"
        if begun == 2:
            begun = 0
            threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
except KeyboardInterrupt:
    while any(each.name.startswith("kimistream-tool") for each in threading.enumerate()):
        time.sleep(0.01)
    print("stopped", [agent.name for agent in swarm.agents], swarm.stopped, "asyncio" in sys.modules)
"""


def test_ctrl_c_ends_all_of_it_while_the_workers_wait_in_silence(fault_server: FaultServer) -> None:
    url = fault_server.url(stalled(frame("", role="assistant"), frame("It begins")))
    done = python(STOPPED, url)
    assert (done.stdout, done.stderr) == ("stopped ['worker 1', 'worker 2'] None False\n", "")
    assert fault_server.attempts(url) == 2


def test_cancellation_ends_all_of_it(fault_server: FaultServer) -> None:
    url = fault_server.url(stalled(frame("", role="assistant"), frame("It begins")))
    side = Side("asyncio")

    async def go() -> None:
        swarm = side.client(url).swarm("Go", plan=["a", "b"])
        begun = asyncio.Event()

        async def read() -> None:
            texts = 0
            async for event in swarm:
                texts += event.type == "text"
                if texts == 2:
                    begun.set()

        task = asyncio.ensure_future(read())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    side.wait(go())
    fault_server.wait_closed(url=url)
    side.close()


def test_progress_is_told_while_it_goes_on(side: Side, sim: Simulator) -> None:
    seen: list[Any] = []
    swarm = on(side, sim).swarm(
        "Where?", [get_weather], plan=["The weather in Rome?"], progress=lambda team: seen.append(team.steps)
    )
    side.message(swarm)
    assert seen[-1] == 3, "the end is told"
    table = table_of(swarm._run)
    assert [[str(cell) for cell in column.cells] for column in table.columns][:2] == [
        ["worker 1", "writer", "together"],
        ["done", "done", "done"],
    ]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"task": ""}, InvalidRequestError),
        ({"task": ["a"]}, TypeError),
        ({"max_agents": 0}, InvalidRequestError),
        ({"max_steps": "4"}, TypeError),
        ({"workers": True}, TypeError),
        ({"plan": []}, InvalidRequestError),
        ({"plan": "one"}, TypeError),
        ({"plan": [3]}, TypeError),
        ({"plan": [" "]}, InvalidRequestError),
        ({"plan": [{"name": "a"}]}, InvalidRequestError),
        ({"plan": [{"task": "a", "model_name": "b"}]}, InvalidRequestError),
        ({"plan": [{"task": "a", "max_steps": 0}]}, InvalidRequestError),
        ({"tools": [3]}, TypeError),
        ({"tools": [get_weather, get_weather]}, InvalidRequestError),
        ({"budget": -1}, InvalidRequestError),
        ({"progress": 3}, TypeError),
        ({"schema": {"type": "text"}}, InvalidRequestError),
    ],
    ids=lambda value: str(value).partition(" at 0x")[0],
)
def test_mistakes_are_told_before_anything_is_sent(side: Side, options: dict[str, Any], error: type[Exception]) -> None:
    client = side.client("http://127.0.0.1:9/v1")
    with pytest.raises(error):
        client.swarm(**{"task": "Where?", **options})
