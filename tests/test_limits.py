"""What a server may send: kinds of bodies, and how much of each."""

from __future__ import annotations

from typing import Any

import pytest
from fault_server_client import FaultServer
from kit import USAGE, Script, answer, async_kimi, completion, frame, kimi, run

import kimistream
from kimistream import APIError, Message

HEAD = {"Content-Type": "text/event-stream"}
FRAMES = b"".join(answer("Hel", "lo"))


def read(url: str, **options: Any) -> Message:
    """The same by both clients."""

    async def ask() -> Message | str:
        async with async_kimi(url, **options) as client:
            try:
                return await client.stream("hi").message
            except APIError as error:
                return str(error)

    other = run(ask())
    try:
        message = kimi(url, **options).stream("hi").message
    except APIError as error:
        seen = str(error)
        if seen == other:
            raise
        raise AssertionError((seen, other)) from error
    assert message == other
    return message


# ---- content type ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type",
    ["text/event-stream", "text/event-stream; charset=utf-8", "Text/Event-Stream",
     "text/event-stream;charset=windows-1252",
     None, "text/plain", "application/octet-stream", "nonsense"],
)  # fmt: skip
@pytest.mark.parametrize("before", [b"", b": comment\n\n", b"\n\n", b"\xef\xbb\xbf", b"event: message\n", b"id: 1\n"])
def test_an_event_stream_under_any_name(content_type: str | None, before: bytes, fault_server: FaultServer) -> None:
    script = Script().event_stream([before + FRAMES], content_type=content_type)
    assert read(fault_server.url(script)).text == "Hello"


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/json", "application/problem+json"])
@pytest.mark.parametrize("before", ["", " \n\n", "\ufeff"])
def test_json_under_any_name(content_type: str | None, before: str, fault_server: FaultServer) -> None:
    """Also where a stream was asked for: a server that cannot stream answers whole."""
    import json

    body = before + json.dumps(completion("Hello"))
    url = fault_server.url(Script().respond(200, body, content_type))
    assert read(url).text == "Hello"
    assert kimi(url).complete("hi").text == "Hello"


@pytest.mark.parametrize("content_type", ["text/html", None, "text/plain"])
def test_anything_else_is_an_error(content_type: str | None, fault_server: FaultServer) -> None:
    url = fault_server.url(
        Script().respond(200, "<html><title>Welcome to nginx</title>", content_type, {"X-Request-Id": "r"})
    )
    for call in (kimi(url).stream, kimi(url).complete):
        with pytest.raises(APIError, match="Welcome to nginx") as caught:
            call("hi")
        assert type(caught.value) is APIError
        assert (caught.value.status_code, caught.value.request_id, caught.value.partial) == (200, "r", None)
        assert caught.value.body == "<html><title>Welcome to nginx</title>"


@pytest.mark.parametrize("content_type", ["text/event-stream", "application/json", "text/html", None])
@pytest.mark.parametrize("status", [200, 204])
def test_an_empty_answer_is_an_error(content_type: str | None, status: int, fault_server: FaultServer) -> None:
    url = fault_server.url(Script().respond(status, b"", content_type))
    with pytest.raises(APIError) as caught:
        kimi(url).stream("hi").message  # noqa: B018
    assert caught.value.status_code == status
    with pytest.raises(APIError):
        kimi(url).complete("hi")


@pytest.mark.parametrize(
    "body", ["{}", "[]", "null", '{"choices": []}', '{"choices": 5}', '{"half": ', "5", '{"data": []}']
)
def test_json_that_is_no_answer(body: str, fault_server: FaultServer) -> None:
    url = fault_server.url(Script().respond(200, body, "application/json"))
    for call in (kimi(url).complete, lambda prompt: list(kimi(url).stream(prompt))):
        with pytest.raises(APIError) as caught:
            call("hi")
        assert caught.value.status_code == 200


def test_malformed_json_after_some_text(fault_server: FaultServer) -> None:
    script = Script().event_stream([frame("One "), frame("two"), b'data: {"choices": [{"del\n\n', frame("lost")])
    with pytest.raises(kimistream.IncompleteStreamError) as caught:
        read(fault_server.url(script))
    assert caught.value.partial is not None
    assert caught.value.partial.text == "One two"


def test_gzip(fault_server: FaultServer) -> None:
    assert read(fault_server.url(Script().gzip_event_stream(answer("Hel", "lo"), chunk_size=7))).text == "Hello"


def test_the_server_is_not_asked_to_compress_a_stream(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().event_stream(answer("x")))
    list(kimi(url).stream("hi"))
    assert "gzip" not in fault_server.requests(url)[-1]["headers"].get("accept-encoding", "")


# ---- how much --------------------------------------------------------------------------------------------------------


