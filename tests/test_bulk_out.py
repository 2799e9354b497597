"""client.map with a file: what is written, and what a second start makes of it."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import resource
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from bulk_server import BulkServer, Refused
from kit import python, run, wait_until

import kimistream
from kimistream import InvalidRequestError, Run

KEYS = [
    *("key", "index", "input", "text", "reasoning", "tool_calls", "parsed", "finish_reason", "usage", "cost"),
    *("model", "request_id", "attempts", "warnings", "error"),
]


def rows(count: int) -> list[dict[str, Any]]:
    return [{"id": number, "text": f"t{number}"} for number in range(count)]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "answers.jsonl"


def start(server: BulkServer, out: Path, given: Any = None, prompt: Any = "{text}", **options: Any) -> Run:
    given = rows(10) if given is None else given
    result: Run = server.client().map(given, prompt, **{"key": "id", "out": out, "progress": False, **options})
    return result


def lines(path: Path) -> list[dict[str, Any]]:
    text = path.read_text("utf-8")
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.split("\n")[:-1]]


def keys(path: Path) -> list[Any]:
    return [line["key"] for line in lines(path)]


def bad(*texts: str) -> Any:
    def reply(text: str) -> str:
        if text in texts:
            raise Refused(400, "not this one", code="no", type="invalid_request_error")
        return f"answer to {text}"

    return reply


def test_the_lines(out: Path) -> None:
    given: list[Any] = [
        {"id": 1, "text": "a\u2028b\x85c"},
        {"id": "x", "text": "bad", "when": threading.Lock},
        {"id": 3},
    ]
    with BulkServer(bad("bad")) as server:
        ended = start(server, out, given)
    assert (ended.total, ended.done, ended.failed, ended.skipped, ended.stopped) == (3, 1, 2, 0, None)
    (line,) = lines(out)
    assert list(line) == KEYS
    price = next(row for row in kimistream.prices() if (row["provider"], row["model"]) == ("moonshot", "kimi-k2.6"))
    raw = out.read_text("utf-8")
    assert len(raw.splitlines()) == 1, "no reader breaks it"
    assert line == {
        "key": 1,
        "index": 0,
        "input": given[0],
        "text": "answer to a\u2028b\x85c",
        "reasoning": None,
        "tool_calls": [],
        "parsed": None,
        "finish_reason": "stop",
        "usage": {**line["usage"], "prompt_tokens": 12, "completion_tokens": 10, "total_tokens": 22},
        "cost": pytest.approx((12 * price["input"] + 10 * price["output"]) / 1e6),
        "model": "kimi-k2.6",
        "request_id": line["request_id"],
        "attempts": 1,
        "warnings": line["warnings"],
        "error": None,
    }
    failed = out.with_name("answers.failed.jsonl")
    first, second = lines(failed)
    assert list(first) == list(second) == KEYS
    assert first["error"]["type"] == "BadRequestError"
    assert list(first["error"]) == ["type", "message", "status_code", "code", "request_id"]
    assert (first["error"]["status_code"], first["error"]["code"], first["text"], first["attempts"]) == (
        400,
        "no",
        None,
        1,
    )
    assert first["input"] == {"id": "x", "text": "bad", "when": str(threading.Lock)}
    assert (second["key"], second["error"]["type"], second["attempts"]) == (3, "InvalidRequestError", 0)


@pytest.mark.parametrize("key", ["\ud800", ["a", "\udfff"]])
def test_a_key_that_no_file_can_hold_is_that_rows_error(key: Any, out: Path) -> None:
    with BulkServer() as server:
        ended = start(server, out, [{"id": key, "text": "a"}, {"id": 1, "text": "b"}])
        assert (ended.done, ended.failed, list(server.asked)) == (1, 1, ["b"])
        assert "surrogate" in str(next(ended.failures()).error)
        again = start(server, out, [{"id": key, "text": "a"}, {"id": 1, "text": "b"}])
        assert (again.skipped, again.failed, len(server.asked)) == (1, 1, 1)


def test_a_key_field_that_no_row_can_have_is_refused(out: Path) -> None:
    with BulkServer() as server, pytest.raises(InvalidRequestError, match="half of a surrogate pair"):
        start(server, out, [{"id": 1, "text": "a"}], key="id\ud800")
    assert not out.exists()
    assert not server.asked


def test_a_row_that_nobody_can_write_down_needs_a_key_of_its_own(out: Path) -> None:
    deep: Any = "the end"
    for _ in range(5000):
        deep = [deep]
    rows = [{"id": 1, "text": "a", "more": deep}, {"id": 2, "text": "b"}, {"id": 3, "text": deep}]
    with BulkServer() as server:
        ended = start(server, out, rows)
        assert (ended.done, ended.failed, sorted(server.asked)) == (2, 1, ["a", "b"])
        assert {row.key: row.input for row in ended.rows()}[1] == "(nested too deeply to be written)"
        assert "nested too deeply" in str(next(ended.failures()).error)
        other = start(server, out.with_name("other.jsonl"), rows, key=None)
        assert (other.done, other.failed, server.asked["b"]) == (1, 2, 2)
        assert all("name one by key=" in str(row.error) for row in other.failures())


def test_a_run_reads_what_it_has_written(out: Path) -> None:
    with BulkServer(bad("t3")) as server:
        ended = start(server, out)
    assert sorted((row.key, row.message.text) for row in ended.rows()) == [
        (number, f"answer to t{number}") for number in range(10) if number != 3
    ]
    (failed,) = ended.failures()
    assert isinstance(failed.error, kimistream.BadRequestError)
    assert (failed.key, failed.input, failed.error.status_code) == (3, {"id": 3, "text": "t3"}, 400)
    assert next(iter(ended.rows())).usage.total_tokens == 22


def test_started_again_nothing_is_asked_twice(out: Path) -> None:
    with BulkServer() as server:
        start(server, out)
        again = start(server, out)
        assert (again.total, again.done, again.skipped, again.failed) == (10, 0, 10, 0)
        assert sum(server.asked.values()) == 10
    assert sorted(keys(out)) == list(range(10))


def test_one_more_in_front_and_the_rest_reversed_is_one_request(out: Path) -> None:
    with BulkServer() as server:
        start(server, out)
        again = start(server, out, [{"id": 99, "text": "new"}, *reversed(rows(10))])
        assert (again.done, again.skipped) == (1, 10)
        assert sum(server.asked.values()) == 11


def test_equal_rows_without_a_key_likewise(out: Path) -> None:
    with BulkServer() as server:
        start(server, out, ["same"] * 3, "{}", key=None)
        again = start(server, out, ["other"] + ["same"] * 5, "{}", key=None)
        assert (again.done, again.skipped) == (3, 3)
        assert server.asked == {"same": 5, "other": 1}


def test_lines_of_rows_that_left_the_input_stay(out: Path) -> None:
    with BulkServer() as server:
        start(server, out)
        again = start(server, out, rows(3))
    assert (again.total, again.skipped, again.done, again.failed) == (3, 3, 0, 0)
    assert len(keys(out)) == 10


def test_a_changed_prompt_is_noticed(out: Path) -> None:
    with BulkServer() as server:
        start(server, out)
        again = start(server, out, rows(4), "Other: {text}")
        assert (again.changed, again.done, again.skipped) == (4, 4, 0)
    assert sorted(keys(out)) == list(range(10))  # the old lines are gone
    texts = {line["key"]: line["text"] for line in lines(out)}
    assert texts[0] == "answer to Other: t0"
    assert texts[9] == "answer to t9"


@pytest.mark.parametrize("option", [{"model": "kimi-k2.5"}, {"max_tokens": 5}, {"system": "Be short."}, {"user": "me"}])
def test_changed_options_are_noticed(option: dict[str, Any], out: Path) -> None:
    with BulkServer() as server:
        start(server, out, rows(2))
        assert start(server, out, rows(2), **option).changed == 2


@pytest.mark.parametrize("option", [{"concurrency": 2}, {"rpm": 1000}, {"timeout": 99}, {"ordered": True}])
def test_what_is_no_part_of_the_request_changes_nothing(option: dict[str, Any], out: Path) -> None:
    with BulkServer() as server:
        start(server, out, rows(2))
        again = start(server, out, rows(2), **option)
        assert (again.changed, again.skipped) == (0, 2)


def test_another_key_of_the_account_and_another_address_change_nothing(out: Path) -> None:
    with BulkServer() as server, BulkServer() as other:
        start(server, out)
        again = other.client(api_key="sk-another-key-0123456789").map(rows(10), "{text}", key="id", out=out)
        assert (again.skipped, len(other.asked)) == (10, 0)


def test_failed_rows_stay_failed_unless_they_are_to_be_tried_again(out: Path) -> None:
    refused = {"t3", "t5"}

    def reply(text: str) -> str:
        if text in refused:
            raise Refused(400, "not this one")
        return text

    failed = out.with_name("answers.failed.jsonl")
    with BulkServer(reply) as server:
        assert start(server, out).failed == 2
        again = start(server, out)
        assert (again.failed, again.skipped, again.done, server.asked["t3"]) == (2, 8, 0, 1)
        assert keys(failed) == [3, 5]
        refused.remove("t3")
        again = start(server, out, retry_failed=True)
        assert (again.failed, again.skipped, again.done, server.asked["t5"]) == (1, 8, 1, 2)
        assert keys(failed) == [5]
        again = start(server, out, [*rows(5), {"id": 5, "text": "changed"}, *rows(10)[6:]])
        assert (again.failed, again.skipped, again.done) == (0, 9, 1)
        assert failed.read_text() == ""
    assert sorted(keys(out)) == list(range(10))


def test_the_first_failure_is_one_of_this_input(out: Path) -> None:
    source = out.with_name("rows.jsonl")
    lines = ['{"text": "a"}', '{"text": "b"}', "no JSON", '{"text": "c"}']
    source.write_text("\n".join(lines))
    with BulkServer() as server:
        assert start(server, out, source, key=None).failed == 1
        lines[2:] = ['{"text": "repaired"}', '{"other": "d"}']
        source.write_text("\n".join(lines))
        again = start(server, out, source, key=None)
        assert (again.failed, again.done) == (1, 1)
        first, left = again.failures()
        assert "'text'" in str(first.error)
        assert "no JSON" in str(left.error), "of a row that is in the input no more; it stays"


def test_a_changed_row_that_fails_loses_its_line(out: Path) -> None:
    with BulkServer(bad("New: t1")) as server:
        start(server, out, rows(3))
        again = start(server, out, rows(3), "New: {text}")
        assert (again.changed, again.done, again.failed) == (3, 2, 1)
    assert sorted(keys(out)) == [0, 2]
    assert keys(out.with_name("answers.failed.jsonl")) == [1]


def test_ordered_it_stands_in_the_order_of_the_input(out: Path) -> None:
    with BulkServer() as server:
        start(server, out, [*reversed(rows(10)), {"id": 77, "text": "gone"}])
        again = start(server, out, [{"id": 50, "text": "new"}, *rows(10)], ordered=True)
        assert again.done == 1
        assert keys(out) == [50, *range(10), 77]
        assert lines(out)[0]["index"] == 0
        start(server, out, rows(10)[::-1], ordered=True)
        assert keys(out)[:10] == list(range(9, -1, -1))
        start(server, out, rows(12))  # and goes on from there
    assert sorted(keys(out)) == [*range(12), 50, 77]


def test_what_every_row_would_meet_leaves_them_to_be_done(out: Path) -> None:
    wrong = True

    def reply(text: str) -> str:
        if wrong and text == "t4":
            raise Refused(401, "Invalid Authentication")
        return text

    with BulkServer(reply) as server:
        with pytest.raises(kimistream.AuthenticationError):
            start(server, out, rows(50), concurrency=2)
        wrong = False
        kept = len(keys(out))
        assert kept >= 3
        again = start(server, out, rows(50))
        assert (again.skipped, again.done, again.failed) == (kept, 50 - kept, 0)
        assert sum(server.paid.values()) == 50


# ---- files of another run -------------------------------------------------------------------------------------------


def ledger_of(out: Path) -> Path:
    return out.with_name(f"{out.name}.ledger")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda out: ledger_of(out).unlink(),
        lambda out: out.unlink(),
        lambda out: out.write_text(""),
        lambda out: out.write_text('{"of": "somebody else"}\n' * 30),
        lambda out: ledger_of(out).write_bytes(b""),
        lambda out: ledger_of(out).write_bytes(b"no database at all, but long enough to look like one" * 100),
        lambda out: _other_database(ledger_of(out)),
    ],
)
def test_files_of_another_run_are_refused(spoil: Any, out: Path) -> None:
    with BulkServer() as server:
        start(server, out)
        spoil(out)
        before = {path.name: path.read_bytes() for path in out.parent.iterdir()}
        with pytest.raises(InvalidRequestError, match="resume=False") as caught:
            start(server, out)
        assert "answers.jsonl" in str(caught.value)
        assert {path.name: path.read_bytes() for path in out.parent.iterdir()} == before, "nothing is touched"
        again = start(server, out, resume=False)
        assert (again.done, again.skipped) == (10, 0)
        assert sorted(keys(out)) == list(range(10))


def _other_database(path: Path) -> None:
    path.unlink()
    other = sqlite3.connect(path)
    other.execute("create table people (name text)")
    other.commit()
    other.close()


def test_a_ledger_with_another_key_is_refused(out: Path) -> None:
    with BulkServer() as server:
        start(server, out)
        for key in ("text", None, lambda row: row["id"]):
            with pytest.raises(InvalidRequestError, match="resume=False"):
                start(server, out, key=key)


def test_an_empty_file_is_a_new_run(out: Path) -> None:
    out.write_text("")
    with BulkServer() as server:
        assert start(server, out).done == 10


def test_what_is_refused_leaves_no_file(out: Path) -> None:
    with BulkServer() as server, pytest.raises(InvalidRequestError):
        start(server, out, [{"id": 1}, {"id": 1}])
    assert list(out.parent.iterdir()) == []


def test_after_a_clean_end_the_ledger_is_one_file_that_anybody_can_read(out: Path) -> None:
    with BulkServer() as server:
        start(server, out)
    assert sorted(path.name for path in out.parent.iterdir()) == [
        "answers.failed.jsonl",
        "answers.jsonl",
        "answers.jsonl.ledger",
    ]
    reader = sqlite3.connect(f"{ledger_of(out).as_uri()}?mode=ro&immutable=1", uri=True)
    assert reader.execute("select count(*) from rows").fetchone() == (10,)
    reader.close()


# ---- one writer -----------------------------------------------------------------------------------------------------


def test_a_second_writer_is_refused_at_once(out: Path) -> None:
    program = (
        "import sys, kimistream\n"
        "client = kimistream.Kimi(api_key='sk-test-0123456789', base_url=sys.argv[1])\n"
        "try: client.map(['a'], '{}', out=sys.argv[2])\n"
        "except kimistream.InvalidRequestError as error: print(error)"
    )
    with BulkServer(held=True) as server:
        thread = threading.Thread(target=lambda: start(server, out), daemon=True)
        thread.start()
        wait_until(lambda: server.waiting == 10)
        with pytest.raises(InvalidRequestError, match=f"another run .process {os.getpid()}"):
            start(server, out)
        assert "another run" in python(program, server.url, str(out)).stdout
        server.let_go()
        thread.join(30)
        assert start(server, out).skipped == 10


def test_a_forked_child_does_not_hold_the_lock(out: Path) -> None:
    from kimistream._bulk.locks import Lock

    lock = Lock(str(out))
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(write)
        os.read(read, 1)
        os._exit(0)
    lock.close()
    Lock(str(out)).close()
    os.close(write)
    os.waitpid(child, 0)
    os.close(read)


# ---- disks that are full --------------------------------------------------------------------------------------------


def test_a_full_disk_is_an_os_error_and_the_next_start_goes_on(out: Path) -> None:
    """A limit on the size of files stands for the full disk: a write is short, the next one fails."""
    program = (
        "import resource, signal, sys, kimistream\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "client = kimistream.Kimi(api_key='sk-test-0123456789', base_url=sys.argv[1])\n"
        "rows = [{'id': number, 'text': f't{number}'} for number in range(100)]\n"
        "try: client.map(rows, '{text}', key='id', out=sys.argv[2], concurrency=4)\n"
        "except OSError as error: print(type(error).__name__, error.errno)"
    )
    assert resource.RLIMIT_FSIZE
    with BulkServer(lambda text: text.ljust(9_000, "x")) as server:
        said = python(program, server.url, str(out))
        assert said.stdout.startswith("OSError"), said
        written = keys(out)
        assert 5 < len(written) < 30
        paid = sum(server.paid.values())
        assert paid <= len(written) + 8
        again = start(server, out, rows(100))
        assert (again.skipped, again.done) == (len(written), 100 - len(written))
    assert sorted(keys(out)) == list(range(100))


def test_a_folder_that_is_read_only_is_an_os_error(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)
    with BulkServer() as server, pytest.raises(OSError):  # noqa: PT011
        start(server, tmp_path / "a.jsonl")
    assert not server.asked


# ---- Ctrl-C ---------------------------------------------------------------------------------------------------------

_INTERRUPTED = """
import os, signal, sys, threading, time, kimistream

