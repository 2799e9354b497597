"""The ledger: a SQLite file beside `out` that knows each row's key, request, state and place.

Whole lines go to `out` first, then the ledger's transaction. So what stands in `out` behind the last committed place is
paid for as well, and is taken in by the next start (`output.py`).
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sqlite3

from .._values.errors import InvalidRequestError
from .locks import is_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, TypeVar

    T = TypeVar("T")

VERSION = "1"
ANSWERED, FAILED = 1, 2
_BESIDE = ("-wal", "-shm", "-journal")
_SCHEMA = """
create table meta (name text primary key, value) without rowid;
create table rows (
  key text primary key, request blob, state int, attempts int, prompt_tokens int, completion_tokens int, cost real,
  place int, length int, position int, line blob
) without rowid;
create table dead (place int primary key, length int);
"""
_BURY = "insert or ignore into dead select place, length from rows where key = ? and place not null"
_KEEP = "insert or replace into rows values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
# Each value that need not be bound is worth it: sqlite3 takes as long for one as SQLite does.
_KEEP_ANSWERED = f"""
insert or replace into rows (key, request, state, attempts, prompt_tokens, completion_tokens, cost, place, length,
position) values (?, ?, {ANSWERED}, ?, ?, ?, ?, ?, ?, ?)
"""


class Entry:
    """What the ledger knows of one row. `place` and `length` of its line in `out`; `line` is that of a failure."""

    __slots__ = ("attempts", "completion", "cost", "key", "length", "line", "place", "position", "prompt", "request",
                 "state")  # fmt: skip

    def __init__(
        self,
        key: str,
        request: bytes,
        state: int,
        attempts: int = 0,
        prompt: int | None = None,
        completion: int | None = None,
        cost: float | None = None,
        place: int | None = None,
        length: int = 0,
        position: int | None = None,
        line: bytes | None = None,
    ) -> None:
        self.key = key
        self.request = request
        self.state = state
        self.attempts = attempts
        self.prompt = prompt
        self.completion = completion
        self.cost = cost
        self.place = place
        self.length = length
        self.position = position
        self.line = line

    def values(self) -> tuple[Any, ...]:
        return (self.key, self.request, self.state, self.attempts, self.prompt, self.completion, self.cost, self.place,
                self.length, self.position, self.line)  # fmt: skip


class Ledger:
    """One writer; `locks.Lock` on `out` sees to that. Any thread, one at a time. A full or read-only disk is an
    OSError."""

    def __init__(self, path: str, new: bool) -> None:
        self.path = path
        self.is_new = new  # no row of it has been here before this start, and no key comes twice in one
        self._at = _opened(path)
        try:
            if new:
                self._do(lambda: self._at.executescript(f"begin immediate; {_SCHEMA} commit;"))
                self.set(kimistream_ledger=VERSION)
            elif str(self.get("kimistream_ledger")) != VERSION:
                raise _no_ledger(path, "its version is another one")
            self._file = os.stat(path)
        except BaseException:
            self._at.close()
            raise

    @property
    def is_there(self) -> bool:
        """Whether its path still names the file that it writes to."""
        return is_at(self.path, self._file)

    def begin(self) -> None:
        """From here on it is written to."""
        # Before the log is there, and synced: no crash may bring the other values back.
        self.set(ended=0, logged=0)
        self._do(lambda: self._at.execute("pragma journal_mode = wal").fetchone())
        self._at.execute("pragma synchronous = normal")
        self.set(logged=1, boot=_boot())

    def announce(self, lines: bytes) -> None:
        """What is about to be written to `out`, see `behind`."""
        self.set(announced=lines)

    def announced(self) -> bytes | None:
        """What the last run had announced; b"": it had kept all when it let go. None: that cannot be known, as the log
        of a killed run is gone, or the machine went down since and may have lost the end of it."""
        if self.get("ended", 0):
            return b""
        if not self.get("logged") or not _boot() or self.get("boot") != _boot():
            return None
        return bytes(self.get("announced", b""))

    def get(self, name: str, otherwise: Any = None) -> Any:
        found = self._do(lambda: self._at.execute("select value from meta where name = ?", (name,)).fetchone())
        return otherwise if found is None else found[0]

    def set(self, **values: Any) -> None:
        self._do(lambda: self._at.executemany("insert or replace into meta values (?, ?)", values.items()))

    def look(self, key: str) -> Entry | None:
        """What earlier starts know of a row."""
        if self.is_new:
            return None
        found = self._do(lambda: self._at.execute("select * from rows where key = ?", (key,)).fetchone())
        return None if found is None else Entry(*found)

    def commit(
        self,
        entries: Sequence[tuple[Any, ...]],
        moved: Iterable[tuple[int, str]] = (),
        answered: Sequence[tuple[Any, ...]] = (),
        **meta: Any,
    ) -> None:
        """All of it or nothing. The line of a row that had one in another place is dead from now on.

        entries   `Entry.values` of each
        moved     (position in the input, key) of rows that are known already
        answered  more rows, see `item.Entry`
        """
        with self.transaction():
            if not self.is_new:
                self._at.executemany(_BURY, [entry[:1] for entry in (*entries, *answered)])
            self._at.executemany(_KEEP, entries)
            self._at.executemany(_KEEP_ANSWERED, answered)
            self._at.executemany("update rows set position = ? where key = ?", moved)
            self._at.executemany("insert or replace into meta values (?, ?)", meta.items())

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        self._do(lambda: self._at.execute("begin immediate"))
        try:
            yield
            self._do(lambda: self._at.execute("commit"))
        except BaseException as error:
            if self._at.in_transaction:  # a full disk has rolled back by itself
                self._at.execute("rollback")
            if isinstance(error, sqlite3.Error):
                raise _as_os_error(error, self.path) from error
            raise

    def forget_positions(self, failures_only: bool) -> None:
        """Where rows stood in the input of an earlier start."""
        only = " where state = 2" if failures_only else ""
        self._do(lambda: self._at.execute(f"update rows set position = null{only}"))

    def failures(self) -> Iterator[tuple[int | None, bytes]]:
        """Position and line of each failed row, in the order of the input; those that are no longer in it, last."""
        of_failed = "select position, line from rows where state = ? order by position is null, position, key"
        return iter(self._at.execute(of_failed, (FAILED,)))

    def forget_failures(self) -> bool:
        """Makes it one of no rows. False: there is an answer in it, or a batch is under way, and it stays as it is."""
        answered = self._do(
            lambda: self._at.execute("select 1 from rows where state = ? limit 1", (ANSWERED,)).fetchone()
        )
        if answered is not None or self.get("batches", "[]") != "[]":
            return False
        self._do(lambda: self._at.execute("delete from rows"))
        return True

    def dearest(self) -> tuple[int, float | None]:
        """The most tokens that one row has used, and the most that one has cost; None where no cost was told."""
        most = "select max(coalesce(prompt_tokens, 0) + coalesce(completion_tokens, 0)), max(cost) from rows"
        tokens, cost = self._at.execute(most).fetchone()
        return tokens or 0, cost

    def has_dead(self) -> bool:
        return self._at.execute("select 1 from dead limit 1").fetchone() is not None

    def is_in_order(self) -> bool:
        places = self._at.execute(
            "select place from rows where place not null order by position is null, position, place"
        )
        before = -1
        for (place,) in places:
            if place < before:
                return False
            before = place
        return True

    def count_from(self, place: int) -> int:
        """How many lines of `out` that count begin there or behind."""
        found = self._at.execute("select count(*) from rows where place >= ?", (place,)).fetchone()
        return int(found[0])

    def places(self, by_position: bool) -> Iterator[tuple[str, int, int]]:
        """Key, place and length of each line of `out` that counts."""
        order = "position is null, position, place" if by_position else "place"
        return iter(self._at.execute(f"select key, place, length from rows where place not null order by {order}"))

    def plan_move(self, places: Iterable[tuple[str, int]], ended: Callable[[], tuple[int, int]]) -> None:
        """Writes down where each line stands once `out` is replaced by the file that is made for it. `places` are taken
        one by one, then `ended` gives the file's size and tail."""
        with self.transaction():
            self._at.execute("create table if not exists moves (key text primary key, place int) without rowid")
            self._at.execute("delete from moves")
            self._at.executemany("insert into moves values (?, ?)", places)
            size, tail = ended()
            self._at.executemany("insert or replace into meta values (?, ?)", [("moving", size), ("moving_tail", tail)])
        self.sync()

    def end_move(self, happened: bool) -> None:
        with self.transaction():
            if happened:
                self._at.execute(
                    "update rows set place = (select place from moves where moves.key = rows.key) where place not null"
                )
                self._at.execute("delete from dead")
                self._at.execute("insert or replace into meta select 'size', value from meta where name = 'moving'")
                self._at.execute(
                    "insert or replace into meta select 'tail', value from meta where name = 'moving_tail'"
                )
            self._at.execute("delete from meta where name in ('moving', 'moving_tail')")
            self._at.execute("drop table if exists moves")

    def sync(self) -> None:
        """What it was told is on the disk now, whatever happens to the machine."""
        self._do(lambda: self._at.execute("pragma wal_checkpoint(full)").fetchone())

    def finish(self) -> None:
        """One file again, which a folder that is read-only can hold."""
        try:
            self._at.execute("insert or replace into meta values ('ended', 1)")
            self._at.execute("pragma wal_checkpoint(truncate)").fetchone()
            self._at.execute("pragma journal_mode = delete").fetchone()
        except sqlite3.Error:
            pass  # a full disk, or somebody reads it: the log stays beside it, and nothing is lost
        self.close()

    def close(self) -> None:
        self._at.close()

    def _do(self, what: Callable[[], T]) -> T:
        try:
            return what()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "no such" not in str(error):
                raise _as_os_error(error, self.path) from error
            raise _no_ledger(self.path, str(error)) from error


