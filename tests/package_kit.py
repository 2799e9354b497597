"""What the tests of packages share: commands that must succeed, and where things are."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSION = re.findall(r'VERSION "(.*)"', (ROOT / "cpp/include/kimistream/version.hpp").read_text("utf-8"))[0]
SAID = f"kimistream {VERSION}: Hm. Hello\n"  # by package/consumer/main.cpp and package/installed.py


def run(*command: object, **options: object) -> str:
    """What the command prints; it must succeed."""
    done = subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
        **options,  # type: ignore[call-overload]
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout[-8000:]}"
    return str(done.stdout)
