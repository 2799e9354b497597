"""A bulk run as it goes: which row is sent when, and what becomes of it. It never waits; two drivers do
(`blocking.py`, `asynchronous.py`)."""

from __future__ import annotations

import threading
import time
from collections import deque

from .._requests.spending import Need, need_of
from .._values.bulk import Row
from .._values.errors import InvalidRequestError, KimiError, SchemaError
from .bad_row import BadRow
from .file_rows import file_rows
from .item import Item
from .keys import key_and_error
from .limits import warn_of_budget
from .output import CHANGED, LEAVE_FAILED, SKIP
from .sending import Sending
from .stakes import Stakes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .._values.message import Message, Usage
    from .options import Plan
    from .row_answers import RowAnswer
    from .sending import Ended

_MOST_PASSED = 1000  # rows that are passed over, before answers and Ctrl-C have their turn
_LONGEST_AWAY = 0.005  # seconds of reading rows, before answers have their turn
_MOST_AT_ONCE = 64  # rows that end without being sent are written, or given out, by so many


class Work:
    """step()         does what can be done now; gives the rows that have ended, in the order in which to give them
    pump()         does what is ready on the network; gives the seconds until a step is worth it; inf: nothing is
    wait()         waits for that, at most for so long; ends early at a signal and by `wake`, which any thread may call
    later          seconds until there is something to pump whatever the descriptors tell; inf: nothing
    over           all has ended: `error` is what the run ends with, or None
    stop(why)      nothing new is sent; what is under way ends
    give_up(error) the same; the run ends with this error
    finish()       after the end: files are brought into their last form
    close()        everything ends now; files are whole
    outside        the caller's own code is running: it may be interrupted
    """

    def __init__(self, plan: Plan) -> None:
        self.counts = plan.counts
        self.error: BaseException | None = None
        self.outside = False
        self._plan = plan
        self._rows: Iterator[Any] = iter(plan.source)
        self._source_ended = self._is_dry = self._stopping = False
        self._next_index = self._next_given = 0
        self._look_at = 0.0  # when answers have their turn
        self._held: Item | None = None  # until what is under way has left something of the budget
        self._again: deque[Item] = deque()  # to be asked once more, before any other
        self._passing = False  # more rows are to be passed over
        self._ended: list[tuple[Row, bytes]] = []  # not yet written
        self._given: deque[Row] = deque()
        self._behind: dict[int, Row] = {}  # ordered, and waiting for one before it
        self._hashed = plan.hashed()
        self._distinct = plan.distinct()
        self._began = time.monotonic()
        self._closed = False
        self._lock = threading.Lock()
        self._output = plan.open_output()
        try:
            spending = plan.spending(self._output)
            self._stakes = Stakes(plan, spending)
            self._sending = Sending(plan.sender, plan.limits, plan.concurrency)
            self._file_rows = self._sending.file_rows = file_rows(
                plan, self._sending.run, self._output, self._hashed, self._distinct
            )
            self._rows = self._file_rows or self._rows
            self._reckons = self._sending.counts_tokens or spending is not None
        except BaseException:
            if self._output is not None:
                self._output.close()
            raise

    @property
    def descriptors(self) -> list[int]:
        return self._sending.descriptors

    @property
    def over(self) -> bool:
        return self._closed or (not self._given and len(self._sending) == 0 and self._has_sent_all())

    def _has_sent_all(self) -> bool:
        return self._stopping or (self._source_ended and self._held is None and not self._again)

    def step(self) -> list[Row]:
        with self._lock:
            if self._closed:
                return []
            try:
                for ended in self._sending.take():
                    self._came(ended)
                self._write()
                if not (self._passing and self._given):  # the source may be slow: what has come is given first
                    self._fill()
                    self._write()
                if self._stopping and not len(self._sending):
                    self._give_what_is_behind()
            finally:
                self.counts.seconds = time.monotonic() - self._began
        given = list(self._given)
        self._given.clear()
        return given

    def pump(self) -> float:
        with self._lock:
            return 0.0 if self._passing or self._closed else self._sending.pump()

    @property
    def later(self) -> float:
        return self._sending.later

    def wait(self, seconds: float) -> None:
        self._sending.wait(0.0 if self._passing else seconds)

    def wake(self) -> None:
        self._sending.wake()

    def stop(self, why: str | None = None, error: BaseException | None = None) -> None:
        self._stopping = True
        self._passing = False
        self._held = None
        while self._again:
            self._leave(self._again.popleft())
        self._sending.stop()
        if why is not None:
            self.counts.stopped = why
        if self.error is None:
            self.error = error

    def give_up(self, error: BaseException) -> None:
        self.stop(error=error)

    def finish(self) -> None:
        if not self._closed:
            with self._lock:
                self._release()
            if self._output is not None:
                self._output.finish()

    def close(self) -> None:
        if self._closed:
            return
        self._sending.wake()
        with self._lock:
            self._release()
        if self._output is None:
            return
        try:
            self._write()
            self._output.finish()
        except OSError:  # a disk that is full: the next start sees to the rest
            self._output.close()

    def _release(self) -> None:
        self._closed = True
        self._sending.close()
        self._plan.source.close()
        self._stakes.close()

    # ---- what comes ----

    def _came(self, ended: Ended) -> None:
        item: Item = ended.tag
        said = ended.message if ended.message is not None else getattr(ended.error, "partial", None)
        self._unstake(item, said, ended.error, ended.message is not None)
        if ended.is_of_all:
            self._leave(item)
            self.stop(error=ended.error)
        elif ended.error is not None and not isinstance(ended.error, KimiError):  # not a row's affair
            self.stop(error=ended.error)
        elif item.answer is None or ended.message is None:
            self._end(item, ended)
        else:
            self._judge(item, item.answer, ended.message, ended)

    def _judge(self, item: Item, answer: RowAnswer, message: Message, ended: Ended) -> None:
        """Whether an answer follows its schema. One that does not is asked for again, and told what is wrong."""
        try:
            right = answer.is_right(message)
        except SchemaError as wrong:
            ended.message, ended.error = None, wrong
            right = True  # it is not asked for again
        if right:
            self._end(item, ended)
            return
        item.asked += ended.attempts
        item.seconds += ended.seconds
        item.arguments = (answer.messages(), *item.arguments[1:])
        if self._stopping:
            self._leave(item)
        else:
            self._again.append(item)

    def _unstake(self, item: Item, *how: Any) -> None:
        wrong = self._stakes.end(item, *how)
        if wrong is not None:
            self.stop(error=wrong)

    def _leave(self, item: Item) -> None:
        """It is to be done yet. What wrong answers of it have used is paid."""
        usage = None if item.answer is None else item.answer.with_usage(None)
        self._unstake(item)
        if usage is not None:
            self.counts.took(usage, usage.cost)
            if self._output is not None:
                self._output.paid(usage, usage.cost)

    def _end(self, item: Item, ended: Ended) -> None:
        message, error = ended.message, ended.error
        parsed = None
        if isinstance(error, SchemaError):
            usage: Usage | None = error.message.usage
        elif message is None:
            partial = getattr(error, "partial", None)
            usage = None if partial is None else partial.usage
            usage = usage if item.answer is None else item.answer.with_usage(usage)
        else:
            usage = message.usage
            if item.answer is not None and not message.tool_calls:
                parsed = message.parsed
        cost = None if usage is None else usage.cost
        row = Row(item.key, item.index, item.input, message, parsed, error, item.asked + ended.attempts, usage, cost,
                  item.seconds + ended.seconds)  # fmt: skip
        self._ended.append((row, item.request))

    def _wrong(self, item: Item, error: KimiError) -> None:
        """It cannot be sent."""
        row = Row(item.key, item.index, item.input, None, None, error, 0, None, None, 0.0)
        self._ended.append((row, item.request))

    def _write(self) -> None:
        """Keeps what has ended, counts it and gives it out: a row is done when it is kept."""
        answered = self._sending.take_answered()
        if not self._ended and not answered:
            return
        ended, self._ended = self._ended, []
        if self._output is not None:
            try:
                self._output.keep(ended, answered)
            except BaseException:
                self._release()
                self._output.close()
                raise
        self.counts.done += len(answered)
        if answered.used is not None:
            self.counts.took(answered.used, answered.used.cost)
        for row, _ in ended:
            if row.error is None:
                self.counts.done += 1
            else:
                self.counts.failed += 1
            self.counts.took(row.usage, row.cost)
            if self._output is None:
                self._give(row.index, row)

    def _give(self, index: int, row: Row) -> None:
        if not self._plan.ordered:
            self._given.append(row)
            return
        self._behind[index] = row
        while self._next_given in self._behind:
            self._given.append(self._behind.pop(self._next_given))
            self._next_given += 1

    def _give_what_is_behind(self) -> None:
        """Those before them are not coming any more."""
        self._given.extend(self._behind.pop(index) for index in sorted(self._behind))

    # ---- what goes ----

    def _fill(self) -> None:
        self._passing = False
        self._look_at = time.monotonic() + _LONGEST_AWAY
        room, passed = self._sending.room, 0
        while room > 0 and not self._stopping and not self._is_long(passed):
            read = self._begin(room)
            if read:
                before, room = room, self._sending.room
                passed += read - (before - room)
                continue
            item = self._held or (self._again.popleft() if self._again else self._next())
            if item is None:
                break
            self._held = None
            if self._send(item):
                room -= 1
                if self._plan.source.waits:  # however long the next row takes, this one goes now
                    self._sending.flush()
            elif self._held is not None:
                break
        if self._has_sent_all():
            self._sending.no_more()
        self._sending.pump()

    def _begin(self, most: int) -> int:
        """Sends rows of the file that nobody need look at; gives how many were read, 0 where the next one is another
        or there is none."""
        rows = self._file_rows
        if rows is None or self._source_ended or self._plan.sender.is_watched:
            return 0
        self.outside = True
        try:
            rows.read_on()  # a file may be a pipe
        except KeyboardInterrupt:  # the second one, or nobody counts them
            raise
        except BaseException as error:
            self._break_off(error)
            return 0
        finally:
            self.outside = False
        try:
            return rows.begin(most, self._next_index, self._met, self._plan.retry_failed)
        except InvalidRequestError as twice:
            self.stop(error=twice)
            return 0

    def _break_off(self, error: BaseException) -> None:
        """The rows cannot be read on. Those that were read are done first, then the run ends with this."""
        self._source_ended = True
        if self.error is None:
            self.error = self._plan.source.broken_off(error, self._next_index)

    def _met(self, fate: str, count: int) -> bool:
        """So many rows of this fate were taken. Whether they are to be sent."""
        self._next_index += count
        self.counts.total += count
        return self._is_to_do(fate)

    def _next(self) -> Item | None:
        """The next row that is to be sent; None where there is none now."""
        passed = 0
        while not self._source_ended and not self._stopping and self._has_room():
            item = self._take()
            if item is not None or self._is_dry:
                return item
            passed += 1
            if self._is_long(passed):
                return None
            if len(self._ended) >= _MOST_AT_ONCE:
                self._write()
        return None

    def _is_long(self, passed: int) -> bool:
        """Whether answers have their turn before more rows are read."""
        self._passing = passed >= _MOST_PASSED or time.monotonic() >= self._look_at
        return self._passing

    def _has_room(self) -> bool:
        """Whether there is room behind what is to be given out."""
        return len(self._given) < _MOST_AT_ONCE and len(self._behind) < max(256, 4 * self._plan.concurrency)

    def _take(self) -> Item | None:
        """The next row that is to be sent; None where there is none yet: it is skipped, or cannot be sent."""
        self.outside = True
        try:
            row = next(self._rows, _END)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # whatever it is, what is under way is paid for
            self._break_off(error)
            return None
        finally:
            self.outside = False
        if row is _END:
            self._source_ended = True
            return None
        self._is_dry = row is NOT_YET
        if self._is_dry:
            return None
        index, self._next_index = self._next_index, self._next_index + 1
        self.counts.total += 1
        return self._made(index, row)

    def _made(self, index: int, row: Any) -> Item | None:
        item = Item(None, index, row.text if isinstance(row, BadRow) else row)
        error: KimiError | None
        item.key, error = key_and_error(row, self._plan.key_of, self._hashed)
        if error is None and self._distinct is not None:
            try:
                self._distinct.add(item.key, index)
            except InvalidRequestError as twice:
                self.counts.total -= 1
                self.stop(error=twice)
                return None
        if error is None:
            error = self._ask(item, row)
        if self._output is not None:
            known = self._output.decide(item.key, item.request, item.input, index, self._plan.retry_failed)
            if not self._is_to_do(known):
                return None
        if error is None:
            return item
        self._wrong(item, error)
        return None

    def _ask(self, item: Item, row: Any) -> KimiError | None:
        """Makes the row's request; gives what is wrong with it."""
        self.outside = True
        try:
            item.arguments = self._plan.asked(row)
            if self._output is not None:
                item.request = self._plan.asked.hash_of(item.arguments)
        except KimiError as error:
            return error
        except (TypeError, ValueError, OverflowError) as error:
            wrong = InvalidRequestError(f"the row's prompt cannot be sent: {error}")
            wrong.__cause__ = error
            return wrong
        finally:
            self.outside = False
        return None

    def _is_to_do(self, fate: str) -> bool:
        """What an earlier start has made of a row is counted."""
        if fate == SKIP:
            self.counts.skipped += 1
        elif fate == LEAVE_FAILED:
            self.counts.failed += 1
        elif fate == CHANGED:
            self.counts.changed += 1
        return fate not in (SKIP, LEAVE_FAILED)

    def _send(self, item: Item) -> bool:
        """Whether it is on its way. Else it has ended, or is held until something of the budget is left."""
        try:
            if item.answer is None and self._plan.expected is not None:
                item.answer = self._plan.expected.row(item.arguments[0])
                item.arguments = (item.answer.messages(), *item.arguments[1:])
            need = need_of(item.arguments) if self._reckons else _NOTHING
            if self._stakes.begin(item, need):
                self._start(item, need)
                return True
        except (KimiError, TypeError, ValueError, OverflowError) as error:
            self._unstake(item)
            wrong = error if isinstance(error, KimiError) else InvalidRequestError(f"it cannot be sent: {error}")
            self._wrong(item, wrong)
            return False
        if len(self._sending):
            self._held = item  # what is under way may leave something
        else:
            self.stop("budget")
            warn_of_budget(self.counts, item.arguments)
            self._leave(item)
        return False

    def _start(self, item: Item, need: Need) -> None:
        sender = self._plan.sender
        uploads = sender.uploads.prepare_steps(item.arguments) if sender.must_upload(item.arguments) else None
        self._sending.start(item.index, item, item.arguments, need.tokens, uploads, self._plan.streams(item.input))


_END = object()
_NOTHING = Need(0, 0)
NOT_YET = object()
"""What a source gives that has no row now, and will have more: whoever fills it wakes the driver."""
