"""The benchmarks. Each is one function from a Bench to a Table, named by its decorator; add another the same way."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from measuring import ONE_CORE, Bench, Result, Table, medians, ratio

BENCHMARKS: dict[str, Callable[[Bench], Table]] = {}

SLOW = {"openai", "openai_async"}  # one stream of theirs is as long as a hundred of another's
SYNC = ["http_client", "pycurl_json", "pycurl_orjson", "httpx_json", "openai"]
ASYNC = ["aiohttp_orjson", "aiohttp_orjson_uvloop", "openai_async"]
OURS_SYNC = ["kimistream", "kimistream_text", "kimistream_chat"]
OURS_ASYNC = ["kimistream_async", "kimistream_async_uvloop"]


def benchmark(function: Callable[[Bench], Table]) -> Callable[[Bench], Table]:
    BENCHMARKS[function.__name__] = function
    return function


def floor_of(pairs: dict[str, list[tuple[Result, Result]]]) -> Result:
    return medians([before for each in pairs.values() for before, _ in each])


def against_ours(table: Table, column: int) -> None:
    """Appends how many times `kimistream` every row costs."""
    ours = next((row[column] for row in table.rows if row[0] == "kimistream"), None)
    table.columns.append("x kimistream")
    for row in table.rows:
        row.append(row[column] / ours if ours else "-")


@benchmark
def chunk_cost(bench: Bench) -> Table:
    """CPU for each chunk of a canned stream that comes as fast as it is read."""
    stats = bench.stats()
    events = stats["canned_events"]
    both = stats["canned_content_characters"] + stats["canned_reasoning_characters"]
    wrong = []

    def run(name: str) -> Result | None:
        result = bench.client(name, "blast", "blast", 1 if name in SLOW else 3 if bench.quick else 7)
        if result:
            content_only = name in ("kimistream_text", "kimistream_chat")
            if result["characters"] != (stats["canned_content_characters"] if content_only else both):
                wrong.append(f"{name} read {result['characters']} characters: NOT THE SAME WORK")
        return result

    names = [*OURS_SYNC, "kimistream_chat_both", *OURS_ASYNC, *SYNC, *ASYNC]
    pairs = bench.paired(names, 2 if bench.quick else 7, lambda: bench.floor("blast", "blast", 9), run)
    floor = floor_of(pairs)
    table = Table("CPU per chunk, 10,000 canned chunks in large writes", ["client", "cpu ns", "wall ns", "x floor"])
    table.rows.append(["floor: C++ recv + dechunk + simdjson", floor["cpu_ns"], floor["wall_ns"], 1.0])
    for name, each in pairs.items():
        result = medians([r for _, r in each])
        x_floor = ratio(each, "cpu_ns", "cpu_ns", 1 / events)
        table.rows.append([name, result["cpu_ns"] / events, result["wall_ns"] / events, x_floor])
    against_ours(table, 1)
    about = "kimistream_text and kimistream_chat read the answer; the others the thinking too"
    table.notes = [*sorted(set(wrong)), about]
    return table


@benchmark
def resume(bench: Bench) -> Table:
    """What `on_break="continue"` costs where nothing breaks: the same stream with it directly after one without."""
    stats = bench.stats()
    events = stats["canned_events"]
    both = stats["canned_content_characters"] + stats["canned_reasoning_characters"]
    wrong = []

    def run(name: str) -> Result | None:
        result = bench.client(name, "blast", "blast", 3 if bench.quick else 9)
        if result:
            expected = stats["canned_content_characters"] if name.startswith("kimistream_chat") else both
            if result["characters"] != expected:
                wrong.append(f"{name} read {result['characters']} characters: NOT THE SAME WORK")
        return result

    table = Table("CPU per chunk with on_break, where nothing breaks", ["client", "cpu ns", "without ns", "x without"])
    for plain in ("kimistream", "kimistream_chat", "kimistream_async"):
        name = f"{plain}_continue"

        def without(plain: str = plain) -> Result:
            result = run(plain)
            assert result is not None, bench.skipped
            return result

        for pairs in bench.paired([name], 3 if bench.quick else 15, without, run).values():
            costs = [medians([pair[place] for pair in pairs])["cpu_ns"] / events for place in (1, 0)]
            table.rows.append([name, *costs, ratio(pairs, "cpu_ns", "cpu_ns")])
    table.notes = sorted(set(wrong))
    return table


@benchmark
def memory_decode(bench: Bench) -> Table:
    """A canned stream in memory: decoded in C++, and iterated over in Python."""
    body = bench.body("blast")
    floor = bench.decode_memory(body)
    table = Table("In memory, CPU per chunk", ["step", "cpu ns", "x memchr", "x C++ decode"])
    steps = [("memchr finds the lines", floor["memchr_ns"]), ("C++ decode to typed events", floor["decode_ns"])]
    if bench.wanted(["kimistream"]):
        steps += [(f"Python loop, {shape}", bench.replay(shape, body)) for shape in ("events", "chunks")]
    for name, ns in steps:
        table.rows.append([name, ns, ns / floor["memchr_ns"], ns / floor["decode_ns"]])
    return table


@benchmark
def latency(bench: Bench) -> Table:
    """From the server's clock before send() to the body of the client's loop, one event every 2 ms."""
    bench.pin_server()
    path = f"paced/2000/{200 if bench.quick else 400}"

    def floors() -> Result:
        python = bench.client("raw_python", "paced", path, 1, ONE_CORE)
        assert python is not None
        floor = bench.floor("paced", path, 1, ONE_CORE)
        return floor | {f"python_{key}": value for key, value in python.items()}

    names = [*OURS_SYNC, *OURS_ASYNC, *SYNC, *ASYNC]
    pairs = bench.paired(
        names,
        2 if bench.quick else 5,
        floors,
        lambda name: bench.client(name, "paced", path, 1, ONE_CORE),
    )
    floor = floor_of(pairs)
    keys = ("p10", "p50", "p99", "cpu_us")
    columns = ["client", "p10 us", "p50 us", "p99 us", "cpu us", "p10 x C", "p50 x C", "p10 x Python", "p50 x Python"]
    table = Table("Added latency of a token, one event each 2 ms", columns)
    table.rows.append(["floor: C recv", *(floor[key] for key in keys), 1.0, 1.0, "-", "-"])
    against_c = [
        statistics.median(b[f"python_{p}"] / b[p] for each in pairs.values() for b, _ in each) for p in ("p10", "p50")
    ]
    table.rows.append(["floor: Python recv", *(floor[f"python_{key}"] for key in keys), *against_c, 1.0, 1.0])
    for name, each in pairs.items():
        result = medians([r for _, r in each])
        ratios = [ratio(each, p, f"{base}{p}") for base in ("", "python_") for p in ("p10", "p50")]
        table.rows.append([name, *(result[key] for key in keys), *ratios])
    against_ours(table, 1)
    table.notes = ["client and server share one core: across two, waking an idle core adds 5 to 40 us, by the minute"]
    return table


@benchmark
def small_request(bench: Bench) -> Table:
    """A small request on a kept connection, one after another, client and server on one core."""
    bench.pin_server()
    count = 300 if bench.quick else 2000
    names = ["kimistream", "kimistream_chat", "kimistream_async", *SYNC, *ASYNC]
    pairs = bench.paired(
        names,
        2 if bench.quick else 5,
        lambda: bench.floor_curl("small", count, ONE_CORE),
        lambda name: bench.client(name, "small", "small", count, ONE_CORE),
    )
    floor = floor_of(pairs)
    table = Table("Small request on a kept connection", ["client", "cpu us", "p50 us", "p99 us", "cpu x floor"])
    table.rows.append(["floor: libcurl easy, C", floor["cpu_us"], floor["p50"], floor["p99"], 1.0])
    for name, each in pairs.items():
        result = medians([r for _, r in each])
        table.rows.append([name, result["cpu_us"], result["p50"], result["p99"], ratio(each, "cpu_us", "cpu_us")])
    against_ours(table, 1)
    return table


@benchmark
def media(bench: Bench) -> Table:
    """A video file in a request, as base64; the server reads and drops it."""
    megabytes = 20 if bench.quick else 100
    encoded = megabytes * 1_000_000 * 4 // 3
    wrong = []

    def run(name: str) -> Result | None:
        before = bench.stats()["body_bytes"]
        result = bench.client(name, "upload", "sink", megabytes)
        if result and bench.stats()["body_bytes"] - before < encoded * result["count"]:
            wrong.append(f"{name} sent too little: NOT THE SAME WORK")
        return result

    names = ["kimistream", "kimistream_bytes", "kimistream_async", "pycurl_json", "httpx_json", "openai"]
    pairs = bench.paired(names, 2 if bench.quick else 5, lambda: bench.floor("upload", "sink", encoded), run)
    floor = floor_of(pairs)
    columns = ["client", "wall ms", "cpu ms", "peak MB more", "wall x floor", "cpu x floor"]
    table = Table(f"A file of {megabytes} MB as base64 in a request", columns)
    table.rows.append([f"floor: C send() of {encoded / 1e6:.0f} MB", floor["wall_ms"], floor["cpu_ms"], "-", 1.0, 1.0])
    for name, each in pairs.items():
        result = medians([r for _, r in each])
        ratios = [ratio(each, key, key) for key in ("wall_ms", "cpu_ms")]
        table.rows.append([name, result["wall_ms"], result["cpu_ms"], result["peak_mb"], *ratios])
    against_ours(table, 1)
    table.notes = [
        *sorted(set(wrong)),
        "peak: what the first of them adds to a client that has made a small request",
        "kimistream_bytes reads the whole file into memory first, and that counts",
    ]
    return table


def _import(statement: str) -> float | None:
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", statement], stderr=subprocess.DEVNULL, check=False)
    return (time.perf_counter() - start) * 1e3 if done.returncode == 0 else None


def _peak_memory(statement: str) -> float:
    """Of the process image itself: getrusage would give the parent's, which is larger than a small child."""
    report = "print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1])"
    command = [sys.executable, "-c", f"{statement}\n{report}"]
    return float(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout) / 1024


