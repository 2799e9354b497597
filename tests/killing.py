"""A bulk run that is killed again and again: each row once, no torn line, nothing paid twice but what was in flight.
Also on a disk that is full, and on one that may not be written to.

    scripts/killtest --kills 100 --rows 2000 --length 20000 --out parquet

What was paid is counted by the server, not by the client.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from bulk_server import BulkServer
from disks import Disk
from kit import wait_until

CONCURRENCY = 20
_CHILD = """
import sys
from kimistream import Kimi
url, out, rows, concurrency = sys.argv[1:]
client = Kimi(api_key="sk-test-0123456789abcdefghij", base_url=url)
given = ({"id": number, "text": f"t{number}"} for number in range(int(rows)))
try:
    run = client.map(given, "{text}", key="id", out=out, concurrency=int(concurrency), progress=False)
except OSError as error:
    print("OSError", error)
else:
    print(run.total, run.done, run.failed, run.skipped)
"""


class Killed:
    """A run of so many rows, with answers of so many bytes, into `folder`; `kind` is that of its file."""

    def __init__(self, server: BulkServer, folder: Path, kind: str, rows: int, length: int) -> None:
        self._server = server
        self.folder = folder
        self.out = folder / f"out.{kind}"
        self._is_table = kind == "parquet"
        self._rows = rows
        self._length = length
        self.command = [sys.executable, "-c", _CHILD, server.url, str(self.out), str(rows), str(CONCURRENCY)]
        self.kills = self.torn = 0

    @property
    def paid(self) -> int:
        return sum(self._server.paid.values())

    @property
    def twice(self) -> int:
        return self.paid - len(self._server.paid)

    @property
    def written(self) -> bytes:
        """The lines as they stand on the disk."""
        path = Path(f"{self.out}.journal.jsonl") if self._is_table else self.out
        return path.read_bytes() if path.exists() else b""

    def start(self) -> str:
        """One start that is not disturbed; gives what it says."""
        return subprocess.run(self.command, capture_output=True, encoding="utf-8", timeout=600, check=True).stdout

    def kill(self, after: int, how: int) -> bool:
        """One start that is ended when so many more rows are paid; False: it had ended by itself."""
        goal = min(self._rows - 1, self.paid + after)
        child = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)
        wait_until(lambda: self.paid >= goal or child.poll() is not None, 120)
        over = child.poll() is not None
        child.send_signal(how)
        child.wait()
        self._server.settle()
        self.kills += 1
        self.torn += bool(self.written) and not self.written.endswith(b"\n")
        self.check_paid()
        return not over

    def check_paid(self) -> None:
        assert self.twice <= self.kills * CONCURRENCY, f"{self.twice} were paid twice by {self.kills} kills"

    def check_whole(self) -> None:
        """The last start, and all that it leaves."""
        said = self.start()
        total, done, failed, skipped = map(int, said.split())
        assert (total, failed, done + skipped) == (self._rows, 0, self._rows), said
        lines = self._lines()
        assert sorted(int(line["key"]) for line in lines) == list(range(self._rows)), "each row once"
        for line in lines:
            assert line["text"] == f"t{line['key']}".ljust(self._length, "x")
        assert sorted(self._server.paid) == sorted(f"t{number}" for number in range(self._rows))
        self.check_paid()
        left = sorted(path.name for path in self.folder.iterdir())
        assert left == ["out.failed.jsonl", self.out.name, f"{self.out.name}.ledger"], left

    def _lines(self) -> list[dict[str, Any]]:
        if self._is_table:
            import pyarrow.parquet

            found: list[dict[str, Any]] = pyarrow.parquet.read_table(self.out).to_pylist()
            return found
        return [json.loads(line) for line in self.out.read_bytes().decode().split("\n")[:-1]]

    def __str__(self) -> str:
        told = f"{self.out.name}, {self.kills} kills, {self._rows} rows of {self._length} bytes: {self.paid} paid"
        return f"{told}, {self.twice} of them twice, {self.torn} torn lines cut"


def server_of(length: int) -> BulkServer:
    return BulkServer(lambda text: text.ljust(length, "x"), delay=0.002)


def killed_run(
    folder: Path,
    kills: int,
    rows: int,
    length: int,
    dice: random.Random,
    how: int = signal.SIGKILL,
    kind: str = "jsonl",
) -> str:
    """One run that is ended so many times and started again. Raises AssertionError; gives what there is to say."""
    with server_of(length) as server:
        run = Killed(server, folder, kind, rows, length)
        for _ in range(kills):
            if not run.kill(dice.randint(1, max(2, rows // kills)), how):
                break
        run.check_whole()
        return str(run)


def on_a_full_disk(folder: Path, length: int, kind: str = "jsonl") -> str:
    """A run of 100 rows on a disk that has room for some of them, then for all. Raises AssertionError, and OSError
    where no disk can be mounted."""
    with Disk(folder / "disk", 150 + length // 30) as disk, server_of(length) as server:
        run = Killed(server, disk.folder, kind, 100, length)
        said = run.start()
        assert said.startswith("OSError"), said
        run.kills += 1  # what was in flight could not be kept
        assert all(json.loads(line) for line in run.written.split(b"\n")[:-1])
        assert not run.written or run.written.endswith(b"\n"), "what is written is whole"
        assert run.paid <= run.written.count(b"\n") + CONCURRENCY, "nothing more was sent"
        run.kills += run.start().startswith("OSError")  # the log of the killed run may have been all that was too much
        disk.resize(4000 + 4 * length)
        run.check_whole()
        return f"a full disk: {run}"


def on_a_disk_that_is_read_only(folder: Path, kind: str = "jsonl") -> str:
    """A run that has ended is not written to, and can be read; one that was killed goes on when it may write again."""
    with Disk(folder / "disk", 50_000) as disk, server_of(200) as server:
        run = Killed(server, disk.folder, kind, 100, 200)
        run.kill(40, signal.SIGKILL)
        for rows in ("killed", "ended"):
            disk.read_only(True)
            paid = run.paid
            said = run.start()
            assert said.startswith("OSError"), said
            assert run.paid == paid, "nothing was sent"
            disk.read_only(False)
            if rows == "killed":
                run.check_whole()
        return f"a disk that is read-only: {run}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--length", type=int, action="append", help="bytes of an answer; may be repeated")
    parser.add_argument("--out", choices=["jsonl", "parquet"], action="append", help="may be repeated; both")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--signal", choices=["KILL", "TERM"], default="KILL")
    given = parser.parse_args()
    print(f"--seed {given.seed}")
    dice, how = random.Random(given.seed), getattr(signal, f"SIG{given.signal}")
    for kind in given.out or ["jsonl", "parquet"]:
        for length in given.length or [200, 20_000, 200_000]:
            with tempfile.TemporaryDirectory() as folder:
                print(killed_run(Path(folder), given.kills, given.rows, length, dice, how, kind), flush=True)
            with tempfile.TemporaryDirectory() as folder:
                _say(lambda folder=folder, length=length, kind=kind: on_a_full_disk(Path(folder), length, kind))
        with tempfile.TemporaryDirectory() as folder:
            _say(lambda folder=folder, kind=kind: on_a_disk_that_is_read_only(Path(folder), kind))


def _say(test: Any) -> None:
    try:
        print(test(), flush=True)
    except OSError as error:
        print(f"not tried: {error}", flush=True)


if __name__ == "__main__":
    os.environ.pop("KIMISTREAM_PROVIDER", None)
    main()
