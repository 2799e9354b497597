"""What Ray Data calls with its batches."""

from __future__ import annotations

import asyncio
import hashlib

from .. import _core
from .._bulk.keys import key_maker
from .._bulk.limits import Limits
from .._bulk.parquet import library
from .._bulk.plain import plain_json
from .._clients.async_kimi import AsyncKimi
from .._requests.spending import answer_need
from .._values.errors import InvalidRequestError
from .asking import Asking, Place
from .batches import rows_of, with_lines
from .ledger import FolderLedger
from .lending import lender_of_the_job
from .lines import Lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from typing import Any

    from .lending import Lender

_NAMES = ("concurrency", "rpm", "tpm", "tpd")
_OTHERS = {
    "budget": "each actor's own is its client's: client={'budget': ...}",
    "via": 'batches answer a whole file of rows, and long after Ray\'s batch: use client.map(via="batch")',
}


class Mapper:
    """Asks the same of the rows of each batch, as `client.map` does; `map_batches` makes one for each actor.

    prompt, key, schema, request   as of `client.map`; all that is named here must pickle
    client       arguments of `AsyncKimi`, as a dict; a budget is each actor's own
    concurrency  requests at once, over all batches that the actor has
    limits       `Limits` or a dict of its numbers, for all actors together: they take places from one pool, so that one
                 that has no rows leaves its share to the others. `actors=n` divides them by n instead
    ledger       a folder, which all machines share: each actor writes a file there, and rows that any of them has
                 answered are not sent again. It needs `key`
    json_column  a column that holds each row as JSON text, read as `client.map` reads a line

    It takes pyarrow tables, pandas' and dicts of numpy arrays, and gives a pyarrow table: the columns of the batch, and
    those of a line. Made on one thread it may be called on another.

    Raises InvalidRequestError and TypeError when it is made; of batches only what no row has to do with, such as the
    OSError of a full disk.
    """

    def __init__(
        self,
        prompt: Any = None,
        *,
        key: str | Callable[[Any], Any] | None = None,
        ledger: str | None = None,
        limits: Limits | dict[str, int | None] | None = None,
        actors: int | None = None,
        client: dict[str, Any] | None = None,
        concurrency: int = 100,
        json_column: str | None = None,
        **request: Any,
    ) -> None:
        library()
        if ledger is not None and key is None:
            raise InvalidRequestError("ledger= needs key=: equal rows cannot be counted across actors")
        self._key_of = None if key is None else key_maker(key)
        self._json_column = json_column
        _refuse_others(request)
        self._client = AsyncKimi(**(client or {}))
        numbers = _numbers(limits)
        name = hashlib.sha256(self._client.base_url.encode()).hexdigest()[:12]
        self._lender = lender_of_the_job(numbers, name) if numbers and actors is None else None
        if self._lender is not None:
            numbers = {}
        shared = {name: max(1, number // (actors or 1)) for name, number in numbers.items()}
        shared["concurrency"] = min(concurrency, shared.get("concurrency", concurrency))
        self._options = {"prompt": prompt, "limits": Limits(**shared), "progress": False, **request}
        plan = self._plan([])
        self._asked, self._arguments = plan.asked, plan.arguments
        self._most_tokens = answer_need(plan.arguments)
        self._ledger = None if ledger is None else FolderLedger(ledger)
        self._asking: Asking | None = None

    def _plan(self, rows: Any) -> Any:
        return self._client._plan(rows, **self._options)

    async def __call__(self, batch: Any) -> AsyncIterator[Any]:
        rows = rows_of(batch, self._json_column)
        if self._ledger is not None:
            self._ledger.look_around()
        lines = Lines(rows, self._key_of, self._asked, self._ledger)
        if self._lender is None:
            await self._run().ask([Place(lines, number) for number in lines.to_ask])
        elif lines.to_ask:
            await self._lender.while_alive(self._ask_as_there_are_places(lines, self._lender))
        yield with_lines(batch, lines.whole())

    def _run(self) -> Asking:
        """The run that takes rows on this loop."""
        asking = self._asking
        if asking is None or asking.is_over or asking.loop is not asyncio.get_running_loop():
            asking = self._asking = Asking(self._plan, self._ledger)
        return asking

    async def _ask_as_there_are_places(self, lines: Lines, lender: Lender) -> None:
        numbers, under_way = lines.to_ask, []
        tokens = [self._tokens(lines.rows[number]) for number in numbers]
        while numbers:
            given = await lender.take(tokens)
            places = [
                Place(lines, number, lender.giver_back(reserved))
                for number, reserved in zip(numbers[:given], tokens, strict=False)
            ]
            under_way.append(asyncio.ensure_future(self._run().ask(places)))
            numbers, tokens = numbers[given:], tokens[given:]
        await asyncio.gather(*under_way)

    def _tokens(self, row: Any) -> int:
        """What its request is reckoned at, before it is known."""
        text = row if isinstance(row, str) else plain_json(row)
        return _core.estimate_tokens((text, *self._arguments[1:])) + self._most_tokens


def _refuse_others(request: dict[str, Any]) -> None:
    """What `client.map` takes, and a Mapper does not."""
    for name, words in _OTHERS.items():
        if name in request:
            raise InvalidRequestError(f"{name}= is not taken here: {words}")


def _numbers(limits: Limits | dict[str, int | None] | None) -> dict[str, int]:
    if limits is None:
        return {}
    known = Limits(**limits) if isinstance(limits, dict) else limits
    if not isinstance(known, Limits):
        raise TypeError(f"limits must be kimistream.Limits or a dict, not {type(limits).__name__}")
    return {name: getattr(known, name) for name in _NAMES if getattr(known, name) is not None}
