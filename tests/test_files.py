"""`client.files` and `client.extract` against the simulator: what arrives is what was sent, byte for byte."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiohttp")

from fault_server_client import FaultServer
from files_kit import BLOCK, answering, client_of, digest_at, sized
from kit import async_kimi, kimi, run, with_patience

import kimistream
from kimistream import BadRequestError, InvalidRequestError, Kimi, NotFoundError
from kimistream.simulator import Simulator

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
