"""What becomes of a row whose attempt failed."""

from __future__ import annotations

from .._values.errors import APIConnectionError, APIError, APIStatusError, APITimeoutError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

ROW, AGAIN, WAIT, RUN = "row", "again", "wait", "run"
"""It is the row's error; it is tried again; it waits with all others; it ends the run."""

_BASE, _CAP, _LONGEST_HINT = 0.5, 8.0, 120.0  # seconds, as the core's own retries (retry.hpp)
_LIMITS = frozenset({"concurrency", "rpm", "tpm", "tpd", "rate_limit", "overload"})
_OF_ALL = frozenset({"quota", "suspended", "key", "no_channel"})
_OF_THE_ROW = frozenset({"content_filter", "context_overflow"})
_STATUSES_OF_TOO_MUCH = frozenset({429, 529})  # 529: the other protocol's word for an overload
_STATUSES_OF_ALL = frozenset({401, 402, 403, 404})


def fate(error: BaseException, retries: int, max_retries: int) -> str:
    """ROW, AGAIN, WAIT or RUN. `retries`: how many there have been, waits not counted."""
    if not isinstance(error, APIError):
        return ROW
    if error.reason in _OF_ALL:
        return RUN
    if error.status_code in _STATUSES_OF_ALL and error.reason not in _OF_THE_ROW:
        return RUN
    if error.status_code in _STATUSES_OF_TOO_MUCH and (error.retryable or error.reason in _LIMITS):
        return WAIT
    if error.retryable and retries < max_retries and (error.retry_after or 0) <= _LONGEST_HINT:
        return AGAIN
    return ROW


def pause(error: BaseException, retries: int, dice: Callable[[], float]) -> float:
    """Seconds until the next attempt: the server's hint, else full jitter."""
    hint = getattr(error, "retry_after", None)
    if hint:
        return float(hint)
    return dice() * min(_CAP, _BASE * 2.0**retries)


def streams_next(error: BaseException) -> bool:
    """Whether a proxy in between did not wait for the whole answer: the next attempt asks for it in pieces."""
    return isinstance(error, APIStatusError) and error.status_code in (504, 524)


def may_be_counted(error: BaseException) -> bool:
    """Whether the provider may have counted this attempt: it has answered, or had the time to."""
    return isinstance(error, APITimeoutError) or not isinstance(error, APIConnectionError)
