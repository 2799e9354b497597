"""What `map` is given, checked before anything is sent."""

from __future__ import annotations

from .. import _core
from .._requests.arguments import NAMES
from .._requests.spending import Spending, budget_of, model_of
from .._values.bulk import Counts
from .._values.errors import InvalidRequestError
from .keys import Asked, Distinct, Hashed, key_maker, key_name
from .limits import joined, warn_of_tokens
from .output import Output
from .reading import read_rows
from .sources import Source, wrong_row
from .targets import check_failures, check_path, check_source, is_table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Protocol

    from .._values.bulk import Row, Run
    from .._values.message import Usage
    from .item import Answered
    from .limits import Limits
    from .row_answers import RowSchema

    class Keeper(Protocol):
        """What keeps the rows of a run, in place of whoever reads them: see `Output`."""

        paid_tokens: int
        paid_cost: float

        @property
        def dearest(self) -> tuple[int, float | None]: ...
        def decide(self, key: str | int, request: bytes, input: Any, index: int, retry_failed: bool) -> str: ...
        def keep(self, rows: list[tuple[Row, bytes]], answered: Answered = ...) -> None: ...
        def paid(self, usage: Usage, cost: float | None) -> None: ...
        def finish(self) -> None: ...
        def close(self) -> None: ...


DEFAULT_CONCURRENCY = 100


class Plan:
    """A run before it begins: everything that can be known to be wrong has been found."""

    def __init__(
        self,
        sender: Any,
        core: _core.Client,
        rows: Any,
        prompt: Any,
        arguments: tuple[Any, ...],
        *,
        out: Any,
        key: Any,
        concurrency: int | None,
        rpm: int | None,
        tpm: int | None,
        tpd: int | None,
        budget: Any,
        ordered: bool,
        expected: RowSchema | None,
        retry_failed: bool,
        resume: bool,
        limits: Limits | None,
        progress: Any,
        via: str,
        poll: float | None,
    ) -> None:
        _check_way(via, poll, {"concurrency": concurrency, "rpm": rpm, "tpm": tpm, "tpd": tpd, "limits": limits})
        self.via = via
        self.poll = None if poll is None else _checked_poll(poll)
        self.streams: Callable[[Any], bool] = _whole  # whether the answer to a row is asked for in pieces
        self.sender = sender
        self.core = core
        self.out = None if out is None else check_path(out)
        self.limits = joined(limits, rpm, tpm, tpd)
        self.concurrency = _concurrency(concurrency, self.limits)
        self.ordered = _flag("ordered", ordered)
        self.retry_failed = _flag("retry_failed", retry_failed)
        self.resume = _flag("resume", resume)
        self.budget = budget_of(budget, core)
        self.progress = _progress(progress)
        arguments = sender.completed(arguments)
        _core.estimate_tokens(("", *arguments[1:]))  # what is wrong with the options is every row's mistake
        self.arguments = arguments
        warn_of_tokens(self.limits, arguments)
        given = dict(zip(NAMES, arguments, strict=True))
        if given["fields"].get("stream"):
            raise InvalidRequestError("stream=True: map() gives whole answers, leave it out; stream() gives pieces")
        self.price = _core.price_of(core, model_of(arguments))
        self.expected = expected
        self.keeper: Keeper | None = None
        self.asked = Asked(core, prompt, arguments, None if expected is None else expected.wire)
        self.key_of = None if key is None else key_maker(key)
        self.key_name = key_name(key)
        self.key = key
        self.counts = Counts()
        self.source = Source(rows)
        if self.out is not None:
            check_source(self.out, self.source.path)
        if self.source.again is not None and self.key_of is not None:
            _check_keys(self.source.again(), self.key_of)

    def open_output(self) -> Keeper | None:
        if self.out is None:
            return self.keeper
        check_failures(self.out)  # not earlier: another run may have begun since
        return output_of(self.out)(self.out, self.key_name, self.asked, self.resume, self.ordered)

    def spending(self, output: Keeper | None, price: dict[str, Any] | None = None) -> Spending | None:
        """price: in the place of that of single requests."""
        if self.budget is None:
            return None
        price = price or self.price
        if output is None:
            return Spending(self.budget, price, first_alone=True)
        most, dearest = output.dearest
        return Spending(self.budget, price, output.paid_tokens, output.paid_cost, True, most, dearest)

    def hashed(self) -> Hashed:
        return Hashed(lasts=self.out is not None)

    def distinct(self) -> Distinct | None:
        """None where rows have no key of their own, or their keys were looked through before."""
        return None if self.key_of is None or self.source.again is not None else Distinct(self.source.lines_at)

    def run(self, kind: type[Run]) -> Run:
        return kind(self.counts, self.out, self.read_rows)

    def read_rows(self, out: str, failures: bool) -> Iterator[Row]:
        """The rows of `out`, or of its failures file; those of a schema as it has them."""
        for row in read_rows(out, failures):
            if self.expected is not None and row.message is not None and not row.message.tool_calls:
                row.parsed = row.message._parsed = self.expected.read(row.message.text)
            yield row


def check_names(request: dict[str, Any], own: tuple[str, ...]) -> None:
    """Raises TypeError for a misspelt parameter of `map`, which would go into every request: a budget that is misspelt
    is none. No field of the API has a name that is so near to one of these."""
    unknown = [name for name in request if name not in NAMES and name not in own]
    if not unknown:
        return
    from difflib import get_close_matches

    for name in unknown:
        near = get_close_matches(name, own, 1, 0.8)
        if near:
            raise TypeError(
                f"map() has no {name!r}: did you mean {near[0]!r}? A field of your own for the request goes into "
                "extra_body"
            )


def output_of(out: str) -> type[Output]:
    if not is_table(out):
        return Output
    from .table_output import TableOutput

    return TableOutput


def _check_way(via: str, poll: float | None, pace: dict[str, Any]) -> None:
    if via not in ("chat", "batch"):
        raise InvalidRequestError(f'via={via!r} is unknown: use "chat" or "batch"')
    if via == "chat" and poll is not None:
        raise InvalidRequestError('poll= is of via="batch": leave it out')
    given = [f"{name}=" for name, value in pace.items() if value is not None]
    if via == "batch" and given:
        raise InvalidRequestError(
            f'{", ".join(given)} has no effect with via="batch", whose pace is the provider\'s: leave it out'
        )


def _checked_poll(poll: Any) -> float | None:
    from .batches.job import checked_poll

    return checked_poll(poll)


def _concurrency(given: int | None, limits: Limits) -> int:
    if given is not None:
        if isinstance(given, bool) or not isinstance(given, int):
            raise TypeError(f"concurrency must be an int, not {type(given).__name__}")
        if given < 1:
            raise InvalidRequestError("concurrency must be at least 1")
    both = [most for most in (given, limits.concurrency) if most is not None]
    return min(both) if both else DEFAULT_CONCURRENCY


def _whole(row: Any) -> bool:
    """No answer is asked for in pieces, which would cost more."""
    return False


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, not {type(value).__name__}")
    return value


def _progress(progress: Any) -> Callable[[Run], object] | None:
    if progress is None or progress is False:
        return None
    if not callable(progress):
        raise TypeError("progress must be None, False or a function that is given the Run")
    return progress  # type: ignore[no-any-return]


def _check_keys(rows: Any, key_of: Callable[[Any], Any]) -> None:
    distinct = Distinct()
    for index, row in enumerate(rows):
        if wrong_row(row) is None:
            try:
                key = key_of(row)
            except InvalidRequestError:
                continue  # that row's error
            distinct.add(key, index)
