"""Builds and starts what the benchmarks need, and runs subjects next to their floor."""

from __future__ import annotations

import compileall
import contextlib
import http.client
import importlib.util
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
BUILD = HERE.parent / "build" / "benchmarks"
PATH = "/v1/chat/completions"
LONGEST_RUN = 120  # seconds for one process
ONE_CORE = max(os.sched_getaffinity(0))

Result = dict[str, Any]


@dataclass
class Table:
    """What a benchmark gives: cells are text or numbers, notes go below."""

    title: str
    columns: list[str]
    rows: list[list[Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def build() -> None:
    """Always through CMake: when nothing has changed it takes a moment, and a stale floor is worse than none."""
    BUILD.mkdir(parents=True, exist_ok=True)
    (BUILD / ".gitignore").write_text("*\n")
    ninja = ["-G", "Ninja"] if shutil.which("ninja") and not (BUILD / "CMakeCache.txt").exists() else []
    configure = ["cmake", "-S", str(HERE), "-B", str(BUILD), "-DCMAKE_BUILD_TYPE=Release", *ninja]
    for command in (configure, ["cmake", "--build", str(BUILD), "--parallel"]):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}\n{done.stdout}")
    # As an installer leaves it, and the peers: not to be compiled anew by each process.
    package = importlib.util.find_spec("kimistream")
    for folder in (package and package.submodule_search_locations) or ():
        compileall.compile_dir(folder, quiet=2)


def progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def _run(command: list[str], core: int | None = None, longest: float = LONGEST_RUN) -> Result:
    pin = None if core is None else lambda: os.sched_setaffinity(0, {core})
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=longest, preexec_fn=pin, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"exit status {done.returncode}: {' '.join(command)}")
    result: Result = json.loads(done.stdout.strip().splitlines()[-1])
    return result


