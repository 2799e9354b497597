"""Proxies from the environment, and redirects that are not followed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

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
        self.refuses = 403  # tunnels, and everything where it is 407
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
        connection.settimeout(25)
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        head, body = data.split(b"\r\n\r\n", 1)
        line, *fields = head.decode("latin-1").split("\r\n")
        self.asked.append(line)
        self.heads.append(head.decode("latin-1"))
        if line.startswith("CONNECT"):
            connection.sendall(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % self.refuses)
            return
        if self.refuses == 407:
            connection.sendall(b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n")
            return
        length = next(int(field.split(":")[1]) for field in fields if field.lower().startswith("content-length"))
        while len(body) < length:
            body += connection.recv(65536)
        method, target, _ = line.split(" ")
        host, path = target.removeprefix("http://").split("/", 1)
        name, port = self.hosts.get(host, host).rsplit(":", 1)
        with socket.create_connection((name, int(port)), timeout=25) as server:
            kept = [field for field in fields if not field.lower().startswith("proxy-connection")]
            server.sendall(
                "\r\n".join([f"{method} /{path} HTTP/1.1", *kept, "Connection: close", "", ""]).encode() + body
            )
            while b"0\r\n\r\n" not in (block := server.recv(65536)):
                connection.sendall(block)
            connection.sendall(block)


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port: int = one.getsockname()[1]
    return port


def through(proxy: Proxy, url: str, host: str = "gpu-7.example:8000") -> str:
    """The same at a host that only the proxy knows: this machine is reached without one."""
    place = url.split("/")[2]
    proxy.hosts[host] = place
    return url.replace(place, host)


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
    there = through(proxy, url)
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
    assert len(proxy.asked) == 3


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("scheme", ["http://", ""])
def test_a_proxy_from_the_environment(
    name: str, scheme: str, proxy: Proxy, fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, scheme + proxy.address)
    url = through(proxy, fault_server.url(stream_of("through")))
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
    [("gpu-7.example", True), ("example.com,.example", True), ("example.com , *.example", True), ("*", True),
     ("gpu-7.example:8000", True), ("gpu-7.example:1", False), ("10.0.0.0/8,::/0", False), ("example.com", False),
     ("pu-7.example", False), ("", False)],
)  # fmt: skip
def test_addresses_that_go_without_the_proxy(
    name: str, value: str, direct: bool, proxy: Proxy, fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://{proxy.address}")
    monkeypatch.setenv(name, value)
    client = kimi(through(proxy, fault_server.url(stream_of("x"))))
    if direct:
        with pytest.raises(kimistream.APIConnectionError):  # there is no such host
            client.stream("hi")
    else:
        assert client.stream("hi").message.text == "x"
    assert bool(proxy.asked) is not direct


@pytest.mark.parametrize("name", ["http_proxy", "all_proxy"])
def test_a_key_for_this_machine_does_not_leave_it(
    name: str, proxy: Proxy, fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, f"http://{proxy.address}")
    url = fault_server.url(stream_of("x"))
    for host in ("127.0.0.1", "localhost"):
        assert kimi(url.replace("127.0.0.1", host)).stream("hi").message.text == "x"
    assert proxy.asked == []


def test_lower_case_counts_before_upper_case(
    proxy: Proxy, fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", f"http://{proxy.address}")
    url = through(proxy, fault_server.url(stream_of("x")))
    assert kimi(url).stream("hi").message.text == "x"
    monkeypatch.setenv("http_proxy", "")  # as Python's own tools read it: none
    assert "proxy" not in refusal(url).message
    assert len(proxy.asked) == 1


def test_a_web_server_s_request_cannot_name_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """CGI puts the header "Proxy:" of a request into HTTP_PROXY."""
    monkeypatch.setenv("REQUEST_METHOD", "GET")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert "proxy" not in refusal(GPU).message


GPU = "http://gpu.example:8000/v1"


def refusal(url: str, **options: Any) -> kimistream.APIConnectionError:
    with pytest.raises(kimistream.APIConnectionError) as caught:
        kimi(url, **options).stream("hi")
    assert "secret" not in str(caught.value)
    return caught.value


def test_a_proxy_that_is_not_there(unused_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://me:secret@127.0.0.1:{unused_port}")
    error = refusal(GPU)
    assert error.message.startswith(
        f"request to gpu.example:8000 failed through the proxy 127.0.0.1:{unused_port} (http_proxy): the proxy refused "
        "the connection; check the variable, or put gpu.example into no_proxy ("
    )
    assert error.retryable


@pytest.mark.parametrize(
    ("value", "shown", "why"),
    [
        ("http://me:secret@127.0.0.1:99999", "127.0.0.1:99999", "its port is not a number up to 65535"),
        ("me:secret@127.0.0.1:proxy", "127.0.0.1", "its port is not a number up to 65535"),
        ("sock5://me:secret@127.0.0.1:9", "127.0.0.1:9", '"sock5" is not a kind of proxy'),
        ("ftp://127.0.0.1:9", "127.0.0.1:9", '"ftp" is not a kind of proxy'),
        ("http://[::1", "[::1", "it is not an address"),
    ],
)
def test_a_proxy_that_is_misspelt(value: str, shown: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", value)
    error = refusal(GPU, max_retries=5)
    assert f"failed through the proxy {shown} (HTTP_PROXY): {why}" in error.message
    assert error.message.endswith("check the variable, or put gpu.example into no_proxy")
    assert not error.retryable

    async def ask() -> None:
        async with async_kimi(GPU, max_retries=5) as client:
            with pytest.raises(kimistream.APIConnectionError, match="HTTP_PROXY"):
                await client.complete("hi")

    run(ask())


def test_a_misspelt_proxy_does_not_matter_where_none_is_used(
    fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:99999")
    assert kimi(fault_server.url(stream_of("x"))).stream("hi").message.text == "x"


@pytest.mark.parametrize(
    ("url", "status", "final", "why"),
    [
        (GPU, 407, True, "the proxy asks for a user name and a password"),
        ("https://gpu.example/v1", 407, True, "the proxy asks for a user name and a password"),
        ("https://gpu.example/v1", 403, True, "the proxy did not open a way to the server (403)"),
        ("https://gpu.example/v1", 502, False, "the proxy did not open a way to the server (502)"),
    ],
)
def test_a_proxy_that_refuses(
    url: str, status: int, final: bool, why: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy.refuses = status
    monkeypatch.setenv("all_proxy", f"http://me:secret@{proxy.address}")
    error = refusal(url, max_retries=1)
    assert f"failed through the proxy {proxy.address} (all_proxy): {why}" in error.message
    assert "put gpu.example into no_proxy" in error.message
    assert error.retryable is not final
    assert len(proxy.asked) == (1 if final else 2)
    assert "Proxy-Authorization: Basic bWU6c2VjcmV0" in proxy.heads[0]


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
