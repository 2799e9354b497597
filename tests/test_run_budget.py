"""`client.run(budget=...)`: no request starts that could pass it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from agents_kit import Side, call, calling, saying, script_of, side
from fault_server_client import FaultServer

from kimistream import Budget, InvalidRequestError, KimiError

__all__ = ["side"]

COSTS = {"prompt_tokens": 12, "completion_tokens": 10, "total_tokens": 22, "cost": 0.5}


def look(place: str) -> str:
    return f"nothing in {place}"


def asks_forever() -> Any:
    return script_of(*(calling(call("look", {"place": str(number)}, f"look:{number}")) for number in range(8)))


def test_a_run_ends_before_the_answer_that_could_pass_its_budget(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(asks_forever())
    run = side.client(url).run("Look.", [look], budget=Budget(tokens=1000), max_tokens=500)  # each is reckoned with 500
    events = side.events(run)
    assert run.stopped == "budget"
    assert 2 <= run.steps == fault_server.attempts(url) < 500 / 22
    assert run.usage.total_tokens == 22 * run.steps
    assert events[-1].type == "step_end", "no step begins that is not made"
    assert side.message(run).tool_calls, "the last answer that was given"


def test_what_the_provider_says_it_cost_counts(fault_server: FaultServer, side: Side) -> None:
    frames = [calling(call("look", {"place": str(number)}), usage=COSTS) for number in range(8)]
    url = fault_server.url(script_of(*frames))
    run = side.client(url, provider="openrouter").run("Look.", [look], budget=1.7)
    side.events(run)
    assert (run.stopped, run.steps, run.cost) == ("budget", 3, 1.5)


def test_a_budget_that_allows_nothing_is_told(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(script_of(saying("Hi.")))
    run = side.client(url).run("Look.", [look], budget=Budget(tokens=10))
    assert side.events(run) == []
    assert run.stopped == "budget"
    with pytest.raises(KimiError, match="budget"):
        side.message(run)
    assert fault_server.attempts(url) == 0


def test_what_was_spent_before_counts_and_a_larger_budget_goes_on(
    fault_server: FaultServer, side: Side, tmp_path: Path
) -> None:
    url = fault_server.url(script_of(calling(call("look", {"place": "here"})), saying("Done.")))
    state = tmp_path / "run.json"
    options = {"state": state, "max_tokens": 100}
    run = side.client(url).run("Look.", [look], budget=Budget(tokens=300), max_steps=1, **options)
    side.message(run)
    again = side.client(url).run("Look.", [look], budget=Budget(tokens=130), **options)
    side.events(again)
    assert (again.stopped, again.steps, fault_server.attempts(url)) == ("budget", 1, 1)
    last = side.client(url).run("Look.", [look], budget=Budget(tokens=1000), **options)
    assert side.message(last).text == "Done."
    assert last.stopped == "done"


def test_attempts_at_one_answer_are_within_the_budget(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(script_of(saying("no")))
    options: dict[str, Any] = {"schema": {"type": "object"}, "max_tokens": 500}
    run = side.client(url).run("Look.", [look], budget=Budget(tokens=1100), schema_retries=50, **options)
    events = side.events(run)
    assert run.stopped == "budget"
    assert next(event.attempt for event in events if event.type == "restarted") == 2
    assert fault_server.attempts(url) < 50


def test_a_budget_of_money_where_nobody_tells_costs_is_refused(side: Side) -> None:
    client = side.client("http://127.0.0.1:9/v1", provider="vllm")
    for budget in (5, Budget(cost=1.0)):
        with pytest.raises(InvalidRequestError, match="tokens"):
            client.run("Look.", [look], budget=budget)
    with pytest.raises(TypeError, match="budget"):
        client.run("Look.", [look], budget="5")