@benchmark
def import_time(bench: Bench) -> Table:
    """Wall time of a process that only imports, over one that does nothing."""
    modules = bench.wanted(["kimistream", "httpx", "pycurl", "aiohttp", "openai"])
    times: dict[str, list[float]] = {"": [], **{module: [] for module in modules}}
    for statement in ("pass", *(f"import {module}" for module in modules)):
        if _import(statement) is None:  # also writes the bytecode
            bench.skipped[statement.split()[1]] = "cannot be imported"
            del times[statement.split()[1]]
    for _ in range(8 if bench.quick else 30):
        for module, found in times.items():
            wall = _import(f"import {module}" if module else "pass")
            assert wall is not None
            found.append(wall)
    bare = min(times[""])
    bare_memory = _peak_memory("pass")
    table = Table("Import, a whole process each", ["module", "wall ms", "over bare ms", "peak MB", "over bare MB"])
    for module, found in times.items():
        wall = min(found)
        memory = statistics.median(_peak_memory(f"import {module}" if module else "pass") for _ in range(3))
        table.rows.append([module or "bare python", wall, wall - bare, memory, memory - bare_memory])
    return table


@benchmark
def connections(bench: Bench) -> Table:
    """TCP connections for thirty streams in a row; the body's end comes some time after [DONE]."""
    streams, delays = 30, (0, 2, 20)
    table = Table(f"TCP connections for {streams} streams in a row", ["client", *(f"end +{ms} ms" for ms in delays)])
    for name in bench.wanted([*OURS_SYNC, *OURS_ASYNC, *SYNC, *ASYNC]):
        row: list[Any] = [name]
        for ms in delays:
            before = bench.stats()["connections"]
            if bench.client(name, "streams", f"late/{ms}", streams) is not None:
                row.append(bench.stats()["connections"] - before - 1)  # without the one that asks
        if len(row) == len(table.columns):
            table.rows.append(row)
    return table


@benchmark
def ctrl_c(bench: Bench) -> Table:
    """SIGINT while the loop waits for the next event; the server goes on after three seconds."""
    table = Table("From SIGINT to KeyboardInterrupt in a waiting loop", ["client", "median ms", "worst ms"])
    rounds = 2 if bench.quick else 5
    for name in bench.wanted(["kimistream", "kimistream_chat", "kimistream_async", *SYNC, *ASYNC]):
        found = [ms for _ in range(rounds) if (ms := bench.interrupt(name, "stall/3000")) is not None]
        if found:
            table.rows.append([name, statistics.median(found), max(found)])
    return table
