"""What is raised when the server says no: the class, when it comes, and what it knows."""

from __future__ import annotations

import copy
import pickle
import traceback
from typing import Any

import pytest
from fault_server_client import FaultServer
from kit import DONE, KEY, Script, async_kimi, event, frame, kimi, ways

import kimistream
from kimistream import APIError, APIStatusError, Headers, RateLimitError

CLASSES = {
    400: kimistream.BadRequestError,
    401: kimistream.AuthenticationError,
    402: APIStatusError,
    403: kimistream.PermissionDeniedError,
    404: kimistream.NotFoundError,
    409: kimistream.ConflictError,
    413: APIStatusError,
    418: APIStatusError,
    422: kimistream.UnprocessableEntityError,
    429: RateLimitError,
    500: kimistream.InternalServerError,
    502: kimistream.InternalServerError,
    503: kimistream.InternalServerError,
    529: kimistream.InternalServerError,
    599: kimistream.InternalServerError,
}
PARENTS = {
    "KimiError": Exception,
    "APIError": kimistream.KimiError,
    "APIConnectionError": APIError,
    "APITimeoutError": kimistream.APIConnectionError,
    "APIStatusError": APIError,
    "IncompleteStreamError": APIError,
    **{cls.__name__: APIStatusError for cls in CLASSES.values() if cls is not APIStatusError},
}
ASKED: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}]}


@pytest.mark.parametrize(("name", "parent"), PARENTS.items())
def test_the_tree(name: str, parent: type) -> None:
    assert getattr(kimistream, name).__mro__[1] is parent


@pytest.mark.parametrize(("status", "cls"), CLASSES.items())
def test_the_class_of_a_status(status: int, cls: type[APIStatusError], fault_server: FaultServer) -> None:
    body = {"error": {"message": "No, because.", "type": "some_type", "code": "some_code", "param": "model"}}
    url = fault_server.url(Script().json(status, body, {"X-Request-Id": "req-9", "X-Two": "2"}))
    for call in ways(kimi(url)):
        with pytest.raises(APIStatusError) as caught:  # raised in the call, not while reading
            call()
        error: Any = caught.value
        assert type(error) is cls
        assert "No, because." in error.message
        assert str(error) == error.message
        assert (error.status_code, error.type, error.code, error.param) == (status, "some_type", "some_code", "model")
        assert (error.body, error.request_id, error.partial) == (body["error"], "req-9", None)
        assert isinstance(error.headers, Headers)
        assert error.headers["x-two"] == error.headers["X-TWO"] == "2"
        assert error.retryable is (status in (409, 429, 500, 502, 503, 529))
        assert error.retry_after is None


@pytest.mark.parametrize(
    ("body", "content_type", "seen", "fields"),
    [
        (b'{"error":{"message":"m","type":"t","code":1234}}', "application/json",
         {"message": "m", "type": "t", "code": 1234}, ("t", 1234, None)),
        (b'{"error":{"message":"m","param":null}}', "application/json", {"message": "m", "param": None},
         (None, None, None)),
        (b'{"object":"error","message":"m","type":"BadRequestError","param":"x","code":400}', "application/json",
         {"object": "error", "message": "m", "type": "BadRequestError", "param": "x", "code": 400},
         ("BadRequestError", 400, "x")),
        (b'{"error":"only text"}', "application/json", "only text", (None, None, None)),
        (b'{"detail":"m"}', "application/json", {"detail": "m"}, (None, None, None)),
        (b'{"error":null,"message":"m"}', "application/json", {"error": None, "message": "m"}, (None, None, None)),
        (b"<html>Bad gateway</html>", "text/html", "<html>Bad gateway</html>", (None, None, None)),
        (b"[1, 2]", "application/json", [1, 2], (None, None, None)),
        (b'{"error": {"mess', "application/json", '{"error": {"mess', (None, None, None)),
        (b"", None, None, (None, None, None)),
    ],
)  # fmt: skip
def test_bodies(
    body: bytes, content_type: str | None, seen: Any, fields: tuple[Any, ...], fault_server: FaultServer
) -> None:
    """As openai has it: the inner object where there is one, else the whole JSON, else text."""
    url = fault_server.url(Script().respond(400, body, content_type))
    with pytest.raises(kimistream.BadRequestError) as caught:
        kimi(url).complete("hi")
    assert caught.value.body == seen
    assert (caught.value.type, caught.value.code, caught.value.param) == fields
    assert "400" in caught.value.message


