"""What the README shows works, against the simulator. (Its C++ is compiled in package/test_package.py.)"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import program
import pytest
from test_files_uploads import MP4, PNG

import kimistream

if TYPE_CHECKING:
    from kimistream.simulator import Simulator

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
TOML = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
SAYS = (
    ("9.9 is bigger than 9.11.", "tokens", "finished: stop", "Usage("),
    ("9.9 is bigger",),
    ("Paris", "Tokyo"),
    ("one image (image/png", "one video (video/mp4", "Summarise it in one sentence."),
    ("kimi-k2.6 262144 ", " tokens", "temperature=0.2: ", "[fixed_temperature]"),
    ("28, 29, 30.", "mended: 1 [Notice(code='broken_and_continued'"),
    ("Kimi(provider='mine'", "{'chat_template_kwargs': {'thinking': False}}"),
)


def test_each_example_is_looked_at() -> None:
    assert len(PYTHON) == len(SAYS)
    assert len(TOML) == 1


def test_environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "kimistream.toml"
    file.write_text(
        TOML[0].replace("providers.mine", "providers.test-readme").replace('"mine"', '"test-readme"'), "utf-8"
    )
    monkeypatch.setenv("KIMISTREAM_CONFIG", str(file))
    monkeypatch.setenv("DEV_KEY", "sk-dev")
    monkeypatch.setenv("MOONSHOT_API_KEY", "sk-prod")
    dev, prod = kimistream.Kimi(environment="dev"), kimistream.Kimi(environment="prod")
    assert (dev.provider, dev.base_url) == ("test-readme", "http://gpu-7:8000/v1")
    assert (prod.provider, prod.base_url) == ("moonshot", "https://api.moonshot.ai/v1")


@pytest.mark.parametrize("number", range(len(SAYS)))
def test_python(number: int, simulator: Simulator, tmp_path: Path) -> None:
    for name, data in (("photo.png", PNG), ("clip.mp4", MP4), ("report.pdf", b"%PDF-1.4 a short report")):
        (tmp_path / name).write_bytes(data)
    output = program.run_python(PYTHON[number], simulator, cwd=tmp_path)
    assert [words for words in SAYS[number] if words not in output] == []


def test_errors_and_providers_are_listed() -> None:
    errors = [name for name in kimistream.__all__ if name.endswith("Error")]
    assert [name for name in errors if f"`{name}`" not in README] == [
        "APIStatusError"
    ]  # the base of those with a status
    ask = "from kimistream import _core; print(*_core.provider_names())"  # afresh: tests register rows of their own
    ours = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout.split()
    assert len(ours) > 10
    assert [name for name in ours if f"`{name}`" not in README] == []


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
