"""`kimistream verify`: K2-Vendor-Verifier's job on the bulk engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from kit import kimi

pytest.importorskip("aiohttp")
pytest.importorskip("jsonschema")

from kimistream.simulator import Simulator
from kimistream.verify.run import verify


def asked(number: int, **more: Any) -> str:
    return json.dumps({"messages": [{"role": "user", "content": f"What is {number} + 1?"}], **more})


@pytest.mark.parametrize("stream", [False, True])
def test_requests_are_sent_as_they_stand_and_go_on(tmp_path: Path, stream: bool) -> None:
    requests, out = tmp_path / "requests.jsonl", tmp_path / "results.jsonl"
    requests.write_text("".join(f"{asked(number, stream=stream)}\n" for number in range(3)))
    with Simulator(pace=0) as sim:
        client = kimi(sim.base_url, api_key=sim.api_key, provider="moonshot")
        summary = verify(client, str(requests), str(out), concurrency=2)
        again = verify(client, str(requests), str(out), concurrency=2)
        bodies = [request.body for request in sim.requests]
    assert summary["success_count"] == again["success_count"] == 3
    assert [bool(body.get("stream")) for body in bodies] == [stream] * 3, "what succeeded is not asked again"
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [(line["data_index"], line["status"]) for line in lines] == [(1, "success"), (2, "success"), (3, "success")]
