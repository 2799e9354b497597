"""What a failed attempt means for its row and for the run."""

from __future__ import annotations

import pytest

from kimistream import APIConnectionError, APIStatusError, APITimeoutError, IncompleteStreamError, InvalidRequestError
from kimistream._bulk.retries import AGAIN, ROW, RUN, WAIT, fate, may_be_counted, pause, streams_next


def status(code: int, reason: str | None = None, retryable: bool = False, **more: float) -> APIStatusError:
    return APIStatusError("refused", status_code=code, reason=reason, retryable=retryable, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (status(400), ROW),
        (status(413), ROW),
        (status(422), ROW),
        (status(400, "content_filter"), ROW),
        (status(403, "content_filter"), ROW),
        (status(400, "context_overflow"), ROW),
        (InvalidRequestError("wrong"), ROW),
        (status(401), RUN),
        (status(403), RUN),
        (status(404), RUN),
        (status(402, "quota"), RUN),
        (status(429, "quota"), RUN),
        (status(429, "suspended"), RUN),
        (status(503, "no_channel"), RUN),
        (status(429, "concurrency", True), WAIT),
        (status(429, "tpd", True), WAIT),
        (status(429, "overload", True), WAIT),
        (status(429, None, True), WAIT),
        (status(529, "overload", True), WAIT),
        (status(503, "overload", True), AGAIN),
        (status(500, None, True), AGAIN),
        (status(500, None, True, retry_after=3600), ROW),
        (APIConnectionError("no answer", retryable=True), AGAIN),
        (APITimeoutError("late", retryable=True), AGAIN),
        (IncompleteStreamError("cut", retryable=True), AGAIN),
    ],
)
def test_fates(error: Exception, expected: str) -> None:
    assert fate(error, 0, 2) == expected
    if expected == AGAIN:
        assert fate(error, 2, 2) == ROW  # the last of them is the row's


def test_pauses() -> None:
    assert pause(status(500, retry_after=7), 0, lambda: 0.5) == 7
    assert [pause(status(500), retries, lambda: 1.0) for retries in (0, 1, 2, 10)] == [0.5, 1.0, 2.0, 8.0]


def test_what_a_provider_may_have_counted() -> None:
    assert may_be_counted(status(500))
    assert may_be_counted(APITimeoutError("late"))
    assert not may_be_counted(APIConnectionError("refused"))


def test_after_a_proxys_time_out_the_answer_is_asked_for_in_pieces() -> None:
    assert streams_next(status(504))
    assert streams_next(status(524))
    assert not streams_next(status(500))
