"""The fault server does what its scripts say: checked with plain sockets, so that no client's behaviour is mixed in."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import socket
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator

import pytest
from fault_server_client import (
    DONE,
    LONG_ENOUGH,
    FaultServer,
    Script,
    as_chunk,
    event,
    fault_server,
    fault_server_process,
    frame,
)
from kit import wait_until

__all__ = ["fault_server", "fault_server_process"]


def post(connection: http.client.HTTPConnection, url: str, body: bytes = b"{}") -> bytes:
    connection.request("POST", url.split("/", 3)[3].join(["/", "/chat/completions"]), body)
    return connection.getresponse().read()


@contextlib.contextmanager
def raw(server: FaultServer, url: str, body: bytes = b"{}") -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=LONG_ENOUGH) as connection:
        path = "/" + url.split("/", 3)[3]
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
        yield connection


def read_all(connection: socket.socket) -> bytes:
    data = b""
    while block := connection.recv(65536):
        data += block
    return data


def test_thirty_streams_on_one_connection(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().event_stream([frame("hi"), DONE], late_ms=2))
    connection = http.client.HTTPConnection("127.0.0.1", fault_server.port)
    before = fault_server.stats()["open"]
    for _ in range(30):
        assert post(connection, url) == frame("hi") + DONE
    stats = fault_server.stats()
    assert (stats["connections"], stats["open"] - before, stats["requests"]) == (1, 1, 30)
    assert fault_server.attempts(url) == 30
    connection.close()
    assert fault_server.wait_closed(url=url)[0]["during"] == "keep"


def test_attempts_follow_one_another_and_the_last_repeats(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().respond(500, "no").attempt().respond(200, "yes"))
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", fault_server.port)) as connection:
        assert [post(connection, url) for _ in range(3)] == [b"no", b"yes", b"yes"]
    assert fault_server.url(Script().respond(500, "no")) != fault_server.url(Script().respond(500, "no"))


def test_requests_are_kept_with_a_checksum(fault_server: FaultServer) -> None:
    body = b"\x00\xff\r\n" * 500_000
    url = fault_server.url(Script().respond(200, "ok"))
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", fault_server.port)) as connection:
        post(connection, url, body)
        connection.request("POST", "/" + url.split("/", 3)[3], iter([b"ab", b"c"]), encode_chunked=True)
        connection.getresponse().read()
    first, second = fault_server.requests(url)
    assert (first["body_bytes"], first["body_crc32"]) == (len(body), zlib.crc32(body))
    assert first["body"] == body[: 1 << 20]
    assert first["target"].endswith("/v1/chat/completions")
    assert (second["method"], second["body"]) == ("POST", b"abc")
    assert fault_server.stats()["last_request"]["headers"]["host"].startswith("127.0.0.1")


def test_reset_and_close_are_told_apart(fault_server: FaultServer) -> None:
    head = Script().head(200, chunked=True).chunk("x").gate()
    url = fault_server.url(str(head) + str(Script().reset()))
    with raw(fault_server, url) as connection:
        assert connection.recv(65536)
        fault_server.open(url)
        with pytest.raises(ConnectionResetError):
            read_all(connection)
    url = fault_server.url(str(head) + str(Script().close()))
    with raw(fault_server, url) as connection:
        fault_server.open(url)
        assert read_all(connection).endswith(b"1\r\nx\r\n")


def test_slices_arrive_one_by_one(fault_server: FaultServer) -> None:
    for pause in (5, 50, 500, 5000):  # on a busy machine slices meet, unless the pauses are long
        url = fault_server.url(Script().drip(pause, "abc").split(2, pause, "defg").sleep(pause).close())
        with raw(fault_server, url) as connection:
            pieces = []
            while piece := connection.recv(100):
                pieces.append(piece)
        assert b"".join(pieces) == b"abcdefg"
        if pieces in ([b"a", b"b", b"cde", b"fg"], [b"a", b"b", b"c", b"de", b"fg"]):
            return
    pytest.fail(f"{pieces} in spite of long pauses")


def test_a_gate_holds_until_it_is_opened(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().send("a").gate().send("b").gate().send("c").close())
    with raw(fault_server, url) as first, raw(fault_server, url) as second:
        wait_until(lambda: fault_server.at_gate(url) == 2)
        assert [each.recv(100) for each in (first, second)] == [b"a", b"a"]
        first.close()
        wait_until(lambda: fault_server.at_gate(url) == 1)
        assert [close["during"] for close in fault_server.wait_closed(url=url)] == ["gate"]
        fault_server.open(url)
        assert second.recv(100) == b"b"
        wait_until(lambda: fault_server.at_gate(url) == 1)
        fault_server.open(url)
        assert read_all(second) == b"c"
    ahead = fault_server.url(Script().gate().send("x").close())
    fault_server.open(ahead)
    with raw(fault_server, ahead) as connection:
        assert read_all(connection) == b"x"


def test_what_is_sent_late_is_counted(fault_server: FaultServer) -> None:
    def late(pause: float) -> int:
        url = fault_server.url(Script().head(200).split(1, pause, "abc").close())
        with raw(fault_server, url) as connection:
            read_all(connection)
        return fault_server.late_sends(url)

    assert late(120) >= 2
    assert 0 in (late(0) for _ in range(20))  # a busy machine is late by itself, but not always


@pytest.mark.parametrize(
    ("script", "during"),
    [
        (Script().head(200, chunked=True).stall(), "stall"),
        (Script().head(200, chunked=True).wait_close(), "wait-close"),
        (Script().head(200, chunked=True).sleep(20_000), "sleep"),
        (Script().head(200, chunked=True).gate(), "gate"),
        (Script().head(200, chunked=True).repeat(1_000_000, "x" * 1000), "send"),
        (Script().head(200, chunked=True).half_close().stall(), "stall"),
    ],
)
def test_the_step_at_which_the_client_closes(fault_server: FaultServer, script: Script, during: str) -> None:
    url = fault_server.url(script)
    with raw(fault_server, url) as connection:
        assert connection.recv(1000)
    (close,) = fault_server.wait_closed(url=url)
    assert close["during"] == during
    if during == "send":
        assert fault_server.stats()["scripts"][close["script"]]["bytes_sent"] < 100_000_000


def test_a_long_line_is_sent_whole(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().head(200, chunked=True).repeat_chunk(64 << 10, "x" * 1024).last_chunk().keep())
    assert len(urllib.request.urlopen(url, b"{}", timeout=LONG_ENOUGH).read()) == 64 << 20


def test_answering_without_reading_the_body(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().read_nothing().respond(413, "too large"))
    with raw(fault_server, url, b"x" * 100_000) as connection:
        assert b"413" in connection.recv(1000)
    early = Script().read_nothing().head(401, {"Content-Length": "0"}).close()
    with raw(fault_server, fault_server.url(early), b"x" * 100_000) as connection:
        assert b"401" in read_all(connection)


def test_gzip_and_content_types(fault_server: FaultServer) -> None:
    frames = [event({"n": n}) for n in range(50)]
    url = fault_server.url(Script().gzip_event_stream(frames))
    with urllib.request.urlopen(url, b"{}", timeout=LONG_ENOUGH) as answer:
        assert gzip.decompress(answer.read()) == b"".join(frames)
    url = fault_server.url(Script().event_stream(frames, content_type=None))
    with urllib.request.urlopen(url, b"{}", timeout=LONG_ENOUGH) as answer:
        assert "Content-Type" not in answer.headers


def test_long_scripts_are_registered(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().respond(200, "y" * 10_000))
    assert len(url) < 100
    assert urllib.request.urlopen(url, timeout=LONG_ENOUGH).read() == b"y" * 10_000


@pytest.mark.parametrize("text", ["sned x", "send ***", "drip x eA==", "sleep -1", "close now", "split 1 eA=="])
def test_a_bad_script_is_refused(fault_server: FaultServer, text: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400") as failure:
        urllib.request.urlopen(fault_server.url(text), timeout=LONG_ENOUGH)
    with failure.value as answer:
        assert b"line 2" in answer.read()


def test_hostile_clients_do_no_harm(fault_server: FaultServer) -> None:
    for data in [
        b"",
        b"GET",
        b"\x16\x03\x01" * 100,
        b"GET /\r\n\r\n",
        b"POST /s/!/v1 HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    ]:
        with socket.create_connection(("127.0.0.1", fault_server.port), timeout=LONG_ENOUGH) as connection:
            connection.sendall(data)
    assert fault_server.stats()["requests"] == 0
    assert as_chunk("abc") == b"3\r\nabc\r\n"
