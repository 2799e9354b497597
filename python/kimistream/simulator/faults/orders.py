"""Faults to order: by option for the whole simulator, by request header for one request. The header comes first.

X-Simulate-Error: 429            this request fails; a status or a name of errors.FAILURES ("quota", "overloaded")
X-Simulate-Continuation-Error: 400   the same, where the caller has begun the answer and wants it continued
X-Simulate-Retry-After: 0.5      Retry-After of the failure, sent as it is
X-Simulate-Stall: 2              seconds of silence after the response's head
X-Simulate-Stall: 2@5            ... after five frames; "2@head" before the response's head
X-Simulate-Cut: 5                the answer breaks after five frames; without a stream, before the response
X-Simulate-Cut: 120b             ... after 120 bytes of its body
X-Simulate-Cut: 5 rst            ... with a reset; "silence" keeps the connection and says nothing more, "error" ends
                                 with the dialect's error frame, "done" with its end marker and no finish reason
X-Simulate-Midstream-Error: 500  an error frame ends the stream after three frames; "500@5" after five
X-Simulate-Quirks: crlf,no-done  names in quirks.QUIRKS, in place of those of the option

Errors and cuts may say how often: "429*2", "5*1", "120b*1 rst" hold for the first one or two requests with this header,
later ones go well. Text behind ";" is ignored and makes the header another one: "429*2;case 7".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..framing.envelope import named_failure
from ..values.failures import FAILURES, Failure, Refusal, invalid
from .quirks import Quirk, find_quirks

if TYPE_CHECKING:
    from ..dialects.dialect import Dialect

MAX_STALL = 3600.0  # seconds
_BEFORE_HEAD = -1
_ERROR = re.compile(r"\s*(\w+)\s*(?:\*\s*(\d{1,9}))?\s*(?:;.*)?")
_STALL = re.compile(r"\s*(\d{1,5}(?:\.\d{1,6})?)\s*(?:@\s*(\d{1,9}|head))?\s*")
_MIDSTREAM = re.compile(r"\s*(\w+)\s*(?:@\s*(\d{1,9}))?\s*(?:\*\s*(\d{1,9}))?\s*(?:;.*)?")
_CUT = re.compile(r"\s*(\d{1,9})(b?)(?:\s*\*\s*(\d{1,9}))?(?:\s+(fin|rst|silence|error|done))?\s*(?:;.*)?")


@dataclass(frozen=True)
class Cut:
    """Where an answer breaks, and how.

    at     frames that have been sent before; bytes of the body where `bytes` is set
    how    "fin" and "rst" end the connection, "silence" keeps it; "error" and "done" end the stream with a frame
    error  what that frame says
    """

    at: int
    bytes: bool = False
    how: str = "fin"
    error: Failure | None = None

    @property
    def is_of_the_connection(self) -> bool:
        """Not of the stream alone."""
        return self.how in ("fin", "rst", "silence")


@dataclass(frozen=True)
class Faults:
    """What goes wrong with one request. `stall_at` counts frames already sent; None where nothing is ordered."""

    stall: float = 0.0
    stall_at: int | None = None
    cuts: tuple[Cut, ...] = ()
    quirks: tuple[Quirk, ...] = ()

    @property
    def stalls_before_head(self) -> bool:
        return self.stall_at == _BEFORE_HEAD


class Orders:
    """Reads a request's orders, and remembers how often they have been carried out.

    errors  orders for every request beside those of its headers, by the header that orders the same for one
    """

    def __init__(self, dialect: Dialect, errors: Mapping[str, object]) -> None:
        self._dialect = dialect
        self._errors = {name: str(order) for name, order in errors.items() if order is not None}
        self._given: Counter[str] = Counter()
        for order in self._errors.values():
            _parse_error(order)

    def reset(self) -> None:
        self._given.clear()

    def raise_ordered(self, headers: Mapping[str, str], name: str = "X-Simulate-Error") -> None:
        """Raise the Refusal that this request was ordered to get by that header, or by the option that means it."""
        for source, order in (("header", headers.get(name)), ("option", self._errors.get(name))):
            if order is None:
                continue
            try:
                which, times = _parse_error(order)
            except ValueError as error:
                raise invalid(str(error)) from None
            if self._is_due(f"{source} {name}: {order.strip()}", times):
                failure = named_failure(self._dialect, which)
                raise Refusal(with_retry_after(failure, headers.get("X-Simulate-Retry-After")))

    def raise_ordered_for_continuations(self, headers: Mapping[str, str]) -> None:
        """The same for a request that wants an answer continued."""
        self.raise_ordered(headers, "X-Simulate-Continuation-Error")

    def faults(self, headers: Mapping[str, str]) -> Faults:
        """What else is ordered; a header that cannot be read is refused, so that no test passes by a typo."""
        stall = _match(headers, "X-Simulate-Stall", _STALL)
        named = headers.get("X-Simulate-Quirks", "").replace(",", " ").split()
        try:
            quirks = find_quirks([*self._dialect.quirks, *named])
        except ValueError as unknown:
            raise invalid(f"X-Simulate-Quirks: {unknown}") from None
        return Faults(
            stall=min(float(stall[1]), MAX_STALL) if stall else 0.0,
            stall_at=(_BEFORE_HEAD if stall[2] == "head" else int(stall[2] or 0)) if stall else None,
            cuts=tuple(self._cuts(headers)),
            quirks=quirks,
        )

    def _cuts(self, headers: Mapping[str, str]) -> Iterator[Cut]:
        for name, rule, read in (
            ("X-Simulate-Cut", _CUT, _read_cut),
            ("X-Simulate-Midstream-Error", _MIDSTREAM, _read_midstream),
        ):
            match = _match(headers, name, rule)
            if match is None:
                continue
            try:
                cut, times = read(match, self._dialect)
            except ValueError as error:
                raise invalid(f"{name}: {error}") from None
            if self._is_due(f"{name}: {match[0].strip()}", times):
                yield cut

    def _is_due(self, order: str, times: int | None) -> bool:
        """Counts an order; whether it still holds."""
        self._given[order] += 1
        return times is None or self._given[order] <= times


def _parse_error(order: str) -> tuple[str, int | None]:
    """Which failure, and how often it is to be given, None for always."""
    match = _ERROR.fullmatch(order)
    if match is None or match[1] not in FAILURES:
        raise ValueError(f"unknown simulated error {order!r}: one of {', '.join(FAILURES)}, or such a one with *TIMES")
    return match[1], None if match[2] is None else int(match[2])


def _read_cut(match: re.Match[str], dialect: Dialect) -> tuple[Cut, int | None]:
    """The cut, and how often it is to be made, None for always."""
    cut = Cut(int(match[1]), bool(match[2]), match[4] or "fin", named_failure(dialect, "500"))
    if cut.bytes and not cut.is_of_the_connection:
        raise ValueError(f"{cut.how!r} is a frame, and no frame begins within another: count frames, not bytes")
    return cut, None if match[3] is None else int(match[3])


def _read_midstream(match: re.Match[str], dialect: Dialect) -> tuple[Cut, int | None]:
    """The same for an error that is named."""
    if match[1] not in FAILURES:
        raise ValueError(f"unknown error {match[1]!r}, known are {', '.join(FAILURES)}")
    cut = Cut(int(match[2] or 3), how="error", error=named_failure(dialect, match[1]))
    return cut, None if match[3] is None else int(match[3])


def with_retry_after(failure: Failure, seconds: str | None) -> Failure:
    return failure if seconds is None else replace(failure, headers={**failure.headers, "Retry-After": seconds})


def _match(headers: Mapping[str, str], name: str, rule: re.Pattern[str]) -> re.Match[str] | None:
    value = headers.get(name)
    if value is None:
        return None
    match = rule.fullmatch(value)
    if match is None:
        raise invalid(f"{name}: cannot read {value!r}")
    return match


def standing_orders(options: Mapping[str, object], dialect: Dialect) -> dict[str, str]:
    """Options that are not None, as the headers that mean the same. ValueError for one that cannot be read."""
    orders = {name: str(value) for name, value in options.items() if value is not None}
    try:
        Orders(dialect, {}).faults(orders)
    except Refusal as refusal:
        raise ValueError(refusal.failure.message) from None
    return orders
