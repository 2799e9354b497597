"""What the README shows works, against the simulator. (Its C++ is compiled in package/test_package.py.)"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import program
import pytest

import kimistream
from kimistream import _core

if TYPE_CHECKING:
    from kimistream.simulator import Simulator

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
SAYS = (("9.9 is bigger than 9.11.", "tokens", "finished: stop", "Usage("), ("9.9 is bigger",), ("Paris", "Tokyo"))


def test_there_are_three_examples() -> None:
    assert len(PYTHON) == len(SAYS) == 3


@pytest.mark.parametrize("number", range(len(SAYS)))
def test_python(number: int, simulator: Simulator) -> None:
    output = program.run_python(PYTHON[number], simulator)
    assert [words for words in SAYS[number] if words not in output] == []


def test_errors_and_providers_are_listed() -> None:
    errors = [name for name in kimistream.__all__ if name.endswith("Error")]
    assert [name for name in errors if f"`{name}`" not in README] == [
        "APIStatusError"
    ]  # the base of those with a status
    assert [name for name in _core.provider_names() if f"| `{name}`" not in README] == []


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
