"""client.map with a file: what it must not write to."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from bulk_server import BulkServer
from kit import run
from test_bulk_kill import Killed, break_off
from test_bulk_out import bad, keys, ledger_of, lines, out, rows, start

from kimistream import InvalidRequestError, Message, Row
from kimistream._bulk.ledger import Ledger
from kimistream._bulk.lines import line_of, text_of

assert out  # the fixture


def source_file(path: Path, count: int = 3) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows(count)))
    return path


def _symlink(source: Path) -> Path:
    (link := source.with_name("link.jsonl")).symlink_to(source)
    return link


def _hard_link(source: Path) -> Path:
    (link := source.with_name("link.jsonl")).hardlink_to(source)
    return link


def _out_for(name: str) -> Any:
    """The `out` that would write to a source of this name."""

    def made(source: Path) -> Path:
        return source.rename(source.with_name(name)).with_name("x.jsonl")

    return made


@pytest.mark.parametrize("resume", [True, False])
@pytest.mark.parametrize(
    "made",
    [
        lambda source: source,
        lambda source: source.parent / "." / ".." / source.parent.name / source.name,
        _symlink,
        _hard_link,
        _out_for("x.failed.jsonl"),
    ],
)
def test_a_run_does_not_write_to_its_source(made: Any, resume: bool, tmp_path: Path) -> None:
    source = source_file(tmp_path / "in.jsonl")
    target = made(source)
    if not source.exists():
        source = tmp_path / "x.failed.jsonl"
    before = source.read_bytes()
    with BulkServer() as server:
        with pytest.raises(InvalidRequestError, match="same file") as caught:
            start(server, target, source, resume=resume)
        with source.open() as file, pytest.raises(InvalidRequestError, match="same file"):
            start(server, target, file, "{}", key=None, resume=resume)
        assert not server.asked
    assert source.name in str(caught.value)
    assert str(target) in str(caught.value) or "x.failed.jsonl" in str(caught.value)
    assert source.read_bytes() == before
    assert not list(tmp_path.glob("*.ledger"))


def test_the_ledger_is_not_the_source_either(tmp_path: Path) -> None:
    source, out = source_file(tmp_path / "in.jsonl"), tmp_path / "x.jsonl"
    ledger_of(out).symlink_to(source)
    before = source.read_bytes()
    with BulkServer() as server, pytest.raises(InvalidRequestError, match="same file"):
        start(server, out, source, resume=False)
    assert source.read_bytes() == before


@pytest.mark.parametrize("resume", [True, False])
@pytest.mark.parametrize("text", ['{"mine": 1}\n', "no JSON", '[1]\n{"key": 1}\n'])
def test_a_file_in_the_failures_place_that_is_no_such_file_is_kept(text: str, resume: bool, out: Path) -> None:
    failed = out.with_name("answers.failed.jsonl")
    failed.write_text(text)
    with BulkServer() as server:
        with pytest.raises(InvalidRequestError, match=r"answers\.failed\.jsonl.*move it away"):
            start(server, out, resume=resume)
        assert not server.asked
    assert failed.read_text() == text
    assert list(out.parent.iterdir()) == [failed]


@pytest.mark.parametrize("resume", [True, False])
@pytest.mark.parametrize("first", ["answers.jsonl", "answers.failed.jsonl"])
def test_two_runs_where_one_would_write_its_failures_to_the_others_out(first: str, resume: bool, out: Path) -> None:
    second = ({"answers.jsonl", "answers.failed.jsonl"} - {first}).pop()
    with BulkServer() as server:
        start(server, out.with_name(first))
        before = {path.name: path.read_bytes() for path in out.parent.iterdir()}
        with pytest.raises(InvalidRequestError, match="choose another out="):
            start(server, out.with_name(second), resume=resume)
        assert {path.name: path.read_bytes() for path in out.parent.iterdir()} == before
        assert start(server, out.with_name(first)).skipped == 10


def test_likewise_where_both_were_planned_before_either_began(out: Path) -> None:
    async def main(server: BulkServer) -> None:
        client = server.async_client()
        first, second = (
            client.map(rows(3), "{text}", out=out.with_name(name)) for name in ("a.jsonl", "a.failed.jsonl")
        )
        assert (await first).done == 3
        with pytest.raises(InvalidRequestError, match="failures file of the run"):
            await second

    with BulkServer() as server:
        run(main(server))


def test_answers_of_another_run_are_no_failures(out: Path) -> None:
    with BulkServer() as server:
        start(server, out)
        moved = out.rename(out.with_name("other.failed.jsonl"))
        ledger_of(out).unlink()
        before = moved.read_bytes()
        with pytest.raises(InvalidRequestError, match=r"other\.failed\.jsonl"):
            start(server, out.with_name("other.jsonl"))
        assert moved.read_bytes() == before


def test_failures_of_an_earlier_run_are_replaced(out: Path) -> None:
    with BulkServer(bad("t3")) as server:
        start(server, out)
        assert start(server, out).failed == 1
        assert start(server, out, resume=False).failed == 1
    assert keys(out.with_name("answers.failed.jsonl")) == [3]


# ---- lines that are not the run's -----------------------------------------------------------------------------------


def spoiled(path: Path, **changes: Any) -> str:
    """A line of `out`, with something else in it."""
    line = {**lines(path)[0], **changes}
    return json.dumps({name: value for name, value in line.items() if value is not Ellipsis}) + "\n"


FOREIGN: list[Any] = [
    lambda out: '{"mine": 1}\n',
    lambda out: "no JSON\n",
    lambda out: "[1]\n",
    lambda out: spoiled(out, error=...),
    lambda out: spoiled(out, more=1),
    lambda out: spoiled(out, usage=5),
    lambda out: spoiled(out, usage={"no such": 1}),
    lambda out: spoiled(out, usage={"total_tokens": "5"}),
    lambda out: spoiled(out, cost="dear"),
    lambda out: spoiled(out, key=[1]),
    lambda out: spoiled(out, key=None),
    lambda out: spoiled(out, key="of another run"),
    lambda out: spoiled(out, input={"text": "of another run"}),
    lambda out: spoiled(out, attempts="x"),
    lambda out: spoiled(out, tool_calls=5),
    lambda out: spoiled(out, tool_calls=[5]),
    lambda out: spoiled(out, warnings=[{"a": 1}]),
    lambda out: spoiled(out, error={"type": "KimiError", "message": "m"}),
    lambda out: "\n" + spoiled(out),
]


def _of_another_run(out: Path) -> str:
    """Its row is one of this run, and so may its key be: nothing in it tells whose it is."""
    return spoiled(out, key=19, input=rows(20)[19], text="answer to another prompt")


@pytest.mark.parametrize("foreign", [*FOREIGN, lambda out: spoiled(out), _of_another_run])
def test_whole_lines_of_others_behind_those_of_a_killed_run_are_refused_and_kept(
    foreign: Any, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with BulkServer() as server:
        break_off(server, out, monkeypatch, after=3)
        with out.open("a") as file:
            file.write(foreign(out))
        _refused(server, out)


@pytest.mark.parametrize("foreign", [*FOREIGN, lambda out: spoiled(out)])
def test_behind_those_of_a_run_that_has_ended_nothing_is_its_own(foreign: Any, out: Path) -> None:
    with BulkServer() as server:
        start(server, out)
        with out.open("a") as file:
            file.write(foreign(out))
        _refused(server, out)


def _refused(server: BulkServer, out: Path) -> None:
    asked, before = sum(server.asked.values()), out.read_bytes()
    for _ in range(2):
        with pytest.raises(InvalidRequestError, match=r"does not fit its ledger.*resume=False"):
            start(server, out)
    assert out.read_bytes() == before
    assert sum(server.asked.values()) == asked
    assert start(server, out, resume=False).done == 10


@pytest.mark.parametrize("torn", [b'{"key": 1, "ind', b"\0" * 50, b"\0" * 50 + b"}\n", b"\n", b"x"])
def test_a_torn_tail_is_cut(torn: bytes, out: Path) -> None:
    with BulkServer() as server:
        start(server, out)
        before = out.read_bytes()
        with out.open("ab") as file:
            file.write(torn)
        assert start(server, out).skipped == 10
    assert out.read_bytes() == before


def test_a_run_that_was_killed_in_its_second_start_is_adopted(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with BulkServer() as server:
        start(server, out, rows(5))
        break_off(server, out, monkeypatch, after=3)
        written = len(keys(out))
        assert written > 5
        assert start(server, out, rows(20)).skipped == written


def _dies(*arguments: Any, **named: Any) -> None:
    raise Killed


@pytest.mark.parametrize(
    "value", [7, "7", 7.0, 7.5, True, "a\u2028", [1, {"b": 1, "a": "\u2028"}], datetime.date(2026, 1, 2)]
)
def test_lines_of_a_killed_run_are_adopted_whatever_their_keys(
    value: Any, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [{"id": value, "text": "a"}]
    with BulkServer() as server:
        with monkeypatch.context() as patch:
            patch.setattr(Ledger, "commit", _dies)
            with pytest.raises(Killed):
                start(server, out, given)
        assert len(keys(out)) == 1
        assert start(server, out, given).total == 1
        assert len(keys(out)) == 1


def test_without_what_was_announced_all_that_could_be_the_runs_own_is(tmp_path: Path) -> None:
    from kimistream._bulk.behind import Behind, announcement

    line, other = (text_of(line_of(Row(key, 0, {}, Message(content="x")))) for key in (1, 2))
    (file := tmp_path / "out.jsonl").write_bytes(line + other + b'{"mine": 1}\n')

    def kept(announced: bytes | None, place: int = 0) -> list[Any]:
        with file.open("rb") as opened:
            return [row and row.key for _, row in Behind(place, announced, lambda row: row.key != 3).rows(opened)]

    assert kept(None) == [1, 2, None]
    assert kept(announcement(0, [line])) == [1, None, None]
    assert kept(announcement(0, [line, line])) == [1, None, None]
    assert kept(announcement(9, [line])) == kept(b"") == [None, None, None]  # of an earlier place; of none


def test_also_where_the_log_of_its_ledger_was_lost(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    with BulkServer() as server:
        start(server, out, rows(5))
        close = Ledger.close

        def copied(self: Ledger) -> None:
            shutil.copy(ledger_of(out), out.with_name("copy"))
            close(self)

        monkeypatch.setattr(Ledger, "close", copied)
        break_off(server, out, monkeypatch, after=3)
        monkeypatch.setattr(Ledger, "close", close)
        out.with_name("copy").replace(ledger_of(out))
        written = len(keys(out))
        assert start(server, out, rows(20)).skipped == written


# ---- links ----------------------------------------------------------------------------------------------------------


def test_what_is_written_anew_goes_where_a_link_points(out: Path) -> None:
    (folder := out.with_name("elsewhere")).mkdir()
    real, failed = folder / "real.jsonl", folder / "failed.jsonl"
    out.symlink_to(real)
    out.with_name("answers.failed.jsonl").symlink_to(failed)
    with BulkServer(bad("New: t3")) as server:
        start(server, out)
        start(server, out, rows(10)[::-1], ordered=True)
        assert keys(real) == list(range(9, -1, -1))
        start(server, out, prompt="New: {text}", ordered=True)
        assert keys(real) == [0, 1, 2, *range(4, 10)]
        assert keys(failed) == [3]
    assert out.is_symlink()
    assert out.with_name("answers.failed.jsonl").is_symlink()
    assert sorted(path.name for path in folder.iterdir()) == ["failed.jsonl", "real.jsonl"]


def test_what_is_refused_leaves_a_link_and_no_file(out: Path) -> None:
    out.symlink_to(real := out.with_name("real.jsonl"))
    ledger_of(out).write_bytes(b"")
    with BulkServer() as server, pytest.raises(InvalidRequestError):
        start(server, out)
    assert out.is_symlink()
    assert not real.exists()


@pytest.mark.parametrize("replaced", [False, True])
@pytest.mark.parametrize("lost", ["out", "ledger"])
def test_a_file_that_is_lost_on_the_way_is_an_error_at_the_end(lost: str, replaced: bool, out: Path) -> None:
    path = out if lost == "out" else ledger_of(out)

    def reply(text: str) -> str:
        if text == "t2":
            path.unlink()
            if replaced:
                path.write_bytes(b"")
        return text

    with BulkServer(reply) as server, pytest.raises(FileNotFoundError, match="deleted or replaced") as error:
        start(server, out, rows(4), concurrency=1)
    assert error.value.filename == str(path)


def test_a_key_that_comes_twice_tells_the_way_out(out: Path) -> None:
    source = out.with_name("in.jsonl")
    source.write_text("".join(json.dumps({"id": 1, "n": n, "text": f"t{n}"}) + "\n" for n in range(2)))
    with BulkServer() as server:
        with pytest.raises(InvalidRequestError, match=r"same key 1.* another out=, or resume=False"):
            start(server, out, source, concurrency=1)
        assert len(lines(out)) == 1
        with pytest.raises(InvalidRequestError, match="another one"):
            start(server, out, source, key="n")
        assert start(server, out, source, key="n", resume=False).done == 2


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_a_ledger_without_an_answer_takes_another_key(out: Path, suffix: str) -> None:
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    out = out.with_suffix(suffix)
    with BulkServer(bad("t0", "t1")) as server:
        assert start(server, out, rows(2)).failed == 2
        again = start(server, out, rows(3), key="text")
        assert (again.done, again.failed) == (1, 2)
        assert [row.key for row in again.failures()] == ["t0", "t1"]
        with pytest.raises(InvalidRequestError, match="another one"):
            start(server, out, rows(3))


def test_a_ledger_with_a_batch_under_way_keeps_its_key(out: Path) -> None:
    with BulkServer(bad("t0")) as server:
        assert start(server, out, rows(1)).failed == 1
        ledger = Ledger(str(ledger_of(out)), new=False)
        ledger.set(batches='[{"id": "b"}]')
        ledger.close()
        with pytest.raises(InvalidRequestError, match="another one"):
            start(server, out, rows(1), key="text")