def test_an_error_status_with_an_event_stream_for_a_body(fault_server: FaultServer) -> None:
    body = event({"error": {"message": "too many", "type": "rate_limit_reached_error"}})
    with pytest.raises(RateLimitError, match="too many") as caught:
        kimi(fault_server.url(Script().respond(429, body, "text/event-stream"))).stream("hi")
    assert caught.value.type == "rate_limit_reached_error"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"Retry-After": "7"}, 7), ({"Retry-After": "0.5"}, 0.5), ({"retry-after-ms": "1500"}, 1.5),
     ({"Retry-After": "0"}, 0),
     ({"Retry-After": "-3"}, None), ({"Retry-After": "nan"}, None), ({"Retry-After": "soon"}, None),
     ({"Retry-After": "9" * 40}, None), ({"Retry-After": ""}, None),
     ({"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"}, None)],
)  # fmt: skip
def test_retry_after(headers: dict[str, str], seconds: float | None, fault_server: FaultServer) -> None:
    with pytest.raises(RateLimitError) as caught:
        kimi(fault_server.url(Script().json(429, {"error": {"message": "m"}}, headers))).complete("hi")
    if headers.get("Retry-After", "").startswith("9"):
        assert caught.value.retry_after is None or caught.value.retry_after > 1e30
    else:
        assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    ("error", "cls", "status"),
    [
        ({"message": "m", "code": 429}, RateLimitError, 429),
        ({"message": "m", "code": "502"}, kimistream.InternalServerError, 502),
        ({"message": "m", "type": "invalid_request_error"}, kimistream.BadRequestError, 400),
        ({"message": "m", "type": "rate_limit_reached_error"}, RateLimitError, 429),
        ({"message": "m", "type": "overloaded_error"}, kimistream.InternalServerError, 529),
        ({"message": "m", "type": "never heard of"}, APIError, None),
        ("only text", APIError, None),
    ],
)
def test_an_error_frame_in_a_stream(
    error: Any, cls: type[APIError], status: int | None, fault_server: FaultServer
) -> None:
    """It raises the class of the status that it carries, with what had come, after what had come."""
    frames = [frame("One "), frame("two"), event({"error": error}), DONE]
    url = fault_server.url(Script().event_stream(frames, headers={"X-Request-Id": "req-3"}))
    stream = kimi(url).stream("hi")
    got = []
    with pytest.raises(APIError) as caught:
        got.extend(stream.text)
    assert got == ["One ", "two"]
    assert type(caught.value) is cls
    assert (caught.value.status_code, caught.value.request_id, caught.value.body) == (status, "req-3", error)
    assert caught.value.partial is not None
    assert (caught.value.partial.text, caught.value.partial.finish_reason) == ("One two", None)
    chunks = kimi(url).chat.completions.create(stream=True, **ASKED)
    with pytest.raises(cls) as second:
        list(chunks)
    assert second.value.partial is not None
    assert second.value.partial.text == "One two"


def test_an_error_frame_before_anything_else(fault_server: FaultServer) -> None:
    frames = [b"event: error\n" + event({"error": {"message": "m", "code": 503}})]
    stream = kimi(fault_server.url(Script().event_stream(frames))).stream("hi")  # the head is that of an answer
    with pytest.raises(kimistream.InternalServerError) as caught:
        next(stream)
    assert caught.value.partial is None


@pytest.mark.parametrize("body", [{"error": {"message": "inside 200", "code": 429}},
                                  {"object": "error", "message": "inside 200", "code": 429}])  # fmt: skip
def test_an_error_inside_http_200(body: dict[str, Any], fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, body))
    client = kimi(url)
    with pytest.raises(RateLimitError, match="inside 200"):
        client.complete("hi")
    with pytest.raises(RateLimitError, match="inside 200"):
        client.chat.completions.create(**ASKED)
    with pytest.raises(RateLimitError, match="inside 200"):
        list(client.stream("hi"))


