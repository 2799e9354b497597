"""Runs one client through one scenario and prints one line of JSON: ``clients.py NAME SCENARIO BASE_URL [COUNT]``.

A process for each measurement: nothing that one client imports or leaves behind can change another's figures.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from ours import OURS
from peers import PEERS

SUBJECTS = OURS | PEERS
UPLOADS = 4  # of a large file, by one process
SMALL_BATCHES = 10  # of small requests; floor_curl.cpp has as many
now = time.monotonic_ns


class Runner:
    """Calls a subject's methods, on its event loop where it has one."""

    def __init__(self, name: str, base_url: str) -> None:
        self.subject = SUBJECTS[name](base_url)
        self.loop = self.subject.new_loop() if self.subject.asynchronous else None
        if self.loop:
            self.loop.run_until_complete(self.subject.start())

    def __call__(self, function: Callable[..., Any], *arguments: Any) -> Any:
        result = function(*arguments)
        return self.loop.run_until_complete(result) if self.loop and inspect.isawaitable(result) else result

    def close(self) -> None:
        if self.loop:
            self.loop.run_until_complete(self.subject.stop())
            self.loop.close()

    def count(self) -> int:
        """Characters of one stream."""
        if hasattr(self.subject, "count"):
            return int(self(self.subject.count))
        characters = 0

        def take(texts: list[str]) -> None:
            nonlocal characters
            for text in texts:
                characters += len(text)

        self(self.subject.stream, take)
        return characters

    def latencies(self) -> list[int]:
        if hasattr(self.subject, "latencies"):
            return list(self(self.subject.latencies))
        found: list[int] = []

        def take(texts: list[str]) -> None:
            for text in texts:
                found.append(now() - int(text))

        self(self.subject.stream, take)
        return found


def percentile(ordered: list[float], part: float) -> float:
    return ordered[int(part * (len(ordered) - 1))]


def measure_blast(runner: Runner, streams: int) -> dict[str, Any]:
    """CPU and wall time of the stream that was disturbed least; `characters` proves that the work was done."""
    characters = runner.count()
    cpu, wall = [], []
    for _ in range(streams):
        gc.collect()
        wall_start, cpu_start = time.perf_counter_ns(), time.process_time_ns()
        runner.count()
        cpu.append(time.process_time_ns() - cpu_start)
        wall.append(time.perf_counter_ns() - wall_start)
    return {"cpu_ns": min(cpu), "wall_ns": min(wall), "characters": characters}


def measure_paced(runner: Runner, streams: int) -> dict[str, Any]:
    """From the server's clock just before send() to the loop's body."""
    runner.latencies()
    cpu_start = time.process_time_ns()
    found = sorted(value / 1e3 for _ in range(streams) for value in runner.latencies())
    cpu = (time.process_time_ns() - cpu_start) / len(found) / 1e3
    parts = {f"p{p}": percentile(found, p / 100) for p in (10, 50, 99)}
    return {**parts, "cpu_us": cpu, "count": len(found)}


