"""Where answers are kept: `out`, its ledger and the failures file; and what the next start makes of them."""

from __future__ import annotations

import contextlib
import os
import zlib

from .._values.errors import InvalidRequestError
from . import ledger as ledgers
from .keys import key_text, may_be_key
from .ledger import ANSWERED, FAILED, Entry, Ledger
from .lines import answer_of, line_of, parse, row_of, split_lines, text_of
from .locks import Lock
from .targets import failures_path, ledger_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .._values.bulk import Row
    from .keys import Asked

_TAIL = 4096  # bytes at the end of what is committed, by which `out` is known again
_ANEW = "or begin anew with resume=False, which replaces both"
SEND, SKIP, LEAVE_FAILED, CHANGED = "send", "skip", "failed", "changed"


def check_path(out: Any) -> str:
    """The path as a text. Raises InvalidRequestError for one that cannot be written to."""
    path = os.fspath(out)
    if not isinstance(path, str):
        raise TypeError("out must be a str or a path")
    suffix = os.path.splitext(path)[1].lower()
    if suffix == ".parquet":
        raise InvalidRequestError(
            f"out={path!r}: Parquet is not written in this version. Write .jsonl, and make the table of it: "
            "pyarrow.json.read_json(path), or pandas.read_json(path, lines=True)"
        )
    if suffix != ".jsonl":
        raise InvalidRequestError(f"out={path!r} must end with .jsonl")
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise InvalidRequestError(f"out={path!r}: there is no folder {folder!r}, make it first")
    if os.path.isdir(path):
        raise InvalidRequestError(f"out={path!r} is a folder")
    return path


def read_rows(out: str, failures: bool) -> Iterator[Row]:
    """The rows of `out`, or of its failures file. What is torn at the end is no row."""
    path = failures_path(out) if failures else out
    try:
        file = open(path, "rb")  # noqa: SIM115 - closed below
    except FileNotFoundError:
        return
    with file:
        for line in split_lines(file.read):
            if line.endswith(b"\n"):
                yield row_of(parse(line))


