"""Files on their way to the simulator: progress, clocks, retries, interrupts, memory."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

pytest.importorskip("aiohttp")

from fault_server_client import FaultServer, Script
from files_kit import answering, client_of, sized
from kit import async_kimi, kimi, python, run, with_patience

import kimistream
from kimistream.simulator import Simulator

# ---- progress, timeouts, retries ------------------------------------------------------------------------------------


def test_progress_is_monotone_and_complete(simulator: Simulator, tmp_path: Path) -> None:
    size = 20 << 20
    sized(tmp_path / "big.bin", size)
    told: list[tuple[int, int]] = []
    with client_of(simulator) as client:
        client.files.create(file=tmp_path / "big.bin", purpose="batch", on_progress=lambda *at: told.append(at))
    assert told[0] == (0, size)
    assert told[-1] == (size, size)
    assert {total for _, total in told} == {size}
    sent = [each for each, _ in told]
    assert sent == sorted(set(sent))


@pytest.mark.parametrize("error", [LookupError, KeyboardInterrupt])
def test_what_progress_raises_ends_the_upload(simulator: Simulator, tmp_path: Path, error: type[BaseException]) -> None:
    sized(tmp_path / "big.bin", 30 << 20)

    def stop(sent: int, total: int) -> None:
        if sent:
            raise error("enough")

    with client_of(simulator) as client:
        with pytest.raises(error, match="enough"):
            client.files.create(file=tmp_path / "big.bin", purpose="batch", on_progress=stop)
        assert client.files.list().data == []
        assert client.files.create(file=b"more", purpose="batch").bytes == 4  # the client goes on


def test_progress_must_be_callable(simulator: Simulator) -> None:
    with client_of(simulator) as client, pytest.raises(TypeError, match="callable"):
        client.files.create(file=b"data", purpose="batch", on_progress=17)  # type: ignore[arg-type]


FILE = {"id": "file_1", "object": "file", "bytes": 4, "filename": "a", "purpose": "batch", "status": "ready"}


def test_an_upload_is_repeated_where_nothing_can_have_been_kept(fault_server: FaultServer) -> None:
    for status in (429, 503):
        url = answering(
            fault_server, (status, {"error": {"message": "busy", "type": "engine_overloaded_error"}}), (200, FILE)
        )
        with kimi(url, max_retries=2) as client:
            assert client.files.create(file=b"payload", purpose="batch").id == "file_1"
        assert [b"payload" in request["body"] for request in fault_server.requests(url)] == [True, True]


def test_an_upload_is_not_repeated_where_it_may_have_been_kept(fault_server: FaultServer) -> None:
    url = answering(fault_server, (500, {"error": {"message": "oops"}}), (200, FILE))
    with kimi(url, max_retries=2) as client:
        with pytest.raises(kimistream.InternalServerError):
            client.files.create(file=b"data", purpose="batch")
        assert len(fault_server.requests(url)) == 1
    url = fault_server.url(Script().close().attempt().json(200, FILE))
    with kimi(url, max_retries=2) as client:
        with pytest.raises(kimistream.APIConnectionError):
            client.files.create(file=b"data", purpose="batch")
        assert len(fault_server.requests(url)) == 1


def test_an_upload_that_reached_nobody_is_repeated(caplog: pytest.LogCaptureFixture) -> None:
    with kimi("http://127.0.0.1:1/v1", max_retries=1) as client, caplog.at_level("INFO", logger="kimistream"):
        with pytest.raises(kimistream.APIConnectionError):
            client.files.create(file=b"data", purpose="batch")
        assert [line.startswith("attempt 1 failed") for line in caplog.messages] == [True]


def test_reading_a_file_s_state_is_repeated(fault_server: FaultServer) -> None:
    url = answering(fault_server, (500, {"error": {"message": "oops"}}), (200, FILE))
    with kimi(url, max_retries=1) as client:
        assert client.files.retrieve("file_1").id == "file_1"


class _Slow:
    """A server that takes an upload in blocks with a pause behind each, then answers."""

    def __init__(self, block: int, pause: float) -> None:
        import socket

        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.base_url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/v1"
        self._block, self._pause = block, pause
        self.received = 0
        self.reading = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        connection, _ = self._listening.accept()
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(4096)
            head, _, body = head.partition(b"\r\n\r\n")
            (length,) = (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line[:15] == b"Content-Length:")
            self.received = len(body)
            self.reading.set()
            while self.received < length:
                end = min(self.received + self._block, length)
                while self.received < end:
                    got = len(connection.recv(end - self.received))
                    if not got:
                        return
                    self.received += got
                time.sleep(self._pause)
            answer = b'{"id": "file_1", "object": "file", "status": "ready"}'
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                               % (len(answer), answer))  # fmt: skip

    def close(self) -> None:
        self._listening.close()


def test_the_clock_does_not_run_while_bytes_go_out(tmp_path: Path) -> None:
    """Where what the system has in its buffers is taken is not seen: some MB in one go, so blocks are not small."""
    sized(tmp_path / "big.bin", 32 << 20)

    def upload(limit: float) -> None:
        server = _Slow(block=1 << 19, pause=limit / 50)  # 64 of them
        began = time.monotonic()
        try:
            with kimi(server.base_url, timeout=limit) as client:
                assert client.files.create(file=tmp_path / "big.bin", purpose="batch").id == "file_1"
        finally:
            server.close()
        assert time.monotonic() - began > 1.2 * limit, "too fast to prove anything"

    with_patience(upload, 1.0)


def test_an_upload_that_stands_still_times_out(tmp_path: Path) -> None:
    sized(tmp_path / "big.bin", 12 << 20)
    server = _Slow(block=1, pause=1000)
    try:
        with kimi(server.base_url, timeout=0.3) as client, pytest.raises(kimistream.APITimeoutError):
            client.files.create(file=tmp_path / "big.bin", purpose="batch")
    finally:
        server.close()


def test_ctrl_c_ends_an_upload(tmp_path: Path) -> None:
    sized(tmp_path / "big.bin", 12 << 20)
    server = _Slow(block=1, pause=1000)

    def interrupt() -> None:
        server.reading.wait(60)
        time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    try:
        with kimi(server.base_url) as client, pytest.raises(KeyboardInterrupt):
            client.files.create(file=tmp_path / "big.bin", purpose="batch")
    finally:
        server.close()


# ---- memory ---------------------------------------------------------------------------------------------------------

BIG = """
import sys, time
from kimistream import Kimi
def peak():  # not ru_maxrss: that begins with what the parent had when it started this
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
base_url, key, path = sys.argv[1:]
with Kimi(api_key=key, base_url=base_url, provider="moonshot", max_retries=0) as client:
    client.files.create(file=b"warm", purpose="batch")
    before = peak()
    told, began = [], time.monotonic()
    stored = client.files.create(file=path, purpose="batch", on_progress=lambda *at: told.append(at))
    print(stored.bytes, peak() - before, len(told),
          round(time.monotonic() - began, 2), told[-1][0])
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="reads /proc")
@pytest.mark.parametrize("size", [
    200_000_000,
    pytest.param(3 << 30, marks=pytest.mark.skipif("KIMISTREAM_BIG_FILES" not in os.environ, reason="takes long")),
])  # fmt: skip
def test_memory_does_not_grow_with_the_file(simulator: Simulator, tmp_path: Path, size: int) -> None:
    with open(tmp_path / "big.bin", "wb") as out:
        out.truncate(size)
    done = python(BIG, simulator.base_url, simulator.api_key, str(tmp_path / "big.bin"))
    assert done.stderr == ""
    stored, grown_kb, _, _, last = done.stdout.split()
    assert int(stored) == size == int(last)
    assert int(grown_kb) < 8 * 1024
    if size > 1 << 30:
        sys.stdout.write(f"3 GiB: {done.stdout}")


def test_a_cancelled_upload_ends(tmp_path: Path) -> None:
    sized(tmp_path / "big.bin", 12 << 20)
    server = _Slow(block=1, pause=1000)

    async def main() -> None:
        async with async_kimi(server.base_url) as client:
            task = asyncio.ensure_future(client.files.create(file=tmp_path / "big.bin", purpose="batch"))
            while not server.reading.is_set():
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    try:
        run(main())
    finally:
        server.close()
