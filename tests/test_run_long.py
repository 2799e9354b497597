"""A run of 200 steps whose answers break again and again ends as an unbroken one, and calls each function once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from agents_kit import Side, side

from kimistream import Message

pytest.importorskip("aiohttp")

from kimistream.simulator import Simulator

__all__ = ["side"]

STEPS = 200
BREAKS = ("6*1 rst", "700b*1", "9*1 done")


def turns(body: Mapping[str, Any]) -> Any:
    """Page after page, then words."""
    read = sum(message["role"] == "tool" for message in body["messages"])
    if read == STEPS - 1:
        return f"The book has {read} pages and an end."
    return {"tool_calls": [{"name": "turn_page", "arguments": {"number": read + 1}}]}


def read_on(side: Side, sim: Simulator, **options: Any) -> tuple[Any, list[int], list[Any]]:
    """The run, the pages in the order in which they were turned, its events."""
    turned: list[int] = []

    def turn_page(number: int) -> str:
        turned.append(number)
        if options and number % 3 == 0:
            sim.reset()  # its cut is to be made again, in the next answer
        return f"what stands on page {number}"

    client = side.client(sim.base_url, api_key=sim.api_key)
    run = client.run("Read the book.", [turn_page], max_steps=STEPS, **options)
    return run, turned, side.events(run)


def said(messages: list[Any]) -> list[Any]:
    """What is the same in both runs: all but ids and counts."""
    return [
        (each.content, each.reasoning, [(call.name, call.arguments) for call in each.tool_calls])
        if isinstance(each, Message)
        else each.get("content")
        for each in messages
    ]


@pytest.fixture(scope="module")
def unbroken() -> list[Any]:
    with Simulator(pace=0, answer=turns) as sim:
        run, turned, _ = read_on(Side("blocking"), sim)
        assert turned == list(range(1, STEPS))
        assert run.stopped == "done"
        return said(run.messages)


@pytest.mark.parametrize("cut", BREAKS)
def test_a_long_run_with_breaks_ends_as_one_without(side: Side, unbroken: list[Any], cut: str) -> None:
    with Simulator(pace=0, answer=turns, cut_after=cut) as sim:
        run, turned, events = read_on(side, sim, on_break="continue")
        assert (run.stopped, run.steps) == ("done", STEPS)
        assert turned == list(range(1, STEPS)), "each once, in order"
        assert said(run.messages) == unbroken
        broken = sum(event.message.resumed for event in events if event.type == "step_end")
        assert broken >= STEPS // 3 - 1
