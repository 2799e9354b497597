"""The bar of uploads: drawn where somebody looks, silent elsewhere."""

from __future__ import annotations

import io
import subprocess
import sys
from types import SimpleNamespace

import pytest
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


def test_a_notebook_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = type("ZMQInteractiveShell", (), {})()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setattr("rich.progress.Progress.start", lambda _self: None)
    with Bar() as bar:
        assert bar._progress is not None


def test_the_package_has_its_modules_as_attributes() -> None:
    code = "import kimistream; kimistream.progress.Bar; kimistream.simulator.Simulator"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=300)