def test_a_line_of_64_mib_is_an_error_and_not_memory(fault_server: FaultServer) -> None:
    script = Script().head(200, HEAD, chunked=True).chunk(frame("One")).repeat_chunk(1024, b"x" * 65536)
    client = kimi(fault_server.url(script.stall()))
    stream = client.stream("hi")
    with pytest.raises(APIError, match="max_event_bytes") as caught:
        list(stream)
    assert caught.value.status_code == 200
    assert caught.value.partial is not None
    assert caught.value.partial.text == "One"
    assert caught.value.retryable is False


def test_an_event_of_many_lines_is_bounded_as_well(fault_server: FaultServer) -> None:
    script = Script().head(200, HEAD, chunked=True).repeat_chunk(20 << 10, b"data: " + b"x" * 1017 + b"\n").stall()
    with pytest.raises(APIError, match="max_event_bytes"):
        list(kimi(fault_server.url(script)).stream("hi"))


def test_a_large_event_is_none(fault_server: FaultServer) -> None:
    text = "汉" * 200_000
    assert read(fault_server.url(Script().event_stream(answer(text, "!")))).text == text + "!"


def test_a_flood_of_headers(fault_server: FaultServer) -> None:
    line = b"X-Flood: " + b"x" * 1013 + b"\r\n"
    script = Script().send(b"HTTP/1.1 200 OK\r\n").repeat(64 << 10, line).stall()
    with pytest.raises(APIError, match="header"):
        kimi(fault_server.url(script), max_retries=1).stream("hi")


def test_a_response_that_never_ends(fault_server: FaultServer) -> None:
    script = Script().head(200, {"Content-Type": "application/json"}, chunked=True).chunk(b'{"x":"')
    for _ in range(5):
        script.repeat_chunk(1024, b"x" * 65536)
    with pytest.raises(APIError, match="max_body_bytes"):
        kimi(fault_server.url(script.stall())).complete("hi")


def test_an_error_body_that_never_ends(fault_server: FaultServer) -> None:
    script = Script().head(500, {"Content-Type": "text/html"}, chunked=True).repeat_chunk(1024, b"x" * 65536).stall()
    with pytest.raises(kimistream.InternalServerError) as caught:
        kimi(fault_server.url(script)).complete("hi")
    assert len(str(caught.value)) < 1000
    assert len(str(caught.value.body)) <= 65536


# ---- odd bytes -------------------------------------------------------------------------------------------------------


def test_bytes_that_are_not_utf8(fault_server: FaultServer) -> None:
    frames = [frame("good ").replace(b"good", b"g\xff\xfed"), *answer("more")[1:]]
    message = read(fault_server.url(Script().event_stream(frames)))
    assert message.text.startswith("g\ufffd")
    assert message.text.endswith("d more")
    assert message.warnings


def test_every_character_survives(fault_server: FaultServer) -> None:
    text = "".join(
        map(chr, [*range(0x20, 0x250), 0, 9, 10, 13, 0x85, 0x2028, 0x2029, 0xFEFF, 0xFFFD, 0x1F600, 0x10FFFF])
    )
    url = fault_server.url(Script().event_stream(answer(text)))
    assert read(url).text == text


def test_what_is_said_arrives_as_it_was_said(fault_server: FaultServer) -> None:
    import json

    text = 'quote " backslash \\ newline \n tab \t nul \0 del \x7f euro € face 😀 separator \u2028'
    url = fault_server.url(Script().json(200, completion(text)))
    assert kimi(url).complete(text, extra_body={text: [text, 1, 1.5, True, None, {"k": text}]}).text == text
    body = json.loads(fault_server.requests(url)[-1]["body"])
    assert body["messages"][0]["content"] == text
    assert body[text] == [text, 1, 1.5, True, None, {"k": text}]


def test_numbers_are_kept_exactly(fault_server: FaultServer) -> None:
    import json

    numbers = [0, -1, 2**53 + 1, 2**64 + 1, 10**30, 0.1, 1e-7, 1e300, -0.5]
    body = {**completion("x"), "numbers": numbers}
    url = fault_server.url(Script().json(200, body))
    client = kimi(url)
    got = client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "x"}], extra_body={"numbers": numbers}
    )
    assert got.numbers == numbers
    assert [type(each) for each in got.numbers] == [type(each) for each in numbers]
    assert json.loads(fault_server.requests(url)[-1]["body"])["numbers"] == numbers


def test_unknown_fields_do_no_harm(fault_server: FaultServer) -> None:
    odd = frame("x").replace(b'"choices"', b'"new": {"deep": [1, {"a": null}]}, "choices"')
    frames = [
        odd,
        b"event: ping\ndata: {}\n\n",
        b"retry: 10\n\n",
        b"data:\n\n",
        frame(finish_reason="stop", usage=USAGE),
    ]
    assert read(fault_server.url(Script().event_stream([*frames, b"data:[DONE]\n\n"]))).text == "x"
