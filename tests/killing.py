"""A bulk run that is killed again and again: each row once, no torn line, nothing paid twice but what was in flight.

    scripts/killtest --kills 100 --rows 2000 --length 20000

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

sys.path.insert(0, str(Path(__file__).parent))

from bulk_server import BulkServer
from kit import wait_until

CONCURRENCY = 20
_CHILD = """
import sys
from kimistream import Kimi
url, out, rows, concurrency = sys.argv[1:]
client = Kimi(api_key="sk-test-0123456789abcdefghij", base_url=url)
given = ({"id": number, "text": f"t{number}"} for number in range(int(rows)))
run = client.map(given, "{text}", key="id", out=out, concurrency=int(concurrency), progress=False)
print(run.total, run.done, run.failed, run.skipped)
"""


def killed_run(folder: Path, kills: int, rows: int, length: int, dice: random.Random, how: int = signal.SIGKILL) -> str:
    """One run that is ended so many times and started again. Raises AssertionError; gives what there is to say."""
    out = folder / "out.jsonl"
    torn = 0
    with BulkServer(lambda text: text.ljust(length, "x"), delay=0.002) as server:
        command = [sys.executable, "-c", _CHILD, server.url, str(out), str(rows), str(CONCURRENCY)]
        for kill in range(kills):
            goal = min(rows - 1, sum(server.paid.values()) + dice.randint(1, max(2, rows // kills)))
            child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            wait_until(
                lambda goal=goal, child=child: sum(server.paid.values()) >= goal or child.poll() is not None, 120
            )
            over = child.poll() is not None
            child.send_signal(how)
            child.wait()
            data = out.read_bytes() if out.exists() else b""
            torn += not data.endswith(b"\n") and bool(data)
            if over:
                break
            twice = sum(server.paid.values()) - len(server.paid)
            assert twice <= (kill + 1) * CONCURRENCY, f"{twice} were paid twice by {kill + 1} kills"
        last = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=600, check=True)
        total, done, failed, skipped = map(int, last.stdout.split())
        assert (total, failed, done + skipped) == (rows, 0, rows), last.stdout
        lines = [json.loads(line) for line in out.read_bytes().decode().split("\n")[:-1]]
        assert sorted(line["key"] for line in lines) == list(range(rows)), "each row once"
        for line in lines:
            assert line["text"] == f"t{line['key']}".ljust(length, "x")
        paid, twice = sum(server.paid.values()), sum(server.paid.values()) - len(server.paid)
        assert sorted(server.paid) == sorted(f"t{number}" for number in range(rows))
    left = sorted(path.name for path in folder.iterdir())
    assert left == ["out.failed.jsonl", "out.jsonl", "out.jsonl.ledger"], left
    return f"{kills} kills, {rows} rows of {length} bytes: {paid} paid, {twice} of them twice, {torn} torn lines cut"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--length", type=int, action="append", help="bytes of an answer; may be repeated")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--signal", choices=["KILL", "TERM"], default="KILL")
    given = parser.parse_args()
    print(f"--seed {given.seed}")
    dice = random.Random(given.seed)
    for length in given.length or [200, 20_000, 200_000]:
        with tempfile.TemporaryDirectory() as folder:
            said = killed_run(
                Path(folder), given.kills, given.rows, length, dice, getattr(signal, f"SIG{given.signal}")
            )
            print(said, flush=True)


if __name__ == "__main__":
    os.environ.pop("KIMISTREAM_PROVIDER", None)
    main()
