"""What is tried again, how often, and what is not."""

from __future__ import annotations

import pytest
from fault_server_client import FaultServer
from kit import KEY, Script, answer, async_kimi, event, frame, kimi, run, ways

import kimistream
from kimistream import APIStatusError, Kimi, RateLimitError


@pytest.mark.parametrize("failure", [408, 409, 429, 500, 502, 503, 504, 529, "reset", "close"])
@pytest.mark.parametrize("use_asyncio", [False, True])
def test_what_is_tried_again(failure: int | str, use_asyncio: bool, fault_server: FaultServer) -> None:
    script = Script()
    for _ in range(2):
        if isinstance(failure, int):
            script.json(failure, {"error": {"message": "busy"}}, {"retry-after-ms": "1"})
        else:
            script = script.sleep(5).reset() if failure == "reset" else script.close()
        script.attempt()
    url = fault_server.url(script.event_stream(answer("there")))

    async def ask() -> kimistream.Message:
        async with async_kimi(url, max_retries=2) as client:
            return await client.stream("hi").message

    message = run(ask()) if use_asyncio else kimi(url, max_retries=2).stream("hi").message
    assert message.text == "there"
    assert [notice.code for notice in message.warnings] == ["retried", "retried"]
    bodies = [request["body"] for request in fault_server.requests(url)]
    assert len(bodies) == 3
    assert bodies[0] == bodies[1] == bodies[2]  # sent whole each time


def test_at_most_max_retries(fault_server: FaultServer) -> None:
    script = Script().json(503, {"error": {"message": "down"}}, {"retry-after-ms": "1"})
    for most in (0, 1, 2):
        url = fault_server.url(script)
        for count, call in enumerate(ways(kimi(url, max_retries=most)), 1):
            with pytest.raises(kimistream.InternalServerError):
                call()
            assert fault_server.attempts(url) == (most + 1) * count
    url = fault_server.url(script)
    with pytest.raises(kimistream.InternalServerError):
        Kimi(KEY, base_url=url).complete("hi")
    assert fault_server.attempts(url) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_what_is_not_tried_again(status: int, fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(status, {"error": {"message": "m"}}))
    with pytest.raises(APIStatusError):
        kimi(url, max_retries=5).stream("hi")
    assert fault_server.attempts(url) == 1


@pytest.mark.parametrize("error", [{"type": "exceeded_current_quota_error", "message": "m"},
                                   {"message": "please check your account balance"}])  # fmt: skip
def test_an_empty_account_is_not_asked_again(error: dict[str, str], fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(429, {"error": error}, {"Retry-After": "0"}))
    with pytest.raises(RateLimitError) as caught:
        kimi(url, max_retries=5).complete("hi")
    assert caught.value.retryable is False
    assert fault_server.attempts(url) == 1


def test_a_stream_that_has_begun_is_not_repeated(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().event_stream([frame("One"), event({"error": {"message": "m", "code": 503}})]))
    with pytest.raises(kimistream.InternalServerError):
        list(kimi(url, max_retries=5).stream("hi"))
    assert fault_server.attempts(url) == 1
