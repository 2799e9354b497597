"""Bulk runs that are killed, in short; scripts/killtest is the long form. And what lies between file and ledger."""

from __future__ import annotations

import json
import random
import signal
from pathlib import Path
from typing import Any

import pytest
from bulk_server import BulkServer
from killing import killed_run, on_a_disk_that_is_read_only, on_a_full_disk

from kimistream._bulk.ledger import Ledger


@pytest.mark.parametrize(
    ("kills", "rows", "length", "how"),
    [(4, 300, 200, signal.SIGKILL), (4, 200, 100_000, signal.SIGKILL), (2, 200, 5_000, signal.SIGTERM)],
)
def test_killed_at_random_each_row_is_there_once(kills: int, rows: int, length: int, how: int, tmp_path: Path) -> None:
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    print(killed_run(tmp_path, kills, rows, length, random.Random(seed), how))


def test_so_it_is_in_parquet(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    print(killed_run(tmp_path, 2, 1500, 500, random.Random(seed), kind="parquet"))


def on_a_disk(test: Any, *arguments: Any) -> None:
    if arguments[-1] == "parquet":
        pytest.importorskip("pyarrow")
    try:
        print(test(*arguments))
    except OSError as error:
        pytest.skip(f"no disk of its own: {error}")


@pytest.mark.parametrize(("length", "kind"), [(200, "jsonl"), (100_000, "jsonl"), (20_000, "parquet")])
def test_on_a_full_disk_what_is_written_is_whole(length: int, kind: str, tmp_path: Path) -> None:
    on_a_disk(on_a_full_disk, tmp_path, length, kind)


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_on_a_disk_that_is_read_only_nothing_is_sent(kind: str, tmp_path: Path) -> None:
    on_a_disk(on_a_disk_that_is_read_only, tmp_path, kind)


class Killed(BaseException):
    pass


def rows(count: int) -> list[dict[str, Any]]:
    return [{"id": number, "text": f"t{number}"} for number in range(count)]


def start(server: BulkServer, out: Path, count: int = 20, prompt: str = "{text}", **options: Any) -> Any:
    return server.client().map(rows(count), prompt, key="id", out=out, progress=False, **options)


def lines(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.read_text("utf-8").split("\n")[:-1]]


def kept(out: Path) -> list[int]:
    return sorted(line["key"] for line in lines(out))


def break_off(server: BulkServer, out: Path, monkeypatch: pytest.MonkeyPatch, after: int, **options: Any) -> None:
    """A run that ends between the write of a batch and its commit, as if it were killed there."""
    commit = Ledger.commit
    count = 0

    def dies(self: Ledger, entries: Any, *arguments: Any, **meta: Any) -> None:
        nonlocal count
        entries = list(entries)
        count += len(entries)
        if count > after:
            raise Killed
        commit(self, entries, *arguments, **meta)

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "commit", dies)
        with pytest.raises(Killed):
            start(server, out, concurrency=3, **options)


def test_lines_that_the_ledger_does_not_know_yet_are_taken_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out.jsonl"
    with BulkServer() as server:
        break_off(server, out, monkeypatch, after=8)
        written = kept(out)
        paid = sum(server.paid.values())
        run = start(server, out)
        assert run.skipped == len(written)
        assert (run.total, run.done, kept(out)) == (20, 20 - len(written), list(range(20)))
        assert sum(server.paid.values()) <= 20 + (paid - len(written))


def test_a_torn_line_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out.jsonl"
    with BulkServer() as server:
        break_off(server, out, monkeypatch, after=8)
        whole = len(kept(out))
        with out.open("ab") as file:
            file.write(out.read_bytes().split(b"\n")[0][:-10])
        run = start(server, out)
        assert (run.skipped, kept(out)) == (whole, list(range(20)))


def test_nul_bytes_at_the_end_are_cut_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut leaves them."""
    out = tmp_path / "out.jsonl"
    with BulkServer() as server:
        break_off(server, out, monkeypatch, after=8)
        with out.open("ab") as file:
            file.write(b"\0" * 500)
        start(server, out)
        assert kept(out) == list(range(20))


def test_lines_taken_in_are_asked_again_when_the_prompt_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.jsonl"
    with BulkServer() as server:
        break_off(server, out, monkeypatch, after=0)  # nothing is in the ledger
        written = len(kept(out))
        run = start(server, out, prompt="Other: {text}")
        assert (run.changed, run.skipped, run.done) == (written, 0, 20)
        assert kept(out) == list(range(20))
        assert all(line["text"].startswith("answer to Other") for line in lines(out))


@pytest.mark.parametrize("when", ["before", "after"])
def test_ended_while_the_file_is_written_anew(when: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kimistream._bulk.locks import Lock

    out = tmp_path / "out.jsonl"
    replace = Lock.replace

    def dies(self: Lock, path: str) -> None:
        if when == "after":
            replace(self, path)
        raise Killed

    with BulkServer() as server:
        start(server, out)
        with monkeypatch.context() as patch:
            patch.setattr(Lock, "replace", dies)
            with pytest.raises(Killed):
                start(server, out, prompt="Other: {text}", ordered=True)
        asked = len(server.asked)
        run = start(server, out, prompt="Other: {text}", ordered=True)
        assert (run.skipped, len(server.asked)) == (20, asked)
        assert [line["key"] for line in lines(out)] == list(range(20))
        assert not list(tmp_path.glob("*.new"))


def test_without_its_log_a_ledger_is_not_taken_for_a_new_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a kill all that was committed may stand in the -wal: where that is lost the lines of `out` still count."""
    import shutil

    out = tmp_path / "out.jsonl"
    other = tmp_path / "copy"
    other.mkdir()
    with BulkServer() as server:
        break_off(server, out, monkeypatch, after=8)
        for name in ("out.jsonl", "out.jsonl.ledger"):
            shutil.copy(tmp_path / name, other / name)
        written = len(kept(other / "out.jsonl"))
        run = start(server, other / "out.jsonl")
        assert (run.skipped, kept(other / "out.jsonl")) == (written, list(range(20)))
