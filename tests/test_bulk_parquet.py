"""Parquet in and out: one fixed schema, parts that a killed run leaves behind, joined at the end."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from bulk_server import BulkServer
from test_bulk_kill import Killed
from test_bulk_out import KEYS, bad, ledger_of, lines, rows

from kimistream import InvalidRequestError, Run
from kimistream._bulk import table_output
from kimistream._bulk.ledger import Ledger

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

JSON_COLUMNS = ("input", "tool_calls", "parsed", "usage", "warnings", "error")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "answers.parquet"


def start(server: BulkServer, out: Path, given: Any = None, prompt: Any = "{text}", **options: Any) -> Run:
    given = rows(10) if given is None else given
    client = server.client()
    result: Run = client.map(given, prompt, **{"key": "id", "out": out, "progress": False, **options})
    return result


def table(out: Path) -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = parquet.read_table(out).to_pylist()
    return read


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def parts(out: Path) -> list[Path]:
    return sorted(Path(f"{out}.parts").glob("*"))


def small_parts(monkeypatch: pytest.MonkeyPatch, rows: int = 5) -> None:
    monkeypatch.setattr(table_output, "_PART_ROWS", rows)


def killed(server: BulkServer, out: Path, monkeypatch: pytest.MonkeyPatch, after: int, **options: Any) -> None:
    """A run that ends when so many rows were kept, as if it were killed there: nothing is put in order."""
    keep, count = table_output.TableOutput.keep, 0

    def dies(self: Any, *ended: Any) -> None:
        nonlocal count
        keep(self, *ended)
        count += sum(map(len, ended))
        if count >= after:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(table_output.TableOutput, "keep", dies)
        with pytest.raises(Killed):
            start(server, out, **{"concurrency": 2, **options})


def test_the_columns(out: Path) -> None:
    given = [{"id": 1, "text": "a\u2028b", "more": {}}, {"id": "x", "text": "bad"}, {"id": "2", "text": "c"}]
    with BulkServer(bad("bad")) as server:
        ended = start(server, out, given, ordered=True)
    assert (ended.done, ended.failed) == (2, 1)
    read = parquet.read_table(out)
    assert read.schema.names == KEYS
    types = {name: str(read.schema.field(name).type) for name in KEYS}
    assert types == {
        **dict.fromkeys(KEYS, "string"),
        "index": "int64",
        "attempts": "int64",
        "cost": "double",
    }
    first, second = read.to_pylist()
    assert (first["key"], first["index"], first["text"]) == ("1", 0, "answer to a\u2028b")
    assert json.loads(first["input"]) == given[0]
    assert (json.loads(first["tool_calls"]), first["parsed"], first["error"]) == ([], None, None)
    assert json.loads(first["usage"])["total_tokens"] == 22
    assert second["key"] == "2"
    assert names(out.parent) == ["answers.failed.jsonl", "answers.parquet", "answers.parquet.ledger"]
    assert [line["key"] for line in lines(out.with_name("answers.failed.jsonl"))] == ["x"]
    assert [(row.key, row.input, row.message.text) for row in ended.rows()] == [
        (1, given[0], "answer to a\u2028b"),
        ("2", given[2], "answer to c"),
    ]


def test_it_is_the_same_run_when_it_is_started_again(out: Path) -> None:
    with BulkServer() as server:
        start(server, out)
        before = os.stat(out)
        again = start(server, out)
        assert (again.skipped, again.done, sum(server.asked.values())) == (10, 0, 10)
        assert os.stat(out).st_ino == before.st_ino, "nothing has changed: it is not written anew"
        more = start(server, out, [{"id": "new", "text": "n"}, *rows(10)[::-1]], ordered=True)
        assert (more.skipped, more.done, sum(server.asked.values())) == (10, 1, 11)
        assert [row["key"] for row in table(out)] == ["new", *map(str, range(9, -1, -1))]
        assert [row.key for row in more.rows()] == ["new", *range(9, -1, -1)]
        changed = start(server, out, rows(3), "Other: {text}")
        assert (changed.changed, changed.done) == (3, 3)
    texts = {row["key"]: row["text"] for row in table(out)}
    assert len(table(out)) == len(texts) == 11
    assert (texts["0"], texts["9"]) == ("answer to Other: t0", "answer to t9")
    assert names(out.parent) == ["answers.failed.jsonl", "answers.parquet", "answers.parquet.ledger"]


def test_a_row_that_has_changed_and_failed_is_in_it_no_more(out: Path) -> None:
    with BulkServer(bad("New: t0")) as server:
        start(server, out, rows(1))
        assert start(server, out, rows(1), "New: {text}").failed == 1
        assert table(out) == []
        assert start(server, out, rows(1)).done == 1
    assert [row["key"] for row in table(out)] == ["0"]


def test_no_rows_are_an_empty_table(out: Path) -> None:
    with BulkServer() as server:
        start(server, out, [])
    assert parquet.read_table(out).schema.names == KEYS


def test_what_a_killed_run_leaves_can_be_read_and_gone_on_with(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_parts(monkeypatch)
    with BulkServer() as server:
        killed(server, out, monkeypatch, after=13, given=rows(30))
        assert not out.exists()
        journal = lines(Path(f"{out}.journal.jsonl"))
        kept = [str(line["key"]) for line in journal]
        assert len(kept) >= 13
        in_parts = [row["key"] for part in parts(out) for row in table(part)]
        assert in_parts == kept[: len(in_parts)]
        assert len(in_parts) >= 10
        assert all(parquet.read_schema(part).equals(parquet.read_schema(parts(out)[0])) for part in parts(out))
        again = start(server, out, rows(30))
        assert (again.skipped, again.done) == (len(kept), 30 - len(kept))
        assert sum(server.asked.values()) <= 32
    assert sorted(int(row["key"]) for row in table(out)) == list(range(30))
    assert [row["key"] for row in table(out)][: len(kept)] == kept
    assert not Path(f"{out}.parts").exists()


def test_long_lines_make_a_part_sooner(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_output, "_PART_BYTES", 30_000)
    with BulkServer(lambda text: text.ljust(10_000, "x")) as server:
        killed(server, out, monkeypatch, after=9, given=rows(20))
        assert len(parts(out)) >= 2
        start(server, out, rows(20)[::-1], ordered=True)
    assert [int(row["key"]) for row in table(out)] == list(range(19, -1, -1))


def test_a_second_start_that_is_killed_keeps_what_the_first_had(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_parts(monkeypatch)
    with BulkServer() as server:
        start(server, out, rows(7))
        killed(server, out, monkeypatch, after=12, given=rows(30))
        assert len(table(out)) == 7, "what stands there is whole"
        assert len(parts(out)) >= 2
        parts(out)[0].unlink()  # somebody was tidy: the journal has it
        start(server, out, rows(30))
        assert sum(server.asked.values()) <= 32
    assert sorted(int(row["key"]) for row in table(out)) == list(range(30))


@pytest.mark.parametrize("when", ["table_next", "table"])
def test_ended_while_the_table_takes_its_place(when: str, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known, complete, completing = Ledger.set, table_output.TableOutput._complete, False

    def dies(self: Ledger, **values: Any) -> None:
        if completing and values.get(when) is not None:
            raise Killed
        known(self, **values)

    def completes(self: Any) -> None:
        nonlocal completing
        completing = True
        complete(self)

    with BulkServer() as server:
        start(server, out, rows(4))
        with monkeypatch.context() as patch:
            patch.setattr(Ledger, "set", dies)
            patch.setattr(table_output.TableOutput, "_complete", completes)
            with pytest.raises(Killed):
                start(server, out, rows(9))
        assert len(table(out)) == (4 if when == "table_next" else 9)
        again = start(server, out, rows(12))
        assert (again.skipped, again.done, sum(server.asked.values())) == (9, 3, 12)
    assert sorted(int(row["key"]) for row in table(out)) == list(range(12))
    assert names(out.parent) == ["answers.failed.jsonl", "answers.parquet", "answers.parquet.ledger"]


@pytest.mark.parametrize("where", ["part", "table"])
def test_a_disk_that_is_full_when_a_table_is_written(where: str, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_parts(monkeypatch)
    write = parquet.ParquetWriter.write_table

    def full(self: Any, *arguments: Any, **named: Any) -> None:
        if (".parts" in str(self.where)) == (where == "part"):
            raise OSError(28, "No space left on device")
        write(self, *arguments, **named)

    with BulkServer() as server:
        with monkeypatch.context() as patch:
            patch.setattr(parquet.ParquetWriter, "write_table", full)
            with pytest.raises(OSError, match="No space"):
                start(server, out, rows(12), concurrency=2)
        assert not out.exists()
        kept = len(lines(Path(f"{out}.journal.jsonl")))
        again = start(server, out, rows(12))
        assert (again.skipped, again.done) == (kept, 12 - kept)
        assert sum(server.asked.values()) <= 14
    assert sorted(int(row["key"]) for row in table(out)) == list(range(12))
    assert names(out.parent) == ["answers.failed.jsonl", "answers.parquet", "answers.parquet.ledger"]


def test_ended_before_the_journal_goes(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(self: Any) -> None:
        self.close()
        raise Killed

    with BulkServer() as server:
        with monkeypatch.context() as patch:
            patch.setattr(table_output.TableOutput, "_ended", dies)
            with pytest.raises(Killed):
                start(server, out)
        assert Path(f"{out}.journal.jsonl").exists()
        assert start(server, out, rows(11)).skipped == 10
    assert len(table(out)) == 11


def _without_ledger(out: Path) -> None:
    ledger_of(out).unlink()


def _without_table(out: Path) -> None:
    out.unlink()


def _another_table(out: Path) -> None:
    parquet.write_table(pyarrow.table({"mine": [1]}), out)


def _empty_ledger(out: Path) -> None:
    ledger_of(out).write_bytes(b"")


@pytest.mark.parametrize("made", [_without_ledger, _without_table, _another_table, _empty_ledger])
def test_what_is_another_runs_is_refused_and_kept(made: Any, out: Path) -> None:
    with BulkServer() as server:
        start(server, out)
        made(out)
        before = {path.name: path.read_bytes() for path in out.parent.iterdir()}
        for _ in range(2):
            with pytest.raises(InvalidRequestError, match=r"answers\.parquet.*resume=False"):
                start(server, out)
        assert sum(server.asked.values()) == 10
        assert {path.name: path.read_bytes() for path in out.parent.iterdir()} == before
        assert start(server, out, rows(3), resume=False).done == 3
    assert len(table(out)) == 3


def test_a_killed_run_whose_table_was_taken_away_is_refused(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with BulkServer() as server:
        start(server, out, rows(4))
        killed(server, out, monkeypatch, after=3, given=rows(20))
        out.unlink()
        with pytest.raises(InvalidRequestError, match="is not the file"):
            start(server, out, rows(20))


def test_only_one_may_write_it(out: Path) -> None:
    with BulkServer(held=True) as server:
        client = server.client()

        def second(run: Run) -> None:
            if run.done == 0 and not refused:
                with pytest.raises(InvalidRequestError, match="another run"):
                    client.map(rows(1), "{text}", key="id", out=out, progress=False)
                refused.append(True)
                server.let_go()

        refused: list[bool] = []
        start(server, out, progress=second)
        assert refused


def test_two_runs_that_would_share_a_failures_file(out: Path) -> None:
    with BulkServer() as server:
        start(server, out, rows(1))
        with pytest.raises(InvalidRequestError, match=r"answers\.failed\.jsonl"):
            start(server, out.with_suffix(".jsonl"), rows(1))


def test_its_own_files_are_no_source(out: Path) -> None:
    with BulkServer() as server:
        start(server, out, rows(1))
        with pytest.raises(InvalidRequestError, match="same file"):
            start(server, out, out, "{text}")


def test_a_run_stopped_by_its_budget_can_be_read(out: Path) -> None:
    from kimistream import Budget

    with BulkServer() as server:
        ended = start(server, out, budget=Budget(tokens=100), max_tokens=10, concurrency=1)
    assert ended.stopped == "budget"
    assert len(table(out)) == ended.done > 0


def test_row_groups_hold_many_rows(out: Path) -> None:
    with BulkServer() as server:
        start(server, out, rows(2300))
    read = parquet.ParquetFile(out)
    groups = [read.metadata.row_group(number).num_rows for number in range(read.num_row_groups)]
    assert sum(groups) == 2300
    assert all(count >= 1000 for count in groups)


# ---- sources --------------------------------------------------------------------------------------------------------


def test_a_parquet_file_is_a_source(tmp_path: Path, out: Path) -> None:
    path = tmp_path / "rows.parquet"
    given = {"id": ["007", "12345678901234567890", None], "text": ["a", None, "c"], "n": [1, None, 2**53 + 1]}
    parquet.write_table(pyarrow.table(given), path)
    with BulkServer() as server:
        found = {row.index: row for row in server.client().map(path, "{text} {n}", key="id")}
        assert found[0].key == "007"
        assert found[0].message.text == "answer to a 1"
        assert [found[place].attempts for place in (1, 2)] == [0, 0]
        start(server, out, path, "{text}")
        assert [row.key for row in start(server, out, path, "{text}").rows()] == ["007"]


@pytest.mark.parametrize("content", [b"", b"PAR1 no table PAR1"])
def test_what_is_no_parquet_is_refused_before_anything_is_sent(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    path.write_bytes(content)
    with BulkServer() as server:
        for source in (path, tmp_path / "gone.parquet"):
            with pytest.raises(InvalidRequestError, match=source.name):
                server.client().map(source, "{text}")
        assert not server.asked


def test_without_pyarrow_it_says_what_to_install(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with BulkServer() as server:
        for options in ({"rows": rows(1), "out": out}, {"rows": out}):
            with pytest.raises(InvalidRequestError, match=r"kimistream\[data\]"):
                server.client().map(prompt="{text}", **options)