def interrupt(times):
    sys.stdin.readline()
    for _ in range(int(times)):
        os.kill(os.getpid(), signal.SIGINT)
        while not (runs and runs[0].stopped):  # so that the second one is not the first
            time.sleep(0.001)
    print("stopping", flush=True)

runs, given = [], []
interrupting = threading.Thread(target=interrupt, args=(sys.argv[2],), daemon=True)
interrupting.start()
client = kimistream.Kimi(api_key="sk-test-0123456789", base_url=sys.argv[1])
rows = ({"id": number, "text": f"t{number}"} for number in range(1000))
options = {"out": sys.argv[3]} if len(sys.argv) > 3 else {}
try:
    found = client.map(rows, "{text}", key="id", concurrency=6, progress=runs.append, **options)
    for row in found if not options else ():
        given.append(row.key)
except KeyboardInterrupt as stop:
    interrupting.join()  # two threads that print at once mix their lines
    print(stop.run.stopped, stop.run.done, len(given))
"""


def interrupt(server: BulkServer, *arguments: str, times: int = 1) -> list[str]:
    command = [sys.executable, "-c", _INTERRUPTED, server.url, str(times), *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as child:
        assert child.stdin is not None
        wait_until(lambda: server.waiting == 6)
        child.stdin.write("now\n")
        child.stdin.flush()
        if times == 1:
            assert child.stdout is not None
            assert child.stdout.readline() == "stopping\n"
            server.let_go()
        said, _ = child.communicate(timeout=120)
    return said.replace("stopping\n", "").split()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")])
def test_a_run_that_ended_as_it_began_leaves_nothing_that_is_refused(
    out: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    from kimistream._bulk.ledger import Ledger

    def begin(ledger: Ledger) -> None:
        raise error

    with BulkServer() as server:
        with monkeypatch.context() as patched:
            patched.setattr(Ledger, "begin", begin)
            with pytest.raises(type(error)):
                server.client().map(rows(3), "{text}", key="id", out=out, progress=False)
        assert list(out.parent.iterdir()) == []
        assert server.client().map(rows(3), "{text}", key="id", out=out, progress=False).done == 3


def test_ctrl_c_once_keeps_what_is_under_way(out: Path) -> None:
    with BulkServer(held=True) as server:
        assert interrupt(server, str(out)) == ["interrupted", "6", "0"]
        assert len(keys(out)) == 6
        assert len(server.asked) == 6
        server.let_go()
        assert start(server, out, rows(20)).skipped == 6


def test_ctrl_c_once_without_a_file_still_gives_it_out() -> None:
    with BulkServer(held=True) as server:
        assert interrupt(server) == ["interrupted", "6", "6"]


def test_ctrl_c_twice_ends_it_now(out: Path) -> None:
    with BulkServer(held=True) as server:
        assert interrupt(server, str(out), times=2) == ["interrupted", "0", "0"]
        assert out.read_text() == ""
        server.let_go()
        assert start(server, out, rows(20)).done == 20


# ---- the other client -----------------------------------------------------------------------------------------------


def test_awaited_too(out: Path) -> None:
    async def main(server: BulkServer) -> None:
        client = server.async_client()
        ended = await client.map(rows(10), "{text}", key="id", out=out)
        assert isinstance(ended, Run)
        assert (ended.done, len(list(ended.rows()))) == (10, 10)
        with pytest.raises(InvalidRequestError, match="await"):
            client.map(rows(1), "{text}", out=out, key="id").__aiter__()
        assert (await client.map(rows(10), "{text}", key="id", out=out)).skipped == 10
        with pytest.raises(InvalidRequestError, match="resume=False"):
            await client.map(rows(10), "{text}", key="text", out=out)

    with BulkServer() as server:
        run(main(server))


# ---- progress -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_progress_that_raises_ends_the_run_with_it_once_what_is_under_way_is_kept(
    out: Path, asynchronous: bool
) -> None:
    calls = 0

    def progress(run: Run) -> None:
        nonlocal calls
        calls += 1
        server.let_go()
        raise LookupError("no bar")

    with BulkServer(held=True) as server:
        options: dict[str, Any] = {"concurrency": 4, "progress": progress}

        async def main() -> None:
            async with server.async_client() as client:
                await client.map(rows(50), "{text}", key="id", out=out, **options)

        with pytest.raises(LookupError, match="no bar"):
            asyncio.run(main()) if asynchronous else start(server, out, rows(50), **options)
        assert calls == 1, "it is not asked again"
        assert sorted(f"t{key}" for key in keys(out)) == sorted(server.paid), "what came is kept"
        assert len(server.paid) == 4
        options["progress"] = False
        assert start(server, out, rows(50), **options).skipped == 4
    assert set(server.paid.values()) == {1}


def test_progress_gets_the_run_on_the_calling_thread(out: Path) -> None:
    seen: list[tuple[int, int]] = []

    def progress(ended: Run) -> None:
        seen.append((threading.get_ident(), ended.done))

    with BulkServer() as server:
        start(server, out, progress=progress)
    assert seen[-1] == (threading.get_ident(), 10)
    assert {thread for thread, _ in seen} == {threading.get_ident()}


def test_nothing_goes_to_stdout_and_a_short_run_says_nothing(out: Path) -> None:
    program = (
        "import sys, kimistream\n"
        "client = kimistream.Kimi(api_key='sk-test-0123456789', base_url=sys.argv[1])\n"
        "client.map(['a', 'b'], '{}', out=sys.argv[2])"
    )
    with BulkServer() as server:
        said = python(program, server.url, str(out))
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")
