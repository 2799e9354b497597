"""One run for all batches of an actor, which ends with it: one window, and connections that stay."""

from __future__ import annotations

import asyncio
from collections import deque

from .._bulk.asynchronous import Driver, to_the_end
from .._bulk.output import SEND
from .._bulk.work import NOT_YET
from .._values.bulk import Row, Run
from .._values.errors import BudgetExceededError, KimiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._values.message import Usage
    from .ledger import FolderLedger
    from .lines import Lines


class Place:
    """A row that is to be asked; `ended` is called with the requests that it took, and its tokens where known."""

    __slots__ = ("batch", "ended", "lines", "number")

    def __init__(self, lines: Lines, number: int, ended: Callable[[int, int | None], object] | None = None) -> None:
        self.lines = lines
        self.number = number
        self.ended = ended
        self.batch: _Batch | None = None

    def end(self, requests: int, tokens: int | None) -> None:
        if self.ended is not None:
            self.ended(requests, tokens)
        if self.batch is not None:
            self.batch.count()


class _Batch:
    """Rows that are waited for together."""

    def __init__(self, rows: int) -> None:
        self._left = rows
        self.waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def count(self) -> None:
        self._left -= 1
        if not self._left and not self.waiter.done():
            self.waiter.set_result(None)


class Asking:
    """The source and the keeper of a run (`_bulk/options.py`), on the running loop; `is_over`: it takes no more."""

    paid_tokens, paid_cost = 0, 0.0
    dearest = (0, None)

    def __init__(self, plan_of: Callable[[Any], Any], ledger: FolderLedger | None) -> None:
        self.loop = asyncio.get_running_loop()
        self.is_over = False
        self._ledger = ledger
        self._waiting: deque[Place] = deque()
        self._under_way: dict[int, Place] = {}
        self._count = 0
        plan = plan_of(self)
        plan.keeper = self
        plan.hashed = lambda: lambda row: ""  # the batch knows its keys, and a run without an end would keep them all
        self._driver = Driver(plan, plan.run(Run))
        self._task = self.loop.create_task(self._run())

    async def ask(self, places: list[Place]) -> None:
        """Returns when each of them, all of one batch, has its line."""
        if not places:
            return
        batch = _Batch(len(places))
        for place in places:
            place.batch = batch
        self._waiting.extend(places)
        self._driver.wake()
        await batch.waiter

    async def _run(self) -> None:
        try:
            await to_the_end(self._driver)
            raise BudgetExceededError("not sent: with it the client's budget could have been passed")
        except KimiError as error:  # what every row would meet
            self.is_over = True
            for place in self._left():
                place.lines.fail(place.number, error)
                place.end(1, None)
        except BaseException as error:  # there is no line for it
            self.is_over = True
            for place in self._left():
                if place.batch is not None and not place.batch.waiter.done():
                    place.batch.waiter.set_exception(error)
                place.end(1, None)

    def _left(self) -> list[Place]:
        left = [*self._under_way.values(), *self._waiting]
        self._under_way.clear()
        self._waiting.clear()
        return left

    # ---- the source ----

    def __iter__(self) -> Asking:
        return self

    def __next__(self) -> Any:
        if not self._waiting:
            return NOT_YET
        place = self._waiting.popleft()
        self._under_way[self._count] = place
        self._count += 1
        return place.lines.rows[place.number]

    # ---- the keeper ----

    def decide(self, key: str | int, request: bytes, input: Any, index: int, retry_failed: bool) -> str:
        return SEND

    def keep(self, rows: list[tuple[Row, bytes]], _: object = ()) -> None:
        ended, answered = [], []
        indexes = [row.index for row, _ in rows]  # a batch counts its rows anew
        for row, request in rows:
            place = self._under_way[row.index]
            line = place.lines.took(place.number, row)
            ended.append((place, row.attempts, row.usage.total_tokens))
            if row.error is None:
                answered.append((request, line))
        if self._ledger is not None:
            self._ledger.keep(answered)  # where it cannot, they are still under way, and their batches are told
        for index in indexes:
            del self._under_way[index]
        for place, requests, tokens in ended:
            place.end(requests, tokens)

    def paid(self, usage: Usage, cost: float | None) -> None:
        pass

    def finish(self) -> None:
        pass

    close = finish
