"""A swarm of 300 agents that take 4,000 steps together, against the simulator: its time, its own CPU, its memory.

``python benchmarks/agents/swarms.py [--quick]``. The simulator is a process of its own; what is told is the client's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

AGENTS, STEPS = 300, 4000
PLANNER_AND_WRITER = 2
ROWS = (("kimistream", 8), ("kimistream", 300), ("kimistream_async", 8), ("kimistream_async", 300))


def steps_of(worker: int, agents: int, steps: int) -> int:
    """All of them together, with a step each of the planner and the writer, are so many."""
    each, more = divmod(steps - PLANNER_AND_WRITER, agents - PLANNER_AND_WRITER)
    return each + (worker < more)


def answers(agents: int, steps: int) -> Callable[[Mapping[str, Any]], Any]:
    """What the simulator says: a plan; of each worker one call a step, then words; the writer's."""

    def answer(body: Mapping[str, Any]) -> Any:
        if "response_format" in body:
            tasks = [{"name": f"part {place}", "task": f"Do part {place}"} for place in range(agents - 2)]
            return {"content": {"tasks": tasks}}
        if not body.get("tools"):
            return "All parts are done."
        worker = int(body["messages"][0]["content"].split()[2])
        done = sum(message["role"] == "tool" for message in body["messages"])
        if done + 1 == steps_of(worker, agents, steps):
            return "It is done."
        return {"tool_calls": [{"name": "work", "arguments": {"worker": worker, "place": done}}]}

    return answer


def serve(agents: int, steps: int) -> None:
    from kimistream.simulator import Simulator

    with Simulator(pace=0, answer=answers(agents, steps), record=0) as sim:
        print(json.dumps([sim.base_url, sim.api_key]), flush=True)
        sys.stdin.read()


def run(name: str, workers: int, agents: int, steps: int, url: str, key: str) -> dict[str, Any]:
    """One swarm, in this process."""
    from kimistream import AsyncKimi, Kimi

    made: Counter[tuple[int, int]] = Counter()

    def work(worker: int, place: int) -> str:
        """Does a piece of the work."""
        made[worker, place] += 1
        return f"piece {place} of part {worker} is done. " * 10

    async def asynchronous() -> Any:
        async with AsyncKimi(api_key=key, base_url=url) as client:
            swarm = client.swarm("A large task", [work], max_agents=agents, max_steps=steps, workers=workers)
            await swarm.message
            return swarm

    def blocking() -> Any:
        with Kimi(api_key=key, base_url=url) as client:
            swarm = client.swarm("A large task", [work], max_agents=agents, max_steps=steps, workers=workers)
            _ = swarm.message
            return swarm

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, cpu = time.perf_counter(), time.process_time()
    swarm = asyncio.run(asynchronous()) if name.endswith("async") else blocking()
    taken, used = time.perf_counter() - began, time.process_time() - cpu
    assert (swarm.stopped, len(swarm.agents), swarm.steps) == ("done", agents, steps), swarm
    assert set(made.values()) == {1}, "a call was made twice"
    assert len(made) == steps - agents, "every step of a worker but its last calls once"
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {"seconds": taken, "cpu": used, "megabytes": more / 1024}


def measured(command: list[str], name: str, workers: int) -> dict[str, float]:
    """The same in a process of its own, against a simulator in another one."""
    environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    server = subprocess.Popen([*command, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    where = json.loads(server.stdout.readline())
    whole = [*command, name, str(workers), *where]
    done = subprocess.run(whole, stdout=subprocess.PIPE, text=True, check=True, timeout=1800, env=environment)
    server.communicate("")
    told: dict[str, float] = json.loads(done.stdout)
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="30 agents, 400 steps: a look, not a result")
    parser.add_argument("part", nargs="*", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    agents, steps = (30, 400) if arguments.quick else (AGENTS, STEPS)
    if arguments.part == ["serve"]:
        serve(agents, steps)
    elif arguments.part:
        name, workers, url, key = arguments.part
        print(json.dumps(run(name, int(workers), agents, steps, url, key)))
    else:
        command = [sys.executable, __file__, *(["--quick"] if arguments.quick else [])]
        print(f"{agents} agents, {steps:,} steps; CPU and memory are the client's alone\n")
        print("| | workers | seconds | CPU s | CPU ms a step | MB more at the peak |\n|---|---:|---:|---:|---:|---:|")
        for name, workers in ROWS:
            told = measured(command, name, workers)
            seconds, cpu, megabytes = told["seconds"], told["cpu"], told["megabytes"]
            print(f"| {name} | {workers} | {seconds:.1f} | {cpu:.1f} | {cpu / steps * 1e3:.2f} | {megabytes:.0f} |")


if __name__ == "__main__":
    main()
