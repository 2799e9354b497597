"""Running a program that uses the package, as its user wrote it, against the simulator."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from kimistream.simulator import Simulator

# `Kimi()` in the program then means the simulator: the program itself stays as it is.
_AT_THE_SIMULATOR = """
import functools, os, sys, kimistream
address = os.environ["KIMISTREAM_BASE_URL"]
for name in ("Kimi", "AsyncKimi", "OpenAI", "AsyncOpenAI"):
    setattr(kimistream, name, functools.partial(getattr(kimistream, name), base_url=address))
exec(compile(sys.stdin.read(), "program", "exec"), {"__name__": "__main__"})
"""


def environment(simulator: Simulator) -> dict[str, str]:
    """This process's own with the simulator's key and address."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MOONSHOT_", "KIMI"))}
    own = {"MOONSHOT_API_KEY": simulator.api_key, "KIMISTREAM_BASE_URL": simulator.base_url, "NO_PROXY": "127.0.0.1"}
    return {**kept, **own, "PYTHONIOENCODING": "utf-8", "PYTHONWARNINGS": "error"}


def run_python(source: str, simulator: Simulator, cwd: Path | None = None) -> str:
    """What the program prints, run in that folder. It must end well and say nothing on stderr."""
    done = subprocess.run(
        [sys.executable, "-c", _AT_THE_SIMULATOR],
        input=source,
        capture_output=True,
        encoding="utf-8",
        env=environment(simulator),
        timeout=300,
        check=False,
        cwd=cwd,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout
