"""Media on their way: every byte of every size arrives, once or again, and nothing wrong is ever sent to its end."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import shutil
import signal
import ssl
import subprocess
import threading
import time
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kit import FaultServer, Script, async_kimi, completion, kimi, run

from kimistream import Image, InvalidRequestError, Video

if TYPE_CHECKING:
    from kimistream.simulator import Simulator

HEAD = b"\xff\xd8\xff"  # of a JPEG, the shortest by which a format is known
MP4_HEAD = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"


def some(size: int, head: bytes = HEAD) -> bytes:
    """That many bytes, the same each time."""
    pattern = bytes(range(251))
    return (head + pattern * (size // len(pattern) + 1))[:size]


def line(data: bytes, mime: str = "image/jpeg") -> str:
    """What the simulator says of a medium."""
    return f"one {mime.partition('/')[0]} ({mime}, {len(data)} bytes, SHA-256 {hashlib.sha256(data).hexdigest()})"


def sim_kimi(simulator: Simulator, **options: Any) -> Any:
    return kimi(simulator.base_url, api_key=simulator.api_key, **options)


# ---- every size ------------------------------------------------------------------------------------------------------


def test_every_small_size_arrives_whole(simulator: Simulator) -> None:
    client = sim_kimi(simulator)
    sizes = range(len(HEAD), 1001)
    for first in range(0, len(sizes), 50):
        media = [some(size) for size in sizes[first : first + 50]]
        answer = client.complete(["see", *map(Image, media)], thinking=False)
        assert answer.text == f"I see {'; '.join(map(line, media))}."
    for size in range(len(HEAD)):
        with pytest.raises(InvalidRequestError):
            Image(some(size))


@pytest.mark.parametrize("border", [16 << 10, 64 << 10, 256 << 10])
def test_sizes_around_the_border_of_a_buffer_arrive_whole(border: int, simulator: Simulator, tmp_path: Path) -> None:
    """Of the bytes, of their base64 text, and of the whole body."""
    client = sim_kimi(simulator)
    sizes = {each + off for off in range(-3, 4) for each in (border, border * 3 // 4, border * 3 // 4 - 120)}
    path = tmp_path / "a.jpg"
    for size in sorted(sizes):
        path.write_bytes(some(size))
        answer = client.complete(["see", Image(path), Image(some(size))], thinking=False)
        assert answer.text == f"I see {line(some(size))}; {line(some(size))}."


def test_several_media_of_different_kinds_share_a_request(simulator: Simulator, tmp_path: Path) -> None:
    picture, video = some(300_000), some(700_001, MP4_HEAD)
    (tmp_path / "a.jpg").write_bytes(picture)
    (tmp_path / "a.mp4").write_bytes(video)
    content = ["first", Image(tmp_path / "a.jpg"), "then", Video(tmp_path / "a.mp4"), Image(picture), "last"]
    expected = f"I see {line(picture)}; {line(video, 'video/mp4')}; {line(picture)}."
    client = sim_kimi(simulator)
    assert client.complete(content, thinking=False).text == expected
    assert "".join(client.stream(content, thinking=False).text) == expected

    async def ask() -> str:
        async with async_kimi(simulator.base_url, api_key=simulator.api_key) as other:
            return str((await other.complete(content, thinking=False)).text)

    assert run(ask()) == expected


def test_many_requests_with_the_same_file_at_once(simulator: Simulator, tmp_path: Path) -> None:
    data = some(200_000)
    path = tmp_path / "a.jpg"
    path.write_bytes(data)
    image = Image(path)

    async def ask() -> list[str]:
        async with async_kimi(simulator.base_url, api_key=simulator.api_key) as client:
            answers = await asyncio.gather(*(client.complete(["see", image], thinking=False) for _ in range(16)))
        return [answer.text for answer in answers]

    assert run(ask()) == [f"I see {line(data)}."] * 16


def memory_kb(name: str) -> int:
    """VmRSS, or VmHWM: the most that it has been since the last reset."""
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith(name)).split()[1])


@pytest.mark.skipif(not os.path.exists("/proc/self/clear_refs"), reason="peaks of memory as Linux tells them")
def test_a_hundred_megabytes_go_out_in_little_memory(fault_server: FaultServer, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(some(100_000_000, MP4_HEAD))
    url = fault_server.url(Script().json(200, completion()))
    client = kimi(url)
    client.complete("warm")
    Path("/proc/self/clear_refs").write_text("5")
    before = memory_kb("VmRSS")
    client.complete(["see", Video(path)])
    assert memory_kb("VmHWM") - before < 8 * 1024
    request = fault_server.requests(url)[-1]
    start = request["body"].index(b"base64,") + 7
    end = b'"}}]}]}'
    length = request["body_bytes"] - start - len(end)
    assert length == (100_000_000 + 2) // 3 * 4
    data = path.read_bytes()
    crc = zlib.crc32(request["body"][:start])
    for at in range(0, len(data), 3 << 20):
        crc = zlib.crc32(base64.b64encode(data[at : at + (3 << 20)]), crc)
    assert zlib.crc32(end, crc) == request["body_crc32"]


# ---- again -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["path", "bytes", "file"])
def test_a_repeated_request_has_the_same_bytes(how: str, fault_server: FaultServer, tmp_path: Path) -> None:
    data = some(500_000)
    path = tmp_path / "a.jpg"
    path.write_bytes(data)
    refusal = {"error": {"message": "busy", "type": "server_error"}}
    script = Script().json(503, refusal).attempt().json(503, refusal).attempt().json(200, completion())
    url = fault_server.url(script)
    with open(path, "rb") as file:
        image = Image({"path": path, "bytes": data, "file": file}[how])
    assert kimi(url, max_retries=2).complete(["see", image]).text == "Hello"
    bodies = [request["body"] for request in fault_server.requests(url)]
    assert len(bodies) == 3
    assert bodies[0] == bodies[1] == bodies[2]
    encoded = bodies[0].partition(b"base64,")[2].partition(b'"')[0]
    assert base64.b64decode(encoded, validate=True) == data


def test_a_kept_connection_that_died_does_not_cost_the_body(fault_server: FaultServer) -> None:
    """libcurl finds out while it sends, and sends all of it again by itself."""
    data = some(400_000)
    url = fault_server.url(Script().json(200, completion()).attempt().close().attempt().json(200, completion("Again")))
    client = kimi(url)
    client.complete("warm")
    assert client.complete(["see", Image(data)]).text == "Again"
    requests = fault_server.requests(url)
    assert len(requests) == 3
    assert requests[1]["body"] == requests[2]["body"]
    assert base64.b64decode(requests[2]["body"].partition(b"base64,")[2].partition(b'"')[0]) == data


def test_a_second_turn_reads_the_file_again(fault_server: FaultServer, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(some(1000))
    url = fault_server.url(Script().json(200, completion()))
    client = kimi(url)
    history: list[Any] = [{"role": "user", "content": ["see", Image(path)]}]
    history.append(client.complete(history))
    path.write_bytes(some(2000))
    client.complete([*history, {"role": "user", "content": "and now?"}])
    sizes = [
        len(base64.b64decode(request["body"].partition(b"base64,")[2].partition(b'"')[0]))
        for request in fault_server.requests(url)
    ]
    assert sizes == [1000, 2000]


# ---- what changes on the way -----------------------------------------------------------------------------------------


def sparse(path: Path, size: int) -> Path:
    """A video of mostly nothing, which takes no room."""
    path.write_bytes(MP4_HEAD)
    os.truncate(path, size)
    return path


@pytest.mark.parametrize(("size", "words"), [(1 << 20, "became shorter"), (64 << 20, "became longer")])
def test_a_file_that_changes_while_it_is_sent_is_never_sent_to_its_end(
    size: int, words: str, fault_server: FaultServer, tmp_path: Path
) -> None:
    path = sparse(tmp_path / "a.mp4", 48 << 20)
    url = fault_server.url(Script().json(200, completion()))
    changed = []

    def change(sent: int, total: int) -> None:
        if not changed:
            assert sent < total
            changed.append(sent)
            os.truncate(path, size)

    client = kimi(url, max_retries=2)
    with pytest.raises(InvalidRequestError, match=words):
        client.complete(["see", Video(path)], on_upload=change)
    assert changed
    fault_server.wait_closed(url=url)
    (request,) = fault_server.requests(url)  # it was not tried again
    assert request["body_bytes"] < int(request["headers"]["content-length"])
    assert client.complete("still works").text == "Hello"


def test_a_file_that_is_gone_when_the_request_is_repeated_ends_it(fault_server: FaultServer, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(some(1000))
    url = fault_server.url(Script().json(503, {"error": {"message": "busy"}}))
    with pytest.raises(InvalidRequestError, match="there is no file"):
        kimi(url, max_retries=2).complete(["see", Image(path)], on_upload=lambda sent, total: path.unlink(True))
    whole = [
        request
        for request in fault_server.requests(url)
        if request["body_bytes"] == int(request["headers"]["content-length"])
    ]
    assert len(whole) == 1


def test_a_server_that_refuses_before_it_has_read_all_is_heard(fault_server: FaultServer, tmp_path: Path) -> None:
    path = sparse(tmp_path / "a.mp4", 64 << 20)
    refusal = {"error": {"message": "Request exceeds the maximum size"}}
    url = fault_server.url(Script().read_nothing().json(413, refusal))
    with pytest.raises(Exception, match="maximum size"):
        kimi(url).complete(["see", Video(path)])


# ---- progress --------------------------------------------------------------------------------------------------------


def test_progress_is_told_seldom_and_to_the_end(fault_server: FaultServer, tmp_path: Path) -> None:
    path = sparse(tmp_path / "a.mp4", 24 << 20)
    url = fault_server.url(Script().json(200, completion()))
    told: list[tuple[int, int]] = []
    start = time.monotonic()
    kimi(url).complete(["see", Video(path)], on_upload=lambda *word: told.append(word))
    assert len(told) <= (time.monotonic() - start) * 20 + 2
    total = fault_server.requests(url)[-1]["body_bytes"]
    assert told[-1] == (total, total)
    assert told == sorted(told)
    assert {whole for _, whole in told} == {total}


def test_progress_is_told_of_a_body_without_media_and_of_asyncio(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, completion()))
    told: list[tuple[int, int]] = []
    kimi(url).complete("x" * 100_000, on_upload=lambda *word: told.append(word))
    total = fault_server.requests(url)[-1]["body_bytes"]
    assert told[-1] == (total, total)

    async def ask() -> None:
        async with async_kimi(url) as client:
            await client.complete(["see", Image(some(100_000))], on_upload=lambda *word: told.append(word))

    run(ask())
    total = fault_server.requests(url)[-1]["body_bytes"]
    assert told[-1] == (total, total)


def test_a_function_that_raises_does_not_end_the_request(
    fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr("sys.unraisablehook", lambda word: seen.append(word.exc_type))
    url = fault_server.url(Script().json(200, completion()))
    assert kimi(url).complete(["see", Image(some(1000))], on_upload=lambda sent, total: 1 / 0).text == "Hello"
    assert set(seen) == {ZeroDivisionError}
    with pytest.raises(TypeError, match="on_upload"):
        kimi(url).complete("hi", on_upload=7)


def test_ctrl_c_in_the_function_ends_the_request(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().stall())

    def interrupt(sent: int, total: int) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)  # Python looks for signals between its own steps

    with pytest.raises(KeyboardInterrupt):
        kimi(url).complete(["see", Image(some(1000))], on_upload=interrupt)


# ---- TLS -------------------------------------------------------------------------------------------------------------


class Digest(BaseHTTPRequestHandler):
    """Answers with the SHA-256 of the request's body."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        digest = hashlib.sha256()
        left = int(self.headers["Content-Length"])
        while left > 0:
            block = self.rfile.read(min(left, 1 << 20))
            if not block:
                return
            digest.update(block)
            left -= len(block)
        answer = json.dumps(completion(digest.hexdigest())).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def tls_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command, *names, *files], check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with ThreadingHTTPServer(("127.0.0.1", 0), Digest) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"https://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()
        thread.join()


def test_media_go_out_over_tls(tls_server: str, fault_server: FaultServer, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    plain = fault_server.url(Script().json(200, completion()))
    with kimi(tls_server, provider="moonshot") as client:
        for size in (5000, (256 << 10) * 3 // 4 + 1, 700_000):
            path.write_bytes(some(size, MP4_HEAD))
            digest = client.complete(["see", Video(path), Image(some(size))]).text
            kimi(plain, provider="moonshot").complete(["see", Video(path), Image(some(size))])
            request = fault_server.requests(plain)[-1]
            if request["body_bytes"] <= len(request["body"]):
                assert digest == hashlib.sha256(request["body"]).hexdigest()
            else:
                text = request["body"]
                start, between = (
                    text.index(b"base64,") + 7,
                    b'"}},{"type":"image_url","image_url":{"url":"data:image/jpeg;base64,',
                )
                first, second = (base64.b64encode(some(size, head)) for head in (MP4_HEAD, HEAD))
                whole = text[:start] + first + between + second + b'"}}]}]}'
                assert len(whole) == request["body_bytes"]
                assert digest == hashlib.sha256(whole).hexdigest()