class Output:
    """Holds `out` and its ledger while a run writes them. Any thread, one at a time.

    paid_tokens, paid_cost  what all starts have paid, as the ledger knows it
    """

    def __init__(self, out: str, key: str, asked: Asked, resume: bool, ordered: bool) -> None:
        self.path = out
        self._asked = asked
        self._ordered = ordered
        self._moved: list[tuple[int, str]] = []
        path = ledger_path(out)
        was_there = os.path.exists(out)
        self._lock = Lock(out, lambda: _writer(path))
        try:
            if not resume:
                os.ftruncate(self._lock.descriptor, 0)
                ledgers.remove(path)
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(failures_path(out))
            self._ledger = self._open(path, key, was_there and resume)
        except BaseException:
            self._give_up(was_there)
            raise
        self.paid_tokens: int = self._ledger.get("paid_tokens", 0)
        self.paid_cost: float = self._ledger.get("paid_cost", 0.0)

    def _give_up(self, was_there: bool) -> None:
        if not was_there and os.fstat(self._lock.descriptor).st_size == 0:
            with contextlib.suppress(OSError):
                os.unlink(os.path.realpath(self.path))
        self._lock.close()

    def _open(self, path: str, key: str, was_there: bool) -> Ledger:
        size = os.fstat(self._lock.descriptor).st_size
        there = os.path.exists(path)
        if not there and size:
            raise InvalidRequestError(f"{self.path} is there without its ledger {path}: choose another out=, {_ANEW}")
        if there and not was_there:
            raise InvalidRequestError(f"{path} is there without its {self.path}: move it away, {_ANEW}")
        if there and os.path.getsize(path) == 0:
            if size:
                raise InvalidRequestError(f"{path} is empty beside {self.path}: restore it, {_ANEW}")
            ledgers.remove(path)  # a run that was killed as it began
            there = False
        ledger = Ledger(path, new=not there)
        try:
            if there:
                self._check_key(ledger, key)
                self._end_moving(ledger)
                self._check(ledger)
                found = self._behind(ledger, key)
                ledger.begin()
                self._adopt(ledger, found)
            else:
                ledger.begin()
                self._size = self._tail = 0
            ledger.forget_positions(failures_only=not self._ordered)
            ledger.set(key=key, constant=self._asked.constant, size=self._size, tail=self._tail, writer=os.getpid())
        except BaseException:
            ledger.close()
            raise
        return ledger

    def _end_moving(self, ledger: Ledger) -> None:
        """A run was ended between writing `out` anew and saying so."""
        size = ledger.get("moving")
        if size is not None:
            ledger.end_move(self._fits(size, ledger.get("moving_tail")))
        with contextlib.suppress(FileNotFoundError):
            os.unlink(_new(self.path))

    def _fits(self, size: int, tail: int) -> bool:
        return os.fstat(self._lock.descriptor).st_size >= size and self._tail_of(size) == tail

    def _tail_of(self, size: int) -> int:
        begin = max(0, size - _TAIL)
        return zlib.crc32(os.pread(self._lock.descriptor, size - begin, begin))

    def _check_key(self, ledger: Ledger, key: str) -> None:
        known = ledger.get("key")
        if known is not None and known != key:
            raise InvalidRequestError(
                f"{ledger.path} is the ledger of a run whose key was another one ({known}, not {key}): use that key=, "
                f"choose another out=, {_ANEW}"
            )

    def _check(self, ledger: Ledger) -> None:
        self._size, self._tail = ledger.get("size", 0), ledger.get("tail", 0)
        if not self._fits(self._size, self._tail):
            raise InvalidRequestError(
                f"{self.path} is not the file that {ledger.path} knows: restore it, choose another out=, {_ANEW}"
            )

    def _behind(self, ledger: Ledger, key: str) -> list[tuple[Entry, int]]:
        """The whole lines behind the last committed place, with their total tokens: a run was killed between writing
        them and saying so. Raises InvalidRequestError for those that no run of this ledger has written."""
        found, place, constant = [], self._size, ledger.get("constant", b"")
        nothing_is_ours = ledger.is_ended
        with open(self.path, "rb") as file:
            file.seek(place)
            for text in split_lines(file.read):
                if b"\0" in text or not text.endswith(b"\n"):
                    break  # torn: by a kill, or by a power cut
                if text.isspace():
                    nothing_is_ours = True  # cut where nothing follows
                    continue
                row = None if nothing_is_ours else answer_of(text)
                if row is None or not may_be_key(key, row.key, row.input):
                    raise InvalidRequestError(
                        f"{self.path} does not fit its ledger {ledger.path}: behind what that knows there is a line "
                        f"that its run has not written (at byte {place}). Take it out, choose another out=, {_ANEW}"
                    )
                entry = self._entry(row, key_text(row.key), self._asked.of_line(row.input, constant))
                entry.place, entry.length = place, len(text)
                found.append((entry, row.usage.total_tokens or 0))
                place += len(text)
        return found

    def _adopt(self, ledger: Ledger, found: list[tuple[Entry, int]]) -> None:
        """Takes them in, and cuts what is torn behind them."""
        place = self._size + sum(entry.length for entry, _ in found)
        if os.fstat(self._lock.descriptor).st_size != place:
            os.ftruncate(self._lock.descriptor, place)
        self._size, self._tail = place, self._tail_of(place)
        tokens, cost = sum(count for _, count in found), sum(entry.cost or 0.0 for entry, _ in found)
        paid = {"paid_tokens": ledger.get("paid_tokens", 0) + tokens, "paid_cost": ledger.get("paid_cost", 0.0) + cost}
        ledger.commit([entry for entry, _ in found], size=self._size, tail=self._tail, **paid)

    def note(self, name: str, value: str | None = None) -> str | None:
        """What the ledger has been told under this name, and None where nothing; with a value that is told."""
        if value is not None:
            self._ledger.set(**{name: value})
        return self._ledger.get(name)  # type: ignore[no-any-return]

    def decide(self, key: str | int, request: bytes, input: Any, index: int, retry_failed: bool) -> str:
        """What is to become of a row of the input: SEND, SKIP, LEAVE_FAILED or CHANGED (which is sent)."""
        known = self._ledger.look(key_text(key))
        if known is None:
            return SEND
        same = known.request == request or (
            known.request.startswith(b"line") and known.request == self._asked.of_line(input)
        )
        if not same:
            return CHANGED if known.state == ANSWERED else SEND
        if known.state == FAILED and retry_failed:
            return SEND
        if self._ordered or known.state == FAILED:
            self._moved.append((index, known.key))
            if len(self._moved) >= 1000:
                self._flush()
        return SKIP if known.state == ANSWERED else LEAVE_FAILED

    def _flush(self) -> None:
        self._ledger.commit((), self._moved)
        self._moved.clear()

    def keep(self, rows: list[tuple[Row, bytes]]) -> None:
        """Writes finished rows with their requests' hashes: whole lines to `out`, then one transaction.

        Raises OSError; what is written then is whole, and the next start takes it in.
        """
        entries, lines, place = [], [], self._size
        for row, request in rows:
            text = text_of(line_of(row))
            entry = self._entry(row, key_text(row.key), request)
            if row.error is None:
                entry.place, entry.length = place, len(text)
                lines.append(text)
                place += len(text)
            else:
                entry.line = text
            entries.append(entry)
            self.paid_tokens += row.usage.total_tokens or 0
            self.paid_cost += row.cost or 0.0
        if lines:
            block = b"".join(lines)
            self._append(block)
            self._size = place
            # The last bytes, without reading them back where the block has them all.
            self._tail = zlib.crc32(block[-_TAIL:]) if len(block) >= _TAIL else self._tail_of(place)
        self._ledger.commit(
            entries,
            self._moved,
            size=self._size,
            tail=self._tail,
            paid_tokens=self.paid_tokens,
            paid_cost=self.paid_cost,
        )
        self._moved.clear()

    def _entry(self, row: Row, key: str, request: bytes) -> Entry:
        usage, state = row.usage, ANSWERED if row.error is None else FAILED
        return Entry(key, request, state, row.attempts, usage.prompt_tokens, usage.completion_tokens, row.cost,
                     position=row.index)  # fmt: skip

    def _append(self, block: bytes) -> None:
        written = 0
        try:
            while written < len(block):  # a full disk takes a part of it and says nothing
                written += os.write(self._lock.descriptor, memoryview(block)[written:])
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._lock.descriptor, self._size + block.rfind(b"\n", 0, written) + 1)
            raise

    def finish(self) -> None:
        """Order and dead lines are seen to, the failures file is written, the ledger is one file again."""
        try:
            if self._moved:
                self._flush()
            if self._ledger.has_dead() or (self._ordered and not self._ledger.is_in_order()):
                self._write_anew()
            self._write_failures()
        except BaseException:
            self.close()
            raise
        self._ledger.finish()
        self._lock.close()

    def close(self) -> None:
        """Lets go of both as they are."""
        self._ledger.close()
        self._lock.close()

    def _write_anew(self) -> None:
        new, size = _new(self.path), 0

        def moved() -> Iterator[tuple[str, int]]:
            nonlocal size
            for key, place, length in self._ledger.places(self._ordered):
                file.write(os.pread(self._lock.descriptor, length, place))
                yield key, size
                size += length

        def ended() -> tuple[int, int]:
            file.flush()
            os.fsync(file.fileno())
            file.seek(max(0, size - _TAIL))
            return size, zlib.crc32(file.read())

        with open(new, "w+b") as file:
            self._ledger.plan_move(moved(), ended)
        with contextlib.suppress(OSError):
            os.chmod(new, os.fstat(self._lock.descriptor).st_mode & 0o7777)
        self._lock.replace(new)
        self._ledger.end_move(True)

    def _write_failures(self) -> None:
        path = failures_path(self.path)
        with open(_new(path), "wb") as file:
            for position, text in self._ledger.failures():
                line = parse(text)
                if position is not None and line["index"] != position:
                    line["index"] = position
                    text = text_of(line)
                file.write(text)
        os.replace(_new(path), os.path.realpath(path))


def _new(path: str) -> str:
    """What takes the file's place when it is whole: beside the file itself, not beside a link to it."""
    return f"{os.path.realpath(path)}.new"


def _writer(path: str) -> str:
    """Which process holds it, as its ledger says."""
    import sqlite3
    from pathlib import Path

    try:
        with contextlib.closing(
            sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True, timeout=0)
        ) as at:
            (number,) = at.execute("select value from meta where name = 'writer'").fetchone()
            return f" (process {number})"
    except (sqlite3.Error, TypeError):
        return ""
