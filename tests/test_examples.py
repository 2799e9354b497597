"""Every example runs, against the simulator, and says what it should."""

from __future__ import annotations

import base64
import runpy
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import example_answers
import program
import pytest
from request_list import MP4

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
    "issue_solver.py": (
        *(
            "etc/passwd is outside of the repository",
            "login.py:14:",
            "FAILED (failures=1)",
            "stands in login.py 3 times",
        ),
        *("\n  OK\n", "The tests pass.", "done after 8 steps", "+        return self.send(name, password)"),
    ),
    "openai_shape.py": ("Paris", "\x1b[2m", BIGGER),
    "pipeline.py": ("'angry': 2", "battery, neutral: 1", "Mend the battery."),
    "rows.py": (*CAPITALS, "8 were answered before, 0 asked again"),
    "stream.py": ("\x1b[2m", BIGGER, "stop Usage("),
    "swarm.py": (
        *("planner    done", "Rome       begins: The weather in Rome?", "Oslo       forecast: 22 degrees, sunny"),
        *("writer     done", "In Oslo.", "Oslo       2 steps"),
    ),
    "threads.py": CAPITALS,
    "tools.py": ("get_weather(", "Paris", "Tokyo", "24 degrees"),
    "video.py": ("one video (video/mp4, 24 bytes,", "total_tokens="),
    "vision.py": ("one image (image/png,", "[zoom{", "It is a picture."),
}
ANSWERS: dict[str, example_answers.Answer] = {
    "issue_solver.py": example_answers.solves_the_issue,
    "pipeline.py": example_answers.reads_reviews,
    "swarm.py": example_answers.picnics,
    "vision.py": example_answers.looks_closer,
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


@pytest.fixture
def ordered(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """The simulator, with the answers that are ordered for this example."""
    answer = ANSWERS.get(request.getfixturevalue("name"))
    if answer is None:
        yield request.getfixturevalue("simulator")
        return
    pytest.importorskip("aiohttp")
    from kimistream.simulator import Simulator

    with Simulator(pace=0, answer=answer) as simulator:
        yield simulator


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(base64.b64decode(MP4.split(",")[1]))
    return path


@pytest.mark.parametrize("name", PYTHON)
def test_python(name: str, ordered: Simulator, clip: Path) -> None:
    if name == "issue_solver.py" and shutil.which("git") is None:
        pytest.skip("no git")
    source = (ROOT / "examples/python" / name).read_text("utf-8")
    output = program.run_python(source, ordered, arguments=[str(clip)] if name == "video.py" else [])
    assert [words for words in PYTHON[name] if words not in output] == []


@pytest.fixture
def repository(tmp_path: Path) -> Any:
    """The tools of issue_solver.py, over a folder with a secret beside it."""
    solver = runpy.run_path(str(ROOT / "examples/python/issue_solver.py"))
    (tmp_path / "secret.py").write_text("KEY = 1", "utf-8")
    inside = tmp_path / "repository"
    (inside / ".git").mkdir(parents=True)
    (inside / ".git/config").write_text("", "utf-8")
    (inside / "link.py").symlink_to(tmp_path / "secret.py")
    return solver["Repository"](inside)


@pytest.mark.parametrize("path", ["../secret.py", "{}/secret.py", "link.py", "a/../../secret.py", ".git/config"])
def test_the_issue_solvers_tools_stay_in_the_repository(repository: Any, tmp_path: Path, path: str) -> None:
    path = path.format(tmp_path)
    for use in (lambda: repository.read_file(path), lambda: repository.edit_file(path, "KEY", "TAKEN")):
        with pytest.raises(ValueError, match="is outside of the repository"):
            use()
    assert (tmp_path / "secret.py").read_text("utf-8") == "KEY = 1"
    assert repository.search_code("KEY") == []


def test_the_issue_solvers_tests_see_no_key(repository: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOONSHOT_API_KEY", "sk-secret")
    program = "import os, sys, unittest; sys.stderr.write(' '.join(os.environ))"
    (repository.folder / "test_it.py").write_text(program, "utf-8")
    run = repository.run_tests()
    assert next(run) in ("in bubblewrap", "bubblewrap is not here: with the rights of whoever runs this program")
    with pytest.raises(StopIteration) as end:
        next(run)
    assert "PATH" in end.value.value
    assert "MOONSHOT" not in end.value.value


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
