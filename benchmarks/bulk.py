"""`bulk`: a file of rows from JSON Lines to JSON Lines, beside what people write for it."""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
from pathlib import Path

from benchmarks import benchmark
from measuring import Bench, Result, Table, progress

AT_ONCE = 200
# They take so many times as long for a row. Ray's start is half of what it takes even so.
FEWER = {"openai_gather": 10, "ray_data_llm": 20}
FLOOR = "pycurl_multi"
NAMES = ["kimistream", "kimistream_async", FLOOR, "aiohttp_script", "polar_llama", "openai_gather", "ray_data_llm"]


def write_rows(path: Path, count: int) -> None:
    with path.open("w") as rows:
        for number in range(count):
            text = (
                f"Row {number:06d}: say in one word what colour the sky has when the rain over the sea has just ended."
            )
            rows.write(json.dumps({"id": number, "text": text, "source": "benchmark", "page": number % 100}) + "\n")


def run(bench: Bench, name: str, folder: Path, count: int) -> Result | None:
    source, out = folder / f"{count}.jsonl", folder / f"{name}.jsonl"
    if not source.exists():
        write_rows(source, count)
    for left in folder.glob(f"{name}*"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    before = bench.stats()["connections"]
    arguments = [name, bench.url("delay/50"), str(source), str(out), str(AT_ONCE)]
    result = bench.run(name, "bulk_clients.py", arguments)
    if result is None:
        return None
    if result["rows"] != count:
        bench.skipped[name] = f"{result['rows']} of {count} rows: NOT THE SAME WORK"
        return None
    connections = bench.stats()["connections"] - before - 1  # without the one that asks
    return {**result, "us": result["cpu_s"] / count * 1e6, "connections": connections}


@benchmark
def bulk(bench: Bench) -> Table:
    """Rows a CPU second, all of the process's, its start and its end too; all clients in each round."""
    count, rounds = 20_000, 1 if bench.quick else 3  # of fewer rows the start would be half
    found: dict[str, list[Result]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            for name in bench.wanted(NAMES):
                if name in bench.skipped:
                    continue
                progress(f"round {number + 1}/{rounds} {name}")
                result = run(bench, name, Path(folder), count // FEWER.get(name, 1))
                if result is not None:
                    found.setdefault(name, []).append(result)
        progress("")
    columns = ["client", "us a row", "rows / CPU s", "peak MB", "connections", "x pycurl"]
    table = Table(f"{count:,} rows, {AT_ONCE} at once, 50 ms an answer", columns)
    for name, results in found.items():
        us, peak, connections = (statistics.median(r[key] for r in results) for key in ("us", "peak_mb", "connections"))
        floors = found.get(FLOOR)
        ratio = statistics.median(r["us"] / f["us"] for r, f in zip(results, floors, strict=False)) if floors else "-"
        table.rows.append([name, us, 1e6 / us, peak, connections, ratio])
    ours = next((row[1] for row in table.rows if row[0] == "kimistream"), None)
    table.columns.append("x kimistream")
    for row in table.rows:
        row.append(row[1] / ours if ours else "-")
    table.notes = [
        "kimistream with a ledger beside the output and polar_llama with its checkpoint, the others without",
        *(f"{name} was given 1/{part} of the rows" for name, part in FEWER.items() if name in found),
    ]
    return table


@benchmark
def bulk_memory(bench: Bench) -> Table:
    """What a run of many rows needs beyond one of a thousand, in the same process before it."""
    few, many = 1_000, 50_000 if bench.quick else 1_000_000
    columns = ["client", "us a row", "peak MB", "of 1,000 rows", "more"]
    table = Table(f"{many:,} rows, {AT_ONCE} at once, 5 ms an answer", columns)
    with tempfile.TemporaryDirectory() as folder:
        for name in bench.wanted(["kimistream"]):
            arguments = [name, bench.url("delay/5")]
            for count in few, many:
                source = Path(folder) / f"{count}.jsonl"
                write_rows(source, count)
                arguments += [str(source), str(source.with_suffix(".out.jsonl"))]
            progress(f"{name}: {many:,} rows")
            result = bench.run(name, "bulk_clients.py", [*arguments, str(AT_ONCE)], longest=3600)
            progress("")
            if result is not None and result["rows"] != many:
                bench.skipped[name] = f"{result['rows']} of {many} rows: NOT THE SAME WORK"
            elif result is not None:
                first, peak = result["peak_mb_first"], result["peak_mb"]
                table.rows.append([name, result["cpu_s"] / many * 1e6, peak, first, peak - first])
    return table