def measure_small(runner: Runner, requests: int) -> dict[str, Any]:
    """CPU of the batch that was disturbed least; wall times of all requests."""
    complete = runner.subject.complete

    async def run_async(count: int) -> list[float]:
        wall = []
        for _ in range(count):
            start = now()
            assert await complete() == "Hello."
            wall.append((now() - start) / 1e3)
        return wall

    def run(count: int) -> list[float]:
        wall = []
        for _ in range(count):
            start = now()
            assert complete() == "Hello."
            wall.append((now() - start) / 1e3)
        return wall

    measured = run_async if runner.loop else run
    runner(measured, max(requests // 10, 1))
    batch = requests // SMALL_BATCHES
    cpu, wall = [], []
    for _ in range(SMALL_BATCHES):
        cpu_start = time.process_time_ns()
        wall += runner(measured, batch)
        cpu.append((time.process_time_ns() - cpu_start) / batch / 1e3)
    wall.sort()
    return {"cpu_us": min(cpu), "p50": percentile(wall, 0.5), "p99": percentile(wall, 0.99), "count": len(wall)}


def measure_crowd(runner: Runner, streams: int) -> dict[str, Any]:
    """So many streams at once: CPU for each chunk, and each one's latency."""
    subject, found = runner.subject, []

    async def read() -> None:
        if hasattr(subject, "latencies"):
            found.extend(await subject.latencies())
        else:
            await subject.stream(lambda texts: found.extend(now() - int(text) for text in texts))

    async def all_of_them() -> None:
        await asyncio.gather(*(read() for _ in range(streams)))

    runner(read)
    found.clear()
    gc.collect()
    before, cpu_start = memory_mb("VmRSS"), time.process_time_ns()
    runner(all_of_them)
    cpu, ordered = (time.process_time_ns() - cpu_start) / 1e3, sorted(latency / 1e3 for latency in found)
    parts = {f"p{p}": percentile(ordered, p / 100) for p in (50, 99)}
    kb = (memory_mb("VmHWM") - before) * 1024 / streams
    return {**parts, "cpu_us": cpu / len(ordered), "count": len(ordered), "kb": kb}


def measure_burst(runner: Runner, requests: int) -> dict[str, Any]:
    """So many requests at once, three times: CPU for each on new connections, and in the end on kept ones. The first
    time, late ones may go out on the connections of early ones, so that the second needs more of them."""
    subject = runner.subject

    async def all_of_them() -> None:
        assert set(await asyncio.gather(*(subject.complete() for _ in range(requests)))) == {"Hello."}

    cpu = []
    for _ in range(3):
        cpu_start = time.process_time_ns()
        if hasattr(subject, "burst"):
            assert set(subject.burst(requests)) == {"Hello."}
        else:
            runner(all_of_them)
        cpu.append((time.process_time_ns() - cpu_start) / requests / 1e3)
    return {"cold_us": cpu[0], "warm_us": cpu[-1], "count": requests}


def measure_streams(runner: Runner, streams: int) -> dict[str, Any]:
    """Streams one after another; the server counts the connections."""
    for _ in range(streams):
        runner.count()
    return {"streams": streams}


def memory_mb(name: str) -> float:
    """VmRSS, or VmHWM: the most that it has been since the last reset."""
    with open("/proc/self/status") as status:
        return next(float(line.split()[1]) for line in status if line.startswith(name)) / 1024


def measure_upload(runner: Runner, megabytes: int) -> dict[str, Any]:
    """One file in a request, several times; the memory of the first time, over what a small request needs."""
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        file.write(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom")
        block = os.urandom(1_000_000)
        for _ in range(megabytes):
            file.write(block)
        file.truncate(megabytes * 1_000_000)
        file.flush()
        assert runner(runner.subject.complete) == "Hello."
        gc.collect()
        with open("/proc/self/clear_refs", "w") as clear:
            clear.write("5")  # VmHWM starts again from VmRSS
        before, peak = memory_mb("VmRSS"), 0.0
        cpu, wall = [], []
        for _ in range(UPLOADS):
            wall_start, cpu_start = time.perf_counter_ns(), time.process_time_ns()
            assert runner(runner.subject.upload, file.name) == "Hello."
            cpu.append((time.process_time_ns() - cpu_start) / 1e6)
            wall.append((time.perf_counter_ns() - wall_start) / 1e6)
            peak = peak or memory_mb("VmHWM")
    medians = {"cpu_ms": statistics.median(cpu), "wall_ms": statistics.median(wall)}
    return {**medians, "peak_mb": peak - before, "count": UPLOADS}


def measure_interrupt(runner: Runner, _: int) -> dict[str, Any]:
    """Prints a line when the first event is there; the caller then sends SIGINT and gets the time of its arrival."""
    ready = False

    def take(_: list[str]) -> None:
        nonlocal ready
        if not ready:
            ready = True
            print("ready", flush=True)

    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        runner(runner.subject.stream, take)
    except KeyboardInterrupt:
        return {"interrupted_ns": now()}
    except Exception as error:  # pycurl gives its own error once the transfer is over
        return {"interrupted_ns": now(), "error": repr(error)}
    return {"ended_ns": now()}


SCENARIOS: dict[str, Callable[[Runner, int], dict[str, Any]]] = {
    "blast": measure_blast,
    "paced": measure_paced,
    "small": measure_small,
    "crowd": measure_crowd,
    "burst": measure_burst,
    "streams": measure_streams,
    "upload": measure_upload,
    "interrupt": measure_interrupt,
}


def main() -> None:
    if len(sys.argv) not in (4, 5) or sys.argv[1] not in SUBJECTS or sys.argv[2] not in SCENARIOS:
        sys.exit(f"usage: clients.py {'|'.join(SUBJECTS)} {'|'.join(SCENARIOS)} BASE_URL [COUNT]")
    name, scenario, base_url = sys.argv[1:4]
    try:
        runner = Runner(name, base_url)
    except ImportError as error:
        print(json.dumps({"skipped": str(error)}))
        return
    result = SCENARIOS[scenario](runner, int(sys.argv[4]) if len(sys.argv) == 5 else 1)
    print(json.dumps(result), flush=True)
    if scenario == "interrupt":
        os._exit(0)  # the event loop is in the middle of something
    runner.close()


if __name__ == "__main__":
    main()
