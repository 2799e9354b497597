"""A bulk run as it goes: which row is sent when, and what becomes of it. It never waits; two drivers do
(`blocking.py`, `asynchronous.py`)."""

from __future__ import annotations

import heapq
import random
import threading
import time
from collections import deque

from .. import _core
from .._requests.spending import USUAL_MAX_TOKENS, Need
from .._values.bulk import Row
from .._values.errors import BudgetExceededError, InvalidRequestError, KimiError
from . import retries
from .files import BadRow
from .keys import Distinct
from .limits import Place
from .output import CHANGED, LEAVE_FAILED, SKIP
from .sending import ANSWER, HEAD, Sending
from .sources import wrong_row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._requests.spending import Stake
    from .._values.message import Message, Usage
    from .options import Plan

FOREVER = float("inf")
_LOOK_AGAIN = 0.02  # seconds, while all places are held by runs that may not be read
_MOST_PASSED = 1000  # rows that are passed over, before answers and Ctrl-C have their turn
_MOST_AT_ONCE = 64  # rows that end without being sent are written, or given out, by so many


class _Item:
    """A row on its way."""

    __slots__ = ("arguments", "attempts", "began", "index", "input", "key", "place", "request", "retries", "stake",
                 "streams")  # fmt: skip

    def __init__(self, key: Any, index: int, input: Any, request: bytes, arguments: tuple[Any, ...]) -> None:
        self.key = key
        self.index = index
        self.input = input
        self.request = request
        self.arguments = arguments
        self.attempts = self.retries = 0
        self.began = 0.0
        self.streams = False
        self.place: Place | None = None
        self.stake: Stake | None = None


