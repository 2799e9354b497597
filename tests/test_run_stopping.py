"""Runs of tools: what a tool tells while it is at work, and every way to end a run."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest
from agents_kit import Side, call, calling, get_weather, results_of, saying, script_of, side, tool_results
from fault_server_client import LONG_ENOUGH, FaultServer, frame
from kit import kimi, python, sent, stalled, until

from kimistream import (
    Tool,
)

if TYPE_CHECKING:
    pass

__all__ = ["side"]


def test_a_generator_tells_its_progress(fault_server: FaultServer, side: Side) -> None:
    def dig(depth: int) -> Iterator[str]:
        for n in range(depth):
            yield f"at {n}"
        return "treasure"  # type: ignore[return-value]

    async def look() -> AsyncIterator[int]:
        yield 1
        yield 2

    url = fault_server.url(script_of(calling(call("dig", {"depth": 2}, "d"), call("look", {}, "l")), saying("Done.")))
    events = side.events(side.client(url).run("Go", [dig, look]))
    said = [(event.id, event.name, event.content) for event in events if event.type == "tool_progress"]
    assert [each for each in said if each[0] == "d"] == [("d", "dig", "at 0"), ("d", "dig", "at 1")]
    assert [each[2] for each in said if each[0] == "l"] == [1, 2]
    assert results_of(sent(fault_server, url)) == ["treasure", "2"]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_tool_that_tells_without_an_end_is_over_its_time(
    fault_server: FaultServer, side: Side, asynchronous: bool
) -> None:
    ended = threading.Event()

    def dig() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            ended.set()

    async def dig_on() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
        finally:
            ended.set()

    tool = Tool(dig_on if asynchronous else dig, name="dig", timeout=0.2)
    url = fault_server.url(script_of(calling(call("dig")), saying("Done.")))
    run = side.client(url).run("Go", [tool])
    (result,) = tool_results(side.events(run))
    assert isinstance(result.error, TimeoutError)
    assert run.stopped == "done"
    assert ended.wait(LONG_ENOUGH), "the generator ends when its call is over"


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_tool_that_tells_waits_for_its_reader(fault_server: FaultServer, side: Side, asynchronous: bool) -> None:
    told = 0
    ended = threading.Event()

    def dig() -> Iterator[int]:
        nonlocal told
        try:
            while told < 10_000:
                told += 1
                yield told
        finally:
            ended.set()

    async def dig_on() -> AsyncIterator[int]:
        for n in dig():
            yield n

    tool = Tool(dig_on if asynchronous else dig, name="dig")
    url = fault_server.url(script_of(calling(call("dig")), saying("Done.")))
    run = side.client(url).run("Go", [tool])
    taken = 0
    while taken < 10:
        taken += side.events(run, most=1)[0].type == "tool_progress"
    assert told < 1000
    side.do(run.close)
    assert ended.wait(LONG_ENOUGH), "it ends when its reader leaves"
    assert told < 1000


# ---- stopping -------------------------------------------------------------------------------------------------------


def test_close_ends_the_run_and_its_connection(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(stalled(frame("", role="assistant"), frame("Half")))
    run = side.client(url).run("Go", [get_weather])
    assert [event.type for event in side.events(run, most=2)] == ["step_start", "text"]
    side.do(run.close)
    side.do(run.close)
    fault_server.wait_closed(url=url)
    assert side.events(run) == []
    assert run.stopped is None


def test_close_from_another_thread_wakes_who_waits_for_a_tool(fault_server: FaultServer) -> None:
    started, release = threading.Event(), threading.Event()

    def wait() -> None:
        started.set()
        release.wait(LONG_ENOUGH)

    url = fault_server.url(script_of(calling(call("wait"))))
    with kimi(url, provider="moonshot") as client:
        run = client.run("Go", [wait])

        def close() -> None:
            started.wait(LONG_ENOUGH)
            run.close()

        closer = threading.Thread(target=close)
        closer.start()
        types = [event.type for event in run]
        closer.join()
        release.set()
    assert types[-1] == "finish"
    assert fault_server.attempts(url) == 1


def test_ctrl_c_ends_a_run_at_once_while_a_tool_runs(fault_server: FaultServer) -> None:
    """In a program of its own, whose exit waits for no thread of a tool."""
    url = fault_server.url(script_of(calling(call("wait"))))
    program = """
import os, signal, sys, threading, time
from kimistream import Kimi
def wait() -> None:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(600)
run = Kimi("sk-test-0123456789abcdefghij", base_url=sys.argv[1], provider="moonshot", max_retries=0).run("Go", [wait])
try:
    run.message
except KeyboardInterrupt:
    print("stopped", run.steps, run.stopped, "asyncio" in sys.modules)
"""
    done = python(program, url)
    assert (done.stdout, done.stderr) == ("stopped 0 None False\n", "")
    assert fault_server.attempts(url) == 1


def test_cancellation_ends_a_run_at_once(fault_server: FaultServer) -> None:
    side = Side("asyncio")
    cancelled = []

    async def wait() -> None:
        try:
            await asyncio.sleep(LONG_ENOUGH)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    url = fault_server.url(script_of(calling(call("wait"))))
    run = side.client(url).run("Go", [wait])

    async def stop() -> None:
        started = asyncio.Event()

        async def read() -> None:
            async for event in run:
                if event.type == "finish":
                    started.set()

        task = asyncio.ensure_future(read())
        await started.wait()
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: bool(cancelled))

    side.wait(stop())
    side.close()
    assert run.stopped is None
    assert fault_server.attempts(url) == 1
