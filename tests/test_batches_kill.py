"""Who waits for a batch is killed; the batch goes on, and so does the next start."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from kit import wait_until

pytest.importorskip("aiohttp")

from kimistream.simulator import Simulator

_CHILD = """
import sys
from kimistream import Kimi
url, key, out = sys.argv[1:]
given = ({"id": number, "text": f"What is {number} + 1?"} for number in range(1000))
with Kimi(api_key=key, base_url=url, provider="moonshot") as client:
    run = client.map(given, "{text}", key="id", out=out, via="batch", poll=0.02, progress=False)
    print(run.total, run.done, run.failed, run.skipped)
"""


def asked(sim: Simulator, method: str, path: str) -> int:
    return sum(request.method == method and request.path.startswith(path) for request in sim.requests)


def test_a_thousand_rows_whose_waiting_is_killed_twice_are_paid_once(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with Simulator(pace=0, batch_pace=3600, record=100_000) as sim:
        command = [sys.executable, "-c", _CHILD, sim.base_url, sim.api_key, str(out)]
        for _ in range(2):
            seen = asked(sim, "GET", "/v1/batches/")
            with subprocess.Popen(command, stdout=subprocess.DEVNULL) as child:
                wait_until(
                    lambda child=child, seen=seen: (
                        asked(sim, "GET", "/v1/batches/") >= seen + 3 or child.poll() is not None
                    ),
                    120,
                )
                assert child.poll() is None, "it waits"
                child.kill()
        assert (asked(sim, "POST", "/v1/batches"), asked(sim, "POST", "/v1/files")) == (1, 1)
        assert out.read_bytes() == b"", "nothing is known yet"
        sim._state.batches._pace = 0.0
        said = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=300, check=True).stdout
        assert said.split() == ["1000", "1000", "0", "0"]
        again = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=300, check=True).stdout
        assert again.split() == ["1000", "0", "0", "1000"]
        assert (asked(sim, "POST", "/v1/batches"), asked(sim, "POST", "/v1/files")) == (1, 1)
        assert asked(sim, "POST", "/v1/chat/completions") == 0
    lines: list[dict[str, Any]] = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [line["key"] for line in lines] == list(range(1000))
    assert all(str(line["key"] + 1) in line["text"] and line["error"] is None for line in lines)
