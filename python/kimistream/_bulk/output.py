"""Where answers are kept: `out`, its ledger and the failures file; and what the next start makes of them."""

from __future__ import annotations

import contextlib
import errno
import os

from .._values.errors import InvalidRequestError
from . import ledger as ledgers
from .behind import Behind, announcement
from .item import NONE_ANSWERED
from .keys import key_text, may_be_key
from .ledger import ANSWERED, FAILED, Entry, Ledger
from .lines import line_of, parse, text_of
from .lines_file import LinesFile, new_path
from .targets import failures_path, ledger_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._values.bulk import Row
    from .._values.message import Usage
    from .item import Answered
    from .keys import Asked

ANEW = "or begin anew with resume=False, which replaces both"
SEND, SKIP, LEAVE_FAILED, CHANGED = "send", "skip", "failed", "changed"


class Output:
    """Holds `out` and its ledger while a run writes them. Any thread, one at a time.

    is_new                  no row has been here before this start
    paid_tokens, paid_cost  what all starts have paid, as the ledger knows it
    """

    def __init__(self, out: str, key: str, asked: Asked, resume: bool, ordered: bool) -> None:
        self._out = out
        self._asked = asked
        self._ordered = ordered
        self._moved: list[tuple[int, str]] = []
        path = ledger_path(out)
        was_there, had_ledger = any(map(os.path.exists, self._files())), os.path.exists(path)
        self._file = LinesFile(self._lines_path(), lambda: ledgers.writer(path))
        try:
            if not resume:
                self._throw_away()
            self._ledger = self._open(path, key, was_there and resume)
        except BaseException:
            if self._file.give_up() and not had_ledger:
                ledgers.remove(path)  # alone it would be refused
            raise
        self.is_new = self._ledger.is_new
        self.paid_tokens: int = self._ledger.get("paid_tokens", 0)
        self.paid_cost: float = self._ledger.get("paid_cost", 0.0)

    # What is another one's where `out` is no file of lines, see `table_output`.

    def _lines_path(self) -> str:
        return self._out

    def _files(self) -> tuple[str, ...]:
        """What holds rows."""
        return (self._out,)

    def _throw_away(self) -> None:
        self._file.end_at(0)
        ledgers.remove(ledger_path(self._out))
        with contextlib.suppress(FileNotFoundError):
            os.unlink(failures_path(self._out))

    def _restore(self, ledger: Ledger) -> None:
        """Brings the lines back where they are not in the file; raises InvalidRequestError for what is another's."""

    def _began(self) -> None:
        """The ledger is there, and knows all lines."""

    def _grew(self, lines: int) -> None:
        """So many were appended, and are in the ledger."""

    def _will_move(self) -> None:
        """Lines are about to stand in other places."""

    def _complete(self) -> None:
        """All lines are there, in their order."""

    def _ended(self) -> None:
        """The ledger is closed, and knows that the run has ended."""

    # ---- a start ----

    def _open(self, path: str, key: str, was_there: bool) -> Ledger:
        rows = next((file for file in self._files() if os.path.exists(file) and os.path.getsize(file)), None)
        there = os.path.exists(path)
        if not there and rows:
            raise InvalidRequestError(f"{rows} is there without its ledger {path}: choose another out=, {ANEW}")
        if there and not was_there:
            raise InvalidRequestError(f"{path} is there without its {self._out}: move it away, {ANEW}")
        if there and os.path.getsize(path) == 0:
            if rows:
                raise InvalidRequestError(f"{path} is empty beside {rows}: restore it, {ANEW}")
            ledgers.remove(path)  # a run that was killed as it began
            there = False
        ledger = Ledger(path, new=not there)
        try:
            if there:
                self._check_key(ledger, key)
                self._end_moving(ledger)
                self._restore(ledger)
                self._check(ledger)
                found = self._behind(ledger, key)
                ledger.begin()
                self._adopt(ledger, found)
            else:
                ledger.begin()
                self._file.end_at(0)
            ledger.forget_positions(failures_only=not self._ordered)
            ledger.set(
                key=key,
                constant=self._asked.constant,
                size=self._file.size,
                tail=self._file.tail,
                writer=os.getpid(),
            )
            self._ledger = ledger
            self._began()
        except BaseException:
            ledger.close()
            raise
        return ledger

    def _end_moving(self, ledger: Ledger) -> None:
        """A run was ended between writing its lines anew and saying so."""
        size = ledger.get("moving")
        if size is not None:
            ledger.end_move(self._file.fits(size, ledger.get("moving_tail")))
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new_path(self._file.path))

    def _check_key(self, ledger: Ledger, key: str) -> None:
        known = ledger.get("key")
        if known is None or known == key:
            return
        if self._file.length() or not ledger.forget_failures():
            raise InvalidRequestError(
                f"{ledger.path} is the ledger of a run whose key was another one ({known}, not {key}): use that key=, "
                f"choose another out=, {ANEW}"
            )

    def _check(self, ledger: Ledger) -> None:
        if not self._file.fits(ledger.get("size", 0), ledger.get("tail", 0)):
            raise no_fit(self._file.path, ledger)

    def _behind(self, ledger: Ledger, key: str) -> list[tuple[Entry, int]]:
        """The whole lines behind the last committed place, with their total tokens: a run was killed between writing
        them and saying so. Raises InvalidRequestError for those that no run of this ledger has written."""
        found, place, constant = [], ledger.get("size", 0), ledger.get("constant", b"")
        behind = Behind(place, ledger.announced(), lambda row: may_be_key(key, row.key, row.input))
        with open(self._file.path, "rb") as file:
            file.seek(place)
            for text, row in behind.rows(file):
                if row is None:
                    raise InvalidRequestError(
                        f"{self._file.path} does not fit its ledger {ledger.path}: behind what that knows there is a "
                        f"line that its run has not written (at byte {place}). Take it out, choose another out=, {ANEW}"
                    )
                entry = self._entry(row, key_text(row.key), self._asked.of_line(row.input, constant))
                entry.place, entry.length = place, len(text)
                found.append((entry, row.usage.total_tokens or 0))
                place += len(text)
        return found

    def _adopt(self, ledger: Ledger, found: list[tuple[Entry, int]]) -> None:
        """Takes them in, and cuts what is torn behind them."""
        self._file.end_at(ledger.get("size", 0) + sum(entry.length for entry, _ in found))
        tokens, cost = sum(count for _, count in found), sum(entry.cost or 0.0 for entry, _ in found)
        paid = {"paid_tokens": ledger.get("paid_tokens", 0) + tokens, "paid_cost": ledger.get("paid_cost", 0.0) + cost}
        ledger.commit([entry.values() for entry, _ in found], size=self._file.size, tail=self._file.tail, **paid)

    def note(self, name: str, value: str | None = None) -> str | None:
        """What the ledger has been told under this name, and None where nothing; with a value that is told."""
        if value is not None:
            self._ledger.set(**{name: value})
        return self._ledger.get(name)  # type: ignore[no-any-return]

    def decide(self, key: str | int, request: bytes, input: Any, index: int, retry_failed: bool) -> str:
        """What is to become of a row of the input: SEND, SKIP, LEAVE_FAILED or CHANGED (which is sent)."""
        return self.decide_by(key_text(key), request, lambda: input, index, retry_failed)

    def decide_by(self, key: str, request: bytes, input: Callable[[], Any], index: int, retry_failed: bool) -> str:
        """The same by the `key_text`; the row is asked for only where it is needed."""
        known = self._ledger.look(key)
        if known is None:
            return SEND
        same = known.request == request or (
            known.request.startswith(b"line") and known.request == self._asked.of_line(input())
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
        self._ledger.commit((), self._moved, paid_tokens=self.paid_tokens, paid_cost=self.paid_cost)
        self._moved.clear()

    @property
    def size(self) -> int:
        """Of `out`, in bytes: where the next line begins."""
        return self._file.size

    def keep(self, rows: list[tuple[Row, bytes]], answered: Answered = NONE_ANSWERED) -> None:
        """Writes finished rows with their requests' hashes: whole lines to `out`, then one transaction. `answered`
        are those whose lines the core has made, for this size of `out`; they come first.

        Raises OSError; what is written then is whole, and the next start takes it in.
        """
        entries: list[tuple[Any, ...]] = []
        lines, place = [*answered.lines], self._file.size + answered.size
        if answered.used is not None:
            self.paid(answered.used, answered.used.cost)
        for row, request in rows:
            text = text_of(line_of(row))
            entry = self._entry(row, key_text(row.key), request)
            if row.error is None:
                entry.place, entry.length = place, len(text)
                lines.append(text)
                place += len(text)
            else:
                entry.line = text
            entries.append(entry.values())
            self.paid(row.usage, row.cost)
        if lines:
            self._ledger.announce(announcement(self._file.size, lines))
            self._file.append(lines)
        self._ledger.commit(
            entries,
            self._moved,
            answered.entries,
            size=self._file.size,
            tail=self._file.tail,
            paid_tokens=self.paid_tokens,
            paid_cost=self.paid_cost,
        )
        self._moved.clear()
        self._grew(len(lines))

    def paid(self, usage: Usage, cost: float | None) -> None:
        """So much more has been paid."""
        self.paid_tokens += usage.total_tokens or 0
        self.paid_cost += cost or 0.0

    @property
    def dearest(self) -> tuple[int, float | None]:
        """The most tokens and the most money that one row has taken so far."""
        return self._ledger.dearest()

    def _entry(self, row: Row, key: str, request: bytes) -> Entry:
        usage, state = row.usage, ANSWERED if row.error is None else FAILED
        return Entry(key, request, state, row.attempts, usage.prompt_tokens, usage.completion_tokens, row.cost,
                     position=row.index)  # fmt: skip

    def finish(self) -> None:
        """Order and dead lines are seen to, the failures file is written, the ledger is one file again."""
        try:
            self._check_is_there()
            self._flush()
            if self._ledger.has_dead() or (self._ordered and not self._ledger.is_in_order()):
                self._write_anew()
            self._write_failures()
            self._complete()
        except BaseException:
            self.close()
            raise
        self._ledger.finish()
        self._ended()
        self._file.close()

    def _check_is_there(self) -> None:
        said = "it was deleted or replaced while the run wrote to it; begin anew with resume=False"
        for file in self._file, self._ledger:
            if not file.is_there:
                raise FileNotFoundError(errno.ENOENT, said, file.path)

    def close(self) -> None:
        """Lets go of both as they are."""
        self._ledger.close()
        self._file.close()

    def _write_anew(self) -> None:
        self._will_move()
        places = self._ledger.places(self._ordered)
        lines = ((key, self._file.read(length, place)) for key, place, length in places)
        self._file.write_anew(lines, self._ledger.plan_move)
        self._ledger.end_move(True)
        self._file.end_at(self._ledger.get("size"))

    def _write_failures(self) -> None:
        path = failures_path(self._out)
        with open(new_path(path), "wb") as file:
            for position, text in self._ledger.failures():
                line = parse(text)
                if position is not None and line["index"] != position:
                    line["index"] = position
                    text = text_of(line)
                file.write(text)
        os.replace(new_path(path), os.path.realpath(path))


def no_fit(path: str, ledger: Ledger) -> InvalidRequestError:
    return InvalidRequestError(
        f"{path} is not the file that {ledger.path} knows: restore it, choose another out=, {ANEW}"
    )
