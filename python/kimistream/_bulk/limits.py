"""How much may go out at once and in a window, for all who share it. The core keeps them."""

from __future__ import annotations

from .. import _core
from .._requests.spending import USUAL_MAX_TOKENS, answer_need
from .._values.errors import InvalidRequestError, warn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._values.bulk import Counts

_NAMES = ("concurrency", "rpm", "tpm", "tpd")


class Limits:
    """Limits that runs, clients and threads may share. None: not limited; the provider's own are then found.

    concurrency  requests under way at once
    rpm          requests in any minute
    tpm, tpd     tokens in any minute, any 24 hours: of a request its prompt (estimated) and max_tokens, corrected by
                 the usage of its answer. Without max_tokens 32,768 are reckoned

    A window counts a request from its answer's head on, which is not earlier than where the provider counts it. Runs
    that share one are served in turn. It is a value, and pickles as its numbers: a copy shares nothing.
    """

    __slots__ = ("_shared", "concurrency", "rpm", "tpd", "tpm")

    def __init__(
        self, concurrency: int | None = None, rpm: int | None = None, tpm: int | None = None, tpd: int | None = None
    ) -> None:
        numbers = (concurrency, rpm, tpm, tpd)
        for name, value in zip(_NAMES, numbers, strict=True):
            _check(name, value)
        self.concurrency = concurrency
        self.rpm = rpm
        self.tpm = tpm
        self.tpd = tpd
        self._shared = _core.Limits(*numbers)

    def __repr__(self) -> str:
        given = [f"{name}={getattr(self, name)}" for name in _NAMES if getattr(self, name) is not None]
        return f"Limits({', '.join(given)})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Limits):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in _NAMES)

    def __hash__(self) -> int:
        return hash(self.__reduce__())

    def __reduce__(self) -> tuple[Any, ...]:
        return Limits, tuple(getattr(self, name) for name in _NAMES)


def _check(name: str, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int or None, not {type(value).__name__}")
    if value < 1:
        raise InvalidRequestError(f"{name} must be at least 1; None stands for no limit")


def warn_of_tokens(limits: Limits, arguments: tuple[Any, ...]) -> None:
    """One request that is reckoned with more tokens than a window has goes out alone, and nobody would know why."""
    each = answer_need(arguments)
    for name, window in (("tpm", "minute"), ("tpd", "day")):
        most = getattr(limits, name)
        if most is not None and each > most:
            warn(
                f"{name}={most}: each request is reckoned with its prompt and {each} tokens of answer, so one goes out "
                f"each {window}. Pass max_tokens: without it {USUAL_MAX_TOKENS} are reckoned",
                stacklevel=2,
            )


def warn_of_budget(counts: Counts, arguments: tuple[Any, ...]) -> None:
    """A run that its budget stops before the first answer: nobody would know for what a request is taken. Behind an
    answer nothing is said: with another max_tokens that row would be asked again."""
    if not counts.done and not counts.skipped:
        warn(
            "what is left of the budget is less than one request could cost: each is reckoned with its prompt and "
            f"{answer_need(arguments)} tokens of answer. Pass a smaller max_tokens (without it {USUAL_MAX_TOKENS} are "
            "reckoned), or a larger budget",
            stacklevel=2,
        )


def joined(limits: Limits | None, rpm: int | None, tpm: int | None, tpd: int | None) -> Limits:
    """The limits of a run: those that are shared, or its own."""
    if limits is None:
        return Limits(rpm=rpm, tpm=tpm, tpd=tpd)
    if not isinstance(limits, Limits):
        raise TypeError(f"limits must be kimistream.Limits, not {type(limits).__name__}")
    given = [name for name, value in (("rpm", rpm), ("tpm", tpm), ("tpd", tpd)) if value is not None]
    if given:
        raise InvalidRequestError(f"give {' and '.join(given)} either to map() or to Limits(), not beside limits=")
    return limits
