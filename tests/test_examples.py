"""Every example runs, against the simulator, and says what it should."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import program
import pytest

if TYPE_CHECKING:
    from kimistream.simulator import Simulator

ROOT = Path(__file__).parent.parent
CAPITALS = ("Paris", "Tokyo", "Berlin", "Rome", "Madrid", "Hanoi", "Ottawa", "Cairo")
BIGGER = "9.9 is bigger than 9.11."

# Each example, and what its output has among other things.
PYTHON = {
    "agent.py": ("get_weather({", '"degrees":24.0', "Paris", "Tokyo", "done after 2 steps"),
    "async_many.py": CAPITALS,
    "checks.py": ("kimi-k2.6: 262144 tokens", "USD left", "refused: temperature=0.2", BIGGER, "changed before sending"),
    "hello.py": (BIGGER, "completion_tokens="),
    "openai_shape.py": ("Paris", "\x1b[2m", BIGGER),
    "rows.py": (*CAPITALS, "8 were answered before, 0 asked again"),
    "stream.py": ("\x1b[2m", BIGGER, "stop Usage("),
    "threads.py": CAPITALS,
    "tools.py": ("get_weather(", "Paris", "Tokyo", "24 degrees"),
}
CPP = {
    "batch": ("France: ", "Paris", "Japan: ", "Tokyo", "Berlin", "USD"),
    "complete": ("Paris", "Tokyo"),
    "hello_stream": ("\x1b[2m", BIGGER),
    "record_replay": (f"recorded: {BIGGER}",),
    "run_all": CAPITALS,
    "tools": ("get_weather(", "Paris", "Tokyo", "24 degrees"),
}


def test_no_example_is_forgotten() -> None:
    assert sorted(PYTHON) == sorted(path.name for path in (ROOT / "examples/python").glob("*.py"))
    assert sorted(CPP) == sorted(path.stem for path in (ROOT / "examples/cpp").glob("*.cpp"))


@pytest.mark.parametrize("name", PYTHON)
def test_python(name: str, simulator: Simulator) -> None:
    source = (ROOT / "examples/python" / name).read_text("utf-8")
    output = program.run_python(source, simulator)
    assert [words for words in PYTHON[name] if words not in output] == []


@pytest.mark.parametrize("name", CPP)
def test_cpp(name: str, simulator: Simulator, tmp_path: Path) -> None:
    built = sorted((ROOT / "build").glob(f"*/examples/cpp/{name}"), key=lambda path: path.stat().st_mtime)
    if not built:
        pytest.skip("not built: cmake --workflow --preset dev")
    environment = program.environment(simulator)
    done = subprocess.run(
        [built[-1]], capture_output=True, encoding="utf-8", env=environment, cwd=tmp_path, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [words for words in CPP[name] if words not in done.stdout] == []
