"""The fault server for Python tests: starts the program, composes scripts, asks what was seen.

    with FaultServer() as server:
        url = server.url(Script().event_stream([frame("hello"), DONE]))
        ...
        assert server.stats()["connections"] == 1

In pytest: ``from fault_server_client import fault_server`` gives the fixture (one process, forgotten between tests).
"""

from __future__ import annotations

import base64
import gzip
import http.client
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

DONE = b"data: [DONE]\n\n"
END_OF_BODY = b"0\r\n\r\n"
EVENT_STREAM = "text/event-stream"
LONG_ENOUGH = 25.0  # seconds that a test waits for what ought to come at once; scripts wait longer for their clients
_SOURCES = Path(__file__).resolve().parent / "fault_server"
_LONGEST_INLINE = 4096  # some clients refuse long addresses; longer scripts are registered


def _bytes(data: bytes | str) -> bytes:
    return data.encode() if isinstance(data, str) else bytes(data)


def _number(value: float) -> str:
    return f"{value:f}"


def as_chunk(data: bytes | str) -> bytes:
    """One HTTP chunk."""
    data = _bytes(data)
    return b"%x\r\n%s\r\n" % (len(data), data)


def event(value: Any) -> bytes:
    """One SSE event; anything but str and bytes is written as JSON."""
    text = value if isinstance(value, (str, bytes)) else json.dumps(value, ensure_ascii=False)
    return b"data: " + _bytes(text) + b"\n\n"


def frame(
    content: str | None = None,
    *,
    finish_reason: str | None = None,
    usage: dict[str, Any] | None = None,
    **delta: Any,
) -> bytes:
    """One chat.completion.chunk event; further keywords go into the delta (reasoning_content, tool_calls, role)."""
    if content is not None:
        delta["content"] = content
    chunk: dict[str, Any] = {
        "id": "chatcmpl-test",
        "object": "chat.completion.chunk",
        "created": 1779980001,
        "model": "kimi-k2.6",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
    }
    if usage is not None:
        chunk["usage"] = usage
    return event(chunk)


