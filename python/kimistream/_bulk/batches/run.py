"""`map(via="batch")`: the same rows, ledger and lines, answered by batches. Written once, as steps."""

from __future__ import annotations

import secrets
import time

from ... import _core
from ..._requests.spending import need_of
from ..._requests.steps import path_of
from ..._resources import batches
from ..._values.bulk import Row
from ..._values.errors import BudgetExceededError, InvalidRequestError, KimiError, NotFoundError
from ..bad_row import BadRow
from ..keys import Distinct, key_and_error, key_text
from ..limits import warn_of_budget
from ..output import CHANGED, LEAVE_FAILED, SKIP
from .lines import MOST_BYTES, Line, hold, made, release
from .steps import rows_of, submit, until_ended

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from ..._requests.steps import Steps
    from ..._values.resources import Batch
    from ..options import Plan
    from ..output import Output

    _UnderWay = dict[str, tuple[Batch, list["_Asked"]]]  # by the batch's id

_PENDING = "batches"  # in the ledger: what is under way
_TOKEN = "kimistream"  # in a batch's metadata: by which it is found again where its id was never written down
_FILE_BYTES = MOST_BYTES - (1 << 20)


class _Asked:
    """A row that is to be answered."""

    __slots__ = ("line", "request")

    def __init__(self, line: Line, request: bytes) -> None:
        self.line = line
        self.request = request


