"""The pages of docs/ and the README as programs: what stands in their fences, and what they say it prints.

```python     all of a page are one program, read from top to bottom
```sh         likewise, in the folder that the Python left
```cpp        a program of its own
```output     lines that the fence above prints, in order, among other things; "..." stands for anything
```console    is not run: installing and building; package/ and CI do
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kimistream.simulator import Simulator

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
FRAMEWORKS = DOCS / "frameworks"  # run where the frameworks are: tests/frameworks/test_pages.py
LANGUAGES = {"python", "sh", "cpp", "output", "console", "toml", "cmake"}
_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Fence:
    language: str
    text: str
    output: str = ""


def fences(page: Path) -> list[Fence]:
    """A page's fences in order, each with what the page says that it prints."""
    found: list[Fence] = []
    for language, text in _FENCE.findall(page.read_text("utf-8")):
        if language == "output":
            found[-1] = Fence(found[-1].language, found[-1].text, text)
        else:
            found.append(Fence(language, text))
    return found


def program(page: Path, language: str) -> tuple[str, list[str]]:
    """All fences of a language as one program, and what it prints, in order."""
    parts = [fence for fence in fences(page) if fence.language == language]
    return "\n".join(part.text for part in parts), [part.output for part in parts if part.output]


def missing(outputs: list[str], printed: str) -> list[str]:
    """The words that did not come, each sought behind those before."""
    place, gone = 0, []
    for words in re.split(r"\.\.\.|\n", "\n".join(outputs)):
        found = printed.find(words.strip(), place)
        if found < 0:
            gone.append(words)
        else:
            place = found + len(words.strip())
    return gone


def run_sh(source: str, simulator: Simulator, cwd: Path) -> str:
    """What the commands print, the simulator being the provider of whoever names none. Each must end well."""
    config = cwd / "simulator.toml"
    where = f'provider = "moonshot"\nbase_url = "{simulator.base_url}"\nkey_variable = "SIMULATOR_KEY"\n'
    config.write_text(f"[environments.simulator]\n{where}", "utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MOONSHOT_", "KIMI"))}
    own = {
        "HOME": str(cwd),
        "KIMISTREAM_CONFIG": str(config),
        "KIMISTREAM_ENVIRONMENT": "simulator",
        "NO_PROXY": "127.0.0.1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONIOENCODING": "utf-8",
        "SIMULATOR_KEY": simulator.api_key,
    }
    done = subprocess.run(
        ["/bin/sh", "-e"],
        input=source,
        capture_output=True,
        encoding="utf-8",
        cwd=cwd,
        env={**kept, **own},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
