"""The client's own CPU for a step of a tool loop, beside other libraries of agents on the same server in one run.

``python benchmarks/agents/run.py [--quick] [--peers PYTHON]``. The peers live in an environment of their own, which is
made in build/benchmarks where none is named.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build" / "benchmarks"
STEPS = 50
SIZES = (50, 100, 200, 400, 800)  # kB of history before the first step
OURS = ("kimistream", "kimistream_async")
PEERS = ("openai_agents", "pydantic_ai")
PACKAGES = ("openai-agents", "openai", "pydantic-ai-slim")


def peers_python() -> str:
    """Makes the peers' environment, once."""
    place = BUILD / "agents"
    python = place / "bin" / "python"
    if not python.exists():
        venv.create(place, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "-q", "-r", HERE / "requirements.txt"], check=True)
    return str(python)


@contextlib.contextmanager
def server() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, HERE / "server.py"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


def cost(python: str, name: str, port: int, kilobytes: int, rounds: int) -> float:
    command = [python, HERE / "subjects.py", name, str(port), str(STEPS), str(kilobytes), str(rounds)]
    environment = {key: value for key, value in os.environ.items() if not key.endswith("_proxy")}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=900, check=True, env=environment)
    return float(json.loads(done.stdout.splitlines()[-1]))


def versions(python: str) -> str:
    code = "import importlib.metadata as m, sys; print(', '.join(f'{p} {m.version(p)}' for p in sys.argv[1:]))"
    return subprocess.run([python, "-c", code, *PACKAGES], capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round, one size: a look, not a result")
    parser.add_argument("--peers", metavar="PYTHON", help="of an environment that has the peers")
    arguments = parser.parse_args()
    peers = arguments.peers or peers_python()
    sizes, rounds = ((200,), 1) if arguments.quick else (SIZES, 3)
    print(versions(peers))
    print(f"\nCPU for a step in us; {STEPS} steps, 10 tools, and so many kB of history before the first step\n")
    print("| | " + " | ".join(f"{size} kB" for size in sizes) + " |")
    print("|---|" + "---:|" * len(sizes))
    with server() as port:
        costs: dict[str, list[float]] = {}
        for name in (*OURS, *PEERS):
            python = sys.executable if name in OURS else peers
            costs[name] = [cost(python, name, port, size, rounds) for size in sizes]
            print(f"| {name} | " + " | ".join(f"{each:,.0f}" for each in costs[name]) + " |", flush=True)
    better = [min(each) for each in zip(*(costs[name] for name in PEERS), strict=True)]
    for name in OURS:
        shares = [f"1/{other / own:.1f}" for own, other in zip(costs[name], better, strict=True)]
        print(f"| {name} of the better peer | " + " | ".join(shares) + " |")


if __name__ == "__main__":
    main()
