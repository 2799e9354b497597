"""A bulk run's memory is bounded by what is in flight, however many rows there are."""

from __future__ import annotations

from pathlib import Path

import pytest
from bulk_server import BulkServer
from kit import python

PROGRAM = """
import sys
import kimistream

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

client = kimistream.Kimi(api_key="sk-test-0123456789", base_url=sys.argv[1])

def run(source, out):
    ended = client.map(source, "{short}", key="id", out=out, concurrency=50, progress=False)
    assert ended.total == ended.done, ended
    return peak()

before = run(sys.argv[2], sys.argv[2] + ".out.jsonl")
print(before, run(sys.argv[3], sys.argv[3] + ".out.jsonl"))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the memory of a process is read from /proc")
def test_rows_that_are_done_are_forgotten(tmp_path: Path) -> None:
    few, many = tmp_path / "few.jsonl", tmp_path / "many.jsonl"
    for path, count in (few, 200), (many, 2500):
        with path.open("w") as rows:
            rows.writelines(
                f'{{"id": {number}, "short": "row {number}", "long": "{"x" * 20_000}"}}\n' for number in range(count)
            )
    with BulkServer() as server:
        before, after = map(int, python(PROGRAM, server.url, str(few), str(many)).stdout.split())
    assert many.stat().st_size > 40 << 20
    assert after - before < 16 << 10, "kB; the rows are 48 MB, and so are their lines"