def test_nobody_listens() -> None:
    for call in ways(kimi("http://127.0.0.1:1/v1")):
        with pytest.raises(kimistream.APIConnectionError) as caught:
            call()
        assert type(caught.value) is kimistream.APIConnectionError
        assert caught.value.status_code is None
        assert (caught.value.body, caught.value.request_id, caught.value.partial) == (None, None, None)
        assert len(caught.value.headers) == 0
        assert caught.value.retryable is True


def test_a_connection_that_breaks_before_the_head(fault_server: FaultServer) -> None:
    for script in (Script().close(), Script().sleep(20).reset(), Script().send(b"HTTP/1.1 200 OK\r\nX: y").close(),
                   Script().send(b"\0\1\2 not HTTP\r\n\r\n").close()):  # fmt: skip
        with pytest.raises(kimistream.APIConnectionError):
            kimi(fault_server.url(script)).stream("hi")


# ---- as values -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy])
def test_errors_can_be_copied(way: Any, fault_server: FaultServer) -> None:
    frames = [frame("One"), event({"error": {"message": "m", "code": 429, "param": "p"}})]
    stream = kimi(fault_server.url(Script().event_stream(frames, headers={"X-Request-Id": "req-3"}))).stream("hi")
    with pytest.raises(RateLimitError) as caught:
        list(stream)
    twin = way(caught.value)
    assert type(twin) is RateLimitError
    assert str(twin) == str(caught.value)
    for name in (
        "message",
        "status_code",
        "type",
        "code",
        "param",
        "body",
        "request_id",
        "retryable",
        "retry_after",
        "partial",
    ):
        assert getattr(twin, name) == getattr(caught.value, name), name
    assert dict(twin.headers) == dict(caught.value.headers)


def test_errors_can_be_made_by_hand() -> None:
    error = RateLimitError("slow down", status_code=429, body={"type": "t", "code": 1})
    assert (error.message, error.status_code, error.type, error.code, error.param) == ("slow down", 429, "t", 1, None)
    assert (error.request_id, error.partial, error.retryable, error.retry_after) == (None, None, False, None)


# ---- the key ---------------------------------------------------------------------------------------------------------


def test_the_key_is_never_shown(
    fault_server: FaultServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not even where the server quotes it."""
    caplog.set_level(0)
    quote = f"Incorrect API key provided: {KEY}"
    body = {"error": {"message": quote, "type": KEY, "code": KEY, "param": KEY}}
    in_frame = [frame("x"), event(body)]
    scripts = [
        Script().json(401, body, {"X-Echo": f"Bearer {KEY}"}),
        Script().respond(401, quote),
        Script().respond(200, quote, "text/html", {"X-Echo": KEY}),
        Script().respond(302, b"", headers={"Location": f"http://127.0.0.1/?key={KEY}"}),
        Script().event_stream(in_frame),
        Script().event_stream([frame("x"), b"data: {" + quote.encode() + b"\n\n"]),
    ]
    shown = (
        repr(kimi("http://127.0.0.1:1/v1"))
        + repr(async_kimi("http://127.0.0.1:1/v1"))
        + repr(vars(kimi("http://x/v1")))
    )
    for script in scripts:
        client = kimi(fault_server.url(script))
        with pytest.raises(APIError) as caught:
            client.stream("hi").message.text  # noqa: B018
        error = caught.value
        shown += (
            "".join(traceback.format_exception(error))
            + repr(error)
            + repr(vars(error))
            + pickle.dumps(error).decode("latin-1")
        )
    shown += caplog.text + "".join(capfd.readouterr())
    assert KEY not in shown
    assert "[key]" in shown


def test_the_advice_for_a_wrong_key(fault_server: FaultServer) -> None:
    """It is about one's own server here; of a provider's keys at the provider's address, see advice_test.cpp."""
    url = fault_server.url(Script().json(401, {"error": {"message": "Invalid Authentication"}}))
    with pytest.raises(kimistream.AuthenticationError, match=r"started with --api-key"):
        kimi(url, provider="vllm").complete("hi")
    with pytest.raises(kimistream.AuthenticationError) as caught:
        kimi(url).complete("hi")
    assert "api.moonshot.cn" not in caught.value.message
