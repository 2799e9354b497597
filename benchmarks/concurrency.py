"""`concurrency`: many streams at once, and many short requests at once."""

from __future__ import annotations

import resource
import statistics
from typing import Any

from benchmarks import benchmark, floor_of
from measuring import Bench, Result, Table, medians, ratio
from tls import missing, over_tls

A_SECOND = 20  # events of a stream
STREAMING = ["kimistream_async", "kimistream_async_uvloop", "aiohttp_orjson", "aiohttp_orjson_uvloop"]
IN_CPP = "kimistream_cpp"
FALLING_BEHIND = ["httpx_async", "openai_async"]
BURSTING = ["kimistream_map", "kimistream_async", "kimistream_async_uvloop", "pycurl_multi", "aiohttp_orjson"]


def crowd(bench: Bench, name: str, path: str, streams: int) -> Result | None:
    return bench.crowd_in_cpp(path, streams) if name == IN_CPP else bench.client(name, "crowd", path, streams)


def size_of(bench: Bench, few: int, many: int) -> tuple[int, int, str]:
    """How many streams, how many rounds, and where such streams are."""
    more_files()
    streams, seconds, rounds = (few, 2, 1) if bench.quick else (many, 5, 3)
    return streams, rounds, f"slow/{A_SECOND}/{seconds}"


def more_files() -> None:
    """A socket a stream, in whatever is started from here."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@benchmark
def concurrency(bench: Bench) -> Table:
    """Live streams: CPU and latency for each chunk. Short requests: CPU for each, on new and on kept connections."""
    streams, rounds, path = size_of(bench, 200, 1000)
    pairs = bench.paired(
        [IN_CPP, *STREAMING, *FALLING_BEHIND],
        rounds,
        lambda: bench.floor("crowd", path, streams),
        lambda name: crowd(bench, name, path, streams),
    )
    bursts = bench.paired(
        [*BURSTING, *FALLING_BEHIND],
        rounds,
        dict,
        lambda name: bench.client(name, "burst", "delay/200", streams),
    )
    columns = ["client", "us a chunk", "x floor", "p50 us", "p99 us", "kB a stream", "us a request, new", "kept"]
    table = Table(f"{streams:,} streams of {A_SECOND} events a second, then as many requests at once", columns)
    floor = floor_of(pairs)
    table.rows.append(["floor: C, epoll + recv", floor["cpu_us"], 1.0, floor["p50"], floor["p99"], "-", "-", "-"])
    for name in dict.fromkeys([*pairs, *bursts]):
        row: list[Any] = [name, *["-"] * 7]
        if each := pairs.get(name):
            result = medians([r for _, r in each])
            row[1:6] = [result["cpu_us"], ratio(each, "cpu_us", "cpu_us"), *(result[k] for k in ("p50", "p99", "kb"))]
        if each := bursts.get(name):
            row[6:] = [statistics.median(r[key] for _, r in each) for key in ("cold_us", "warm_us")]
        table.rows.append(row)
    table.notes = ["httpx_async and openai_async take more than a core for 1,000 streams: they fall behind"]
    return table


@benchmark
def concurrency_5000(bench: Bench) -> Table:
    """A hundred thousand chunks a second, which fill a core: who falls behind is late."""
    streams, rounds, path = size_of(bench, 2000, 5000)
    found = bench.paired([IN_CPP, *STREAMING], rounds, dict, lambda name: crowd(bench, name, path, streams))
    columns = ["client", "us a chunk", "p50 us", "p99 us", "kB a stream"]
    table = Table(f"{streams:,} streams of {A_SECOND} events a second", columns)
    for name, each in found.items():
        result = medians([r for _, r in each])
        table.rows.append([name, *(result[key] for key in ("cpu_us", "p50", "p99", "kb"))])
    return table


@benchmark
def concurrency_tls(bench: Bench) -> Table:
    """The same over TLS, which HAProxy takes off before the load server."""
    streams, rounds, path = size_of(bench, 200, 1000)
    columns = ["client", "us a chunk", "p50 us", "p99 us", "kB a stream", "us a request, new", "kept"]
    table = Table(f"{streams:,} streams of {A_SECOND} events a second over TLS, then as many requests at once", columns)
    if programs := missing():
        table.notes = [f"not run: {', '.join(programs)} not installed"]
        return table
    with over_tls(bench):
        live = bench.paired(STREAMING, rounds, dict, lambda name: bench.client(name, "crowd", path, streams))
        bursts = bench.paired(BURSTING, rounds, dict, lambda name: bench.client(name, "burst", "delay/200", streams))
    for name in dict.fromkeys([*live, *bursts]):
        cells = [
            statistics.median(result[key] for _, result in found[name]) if name in found else "-"
            for found, keys in ((live, ("cpu_us", "p50", "p99", "kb")), (bursts, ("cold_us", "warm_us")))
            for key in keys
        ]
        table.rows.append([name, *cells])
    return table