class Bench:
    """A load server, and ways to run clients against it. ``quick`` asks for fewer rounds."""

    def __init__(self, process: subprocess.Popen[str], quick: bool, only: list[str]) -> None:
        assert process.stdout is not None
        self._process = process
        self.port = int(process.stdout.readline())
        self.address = f"http://127.0.0.1:{self.port}"
        self.quick = quick
        self._only = only
        self.skipped: dict[str, str] = {}

    def url(self, path: str) -> str:
        return f"{self.address}/{path}/v1"

    def stats(self) -> Result:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", "/stats")
        stats: Result = json.loads(connection.getresponse().read())
        connection.close()
        return stats

    def pin_server(self) -> None:
        """To ONE_CORE; for wake-ups, where the kernel's choice of core is worth more than the client."""
        os.sched_setaffinity(self._process.pid, {ONE_CORE})

    def wanted(self, names: list[str]) -> list[str]:
        return [name for name in names if not self._only or name in self._only]

    def floor(self, kind: str, path: str, count: int, core: int | None = None) -> Result:
        return _run([str(BUILD / "kimistream_floor"), kind, str(self.port), f"/{path}{PATH}", str(count)], core)

    def floor_curl(self, path: str, count: int, core: int | None = None) -> Result:
        url = f"http://127.0.0.1:{self.port}/{path}{PATH}"
        return _run([str(BUILD / "kimistream_floor_curl"), url, str(count)], core)

    def crowd_in_cpp(self, path: str, streams: int) -> Result:
        return _run([str(BUILD / "kimistream_crowd"), self.url(path), str(streams)])

    def body(self, path: str) -> bytes:
        """What the server streams there, without HTTP's framing."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("POST", f"/{path}{PATH}", b'{"stream":true}', {"Content-Type": "application/json"})
        body = connection.getresponse().read()
        connection.close()
        return body

    def decode_memory(self, body: bytes) -> Result:
        program = [str(BUILD / "kimistream_decode_memory")]
        done = subprocess.run(program, input=body, stdout=subprocess.PIPE, timeout=LONGEST_RUN, check=True)
        result: Result = json.loads(done.stdout)
        return result

    def replay(self, shape: str, body: bytes) -> float:
        """Nanoseconds of CPU for each frame that a Python loop reads from memory; the best of several rounds."""
        command = [sys.executable, str(HERE / "replay.py"), shape]
        done = subprocess.run(command, input=body, stdout=subprocess.PIPE, timeout=LONGEST_RUN, check=True)
        return float(done.stdout)

    def client(self, name: str, scenario: str, path: str, count: int, core: int | None = None) -> Result | None:
        """None, and a note, for a subject that cannot run here."""
        if name in self.skipped:
            return None
        return self.run(name, "clients.py", [name, scenario, self.url(path), str(count)], core)

    def run(
        self, name: str, program: str, arguments: list[str], core: int | None = None, longest: float = LONGEST_RUN
    ) -> Result | None:
        """What one of the programs here says of a subject; None, and a note, for one that cannot run here."""
        try:
            result = _run([sys.executable, str(HERE / program), *arguments], core, longest)
        except (RuntimeError, subprocess.TimeoutExpired, ValueError, IndexError) as error:
            result = {"skipped": f"failed: {error}"}
        if "skipped" in result:
            self.skipped[name] = result["skipped"]
            return None
        return result

    def cassette(self, name: str, path: str, rounds: int) -> Result | None:
        """A stream recorded by one of `cassettes.py`, and played again."""
        return self.run(name, "cassettes.py", [name, self.url(path), str(rounds)])

    def interrupt(self, name: str, path: str) -> float | None:
        """Milliseconds from SIGINT to KeyboardInterrupt in a client that waits for its second event."""
        if name in self.skipped:
            return None
        command = [sys.executable, str(HERE / "clients.py"), name, "interrupt", self.url(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            first = process.stdout.readline().strip()
            if first != "ready":
                self.skipped[name] = json.loads(first)["skipped"] if first.startswith("{") else "did not start"
                process.kill()
                return None
            time.sleep(0.2)  # let it reach its wait
            sent = time.monotonic_ns()
            process.send_signal(signal.SIGINT)
            try:
                result = json.loads(process.communicate(timeout=LONGEST_RUN)[0].strip().splitlines()[-1])
            except (ValueError, IndexError, subprocess.TimeoutExpired):
                process.kill()
                self.skipped[name] = "failed: no answer after SIGINT"
                return None
        return float(result.get("interrupted_ns", result.get("ended_ns")) - sent) / 1e6

    def paired(
        self, names: list[str], rounds: int, floor: Callable[[], Result], subject: Callable[[str], Result | None]
    ) -> dict[str, list[tuple[Result, Result]]]:
        """Each subject's run right after a run of the floor, all subjects in each round."""
        pairs: dict[str, list[tuple[Result, Result]]] = {}
        names = self.wanted(names)
        for number in range(rounds):
            for name in names:
                if name in self.skipped:
                    continue
                progress(f"round {number + 1}/{rounds} {name}")
                before = floor()
                result = subject(name)
                if result is not None:
                    pairs.setdefault(name, []).append((before, result))
        progress("")
        return pairs

    def notes(self) -> list[str]:
        return [f"{name}: not run ({why})" for name, why in self.skipped.items()]


@contextlib.contextmanager
def load_server(quick: bool, only: list[str]) -> Iterator[Bench]:
    program = BUILD / "load_server" / "kimistream_load_server"
    process = subprocess.Popen([str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Bench(process, quick, only)
    finally:
        process.communicate()  # closes its input: it ends


def medians(results: list[Result]) -> Result:
    return {key: statistics.median(result[key] for result in results) for key in results[0] if key != "characters"}


def ratio(pairs: list[tuple[Result, Result]], subject_key: str, floor_key: str, scale: float = 1) -> float:
    """Median over the rounds of subject / floor, each with the floor that ran just before it."""
    return float(statistics.median(result[subject_key] * scale / before[floor_key] for before, result in pairs))
