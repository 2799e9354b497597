"""Errors in odd places, breaks before the first event, and what gateways and proxies put in an answer's place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fault_server_client import FaultServer
from kit import DONE, KEY, Script, answer, async_kimi, completion, event, frame, kimi, run, stream_of

import kimistream
from kimistream import APIError, APIStatusError, IncompleteStreamError, InternalServerError, RateLimitError

AT_ONCE = {"retry-after-ms": "1"}
ASKED: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}]}


def failure(url: str, **options: Any) -> APIError:
    with pytest.raises(APIError) as caught:
        _ = kimi(url, **options).stream("hi").message
    return caught.value


# ---- errors of a stream ---------------------------------------------------------------------------------------------

# Sources: llama.cpp of 2025; a server that writes JSON behind a stream; a gateway that writes into an open event; flat
# errors with [DONE] behind; smg 1.13's stream_error; SGLang's abort.
ERRORS: dict[str, tuple[bytes, str | None, int | None]] = {
    "a field": (
        b'error: {"code":400,"message":"m","type":"invalid_request_error"}\n\n' + DONE,
        "invalid_request_error",
        400,
    ),
    "a bare line": (b'{"code":"workflow_error","message":"the worker died"}', None, None),
    "bare lines": (b'{\n "error": {\n  "type": "server_error",\n  "message": "m"\n }\n}\n', "server_error", 500),
    "an open event": (
        b'data: {"id":"c","choi\ndata: {"error":{"type":"upstream_error","message":"m"}}\n\n', "upstream_error", 502
    ),
    "flat": (event({"code": 500, "message": "m", "type": "worker"}) + DONE, "worker", 500),
    "a gateway's": (event({"error": {"message": "m", "type": "stream_error"}}) + DONE, "stream_error", 502),
    "abort": (frame(finish_reason="abort") + DONE, "abort", None),
}  # fmt: skip


@pytest.mark.parametrize("what", ERRORS)
def test_an_error_in_an_odd_place_is_one_and_keeps_what_had_come(what: str, fault_server: FaultServer) -> None:
    body, kind, status = ERRORS[what]
    url = fault_server.url(Script().event_stream([frame("Half an "), body]))
    error = failure(url)
    assert (error.type, error.status_code) == (kind, status)
    assert error.partial is not None
    assert error.partial.content == "Half an "
    assert error.retryable is (status != 400)


def test_a_bare_end_marker_is_no_end(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().event_stream([frame("The capital is"), DONE]))
    error = failure(url)
    assert isinstance(error, IncompleteStreamError)
    assert error.partial is not None
    assert (error.partial.content, error.partial.finish_reason) == ("The capital is", None)


def test_data_that_is_no_json_is_skipped_with_a_notice(fault_server: FaultServer) -> None:
    frames = [b"data: : OPENROUTER PROCESSING\n\n", *answer("Hello")]
    message = kimi(fault_server.url(Script().event_stream(frames))).stream("hi").message
    assert message.content == "Hello"
    assert [notice.code for notice in message.warnings] == ["skipped_line"]


@pytest.mark.parametrize("shape", ["native", "openai"])
def test_labels_that_are_wrong_do_not_count(shape: str, fault_server: FaultServer) -> None:
    labelled_json = Script().event_stream(answer("Hello"), content_type="application/json")
    labelled_events = Script().respond(200, json.dumps(completion()) + "\n\ndata: [DONE]\n\n", "text/event-stream")
    for script in (labelled_json, labelled_events):
        client = kimi(fault_server.url(script))
        if shape == "native":
            assert client.stream("hi").message.content == client.complete("hi").content == "Hello"
        else:
            whole = client.chat.completions.create(**ASKED)
            assert (whole.object, whole.choices[0].message.content) == ("chat.completion", "Hello")
            assert whole.usage.total_tokens == 22
            chunks = list(client.chat.completions.create(stream=True, **ASKED))
            assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "Hello"


# ---- before the first event -----------------------------------------------------------------------------------------

BEFORE: dict[str, list[bytes]] = {
    "nothing": [],
    "comments": [b": ping\n\n"],
    "a role": [frame("", role="assistant")],
    "the end marker": [DONE],
    "503": [event({"error": {"code": 503, "message": "m"}}), DONE],
    "429 as text": [event({"error": {"code": "429", "message": "m"}}), DONE],
    "a gateway's": [event({"error": {"message": "m", "type": "upstream_error"}}), DONE],
}


@pytest.mark.parametrize("what", BEFORE)
@pytest.mark.parametrize("way", ["stream", "asyncio", "create"])
def test_a_stream_that_brought_nothing_is_asked_for_again(what: str, way: str, fault_server: FaultServer) -> None:
    script = Script().event_stream(BEFORE[what], headers=AT_ONCE)
    script.attempt().event_stream(answer("there"))
    url = fault_server.url(script)

    async def ask() -> str | None:
        async with async_kimi(url, max_retries=2) as client:
            return (await client.stream("hi").message).content

    if way == "asyncio":
        assert run(ask()) == "there"
    elif way == "stream":
        message = kimi(url, max_retries=2).stream("hi").message
        assert message.content == "there"
        assert [notice.code for notice in message.warnings] == ["retried"]
    else:
        chunks = kimi(url, max_retries=2).chat.completions.create(stream=True, **ASKED)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "there"
    assert fault_server.attempts(url) == 2
    error = failure(fault_server.url(Script().event_stream(BEFORE[what])))
    assert error.partial is None
    assert ".partial" not in error.message


def test_a_reset_before_the_first_event_is_tried_again(fault_server: FaultServer) -> None:
    script = (
        Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True).chunk(b": hi\n\n").sleep(20).reset()
    )
    script.attempt().event_stream(answer("there"))
    url = fault_server.url(script)
    assert kimi(url, max_retries=1).stream("hi").message.content == "there"
    assert fault_server.attempts(url) == 2


# ---- gateways and proxies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [520, 521, 522, 523, 524, 530])
def test_statuses_of_cloudflare_are_tried_again(status: int, fault_server: FaultServer) -> None:
    script = Script().respond(status, f"error code: {status}", headers=AT_ONCE)
    script.attempt().event_stream(answer("there"))
    assert kimi(fault_server.url(script), max_retries=1).stream("hi").message.content == "there"


@pytest.mark.parametrize("status", [504, 524])
@pytest.mark.parametrize("shape", ["native", "openai", "asyncio"])
def test_a_whole_answer_that_a_proxy_did_not_wait_for_is_gathered_from_a_stream(
    status: int, shape: str, fault_server: FaultServer
) -> None:
    """nginx waits 60 s for a byte, Envoy 15, Cloudflare 100: thinking that is asked for anew would end alike."""
    script = Script().respond(status, "<html><title>Time-out</title></html>", "text/html", AT_ONCE)
    script.attempt().event_stream([frame(reasoning_content="Well."), *answer("Four.")])
    url = fault_server.url(script)

    async def ask() -> Any:
        async with async_kimi(url, max_retries=2) as client:
            return await client.complete("2 + 2?")

    if shape == "openai":
        whole = kimi(url, max_retries=2).chat.completions.create(**ASKED)
        assert (whole.object, whole.id, whole.model) == ("chat.completion", "chatcmpl-test", "kimi-k2.6")
        said = whole.choices[0].message
        assert (said.content, said.reasoning_content, whole.choices[0].finish_reason) == ("Four.", "Well.", "stop")
        assert whole.usage.total_tokens == 22
    else:
        message = run(ask()) if shape == "asyncio" else kimi(url, max_retries=2).complete("2 + 2?")
        assert (message.content, message.reasoning) == ("Four.", "Well.")
        assert [notice.code for notice in message.warnings] == ["retried", "asked_as_stream"]
    first, second = (json.loads(request["body"]) for request in fault_server.requests(url))
    assert second == {**first, "stream": True, "stream_options": {"include_usage": True}}


def test_pages_are_told_by_title_and_sender(fault_server: FaultServer) -> None:
    page = "<!DOCTYPE html><html><head><title>502 Proxy Error</title></head><body>Reason: reading failed</body></html>"
    url = fault_server.url(Script().respond(502, page, "text/html", {"Server": "Apache/2.4.71", "Via": "1.1 box"}))
    error = failure(url)
    assert isinstance(error, InternalServerError)
    assert (
        "502 Proxy Error: Reason: reading failed (a page of Apache/2.4.71, via 1.1 box, not of the API)"
        in error.message
    )
    assert error.body == page
    empty = failure(fault_server.url(Script().respond(504, b"", None, {"Server": "Caddy"})))
    assert "Gateway Timeout (an empty answer of Caddy)" in empty.message


def test_words_of_one_api(fault_server: FaultServer) -> None:
    def refused(status: int, message: str, **more: str) -> APIStatusError:
        error = {"error": {"message": message, "type": "one_api_error", **more}}
        got = failure(fault_server.url(Script().json(status, error)))
        assert isinstance(got, APIStatusError)
        return got

    channel = refused(503, "当前分组 default 下对于模型 nope 无可用渠道 (request id: 1)")
    assert (channel.reason, channel.retryable) == ("no_channel", False)
    busy = refused(429, "当前分组上游负载已饱和,请稍后再试 (request id: 1)")
    assert isinstance(busy, RateLimitError)
    assert (busy.reason, busy.retryable) == ("overload", True)
    empty = refused(403, "用户额度不足", code="insufficient_user_quota")
    assert (empty.reason, empty.retryable) == ("quota", False)


def test_request_ids_and_waits_are_read_under_the_names_of_gateways(fault_server: FaultServer) -> None:
    for name in (
        "x-litellm-call-id",
        "X-Oneapi-Request-Id",
        "x-portkey-trace-id",
        "llm_provider-msh-request-id",
        "cf-ray",
    ):
        url = fault_server.url(Script().event_stream(answer("Hello"), headers={name: "id-1"}))
        with kimi(url).stream("hi") as stream:
            assert stream.message.request_id == "id-1"
    script = Script().json(429, {"error": {"message": "try again in 1 s"}}, {"llm_provider-retry-after": "7"})
    assert failure(fault_server.url(script)).retry_after == 7
    script = Script().json(429, {"error": {"message": "Please retry in 31.5s."}})
    assert failure(fault_server.url(script)).retry_after == 31.5


def test_values_of_headers_are_no_keys_unless_their_names_say_so(fault_server: FaultServer) -> None:
    error = {"error": {"message": f"moonshot refused 4096 and {KEY} and pw-9f8e7d6c5b", "type": "moonshot_error"}}
    url = fault_server.url(Script().json(401, error))
    headers = {"x-portkey-provider": "moonshot", "x-max-tokens": "4096", "x-goog-api-key": "pw-9f8e7d6c5b"}
    got = failure(url, default_headers=headers)
    assert "moonshot refused 4096 and [key] and [key]" in got.message
    assert got.type == "moonshot_error"


def test_events_that_were_held_back_are_told(fault_server: FaultServer) -> None:
    frames = b"".join(answer(*"abcdefghijkl"))
    script = Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True)
    script.sleep(1300).chunk(frames).last_chunk().keep()
    message = kimi(fault_server.url(script)).stream("hi").message
    assert [notice.code for notice in message.warnings] == ["held_back"]
    quick = kimi(fault_server.url(stream_of(*"abcdefghijkl"))).stream("hi").message
    assert quick.warnings == []


def test_a_row_that_has_no_switch_says_so(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, completion()))
    message = kimi(url, provider="portkey").complete("hi", thinking=False)
    assert [notice.code for notice in message.warnings] == ["thinking_not_switched"]
    (seen,) = fault_server.requests(url)
    assert seen["headers"]["x-portkey-provider"] == "openai"
    assert "thinking" not in json.loads(seen["body"])


def test_usage_of_a_gateways_stream_is_told_to_be_an_estimate(fault_server: FaultServer) -> None:
    client = kimi(fault_server.url(stream_of("Hello")), provider="litellm")
    assert [notice.code for notice in client.stream("hi", thinking=False).message.warnings] == ["estimated_usage"]
    client = kimi(fault_server.url(Script().json(200, completion())), provider="litellm")
    assert kimistream.providers()["litellm"]["thinking_off"]["allowed_openai_params"] == ["thinking"]
    assert client.complete("hi").warnings == []
