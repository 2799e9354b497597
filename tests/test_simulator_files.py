"""The simulator's files: uploads of any size, what is known of them, and their use in questions."""

from __future__ import annotations

import hashlib
import http.client
import json
import resource
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

pytest.importorskip("aiohttp")
httpx = pytest.importorskip("httpx")

from simulator_client import message, post  # noqa: E402  (after the skips)

from kimistream.simulator import Simulator  # noqa: E402  (after the skips)

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 100 + b"\r\n--not-the-boundary\r\n"
BLOCK = bytes(range(256)) * 4096


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(pace=0) as simulator:
        yield simulator


def call(sim: Simulator, method: str, path: str, **more: Any) -> httpx.Response:
    return httpx.request(method, sim.base_url + path, headers={"Authorization": f"Bearer {sim.api_key}"}, **more)


def upload(sim: Simulator, name: str, data: bytes, purpose: str | None, mime: str | None = None) -> httpx.Response:
    form = {} if purpose is None else {"purpose": purpose}
    return call(sim, "POST", "/files", data=form, files={"file": (name, data, mime) if mime else (name, data)})


def test_a_file_s_life(sim: Simulator) -> None:
    stored = upload(sim, "report.txt", "第一行\nsecond line".encode(), "file-extract").json()
    assert stored["id"].startswith("file_")
    assert (stored["object"], stored["filename"], stored["purpose"]) == ("file", "report.txt", "file-extract")
    assert (stored["bytes"], stored["status"]) == (21, "ready")
    again = upload(sim, "report.txt", b"other", "file-extract").json()
    assert (again["filename"], again["id"] != stored["id"]) == ("report(1).txt", True)
    listed = call(sim, "GET", "/files").json()
    assert listed == {"object": "list", "data": [stored, again]}
    assert call(sim, "GET", f"/files/{stored['id']}").json() == stored
    content = call(sim, "GET", f"/files/{stored['id']}/content")
    assert content.headers["content-type"].startswith("text/plain")
    assert content.json() == {
        "content": "第一行\nsecond line",
        "file_type": "text/plain",
        "filename": "report.txt",
        "title": "",
        "type": "file",
    }
    gone = call(sim, "DELETE", f"/files/{stored['id']}").json()
    assert gone == {"id": stored["id"], "object": "file", "deleted": True}
    for method, path in (("GET", ""), ("GET", "/content"), ("DELETE", "")):
        lost = call(sim, method, f"/files/{stored['id']}{path}")
        assert lost.status_code == 404
        assert lost.json()["error"]["type"] == "resource_not_found_error"
    assert len(call(sim, "GET", "/files").json()["data"]) == 1
    assert httpx.get(f"{sim.base_url}/files").status_code == 401


def test_media_and_batches_come_back_byte_for_byte(sim: Simulator) -> None:
    for name, purpose, kind in (
        ("a.png", "image", "image/png"),
        ("b.mp4", "video", "video/mp4"),
        ("c.jsonl", "batch", ""),
    ):
        stored = upload(sim, name, PNG, purpose).json()
        content = call(sim, "GET", f"/files/{stored['id']}/content")
        assert content.content == PNG
        assert content.headers["content-type"].startswith(kind)


@pytest.mark.parametrize(
    ("name", "data", "purpose", "sentence"),
    [
        ("a.txt", b"x", "fine-tune", "Invalid purpose"),
        ("a.txt", b"x", None, "Invalid purpose"),
        ("a.txt", b"", "file-extract", "File size is zero"),
        ("a.svg", b"<svg/>", "image", "unsupported image format: image/svg+xml"),
        ("a.txt", b"x", "video", "unsupported video format: text/plain"),
    ],
)
def test_refused_uploads(sim: Simulator, name: str, data: bytes, purpose: str | None, sentence: str) -> None:
    refused = upload(sim, name, data, purpose)
    assert refused.status_code == 400
    assert sentence in refused.json()["error"]["message"]
    assert call(sim, "GET", "/files").json()["data"] == []