def _opened(path: str) -> sqlite3.Connection:
    try:
        return sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise _as_os_error(error, path) from error


def _boot() -> str:
    """Which start of the machine this is; "" where nobody tells."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except (OSError, ValueError):
        return ""


def _as_os_error(error: sqlite3.Error, path: str) -> OSError:
    words = str(error)
    number = errno.ENOSPC if "full" in words else errno.EROFS if "readonly" in words else errno.EIO
    return OSError(number, f"the ledger cannot be written: {words}", path)


def _no_ledger(path: str, why: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"{path} is no ledger of a run ({why}): restore it, choose another out=, or begin anew with resume=False, "
        "which replaces it and its out"
    )


def writer(path: str) -> str:
    """Which process holds it, as the ledger says."""
    try:
        with contextlib.closing(_read_only(path)) as at:
            (number,) = at.execute("select value from meta where name = 'writer'").fetchone()
            return f" (process {number})"
    except (sqlite3.Error, TypeError):
        return ""


def keys_in_order(path: str) -> Iterator[Any]:
    """The keys of the rows in `out`, in its order; as many as can be read."""
    try:
        with contextlib.closing(_read_only(path)) as at:
            for (key,) in at.execute("select key from rows where place not null order by place"):
                yield json.loads(key)
    except sqlite3.Error:
        return


def _read_only(path: str) -> sqlite3.Connection:
    from pathlib import Path

    return sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True, timeout=0)


def remove(path: str) -> None:
    for beside in ("", *_BESIDE):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path + beside)
