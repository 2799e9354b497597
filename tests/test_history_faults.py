"""What stands in a history's way costs entries, never the answer: locks, rights, full disks, files that go away."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_server_client import FaultServer
from history_kit import known, line, write
from kit import kimi, python, stream_of, wait_until

ASK = """
import sys, kimistream
client = kimistream.Kimi("sk-x", base_url=sys.argv[1], max_retries=0, history=sys.argv[2])
def ask(question): assert client.stream(question).message.text == "Hello"
"""
LOST = "could not be written to the history"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite3"


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def told(errors: str, count: int = 1) -> None:
    """So many lines, each of which names the history."""
    lines = errors.splitlines()
    assert len(lines) == count, errors
    assert all(LOST in each for each in lines)


def test_a_locked_file(fault_server: FaultServer, path: Path) -> None:
    """The answer comes at once; the process ends soon, and says what is lost."""
    write(path, line("before"))
    with locked(path):
        done = python(ASK + "for _ in range(3): ask('hi')", fault_server.url(stream_of("Hello")), str(path))
    assert done.returncode == 0
    told(done.stderr)
    assert "locked" in done.stderr
    assert [facts["prompt"] for facts in known(path)] == ["before"]


def test_a_file_that_is_locked_for_a_while(fault_server: FaultServer, path: Path) -> None:
    """Nothing is lost."""
    write(path, line("before"))
    client = kimi(fault_server.url(stream_of("Hello")), history=path)
    with locked(path):
        for place in range(3):
            assert client.stream(f"question {place}").message.text == "Hello"
    wait_until(lambda: len(known(path)) == 4)


def test_many_at_once_do_not_wait_for_a_lock(fault_server: FaultServer, path: Path) -> None:
    write(path, line("before"))
    url = fault_server.url(stream_of("Hello"))
    client = kimi(url, history=path)
    answers: list[str] = []
    with locked(path):
        threads = [threading.Thread(target=lambda: answers.append(client.stream("hi").message.text)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == ["Hello"] * 20
        assert len(known(path)) == 1
    wait_until(lambda: len(known(path)) == 21)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="rights; root has them all")
def test_a_read_only_file(fault_server: FaultServer, path: Path) -> None:
    write(path, line("before"))
    path.chmod(0o400)
    done = python(ASK + "for _ in range(3): ask('hi')", fault_server.url(stream_of("Hello")), str(path))
    assert done.returncode == 0
    told(done.stderr)
    assert len(known(path)) == 1


@pytest.mark.skipif(os.name != "posix", reason="users as POSIX has them")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_place_that_cannot_be_written(fault_server: FaultServer, what: str) -> None:
    """Root may write everywhere, but not make anything in /proc."""
    if not Path("/proc/self").exists():
        pytest.skip("there is no /proc")
    path = Path("/proc/none.sqlite3") if what == "file" else Path("/proc/none/history.sqlite3")
    done = python(ASK + "for _ in range(3): ask('hi')", fault_server.url(stream_of("Hello")), str(path))
    assert done.returncode == 0
    told(done.stderr)


FULL = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
for _ in range(30): ask("a question that takes room " * 2000)
"""


@pytest.mark.skipif(os.name != "posix", reason="limits as POSIX has them")
def test_no_room_for_a_file(fault_server: FaultServer, path: Path) -> None:
    """What was written before is whole, and what comes when there is room again is kept."""
    write(path, line("before"))
    url = fault_server.url(stream_of("Hello"))
    done = python(ASK + FULL, url, str(path))
    assert done.returncode == 0
    told(done.stderr)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert known(path)[0]["prompt"] == "before"
    done = python(ASK + "ask('afterwards')", url, str(path))
    assert (done.returncode, done.stderr) == (0, "")
    assert known(path)[-1]["prompt"] == "afterwards"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small one."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("mounting is root's")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk(fault_server: FaultServer, disk: Path) -> None:
    path = disk / "history.sqlite3"
    write(path, line("before"))
    url = fault_server.url(stream_of("Hello"))
    done = python(ASK + 'for place in range(40): ask(f"{place} " * 9000)', url, str(path))
    assert done.returncode == 0
    told(done.stderr)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert known(path)[0]["prompt"] == "before"


def test_a_read_only_disk(fault_server: FaultServer, disk: Path) -> None:
    path = disk / "history.sqlite3"
    write(path, line("before"))
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    done = python(ASK + "for _ in range(3): ask('hi')", fault_server.url(stream_of("Hello")), str(path))
    assert done.returncode == 0
    told(done.stderr)
    assert [facts["prompt"] for facts in known(path)] == ["before"]


def test_a_file_that_is_deleted_meanwhile_is_made_anew(fault_server: FaultServer, path: Path) -> None:
    client = kimi(fault_server.url(stream_of("Hello")), history=path)
    client.stream("first").message  # noqa: B018
    wait_until(lambda: path.exists() and len(known(path)) == 1)
    for file in path.parent.glob("history*"):
        file.unlink()
    client.stream("second").message  # noqa: B018
    wait_until(lambda: path.exists() and path.stat().st_size > 0 and len(known(path)) == 1)
    assert known(path)[0]["prompt"] == "second"


def test_a_file_that_becomes_another_is_left_alone(fault_server: FaultServer, path: Path) -> None:
    """Somebody has put something else there since the client was made."""
    program = ASK + "open(sys.argv[2], 'w').write('Dear aunt')\nask('hi')"
    done = python(program, fault_server.url(stream_of("Hello")), str(path))
    assert done.returncode == 0
    told(done.stderr)
    assert path.read_text() == "Dear aunt"


def test_what_nobody_can_read_costs_itself_alone(path: Path) -> None:
    """A line that cannot be read, whatever its reason, does not end the writer."""
    program = """
import sys, kimistream
from kimistream.recording import store, writing
real = store.Draft
def draft(origin, started, seconds, line):
    if "poison" in line: raise ValueError("poison")
    return real(origin, started, seconds, line)
writing.Draft = draft
for question in ("one", "poison", "two"):
    client = kimistream.Kimi("sk-x", base_url="http://127.0.0.1:9/v1", max_retries=0, history=sys.argv[1])
    try: client.complete(question)
    except kimistream.APIConnectionError: pass
"""
    done = python(program, str(path))
    assert done.returncode == 0
    told(done.stderr)
    assert [facts["prompt"] for facts in known(path)] == ["one", "two"]
