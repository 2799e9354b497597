"""`client.files` and `client.extract` against the simulator: what arrives is what was sent, byte for byte."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiohttp")

from fault_server_client import FaultServer, Script
from kit import async_kimi, kimi, python, run, with_patience

import kimistream
from kimistream import BadRequestError, InvalidRequestError, Kimi, NotFoundError
from kimistream.simulator import Simulator

BLOCK = bytes(range(256)) * 4096


def client_of(sim: Simulator, **options: Any) -> Kimi:
    return Kimi(api_key=sim.api_key, base_url=sim.base_url, provider="moonshot", max_retries=0, **options)


def digest_at(client: Kimi, file_id: str) -> str:
    return hashlib.sha256(client.files.content(file_id).read()).hexdigest()


def sized(path: Path, size: int) -> str:
    """A file of this size, and its SHA-256."""
    digest = hashlib.sha256()
    with open(path, "wb") as out:
        for at in range(0, size, len(BLOCK)):
            block = (
                at.to_bytes(8, "big") + BLOCK[8 : min(len(BLOCK), size - at)] if size - at > 8 else b"x" * (size - at)
            )
            out.write(block)
            digest.update(block)
    assert path.stat().st_size == size
    return digest.hexdigest()


def answering(server: FaultServer, *answers: tuple[int, Any]) -> str:
    """A base URL that gives these (status, body) in turn, the last for ever."""
    script = Script()
    for place, (status, value) in enumerate(answers):
        if place:
            script.attempt()
        script = script.respond(status, value) if isinstance(value, bytes) else script.json(status, value)
    return server.url(script)


# ---- a file's life --------------------------------------------------------------------------------------------------


def test_a_file_s_life(simulator: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_text("第一行\nsecond line", "utf-8")
    with client_of(simulator) as client:
        stored = client.files.create(file=path, purpose="file-extract")
        assert isinstance(stored, kimistream.FileObject)
        assert stored.id.startswith("file_")
        assert (stored.filename, stored.bytes, stored.purpose) == ("report.txt", 21, "file-extract")
        assert stored.status == "ready"
        assert abs(stored.created_at - time.time()) < 3600
        listed = client.files.list()
        assert [file.id for file in listed] == [stored.id] == [file.id for file in listed.data]
        assert client.files.retrieve(stored.id) == stored
        content = client.files.content(stored.id)
        assert content.json()["content"] == "第一行\nsecond line"
        assert content.json()["file_type"] == "text/plain"
        assert content.text.encode() == content.read() == content.content
        content.write_to_file(tmp_path / "out.json")
        assert (tmp_path / "out.json").read_bytes() == content.read()
        gone = client.files.delete(stored.id)
        assert (gone.id, gone.deleted) == (stored.id, True)
        assert client.files.list().data == []
        for ask in (client.files.retrieve, client.files.content, client.files.delete):
            with pytest.raises(NotFoundError):
                ask(stored.id)


@pytest.mark.parametrize("size", [1, 2, 65_535, 65_536, 65_537, 262_143, 262_144, 262_145, 50 << 20])
def test_every_size_arrives_whole(simulator: Simulator, tmp_path: Path, size: int) -> None:
    wanted = sized(tmp_path / "rows.jsonl", size)
    with client_of(simulator) as client:
        stored = client.files.create(file=str(tmp_path / "rows.jsonl"), purpose="batch")
        assert stored.bytes == size
        assert digest_at(client, stored.id) == wanted


def test_an_empty_file_is_refused_before_anything_is_sent(simulator: Simulator, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").touch()
    with client_of(simulator) as client:
        for file in (tmp_path / "empty.txt", b"", io.BytesIO(), ("a.txt", b"")):
            with pytest.raises(InvalidRequestError, match="empty"):
                client.files.create(file=file, purpose="file-extract")
    assert simulator.requests == []


@pytest.mark.parametrize(
    "name",
    ['a "quoted" name.txt', "line\nbreak\r.txt", "报告 🦊.txt", "x" * 250 + ".txt", "semi;colon=1.txt", "100%25.txt"],
)
def test_odd_names(simulator: Simulator, tmp_path: Path, name: str) -> None:
    with client_of(simulator) as client:
        assert client.files.create(file=(name, b"data"), purpose="batch").filename == name.replace("%25", "%25")
        (tmp_path / name).write_bytes(b"other data")
        stored = client.files.create(file=tmp_path / name, purpose="batch")
        assert stored.bytes == 10
        assert stored.filename.endswith(").txt")  # the second of its name
        assert client.files.content(stored.id).read() == b"other data"


def test_a_name_that_is_no_utf_8(simulator: Simulator, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.txt"
    with open(path, "wb") as out:
        out.write(b"data")
    with client_of(simulator) as client:
        assert client.files.create(file=os.fsdecode(path), purpose="batch").filename == "caf\ufffd.txt"


# ---- what a file may be ---------------------------------------------------------------------------------------------


def test_every_kind_of_source(simulator: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "data.bin"
    path.write_bytes(b"0123456789")
    with gzip.open(tmp_path / "packed.gz", "wb") as packed:
        packed.write(b"unpacked")
    with client_of(simulator) as client:

        def arrived(file: Any) -> tuple[str, bytes]:
            stored = client.files.create(file=file, purpose="batch")
            client.files.delete(stored.id)
            simulator_name, data = stored.filename, None
            stored = client.files.create(file=file() if callable(file) else file, purpose="batch")
            data = client.files.content(stored.id).read()
            client.files.delete(stored.id)
            return simulator_name, data

        assert arrived(path) == ("data.bin", b"0123456789")
        assert arrived(b"bytes") == ("upload", b"bytes")
        assert arrived(bytearray(b"array")) == ("upload", b"array")
        assert arrived(memoryview(b"a view")[2:]) == ("upload", b"view")
        assert arrived(("name.csv", b"pair", "text/csv")) == ("name.csv", b"pair")
        assert arrived(("name.csv", path)) == ("name.csv", b"0123456789")
        with open(path, "rb") as file:
            file.read(4)
            assert arrived(file) == ("data.bin", b"456789")
            assert file.tell() == 4  # nothing moved it
        with open(path, "rb", buffering=0) as file:
            assert arrived(("raw", file)) == ("raw", b"0123456789")
        with tempfile.NamedTemporaryFile(suffix=".log") as file:
            file.write(b"not flushed")
            file.seek(4)
            assert arrived(file)[1] == b"flushed"
        # Read as they give themselves, once.
        with gzip.open(tmp_path / "packed.gz", "rb") as packed:
            stored = client.files.create(file=packed, purpose="batch")  # type: ignore[arg-type]
            assert client.files.content(stored.id).read() == b"unpacked"
        stored = client.files.create(file=io.BytesIO(b"in memory"), purpose="batch")
        assert client.files.content(stored.id).read() == b"in memory"


def test_a_pipe(simulator: Simulator, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    data = BLOCK * 3
    writer = threading.Thread(target=pipe.write_bytes, args=(data,))
    writer.start()
    with client_of(simulator) as client:
        stored = client.files.create(file=pipe, purpose="batch")
        writer.join()
        assert client.files.content(stored.id).read() == data


@pytest.mark.parametrize(
    ("file", "error", "words"),
    [
        ("/nowhere/report.pdf", InvalidRequestError, "there is no file"),
        ("/tmp", InvalidRequestError, "is a directory"),
        ("", InvalidRequestError, "empty"),
        (17, TypeError, "not int"),
        (None, TypeError, "not NoneType"),
        (("a.txt",), TypeError, "(name, data)"),
        (("a.txt", "text"), TypeError, "must be bytes"),
        (io.StringIO("text"), TypeError, "binary"),
        ((17, b"data"), TypeError, "name"),
    ],
)
def test_what_is_no_file(simulator: Simulator, file: Any, error: type[Exception], words: str) -> None:
    with client_of(simulator) as client, pytest.raises(error) as raised:
        client.files.create(file=file, purpose="batch")
    assert words in str(raised.value)
    assert simulator.requests == []


def test_a_file_open_as_text(tmp_path: Path, simulator: Simulator) -> None:
    (tmp_path / "a.txt").write_text("text")
    with client_of(simulator) as client, open(tmp_path / "a.txt") as file, pytest.raises(TypeError, match="binary"):
        client.files.create(file=file, purpose="batch")  # type: ignore[arg-type]


def test_an_unknown_purpose_names_the_known_ones(simulator: Simulator) -> None:
    with client_of(simulator) as client, pytest.raises(InvalidRequestError) as raised:
        client.files.create(file=b"data", purpose="fine-tune")
    for known in ("file-extract", "image", "video", "batch"):
        assert f'"{known}"' in str(raised.value)
    assert simulator.requests == []


def test_a_provider_without_files() -> None:
    with Kimi(provider="vllm", base_url="http://127.0.0.1:1/v1") as client:
        for ask in (
            lambda: client.files.create(file=b"data", purpose="image"),
            client.files.list,
            lambda: client.files.retrieve("file_1"),
            lambda: client.extract(b"data"),
        ):
            with pytest.raises(InvalidRequestError, match="has no files"):
                ask()


def test_an_id_leads_nowhere_else(fault_server: FaultServer) -> None:
    url = answering(fault_server, (200, {"id": "x", "object": "file"}))
    with kimi(url) as client:
        client.files.retrieve("../models?a=b/../c")
        assert "/files/..%2Fmodels%3Fa%3Db%2F..%2Fc" in fault_server.requests(url)[-1]["target"]
        for wrong in ("", "..", ".", "ms://"):
            with pytest.raises(InvalidRequestError, match="no id"):
                client.files.retrieve(wrong)


# ---- lists ----------------------------------------------------------------------------------------------------------


def rows(*ids: str) -> list[dict[str, Any]]:
    return [{"id": each, "object": "file", "purpose": "batch"} for each in ids]


def test_lists_go_on_to_the_end(fault_server: FaultServer) -> None:
    url = answering(
        fault_server,
        (200, {"data": rows("a", "b"), "has_more": True}),
        (200, {"data": rows("c"), "has_more": False}),
    )
    with kimi(url) as client:
        assert [file.id for file in client.files.list()] == ["a", "b", "c"]
        assert [request["target"].partition("?")[2] for request in fault_server.requests(url)] == ["", "after=b"]


def test_a_list_without_has_more_is_whole(fault_server: FaultServer) -> None:
    url = answering(fault_server, (200, {"object": "list", "data": rows("a")}))
    with kimi(url) as client:
        listed = client.files.list()
        assert ([file.id for file in listed], len(fault_server.requests(url))) == (["a"], 1)


def test_a_server_that_repeats_its_page_does_not_hold_us(fault_server: FaultServer) -> None:
    url = answering(fault_server, (200, {"data": rows("a"), "has_more": True}))
    with kimi(url) as client:
        assert [file.id for file in client.files.list()] == ["a"]
        assert len(fault_server.requests(url)) == 2


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


# ---- extract --------------------------------------------------------------------------------------------------------


def test_extract(simulator: Simulator, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("the first")
    with client_of(simulator) as client:
        told: list[int] = []
        messages = client.extract(
            tmp_path / "one.txt", ("two.md", b"# the second"), on_progress=lambda sent, _: told.append(sent)
        )
        assert [message["role"] for message in messages] == ["system", "system"]
        assert ['"the first"' in messages[0]["content"], "# the second" in messages[1]["content"]] == [True, True]
        assert messages[0]["content"] == client.files.content(messages.files[0].id).text
        assert [file.filename for file in messages.files] == ["one.txt", "two.md"]
        assert told == [0, 9, 0, 12]
        assert len(client.files.list().data) == 2
        assert client.complete([*messages, {"role": "user", "content": "Sum it up."}]).text


def test_extract_and_delete(simulator: Simulator) -> None:
    with client_of(simulator) as client:
        messages = client.extract(b"some text", delete=True)
        assert "some text" in messages[0]["content"]
        assert client.files.list().data == []


def test_extract_looks_at_all_files_first(simulator: Simulator) -> None:
    with client_of(simulator) as client:
        with pytest.raises(InvalidRequestError, match="there is no file"):
            client.extract(b"fine", "/nowhere/report.pdf")
        with pytest.raises(InvalidRequestError, match="at least one"):
            client.extract()
    assert simulator.requests == []


def state(status: str, **more: Any) -> tuple[int, Any]:
    return 200, {"id": "file_1", "object": "file", "filename": "a.pdf", "status": status, **more}


def test_extract_waits_until_the_text_is_ready(fault_server: FaultServer) -> None:
    text = b'{"content": "text"}'
    url = answering(fault_server, state("processing"), state("processing"), state("ok"), (200, text))
    with kimi(url) as client:
        assert client.extract(b"data") == [{"role": "system", "content": '{"content": "text"}'}]
        assert [request["method"] for request in fault_server.requests(url)] == ["POST", "GET", "GET", "GET"]


def test_a_file_that_cannot_be_read(fault_server: FaultServer) -> None:
    url = answering(fault_server, state("processing"), state("error", status_details="it is a picture"), state("x"))
    with kimi(url) as client:
        with pytest.raises(kimistream.APIError, match=r"it is a picture.*100 MB"):
            client.extract(("a.pdf", b"data"), delete=True)
        assert fault_server.requests(url)[-1]["method"] == "DELETE"


def test_extraction_that_takes_too_long(fault_server: FaultServer) -> None:
    url = answering(fault_server, state("processing"))

    def extract(limit: float) -> None:
        with kimi(url) as client, pytest.raises(kimistream.APITimeoutError, match=r"still 'processing'.*file_1"):
            client.extract(("a.pdf", b"data"), timeout=limit)

    with_patience(extract, 0.3)


@pytest.mark.parametrize("size", [2 << 20, 60 << 20])  # the second is refused while most of it is still to come
def test_the_provider_s_limits_are_named(size: int) -> None:
    with Simulator(pace=0, max_file=1 << 20) as sim, client_of(sim) as client:
        with pytest.raises(BadRequestError, match=r"too large.*100 MB each") as raised:
            client.files.create(file=bytes(size), purpose="batch")
        assert str(raised.value) == raised.value.message


# ---- asyncio --------------------------------------------------------------------------------------------------------


def test_asyncio_has_the_same(simulator: Simulator, tmp_path: Path) -> None:
    import asyncio

    wanted = sized(tmp_path / "rows.jsonl", 5 << 20)

    async def main() -> None:
        told: list[int] = []
        async with async_kimi(simulator.base_url, api_key=simulator.api_key, provider="moonshot") as client:
            stored, other = await asyncio.gather(
                client.files.create(file=tmp_path / "rows.jsonl", purpose="batch",
                                    on_progress=lambda sent, _: told.append(sent)),
                client.files.create(file=("b.txt", b"other"), purpose="file-extract"),
            )  # fmt: skip
            assert told[-1] == stored.bytes == 5 << 20
            assert hashlib.sha256((await client.files.content(stored.id)).read()).hexdigest() == wanted
            assert {file.id async for file in client.files.list()} == {stored.id, other.id}
            assert [file.id for file in await client.files.list(purpose="batch")] == [stored.id]
            assert (await client.files.retrieve(other.id)).filename == "b.txt"
            assert (await client.files.delete(stored.id)).deleted is True
            messages = await client.extract(b"some text", delete=True)
            assert "some text" in messages[0]["content"]
            assert [file.id for file in await client.files.list()] == [other.id]

            def stop(sent: int, total: int) -> None:
                raise LookupError("enough")

            with pytest.raises(LookupError, match="enough"):
                await client.files.create(file=b"data", purpose="batch", on_progress=stop)

    run(main())


def test_a_cancelled_upload_ends(tmp_path: Path) -> None:
    import asyncio

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