class Work:
    """step()         does what can be done now; gives the rows that have ended, in the order in which to give them
    wait()         seconds until there is something to do but for what the descriptor tells; inf: nothing
    over           all has ended: `error` is what the run ends with, or None
    stop(why)      nothing new is sent; what is under way ends
    finish()       after the end: files are brought into their last form
    close()        everything ends now; files are whole
    outside        the caller's own code is running: it may be interrupted
    """

    def __init__(self, plan: Plan, wake: Callable[[], None]) -> None:
        self.counts = plan.counts
        self.error: BaseException | None = None
        self.outside = False
        self._plan = plan
        self._limits = plan.limits
        self._rows = iter(plan.source)
        self._source_ended = False
        self._stopping = False
        self._next_index = 0
        self._later: list[tuple[float, int, _Item]] = []  # a heap: taken, and waiting for a place or for their time
        self._ended: list[tuple[Row, bytes]] = []  # not yet written
        self._given: deque[Row] = deque()
        self._behind: dict[int, Row] = {}  # ordered, and waiting for one before it
        self._next_given = 0
        self._wait: float | None = None  # the first of them has no place for so long
        self._hashed = plan.hashed()
        self._distinct = Distinct() if plan.key_of is not None and plan.source.again is None else None
        self._began = time.monotonic()
        self._closed = False
        self._lock = threading.Lock()
        self._output = plan.open_output()
        try:
            self._spending = plan.spending(self._output)
            self._reckons = self._limits.counts_tokens or self._spending is not None
            self._sending = Sending(plan.core, plan.limits.has_windows, plan.sender)
            self._limits.join(self, wake)
        except BaseException:
            if self._output is not None:
                self._output.close()
            raise

    @property
    def descriptor(self) -> int:
        return self._sending.descriptor

    @property
    def over(self) -> bool:
        return self._closed or (
            len(self._sending) == 0 and not self._given and (self._stopping or (self._source_ended and not self._later))
        )

    def step(self) -> list[Row]:
        with self._lock:
            if self._closed:
                return []
            try:
                self._take_in()
                self._write()
                self._fill()
                self._write()
                if self._stopping and not len(self._sending):
                    self._give_what_is_behind()
            finally:
                self.counts.seconds = time.monotonic() - self._began
        if self._plan.shares and self._wait == FOREVER:
            for other in self._limits.others(self):
                other.make_room()
        given = list(self._given)
        self._given.clear()
        return given

    def _take_in(self) -> None:
        for tag, kind, value in self._sending.take():
            self._came(tag, kind, value)

    def make_room(self) -> None:
        """Takes in what has come, for a run that shares the limits: rows that nobody reads hold no places. Any
        thread."""
        if not self._closed and self._lock.acquire(blocking=False):
            try:
                if not self._closed:
                    self._take_in()
            finally:
                self._lock.release()

    def wait(self) -> float:
        if self._sending.has_news:
            return 0.0
        if self._wait is not None:
            held_by_others = self._plan.shares and self._wait == FOREVER and not len(self._sending)
            return min(_LOOK_AGAIN if held_by_others else self._wait, self._sending.due)
        due = max(0.0, self._later[0][0] - time.monotonic()) if self._later else FOREVER
        return min(due, self._sending.due)

    def stop(self, why: str | None = None, error: BaseException | None = None) -> None:
        self._stopping = True
        self._wait = None
        self._later.clear()
        self._limits.rest(self)
        if why is not None:
            self.counts.stopped = why
        if self.error is None:
            self.error = error

    def finish(self) -> None:
        if not self._closed:
            with self._lock:
                self._release()
            if self._output is not None:
                self._output.finish()

    def close(self) -> None:
        if self._closed:
            return
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
        for item in self._sending.close():
            self._limits.gone(item.place, True)
        self._limits.leave(self)
        self._plan.source.close()

    # ---- what comes ----

    def _came(self, item: _Item, kind: str, value: Any) -> None:
        if kind == HEAD:
            self._limits.accepted(_place(item))
        elif kind == ANSWER:
            usage = value.usage
            self._limits.answered(_place(item), None if usage is None else usage.total_tokens)
            self._end(item, message=value)
        else:
            self._failed(item, value)

    def _failed(self, item: _Item, error: BaseException) -> None:
        if not isinstance(error, KimiError):  # not a row's affair
            self._limits.gone(_place(item), True)
            self.stop(error=error)
            return
        if isinstance(error, BudgetExceededError):
            self._over_budget(item)
            return
        fate, place = retries.fate(error, item.retries, self._plan.max_retries), _place(item)
        hint = getattr(error, "retry_after", None)
        if fate == retries.WAIT:
            self._limits.refused(place, hint, getattr(error, "reason", None), random.random())
        else:
            self._limits.gone(place, retries.may_be_counted(error))
        if self._stopping and fate in (retries.WAIT, retries.AGAIN):
            self._unstake(item)  # to be done yet
        elif fate == retries.WAIT:
            self._again(item, 0.0)
        elif fate == retries.AGAIN:
            item.streams = item.streams or retries.streams_next(error)
            pause = retries.pause(error, item.retries, random.random)
            item.retries += 1
            self._again(item, time.monotonic() + pause)
        elif fate == retries.RUN:
            self._unstake(item)
            self.stop(error=error)
        else:
            self._end(item, error=error)

    def _over_budget(self, item: _Item) -> None:
        """The client's own budget: the row was not sent, and is to be done yet."""
        self._limits.gone(_place(item), False)
        self._unstake(item)
        self.stop("budget")

    def _again(self, item: _Item, due: float) -> None:
        self._unstake(item)
        heapq.heappush(self._later, (due, item.index, item))

    def _unstake(self, item: _Item) -> None:
        if item.stake is not None and self._spending is not None:
            self._spending.end(item.stake, None, None)
            item.stake = None

    def _end(self, item: _Item, message: Message | None = None, error: KimiError | None = None) -> None:
        said = message if message is not None else getattr(error, "partial", None)
        usage: Usage | None = None if said is None else said.usage
        cost = None if usage is None else usage.cost
        if item.stake is not None and self._spending is not None:
            wrong = self._spending.end(item.stake, usage, cost)
            if wrong is not None:
                self.stop(error=wrong)
        seconds = time.monotonic() - item.began if item.attempts else 0.0
        row = Row(item.key, item.index, item.input, message, None, error, item.attempts, usage, cost, seconds)
        self._ended.append((row, item.request))

    def _write(self) -> None:
        """Keeps what has ended, counts it and gives it out: a row is done when it is kept."""
        if not self._ended:
            return
        ended, self._ended = self._ended, []
        if self._output is not None:
            try:
                self._output.keep(ended)
            except BaseException:
                self._release()
                self._output.close()
                raise
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
        self._wait = None
        while not self._stopping and not self._sending.has_news:
            item = self._next()
            if item is None:
                break
            self._wait = self._send(item)
            if self._wait is not None:
                heapq.heappush(self._later, (0.0, item.index, item))
                return
        if not self._later:
            self._limits.rest(self)

    def _next(self) -> _Item | None:
        """What is to be sent now: what had its turn already comes first."""
        if self._later and self._later[0][0] <= time.monotonic():
            return heapq.heappop(self._later)[2]
        passed = 0
        while not self._source_ended and not self._stopping and self._has_room():
            item = self._take()
            if item is not None:
                return item
            passed += 1
            if passed >= _MOST_PASSED:
                self._wait = 0.0
                return None
            if len(self._ended) >= _MOST_AT_ONCE:
                self._write()
        return None

    def _has_room(self) -> bool:
        concurrency = self._plan.concurrency
        if len(self._sending) + len(self._later) >= concurrency or len(self._given) >= _MOST_AT_ONCE:
            return False
        return len(self._behind) < max(256, 4 * concurrency)

    def _take(self) -> _Item | None:
        """The next row that is to be sent; None where there is none yet: it is skipped, or cannot be sent."""
        self.outside = True
        try:
            row = next(self._rows, _END)
        except Exception as error:
            self._source_ended = True
            self.stop(error=error)
            return None
        finally:
            self.outside = False
        if row is _END:
            self._source_ended = True
            return None
        index, self._next_index = self._next_index, self._next_index + 1
        self.counts.total += 1
        return self._made(index, row)

    def _made(self, index: int, row: Any) -> _Item | None:
        item = _Item(None, index, row.text if isinstance(row, BadRow) else row, b"", ())
        item.streams = self._plan.streams
        error: KimiError | None = wrong_row(row)
        if error is None and self._plan.key_of is not None:
            try:
                item.key = self._plan.key_of(row)
            except InvalidRequestError as wrong:
                error = wrong
        if item.key is None:
            item.key = self._hashed(item.input)
        elif self._distinct is not None:
            try:
                self._distinct.add(item.key, index)
            except InvalidRequestError as twice:
                self.counts.total -= 1
                self.stop(error=twice)
                return None
        if error is None:
            error = self._ask(item, row)
        if self._output is not None and not self._is_to_do(item):
            return None
        if error is None:
            return item
        self._end(item, error=error)
        return None

    def _ask(self, item: _Item, row: Any) -> KimiError | None:
        """Makes the row's request; gives what is wrong with it."""
        self.outside = True
        try:
            item.arguments, item.request = self._plan.asked(row)
        except KimiError as error:
            return error
        except (TypeError, ValueError, OverflowError) as error:
            wrong = InvalidRequestError(f"the row's prompt cannot be sent: {error}")
            wrong.__cause__ = error
            return wrong
        finally:
            self.outside = False
        return None

    def _is_to_do(self, item: _Item) -> bool:
        assert self._output is not None
        fate = self._output.decide(item.key, item.request, item.input, item.index, self._plan.retry_failed)
        if fate == SKIP:
            self.counts.skipped += 1
        elif fate == LEAVE_FAILED:
            self.counts.failed += 1
        elif fate == CHANGED:
            self.counts.changed += 1
        return fate not in (SKIP, LEAVE_FAILED)

    def _send(self, item: _Item) -> float | None:
        """None: it is on its way, or has ended. Else for how long there is no place for it."""
        need = self._need(item) if self._reckons else _NOTHING
        if self._spending is not None:
            item.stake = self._spending.begin(need)
            if item.stake is None:
                if self._spending.waits:
                    return FOREVER
                self.stop("budget")
                return None
        place = self._limits.take(self, need.tokens)
        if not isinstance(place, Place):
            self._unstake(item)
            return place
        item.place = place
        if not item.attempts:
            item.began = time.monotonic()
        try:
            sender = self._plan.sender
            uploads = sender.uploads.prepare_steps(item.arguments) if sender.must_upload(item.arguments) else None
            self._sending.start(item, item.arguments, item.streams, uploads)
        except BudgetExceededError:
            self._over_budget(item)
            return None
        except (KimiError, TypeError, ValueError) as error:
            self._limits.gone(place, False)
            wrong = error if isinstance(error, KimiError) else InvalidRequestError(f"it cannot be sent: {error}")
            self._end(item, error=wrong)
            return None
        item.attempts += 1
        return None

    def _need(self, item: _Item) -> Need:
        return Need(_core.estimate_tokens(item.arguments), self._plan.max_tokens or USUAL_MAX_TOKENS)


_END = object()
_NOTHING = Need(0, 0)


def _place(item: _Item) -> Place:
    assert item.place is not None
    return item.place
