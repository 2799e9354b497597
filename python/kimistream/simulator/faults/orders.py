"""Faults to order: by option for the whole simulator, by request header for one request. The header comes first.

X-Simulate-Error: 429            this request fails; a status or a name of errors.FAILURES ("quota", "overloaded")
X-Simulate-Error: 429*2          the first two requests with this header fail, later ones succeed;
                                 text after ";" is ignored and makes the header another one: "429*2;case 7"
X-Simulate-Retry-After: 0.5      Retry-After of the failure, sent as it is
X-Simulate-Stall: 2              seconds of silence after the response's head
X-Simulate-Stall: 2@5            ... after five frames; "2@head" before the response's head
X-Simulate-Cut: 5                the connection is closed after five frames; without a stream, before the response
X-Simulate-Midstream-Error: 500  an error frame in the stream after three frames; "500@5" after five
X-Simulate-Quirks: crlf,no-done  names in quirks.QUIRKS, in place of those of the option
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
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
_MIDSTREAM = re.compile(r"\s*(\w+)\s*(?:@\s*(\d{1,9}))?\s*")
_CUT = re.compile(r"\s*(\d{1,9})\s*")


@dataclass(frozen=True)
class Faults:
    """What goes wrong with one request. Positions count frames already sent; None where nothing is ordered."""

    stall: float = 0.0
    stall_at: int | None = None
    cut_at: int | None = None
    error: Failure | None = None
    error_at: int | None = None
    quirks: tuple[Quirk, ...] = ()

    @property
    def stalls_before_head(self) -> bool:
        return self.stall_at == _BEFORE_HEAD


class ErrorOrders:
    """Remembers how often an ordered error has been given. `standing` holds for every request: Simulator(error=...)."""

    def __init__(self, dialect: Dialect, standing: int | str | None) -> None:
        self._dialect = dialect
        self._standing = None if standing is None else str(standing)
        self._given: Counter[str] = Counter()
        if self._standing is not None:
            _parse_error(self._standing)

    def reset(self) -> None:
        self._given.clear()

    def raise_ordered(self, headers: Mapping[str, str]) -> None:
        """Raise the Refusal that this request was ordered to get, if any."""
        for source, order in (("header", headers.get("X-Simulate-Error")), ("option", self._standing)):
            if order is None:
                continue
            try:
                name, times = _parse_error(order)
            except ValueError as error:
                raise invalid(str(error)) from None
            key = f"{source}:{order.strip()}"
            self._given[key] += 1
            if times is None or self._given[key] <= times:
                failure = named_failure(self._dialect, name)
                raise Refusal(_with_retry_after(failure, headers.get("X-Simulate-Retry-After")))


def _parse_error(order: str) -> tuple[str, int | None]:
    """Which failure, and how often it is to be given, None for always."""
    match = _ERROR.fullmatch(order)
    if match is None or match[1] not in FAILURES:
        raise ValueError(f"unknown simulated error {order!r}: one of {', '.join(FAILURES)}, or such a one with *TIMES")
    return match[1], None if match[2] is None else int(match[2])


def _with_retry_after(failure: Failure, seconds: str | None) -> Failure:
    return failure if seconds is None else replace(failure, headers={**failure.headers, "Retry-After": seconds})


def read_faults(headers: Mapping[str, str], dialect: Dialect) -> Faults:
    """The faults ordered for a request; a header that cannot be read is refused, so that no test passes by a typo."""
    stall = _match(headers, "X-Simulate-Stall", _STALL)
    cut = _match(headers, "X-Simulate-Cut", _CUT)
    midstream = _match(headers, "X-Simulate-Midstream-Error", _MIDSTREAM)
    if midstream is not None and midstream[1] not in FAILURES:
        raise invalid(f"X-Simulate-Midstream-Error: unknown error {midstream[1]!r}, known are {', '.join(FAILURES)}")
    named = headers.get("X-Simulate-Quirks", "").replace(",", " ").split()
    try:
        quirks = find_quirks([*dialect.quirks, *named])
    except ValueError as unknown:
        raise invalid(f"X-Simulate-Quirks: {unknown}") from None
    return Faults(
        stall=min(float(stall[1]), MAX_STALL) if stall else 0.0,
        stall_at=(_BEFORE_HEAD if stall[2] == "head" else int(stall[2] or 0)) if stall else None,
        cut_at=int(cut[1]) if cut else None,
        error=named_failure(dialect, midstream[1]) if midstream else None,
        error_at=int(midstream[2] or 3) if midstream else None,
        quirks=quirks,
    )


def _match(headers: Mapping[str, str], name: str, rule: re.Pattern[str]) -> re.Match[str] | None:
    value = headers.get(name)
    if value is None:
        return None
    match = rule.fullmatch(value)
    if match is None:
        raise invalid(f"{name}: cannot read {value!r}")
    return match


def standing_orders(options: Mapping[str, object]) -> dict[str, str]:
    """Options that are not None, as the headers that mean the same. ValueError for one that cannot be read."""
    orders = {name: str(value) for name, value in options.items() if value is not None}
    for name, rule in (
        ("X-Simulate-Stall", _STALL),
        ("X-Simulate-Cut", _CUT),
        ("X-Simulate-Midstream-Error", _MIDSTREAM),
    ):
        match = rule.fullmatch(orders.get(name, "")) if name in orders else None
        if name in orders and match is None:
            raise ValueError(f"{name.removeprefix('X-Simulate-').lower()}: cannot read {orders[name]!r}")
    midstream = _MIDSTREAM.fullmatch(orders.get("X-Simulate-Midstream-Error", ""))
    if midstream is not None and midstream[1] not in FAILURES:
        raise ValueError(f"unknown simulated error {midstream[1]!r}: one of {', '.join(FAILURES)}")
    find_quirks(orders.get("X-Simulate-Quirks", "").split())
    return orders