class Script:
    """Steps for one response after another; every method returns the script. See fault_server/script.hpp."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def __str__(self) -> str:
        return "".join(line + "\n" for line in self._lines)

    def _add(self, verb: str, *arguments: str | int | bytes) -> Script:
        words = [base64.b64encode(a).decode() if isinstance(a, bytes) else str(a) for a in arguments]
        self._lines.append(" ".join([verb, *words]))
        return self

    def send(self, data: bytes | str) -> Script:
        return self._add("send", _bytes(data))

    def drip(self, ms: float, data: bytes | str) -> Script:
        """One byte at a time."""
        return self._add("drip", _number(ms), _bytes(data))

    def split(self, size: int, ms: float, data: bytes | str) -> Script:
        return self._add("split", size, _number(ms), _bytes(data))

    def repeat(self, times: int, data: bytes | str) -> Script:
        return self._add("repeat", times, _bytes(data))

    def sleep(self, ms: float) -> Script:
        return self._add("sleep", _number(ms))

    def gate(self) -> Script:
        """Wait until the test opens it (`FaultServer.open`), 30 s at most."""
        return self._add("gate")

    def stall(self) -> Script:
        """Hold the connection open till the client goes away, 30 s at most."""
        return self._add("stall")

    def wait_close(self) -> Script:
        return self._add("wait-close")

    def half_close(self) -> Script:
        return self._add("half-close")

    def close(self) -> Script:
        return self._add("close")

    def reset(self) -> Script:
        """RST. Where the system is Linux the client can still read what had arrived; elsewhere it may be lost."""
        return self._add("reset")

    def keep(self) -> Script:
        """The response is done; the next request may come on this connection."""
        return self._add("keep")

    def read_nothing(self) -> Script:
        """First step only: answer without having read the request body."""
        return self._add("read-nothing")

    def attempt(self) -> Script:
        """What follows answers the next request; the last part repeats."""
        return self._add("---")

    def head(self, status: int, headers: dict[str, str] | None = None, *, chunked: bool = False) -> Script:
        """Without ``chunked`` and Content-Length the body ends with the connection."""
        lines = [f"HTTP/1.1 {status} {'OK' if status == 200 else 'Status'}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if chunked:
            lines.append("Transfer-Encoding: chunked")
        return self.send("\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape"))

    def chunk(self, data: bytes | str) -> Script:
        return self.send(as_chunk(data))

    def repeat_chunk(self, times: int, data: bytes | str) -> Script:
        """One HTTP chunk of many copies."""
        data = _bytes(data)
        return self.send(b"%x\r\n" % (times * len(data))).repeat(times, data).send(b"\r\n")

    def last_chunk(self) -> Script:
        return self.send(END_OF_BODY)

    def respond(
        self,
        status: int,
        body: bytes | str = b"",
        content_type: str | None = "text/plain",
        headers: dict[str, str] | None = None,
    ) -> Script:
        """A whole response with a Content-Length; the connection is kept. ``content_type=None`` sends none."""
        body = _bytes(body)
        all_headers = dict(headers or {})
        if content_type is not None:
            all_headers["Content-Type"] = content_type
        all_headers["Content-Length"] = str(len(body))
        return self.head(status, all_headers).send(body).keep()

    def json(self, status: int, value: Any, headers: dict[str, str] | None = None) -> Script:
        return self.respond(status, json.dumps(value, ensure_ascii=False), "application/json", headers)

    def event_stream(
        self,
        frames: Iterable[bytes | str],
        *,
        late_ms: float = 0,
        headers: dict[str, str] | None = None,
        content_type: str | None = EVENT_STREAM,
    ) -> Script:
        """A chunked stream, one HTTP chunk a frame; the body's end comes with the last, or ``late_ms`` after it."""
        all_headers = dict(headers or {})
        if content_type is not None:
            all_headers["Content-Type"] = content_type
        self.head(200, all_headers, chunked=True)
        parts = [as_chunk(each) for each in frames]
        if late_ms:
            for part in parts:
                self.send(part)
            return self.sleep(late_ms).last_chunk().keep()
        for part in parts[:-1]:
            self.send(part)
        return self.send(b"".join(parts[-1:]) + END_OF_BODY).keep()

    def gzip_event_stream(self, frames: Iterable[bytes | str], *, chunk_size: int = 64) -> Script:
        """The same frames as one gzip body, cut into chunks without regard to events."""
        body = gzip.compress(b"".join(_bytes(each) for each in frames))
        self.head(200, {"Content-Type": EVENT_STREAM, "Content-Encoding": "gzip"}, chunked=True)
        for start in range(0, len(body), chunk_size):
            self.chunk(body[start : start + chunk_size])
        return self.last_chunk().keep()


def find_program() -> Path | None:
    """KIMISTREAM_FAULT_SERVER, else the newest one in a build folder."""
    if named := os.environ.get("KIMISTREAM_FAULT_SERVER"):
        return Path(named)
    root = _SOURCES.parent.parent
    built = [
        path
        for pattern in ("build/tests/fault_server", "build/*/tests/fault_server")
        for path in root.glob(f"{pattern}/kimistream_fault_server")
        if os.access(path, os.X_OK)
    ]
    return max(built, key=lambda path: path.stat().st_mtime, default=None)


def compile_program(folder: Path) -> Path:
    compiler = os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    if not compiler:
        raise RuntimeError("no fault server was built and there is no C++ compiler to build one")
    program = folder / "kimistream_fault_server"
    sources = sorted(str(path) for path in _SOURCES.glob("*.cpp"))
    command = [*compiler.split(), "-std=c++20", "-O1", "-pthread", f"-I{_SOURCES.parent}", *sources, "-o", str(program)]
    subprocess.run(command, check=True, timeout=300)
    return program


