"""TLS before the load server: HAProxy takes it off and hands on what comes."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from measuring import Bench

SETTINGS = """
global
  maxconn 5500
  nbthread 1
defaults
  mode tcp
  timeout connect 10s
  timeout client 10m
  timeout server 10m
frontend tls
  bind fd@{descriptor} ssl crt {folder}/both.pem
  default_backend plain
backend plain
  server load 127.0.0.1:{port}
"""


def missing() -> list[str]:
    """Programs that this needs and that are not installed."""
    return [program for program in ("haproxy", "openssl") if shutil.which(program) is None]


@contextlib.contextmanager
def over_tls(bench: Bench) -> Iterator[None]:
    """Until its end the clients speak TLS, and trust the certificate that is made for it."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        made = "-x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
        command = ["openssl", "req", *made.split(), "-keyout", "key.pem", "-out", "certificate.pem"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        both = (folder / "certificate.pem").read_text() + (folder / "key.pem").read_text()
        (folder / "both.pem").write_text(both)
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=4096))
        port = listening.getsockname()[1]
        settings = SETTINGS.format(descriptor=listening.fileno(), folder=folder, port=bench.port)
        (folder / "settings").write_text(settings)
        front = stack.enter_context(
            subprocess.Popen(["haproxy", "-q", "-db", "-f", str(folder / "settings")], pass_fds=[listening.fileno()])
        )
        stack.callback(front.terminate)
        stack.enter_context(mock.patch.dict(os.environ, SSL_CERT_FILE=str(folder / "certificate.pem")))
        stack.enter_context(mock.patch.object(bench, "address", f"https://localhost:{port}"))
        yield
