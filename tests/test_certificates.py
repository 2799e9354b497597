"""Whose certificates are trusted, and what is said of one that is not."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import sys
import threading
import types
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from kit import kimi

import kimistream
from kimistream import _core
from kimistream._requests import setup

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")
VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_DIR")


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


class Certificate:
    """One that signs itself."""

    def __init__(self, folder: Path, names: str, *, expired: bool = False) -> None:
        folder.mkdir()
        self.file, self.key = folder / "cert.pem", folder / "key.pem"
        request, settings = folder / "request.pem", folder / "settings"
        settings.write_text(
            "[ca]\ndefault_ca = own\n[own]\ndatabase = index\nnew_certs_dir = .\nserial = serial\ndefault_md = sha256\n"
            f"policy = any\nx509_extensions = names\n[any]\ncommonName = supplied\n[names]\nsubjectAltName = {names}\n"
        )
        (folder / "index").touch()
        (folder / "serial").write_text("01")
        self._openssl(
            folder,
            *("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=x"),
            *("-keyout", str(self.key), "-out", str(request)),
        )
        self._openssl(
            folder,
            *("ca", "-config", str(settings), "-batch", "-selfsign", "-keyfile", str(self.key), "-in", str(request)),
            *("-startdate", "20240101000000Z", "-enddate", "20240102000000Z" if expired else "20480101000000Z"),
            *("-out", str(self.file), "-notext"),
        )

    @staticmethod
    def _openssl(folder: Path, *command: str) -> str:
        done = subprocess.run(["openssl", *command], check=True, capture_output=True, cwd=folder, encoding="utf-8")
        return done.stdout

    def hashed(self, folder: Path) -> Path:
        """A directory as OpenSSL wants it."""
        folder.mkdir()
        name = self._openssl(folder, "x509", "-hash", "-noout", "-in", str(self.file)).strip()
        shutil.copy(self.file, folder / f"{name}.0")
        return folder


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = b'{"object": "list", "data": []}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


class Server:
    def __init__(self, certificate: Certificate) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.file, certificate.key)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # of clients that do not trust it
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("good") / "of", "IP:127.0.0.1")


@pytest.fixture(scope="module")
def server(good: Certificate) -> Iterator[Server]:
    with Server(good) as server:
        yield server


def refusal(server: Server) -> kimistream.APIConnectionError:
    with pytest.raises(kimistream.APIConnectionError) as caught:
        kimi(server.url, max_retries=3).models.list()
    assert not caught.value.retryable
    return caught.value


@pytest.mark.parametrize("name", VARIABLES)
def test_each_variable_names_what_is_trusted(
    name: str, good: Certificate, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, str(good.hashed(tmp_path / "trusted") if name == "SSL_CERT_DIR" else good.file))
    with kimi(server.url) as client:
        assert client.models.list().data == []
    monkeypatch.setenv(name, str(tmp_path / "nothing"))
    assert name in refusal(server).message


def test_a_directory_where_requests_takes_one(
    good: Certificate, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(good.hashed(tmp_path / "trusted")))
    with kimi(server.url) as client:
        assert client.models.list().data == []


def test_the_first_variable_counts_alone(
    good: Certificate, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Certificate(tmp_path / "other", "IP:127.0.0.1")
    for name in VARIABLES[1:]:
        monkeypatch.setenv(name, str(good.file))
    monkeypatch.setenv(VARIABLES[0], str(other.file))
    assert "Trusted is what SSL_CERT_FILE names" in refusal(server).message


def test_certifi_where_the_system_has_none(good: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    certifi = types.ModuleType("certifi")
    certifi.where = lambda: str(good.file)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "certifi", certifi)
    monkeypatch.setattr(_core, "trusted_certificates", str)
    assert setup.certificates() == str(good.file)
    monkeypatch.setitem(sys.modules, "certifi", None)  # cannot be imported
    assert setup.certificates() == ""


def test_certifi_is_not_asked_where_something_is_named(good: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(good.file))
    monkeypatch.setitem(sys.modules, "certifi", types.ModuleType("certifi"))  # without a where()
    assert _core.trusted_certificates() == str(good.file)
    assert setup.certificates() == ""


def test_one_that_nobody_vouches_for(server: Server) -> None:
    message = refusal(server).message
    assert "its certificate is not trusted; for a private authority set SSL_CERT_FILE to its certificate (" in message


def test_one_for_another_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = Certificate(tmp_path / "other", "DNS:other.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    with Server(certificate) as server:
        message = refusal(server).message
    assert "its certificate is for another host; check the host's name in the address" in message
    assert "not trusted" not in message


def test_one_that_has_expired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = Certificate(tmp_path / "old", "IP:127.0.0.1", expired=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    with Server(certificate) as server:
        message = refusal(server).message
    assert "its certificate has expired; whoever runs it must renew it" in message
    assert "not trusted" not in message
