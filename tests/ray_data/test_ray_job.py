"""A whole job of Ray that is killed, and started again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as parquet
from bulk_server import BulkServer
from kit import KEY

_PROGRAM = """
import sys
import ray
from kimistream.ray import Mapper, keywords
url, key, ledger, out = sys.argv[1:]
ray.init(address="local", num_cpus=2, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
how = keywords(prompt="{text}", key="id", ledger=ledger, concurrency=10, client={"api_key": key, "base_url": url})
given = ray.data.from_items([{"id": number, "text": f"t{number}"} for number in range(400)])
given.map_batches(Mapper, **how).write_parquet(out)
"""


def descendants(process: int) -> list[int]:
    """All that it has started: Ray's own processes, and the actors."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    found = [process]
    for known in found:
        found.extend(child for child, parent in parents.items() if parent == known)
    return found[1:]


def test_a_job_that_is_killed_whole_and_started_again(tmp_path: Path) -> None:
    with BulkServer(delay=0.1) as server:
        command = [sys.executable, "-c", _PROGRAM, server.url, KEY, str(tmp_path / "ledger")]
        environment = {**os.environ, "RAY_DATA_DISABLE_PROGRESS_BARS": "1"}
        job = subprocess.Popen([*command, str(tmp_path / "first")], env=environment)
        until = time.monotonic() + 600
        while sum(server.paid.values()) < 150:
            assert job.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        for process in [job.pid, *descendants(job.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        job.wait()
        while server.under_way:
            time.sleep(0.1)
        time.sleep(1)
        subprocess.run([*command, str(tmp_path / "second")], env=environment, check=True, timeout=900)
        paid = sum(server.paid.values())
        assert 400 <= paid <= 400 + 20, f"{paid} were paid: more than was under way"
    found = parquet.read_table(tmp_path / "second").to_pylist()
    assert sorted(row["id"] for row in found) == list(range(400))