class BatchWork:
    """The steps of a run, and what it has to give.

    given  rows that have ended, where there is no `out`
    """

    def __init__(self, plan: Plan, tell: Callable[[], object]) -> None:
        path_of(plan.core, "batches_path", "has no batches")
        self.given: list[Row] = []
        self._plan = plan
        self._tell = tell
        self._began = time.monotonic()
        self._held: list[Line] = []  # of the client's budget
        self._pending: list[dict[str, Any]] = []  # batches of this and of earlier starts whose rows have not come
        self._output: Output | None = plan.open_output()  # type: ignore[assignment]  # no actor's keeper
        price = plan.price
        if price is not None:
            price = {**price, "input": price["batch_input"] or price["input"],
                     "output": price["batch_output"] or price["output"]}  # fmt: skip
        self._spending = plan.spending(self._output, price)

    def steps(self) -> Steps[None]:
        self._pending = yield from self._begun_before()
        noted = {
            (key, request): (known, custom_id)
            for known in self._pending
            for key, (custom_id, request) in known["rows"].items()
        }
        under_way: _UnderWay = {}
        part: list[_Asked] = []
        size = 0
        for each in self._to_do():
            known, custom_id = noted.get((key_text(each.line.key), each.request.hex()), (None, ""))
            if known is not None and (yield from self._is_there(known, under_way)):
                each.line.custom_id = custom_id
                each.line.text = b""
                under_way[known["id"]][1].append(each)
                continue
            if part and size + len(each.line.text) > _FILE_BYTES:
                yield from self._submit(part, under_way)
                part, size = [], 0
            part.append(each)
            size += len(each.line.text)
        if part:
            yield from self._submit(part, under_way)
        for batch, mine in under_way.values():
            batch = yield from until_ended(self._plan.sender, batch, self._plan.poll, None, lambda _: self._look())
            rows = yield from rows_of(self._plan.sender, batch, [each.line for each in mine])
            self._end(list(zip(rows, (each.request for each in mine), strict=True)))
            self._forget(batch.id)
            self._note()

    def _begun_before(self) -> Steps[list[dict[str, Any]]]:
        """The batches that an earlier start has begun. One whose id it could not write down is looked for."""
        noted = [] if self._output is None else _core.loads(self._output.note(_PENDING) or "[]")
        if any(known["id"] is None for known in noted):
            there = yield from batches.list_all(self._plan.sender)
            ids = {(batch.model_dump().get("metadata") or {}).get(_TOKEN): batch.id for batch in there}
            for known in noted:
                known["id"] = known["id"] or ids.get(known["token"])
        return [known for known in noted if known["id"] is not None]

    def _is_there(self, known: dict[str, Any], under_way: _UnderWay) -> Steps[bool]:
        """Whether a batch of an earlier start can be waited for; asked when the first row comes that needs it.

        One that is not known may be another account's: its rows were paid for, and go again only when asked.
        """
        if known["id"] in under_way or known not in self._pending:
            return known["id"] in under_way
        try:
            batch = yield from batches.retrieve(self._plan.sender, known["id"])
        except NotFoundError as gone:
            if not self._plan.retry_failed:
                gone._say(_unknown(known, gone.message))
                raise
            self._forget(known["id"])
            return False
        under_way[known["id"]] = batch, []
        return True

    def _submit(self, part: list[_Asked], under_way: _UnderWay) -> Steps[None]:
        """Begins a batch of the part."""
        rows = {key_text(each.line.key): [each.line.custom_id, each.request.hex()] for each in part}
        known: dict[str, Any] = {"token": secrets.token_hex(16), "id": None, "rows": rows}
        self._pending.append(known)
        self._note()  # before: a kill in between must not pay for these rows twice
        lines, metadata = [each.line for each in part], {_TOKEN: known["token"]}
        batch = yield from submit(self._plan.sender, lines, batches.WINDOW, metadata)
        known["id"] = batch.id
        self._note()
        under_way[batch.id] = batch, part
        for line in lines:
            line.text = b""  # long, and not needed any more

    def _forget(self, batch_id: str) -> None:
        self._pending = [known for known in self._pending if known["id"] != batch_id]

    def _note(self) -> None:
        if self._output is not None:
            self._output.note(_PENDING, _core.dumps(self._pending))

    # ---- rows ----

    def _to_do(self) -> Iterator[_Asked]:
        plan, hashed, distinct = self._plan, self._plan.hashed(), Distinct(self._plan.source.lines_at)
        for index, row in enumerate(plan.source):
            plan.counts.total += 1
            given = row.text if isinstance(row, BadRow) else row
            error: KimiError | None
            key, error = key_and_error(row, plan.key_of, hashed)
            if error is None and plan.key_of is not None:
                distinct.add(key, index)
            request, line = b"", Line(index, key, given, "")
            if error is None:
                try:
                    arguments = plan.asked(row)
                    request = plan.asked.hash_of(arguments)
                    answer = None if plan.expected is None else plan.expected.row(arguments[0])
                    line = made(plan.sender, index, key, row, arguments, answer)
                except (KimiError, TypeError, ValueError, OverflowError) as wrong:
                    error = (
                        wrong if isinstance(wrong, KimiError) else InvalidRequestError(f"it cannot be sent: {wrong}")
                    )
            if not self._is_to_do(line, request):
                continue
            if error is not None:
                self._end([(Row(key, index, given, error=error), request)])
            elif self._may_cost(line, arguments):
                yield _Asked(line, request)
            else:
                plan.counts.stopped = "budget"
                if plan.counts.total == plan.counts.failed + 1:  # nothing was submitted
                    warn_of_budget(plan.counts, arguments)
                return

    def _is_to_do(self, line: Line, request: bytes) -> bool:
        if self._output is None:
            return True
        fate = self._output.decide(line.key, request, line.input, line.index, self._plan.retry_failed)
        counts = self._plan.counts
        counts.skipped += fate == SKIP
        counts.failed += fate == LEAVE_FAILED
        counts.changed += fate == CHANGED
        return fate not in (SKIP, LEAVE_FAILED)

    def _may_cost(self, line: Line, arguments: tuple[Any, ...]) -> bool:
        """Whether the budgets of run and client allow it."""
        if self._spending is not None and self._spending.begin(need_of(arguments)) is None:
            return False
        try:
            hold(self._plan.sender, line, arguments)
        except BudgetExceededError:
            return False
        self._held.append(line)
        return True

    def _end(self, ended: list[tuple[Row, bytes]]) -> None:
        counts = self._plan.counts
        if self._output is not None:
            self._output.keep(ended)
        else:
            self.given += [row for row, _ in ended]
        for row, _ in ended:
            counts.done += row.error is None
            counts.failed += row.error is not None
            counts.took(row.usage, row.cost)
        self._look()

    def _look(self) -> None:
        self._plan.counts.seconds = time.monotonic() - self._began
        self._tell()

    def close(self) -> None:
        self._plan.source.close()
        release(self._held)
        self._plan.counts.seconds = time.monotonic() - self._began
        if self._output is not None:
            output, self._output = self._output, None
            output.finish()


def _unknown(known: dict[str, Any], said: str) -> str:
    count = len(known["rows"])
    return (
        f"the batch {known['id']} that an earlier start began, with {count} row{'' if count == 1 else 's'}, is not "
        f"known there: {said} With the key and base_url of that start the run goes on. If the batch is gone for good, "
        "retry_failed=True sends its rows again"
    )