def test_what_is_no_form_is_refused(sim: Simulator) -> None:
    assert call(sim, "POST", "/files", json={"purpose": "image"}).status_code == 400
    assert call(sim, "POST", "/files", data={"purpose": "image"}, files={"other": b"x"}).status_code == 400
    kind = {"Authorization": f"Bearer {sim.api_key}", "Content-Type": "multipart/form-data; boundary=b"}
    for broken in (b"", b"no form", b"--b\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\nnever ends"):
        refused = httpx.post(f"{sim.base_url}/files", content=broken, headers=kind)
        assert refused.status_code == 400, broken


def test_files_can_be_limited_as_documented() -> None:
    with Simulator(pace=0, max_file=1024 * 1024) as sim:
        refused = upload(sim, "a.txt", b"x" * (1024 * 1024 + 1), "file-extract")
        assert refused.status_code == 400
        assert "max file size is 1MB" in refused.json()["error"]["message"]
        assert upload(sim, "a.txt", b"x" * 1024 * 1024, "file-extract").status_code == 200


def test_questions_about_uploaded_media(sim: Simulator) -> None:
    image, video = upload(sim, "a.png", PNG, "image").json(), upload(sim, "b.mp4", PNG + b"v", "video").json()
    parts = [
        {"type": "image_url", "image_url": {"url": f"ms://{image['id']}"}},
        {"type": "video_url", "video_url": f"ms://{video['id']}"},
    ]
    answer = message(post(sim, [{"role": "user", "content": parts}]))["content"]
    assert f"image/png, {len(PNG)} bytes, SHA-256 {hashlib.sha256(PNG).hexdigest()}" in answer
    assert f"video/mp4, {len(PNG) + 1} bytes, SHA-256 {hashlib.sha256(PNG + b'v').hexdigest()}" in answer
    wrong = [{"type": "video_url", "video_url": f"ms://{image['id']}"}]
    refused = post(sim, [{"role": "user", "content": wrong}])
    assert refused.status_code == 400
    assert "has the purpose image" in refused.json()["error"]["message"]
    sim.reset()
    assert "file not found" in post(sim, [{"role": "user", "content": parts}]).json()["error"]["message"]


def stream_upload(sim: Simulator, blocks: int) -> tuple[dict[str, Any], str]:
    """A file of so many blocks that is nowhere as a whole, sent with nothing but http.client."""
    head = (
        b'--edge\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nvideo\r\n--edge\r\nContent-Disposition: '
        b'form-data; name="file"; filename="long.mp4"\r\nContent-Type: video/mp4\r\n\r\n'
    )
    tail = b"\r\n--edge--\r\n"
    address = urlsplit(sim.base_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=300)
    connection.putrequest("POST", f"{address.path}/files")
    connection.putheader("Authorization", f"Bearer {sim.api_key}")
    connection.putheader("Content-Type", "multipart/form-data; boundary=edge")
    connection.putheader("Content-Length", str(len(head) + blocks * len(BLOCK) + len(tail)))
    connection.endheaders(head)
    digest = hashlib.sha256()
    for number in range(blocks):
        block = number.to_bytes(4, "big") + BLOCK[4:]
        digest.update(block)
        connection.send(block)
    connection.send(tail)
    stored = json.loads(connection.getresponse().read())
    connection.close()
    return stored, digest.hexdigest()


def test_a_large_upload_is_never_in_memory_as_a_whole(sim: Simulator) -> None:
    stream_upload(sim, 2)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    stored, digest = stream_upload(sim, 256)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert stored["bytes"] == 256 * len(BLOCK)
    assert grown < 64 * 1024  # kB
    part = {"type": "video_url", "video_url": {"url": f"ms://{stored['id']}"}}
    assert digest in message(post(sim, [{"role": "user", "content": [part]}]))["content"]
    kept = call(sim, "GET", f"/files/{stored['id']}/content")
    assert kept.status_code == 400
    assert digest in kept.json()["error"]["message"]
    assert sim.requests[0].body["bytes"] == 2 * len(BLOCK)
    assert sim.requests[1].body == {
        "purpose": "video",
        "filename": "long.mp4",
        "bytes": stored["bytes"],
        "sha256": digest,
    }
