"""The AI SDK's provider for Moonshot against the simulator: a program of another language, with its whole tool loop.

@ai-sdk/moonshotai 2.0.61 with ai 6.0.326 sends `$schema` with every tool's parameters and takes it out of response
formats only (measured), so a server that refuses the word refuses every tool of every such program.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiohttp")

from kimistream.simulator import Simulator

HERE = Path(__file__).parent / "ai_sdk"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, with its packages installed beside it."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node or npm is missing")
    folder = tmp_path_factory.mktemp("ai_sdk")
    for file in HERE.iterdir():
        shutil.copy(file, folder)
    install = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(install, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"npm cannot install the AI SDK here: {done.stderr.strip()[:200]}")
    return folder / "loop.mjs"


@pytest.mark.parametrize("model", ["kimi-k2.6", "kimi-k3"])
def test_its_tool_loop_runs(program: Path, model: str) -> None:
    with Simulator(pace=0) as simulator:
        command = ["node", str(program), simulator.base_url, simulator.api_key, model]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        bodies: list[Any] = [request.body for request in simulator.requests]
    got = json.loads(done.stdout)
    assert got["ran"] == ["Tokyo", "Tokyo"]
    for form in ("streamed", "whole"):
        answer = got[form]
        assert "22" in answer["text"]
        assert "Tokyo" in answer["text"]
        assert "Now I can answer." in answer["reasoning"]
        assert answer["finish"] == "stop"
        assert answer["steps"] == [["tool-calls", ["Tokyo"]], ["stop", []]]
        assert answer["usage"]["inputTokens"] > 0
        assert answer["usage"]["reasoningTokens"] > 0
        assert answer["warnings"] == []
    assert got["streamed"]["deltas"] == got["streamed"]["text"]
    assert isinstance(got["object"]["city"], str)
    *loops, formatted = bodies
    assert len(loops) == 4
    assert all("$schema" in body["tools"][0]["function"]["parameters"] for body in loops)
    assert "$schema" not in formatted["response_format"]["json_schema"]["schema"]
    assert loops[1]["messages"][1]["reasoning_content"]
