"""Proxies from the environment, and redirects that are not followed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from fault_server_client import FaultServer
from kit import KEY, Script, async_kimi, kimi, run, stream_of

import kimistream


class Proxy:
    """An HTTP proxy for one request a connection; remembers what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.heads: list[str] = []
        self.hosts: dict[str, str] = {}  # where a host that does not exist is to be found
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self._relay(connection)

    def _relay(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        head, body = data.split(b"\r\n\r\n", 1)
        line, *fields = head.decode("latin-1").split("\r\n")
        self.asked.append(line)
        self.heads.append(head.decode("latin-1"))
        if line.startswith("CONNECT"):
            connection.sendall(b"HTTP/1.1 403 No tunnels here\r\nContent-Length: 0\r\n\r\n")
            return
        length = next(int(field.split(":")[1]) for field in fields if field.lower().startswith("content-length"))
        while len(body) < length:
            body += connection.recv(65536)
        method, target, _ = line.split(" ")
        host, path = target.removeprefix("http://").split("/", 1)
        name, port = self.hosts.get(host, host).rsplit(":", 1)
        with socket.create_connection((name, int(port)), timeout=5) as server:
            kept = [field for field in fields if not field.lower().startswith("proxy-connection")]
            server.sendall(
                "\r\n".join([f"{method} /{path} HTTP/1.1", *kept, "Connection: close", "", ""]).encode() + body
            )
            while b"0\r\n\r\n" not in (block := server.recv(65536)):
                connection.sendall(block)
            connection.sendall(block)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    proxy = Proxy()
    yield proxy
    proxy.close()


def test_a_key_that_travels_in_the_clear_is_told(
    proxy: Proxy, fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", proxy.address)
    url = fault_server.url(stream_of("through"))
    there = url.replace(url.split("/")[2], "gpu-7.example:8000")
    proxy.hosts["gpu-7.example:8000"] = url.split("/")[2]
    with kimi(there) as client, client.stream("hi") as stream:
        notices = [event for event in stream if event.type == "notice"]
        assert stream.message.text == "through"
    (notice,) = notices
    assert notice.code == "key_in_clear"
    assert "gpu-7.example: use https" in notice.message
    assert f"Bearer {KEY}" in proxy.heads[0]
    assert kimi(there).stream("hi", check="off").message.warnings == []
    with pytest.raises(kimistream.InvalidRequestError, match="key_in_clear"):
        kimi(there).stream("hi", check="error")
    assert kimi(there, api_key="").stream("hi").message.warnings == []
    assert kimi(url).stream("hi").message.warnings == []
    assert len(proxy.asked) == 4


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("scheme", ["http://", ""])
def test_a_proxy_from_the_environment(
    name: str, scheme: str, proxy: Proxy, fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, scheme + proxy.address)
    url = fault_server.url(stream_of("through"))
    assert kimi(url).stream("hi").message.text == "through"
    assert proxy.asked == [f"POST {url}/chat/completions HTTP/1.1"]

    async def ask() -> str:
        async with async_kimi(url) as client:
            return (await client.stream("hi").message).text

    assert run(ask()) == "through"
    assert len(proxy.asked) == 2


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY", "all_proxy"])
def test_a_tunnel_for_https(name: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, f"http://{proxy.address}")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with pytest.raises(kimistream.APIConnectionError):
        kimi("https://api.moonshot.ai/v1").complete("hi")
    assert proxy.asked == ["CONNECT api.moonshot.ai:443 HTTP/1.1"]
    assert KEY not in "".join(proxy.heads)  # the key goes to the server only


@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
@pytest.mark.parametrize(
    ("value", "direct"),
    [("127.0.0.1", True), ("example.com,127.0.0.1", True), ("example.com , 127.0.0.1", True), ("*", True),
     ("127.0.0.1:{port}", True), ("127.0.0.1:1", False), ("example.com", False), ("27.0.0.1", False), ("", False)],
)  # fmt: skip
def test_addresses_that_go_without_the_proxy(
    name: str, value: str, direct: bool, proxy: Proxy, fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://{proxy.address}")
    monkeypatch.setenv(name, value.format(port=fault_server.port))
    assert kimi(fault_server.url(stream_of("x"))).stream("hi").message.text == "x"
    assert bool(proxy.asked) is not direct


def test_lower_case_counts_before_upper_case(
    proxy: Proxy, fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", f"http://{proxy.address}")
    url = fault_server.url(stream_of("x"))
    assert kimi(url).stream("hi").message.text == "x"
    monkeypatch.setenv("http_proxy", "")  # as Python's own tools read it: none
    assert kimi(url).stream("hi").message.text == "x"
    assert len(proxy.asked) == 1


def test_a_web_server_s_request_cannot_name_the_proxy(
    fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CGI puts the header "Proxy:" of a request into HTTP_PROXY."""
    monkeypatch.setenv("REQUEST_METHOD", "GET")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert kimi(fault_server.url(stream_of("x"))).stream("hi").message.text == "x"


def test_a_proxy_that_is_not_there(fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with pytest.raises(kimistream.APIConnectionError):
        kimi(fault_server.url(stream_of("x"))).stream("hi")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_does_not_carry_the_key(status: int, fault_server: FaultServer) -> None:
    target = fault_server.url(stream_of("elsewhere"))
    url = fault_server.url(Script().respond(status, b"", headers={"Location": target}))
    for call in (kimi(url).stream, kimi(url).complete):
        with pytest.raises(kimistream.APIStatusError, match="redirect") as caught:
            call("hi")
        assert caught.value.status_code == status
        assert caught.value.retryable is False
        assert target in caught.value.message
    assert fault_server.attempts(target) == 0


def test_other_protocols_are_not_spoken(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().respond(302, b"", headers={"Location": "file:///etc/passwd"}))
    with pytest.raises(kimistream.APIStatusError):
        kimi(url).complete("hi")