class FaultServer:
    """A running fault server; a context manager."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="fault-server-")
        self._serial = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self.origin = ""

    def __enter__(self) -> FaultServer:
        program = find_program() or compile_program(Path(self._folder.name))
        self._process = subprocess.Popen([str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self.origin = self._process.stdout.readline().decode().strip()
        if not self.origin:
            self.close()
            raise RuntimeError(f"{program} did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.close()  # the server ends by itself
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()
        self._folder.cleanup()

    @property
    def port(self) -> int:
        return int(self.origin.rsplit(":", 1)[1])

    def url(self, script: Script | str, suffix: str = "/v1") -> str:
        """A base URL for the script; each call counts its attempts from the first."""
        text = f"# {next(self._serial)}\n{script}".encode()
        segment = base64.urlsafe_b64encode(text).decode().rstrip("=")
        if len(segment) <= _LONGEST_INLINE:
            return f"{self.origin}/s/{segment}{suffix}"
        return f"{self.origin}{json.loads(self._ask('POST', '/scripts', text))['path']}{suffix}"

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LONG_ENOUGH)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise ValueError(f"{path}: {data.decode(errors='replace')}")
        return data

    def stats(self) -> dict[str, Any]:
        """connections, open, requests, scripts, closes (by the client), last_request."""
        stats: dict[str, Any] = json.loads(self._ask("GET", "/stats"))
        if stats["last_request"] is not None:
            _decode_request(stats["last_request"])
        return stats

    def requests(self, url: str | None = None) -> list[dict[str, Any]]:
        """What was received, oldest first, for one URL or all: head, body (its first MiB), body_bytes, body_crc32."""
        found: list[dict[str, Any]] = json.loads(self._ask("GET", "/requests"))
        for each in found:
            _decode_request(each)
        return found if url is None else [each for each in found if each["script"] == _script_id(url)]

    def attempts(self, url: str) -> int:
        """How many requests this URL has had."""
        seen = self.stats()["scripts"].get(_script_id(url))
        return 0 if seen is None else int(seen["requests"])

    def reset(self) -> None:
        self._ask("GET", "/reset")

    def late_sends(self, url: str) -> int:
        """How many of the URL's sends came 100 ms or more behind the one before: scripted so, or the machine is busy.

        So long a client waits for the end of a body before it takes another connection.
        """
        return int(self.stats()["scripts"][_script_id(url)]["late_sends"])

    def open(self, url: str, times: int = 1) -> None:
        """Lets so many connections pass one gate of the URL's script, those that wait there or come there later."""
        self._ask("GET", f"/open/{_script_id(url)}/{times}")

    def at_gate(self, url: str) -> int:
        """How many connections wait at a gate of the URL's script."""
        return int(self._ask("GET", f"/gate/{_script_id(url)}"))

    def wait_closed(
        self, timeout: float = LONG_ENOUGH, *, count: int = 1, url: str | None = None
    ) -> list[dict[str, Any]]:
        """Waits until the client has closed ``count`` connections by itself; ``during`` says at which step."""
        end = time.monotonic() + timeout
        while True:
            closes: list[dict[str, Any]] = self.stats()["closes"]
            if url is not None:
                closes = [close for close in closes if close["script"] == _script_id(url)]
            if len(closes) >= count:
                return closes
            if time.monotonic() > end:
                raise TimeoutError(f"{len(closes)} of {count} connections were closed by the client in {timeout} s")
            time.sleep(0.005)


def _script_id(url: str) -> str:
    return url.split("://", 1)[-1].split("/")[2]


def _decode_request(request: dict[str, Any]) -> None:
    head = base64.b64decode(request["head"]).decode("latin-1").split("\r\n")
    request["method"], request["target"] = head[0].split(" ")[:2]
    request["headers"] = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    request["head"] = "\r\n".join(head)
    request["body"] = base64.b64decode(request["body"])


@pytest.fixture(scope="session")
def fault_server_process() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


@pytest.fixture
def fault_server(fault_server_process: FaultServer) -> FaultServer:
    """The session's server, with nothing remembered."""
    fault_server_process.reset()
    return fault_server_process
