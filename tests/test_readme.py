"""What the README shows works, against the simulator. (Its C++ is compiled in package/test_package.py.)"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pages
import program
from pages import ROOT
from test_docs import FILES

if TYPE_CHECKING:
    from pathlib import Path

    from kimistream.simulator import Simulator

README = ROOT / "README.md"


def test_python(simulator: Simulator, tmp_path: Path) -> None:
    source, outputs = pages.program(README, "python")
    assert len(outputs) == len([fence for fence in pages.fences(README) if fence.language == "python"])
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    printed = program.run_python(source, simulator, cwd=tmp_path)
    assert pages.missing(outputs, printed) == [], printed


def test_its_two_commands_are_there() -> None:
    text = README.read_text("utf-8")
    for command in ("scripts/demo", "scripts/test"):
        assert f"\n{command} " in text
        assert (ROOT / command).exists()


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README.read_text("utf-8"))
    assert len(links) > 20
    assert [link for link in links if not (ROOT / link).exists()] == []
