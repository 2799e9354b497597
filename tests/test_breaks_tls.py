"""Breaks under TLS: a connection that ends without close_notify is cut, whatever HTTP would make of its end."""

from __future__ import annotations

import shutil
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from broken import ANSWERS, Answer, of_message, read
from kit import kimi
from test_certificates import Certificate

from kimistream import IncompleteStreamError

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n"


class Cutter(socketserver.BaseRequestHandler):
    """Plays for each request the next part of the server's script, and closes the socket below TLS."""

    def handle(self) -> None:
        try:
            with self.server.context.wrap_socket(self.request, server_side=True) as connection:  # type: ignore[attr-defined]
                self._read(connection)
                connection.sendall(next(self.server.script))  # type: ignore[attr-defined]
                connection.shutdown(socket.SHUT_WR)  # FIN alone: unwrap() would say close_notify
                connection.recv(1)
        except OSError:
            pass  # the client has left

    def _read(self, connection: ssl.SSLSocket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            request += connection.recv(65536)
        head, _, body = request.partition(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        while len(body) < length:
            body += connection.recv(65536)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, certificate: Certificate) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate.file, certificate.key)
        self.script: Iterator[bytes] = iter(())
        super().__init__(("127.0.0.1", 0), Cutter)
        self.url = f"https://127.0.0.1:{self.server_address[1]}/v1"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("tls") / "of", "IP:127.0.0.1")


@pytest.fixture
def server(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    with Server(certificate) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def chunked(answer: Answer, position: int) -> bytes:
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + answer.raw[:position]


def until_the_end(answer: Answer, frames: int) -> bytes:
    """A body that ends with its connection: without TLS nobody could tell a cut."""
    return HEAD + b"\r\n" + b"".join(answer.frames[:frames])


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_a_close_without_close_notify_is_a_break(server: Server, answer: Answer) -> None:
    with kimi(server.url) as client:
        for position in range(answer.end_of_the_first, answer.end_of_the_finish, 5):
            server.script = iter([chunked(answer, position)])
            events: list[Any] = []
            with pytest.raises(IncompleteStreamError) as caught:
                events += client.stream("hi")
            assert of_message(caught.value.partial) == answer.at(position)


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_it_is_mended_like_any_other(server: Server, answer: Answer) -> None:
    with kimi(server.url, on_break="continue") as client:
        for position in range(answer.end_of_the_first, answer.end_of_the_finish, 7):
            then = answer.rest(answer.at(position).text) if answer.continues_at(position) else answer
            server.script = iter([chunked(answer, position), chunked(then, len(then.raw))])
            stream = client.stream("hi")
            assert read(stream)[0] == answer.whole
            assert (of_message(stream.message), stream.message.resumed) == (answer.whole, 1)


def test_bodies_that_end_with_their_connection(server: Server) -> None:
    answer = ANSWERS["long text"]
    with kimi(server.url) as client:
        for frames in range(1, len(answer.frames) - 2):
            server.script = iter([until_the_end(answer, frames)])
            stream = client.stream("hi")
            with pytest.raises(IncompleteStreamError):
                list(stream)
            assert of_message(stream.partial) == answer.at(answer.ends[frames - 1])
        server.script = iter([until_the_end(answer, len(answer.frames))])
        assert of_message(client.complete("hi", on_break="continue")) == answer.whole
