"""The bar of uploads: drawn where somebody looks, silent elsewhere."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
from notebook_kit import DrawnCell
from rich.console import Console

from kimistream import Kimi
from kimistream.progress import Bar
from kimistream.simulator import Simulator


def test_it_shows_how_far_an_upload_is(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")  # on a dumb one nothing can be drawn over
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=80)
    with Kimi(base_url=simulator.base_url, api_key=simulator.api_key) as client, Bar(console) as bar:
        client.files.create(file=("a.txt", b"x" * 300_000), purpose="file-extract", on_progress=bar)
        client.files.create(file=("b.txt", b"x" * 100_000), purpose="file-extract", on_progress=bar)
        drawn = bar._progress.tasks
        assert [(task.completed, task.total, task.finished) for task in drawn] == [(100_000, 100_000, True)]
    assert "uploading" in screen.getvalue()


def test_nothing_is_drawn_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar() as bar:
        bar(0, 10)
        bar(10, 10)
    bar(1, 2)  # after its end
    assert capsys.readouterr() == ("", "")


def test_in_a_notebook_one_cell_is_drawn_anew(cell: DrawnCell) -> None:
    with Bar() as bar:
        for sent in range(0, 5_000_001, 500):
            bar(sent, 5_000_000)
    assert [how for how, _ in cell.drawn][:2] == ["display", "update"]
    assert len(cell.drawn) < 1000, "it is drawn a few times a second"
    last = cell.drawn[-1][1]
    assert last["text/plain"] == "uploading: 5.0 of 5.0 MB"
    assert '<progress value="5000000" max="5000000"' in last["text/html"]


def test_the_package_has_its_modules_as_attributes() -> None:
    code = "import kimistream; kimistream.progress.Bar; kimistream.simulator.Simulator"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=300)
