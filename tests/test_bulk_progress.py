"""How far a bulk run is, as it is shown."""

from __future__ import annotations

import io
from typing import Any

import pytest
from notebook_kit import DrawnCell

from kimistream import Run
from kimistream._bulk.progress import Told
from kimistream._values.bulk import Counts
from kimistream.display import bar, runs
from kimistream.display.runs import Shown


def run_with(**counts: int) -> tuple[Run, Counts]:
    counted = Counts()
    for name, value in counts.items():
        setattr(counted, name, value)
    return Run(counted, None, lambda out, failures: iter(())), counted


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")  # rich draws nothing on a dumb one
    console = pytest.importorskip("rich.console").Console(file=io.StringIO(), force_terminal=True, width=100)
    monkeypatch.setattr(bar, "place", lambda: console)
    run, counts = run_with(total=3, done=2, failed=1)
    shown = Shown(range(10))
    shown(run)
    counts.usage.total_tokens = 44_000
    shown(run)
    shown.close()
    drawn = console.file.getvalue()
    assert "3/10" in drawn
    assert "2 answered, 1 failed, 44,000 tokens" in drawn


@pytest.mark.parametrize(("rows", "counted"), [(range(10), "3 of 10 rows"), (iter(()), "3 rows")])
def test_in_a_notebook_one_cell_is_drawn_anew_and_stays(rows: Any, counted: str, cell: DrawnCell, capsys: Any) -> None:
    run, counts = run_with(total=3, done=1)
    shown = Shown(rows)
    shown(run)
    counts.done, counts.failed = 2, 1
    shown(run)
    shown.close()
    assert [how for how, _ in cell.drawn] == ["display", "update"]
    last = cell.drawn[-1][1]
    assert last["text/plain"] == f"{counted}: 2 answered, 1 failed"
    assert "<progress" in last["text/html"]
    assert ('value="3" max="10"' in last["text/html"]) == (counted == "3 of 10 rows")
    assert capsys.readouterr() == ("", "")


def test_a_line_a_minute_where_nobody_looks(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    now = 1000.0
    monkeypatch.setattr(bar, "place", lambda: None)
    monkeypatch.setattr(runs.time, "monotonic", lambda: now)
    run, counts = run_with(total=5, done=5)
    shown = Shown(iter(()))
    for _ in range(30):
        shown(run)
        now += 10
        counts.done += 100
    shown.close()
    output, errors = capsys.readouterr()
    assert output == ""
    lines = errors.splitlines()
    assert len(lines) == 4
    assert lines[0] == "kimistream: 605 answered"


def test_it_is_told_while_something_changes_and_once_at_the_end() -> None:
    told = []
    run, counts = run_with(total=1)
    telling = Told(lambda run: told.append(run.done), run)
    now = telling._next
    for step in range(10):
        counts.done = counts.total = step // 5
        assert telling.tell(now + step * 0.05) > 0
    telling.end()
    assert told == [0, 1, 1]


def test_it_is_told_once_a_minute_while_nothing_changes() -> None:
    told = []
    run, _ = run_with(total=3)
    telling = Told(lambda run: told.append(run.total), run)
    now = telling._next
    for second in range(150):
        telling.tell(now + second)
    assert told == [3, 3, 3]
