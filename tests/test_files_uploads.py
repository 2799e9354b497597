"""Pictures and videos that are uploaded before the request that shows them: once, and only where that is asked for."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiohttp")

from kit import async_kimi, drain, run

from kimistream import Image, Kimi, Video
from kimistream.simulator import Simulator

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND\xaeB`\x82"
)
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(range(256)) * 64


def client_of(sim: Simulator, **options: Any) -> Kimi:
    return Kimi(api_key=sim.api_key, base_url=sim.base_url, provider="moonshot", max_retries=0, **options)


def paths(sim: Simulator) -> list[str]:
    return [f"{each.method} {each.path.removeprefix('/v1')}" for each in sim.requests]


def urls(sim: Simulator, number: int = -1) -> list[str]:
    """The addresses in the last message of a chat request."""
    asked = [each for each in sim.requests if each.path.endswith("/chat/completions")]
    content = asked[number].body["messages"][-1]["content"]
    return [part[part["type"]]["url"] for part in content if part["type"] != "text"]


def test_a_video_is_uploaded_once(simulator: Simulator, tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(MP4)
    (tmp_path / "copy.mp4").write_bytes(MP4)
    with client_of(simulator) as client:
        video = Video(tmp_path / "clip.mp4", send="upload")
        assert client.complete(["What happens?", video]).text
        (stored,) = client.files.list()
        assert (stored.purpose, stored.filename, stored.bytes) == ("video", "clip.mp4", len(MP4))
        assert urls(simulator) == [f"ms://{stored.id}"]
        with client.stream(["And now?", Video(tmp_path / "copy.mp4", send="upload"), Video(MP4, send="upload")]) as it:
            assert list(it)
        assert urls(simulator) == [f"ms://{stored.id}"] * 2
        nested = {"type": "video_url", "video_url": {"url": video}}
        asked: Any = [{"role": "user", "content": [{"type": "text", "text": "Well?"}, nested]}]
        client.chat.completions.create(model="kimi-k2.6", messages=asked)
        assert urls(simulator) == [f"ms://{stored.id}"]
        assert nested["video_url"] == {"url": video}  # the caller's own stays
        assert len(client.files.list().data) == 1
    with client_of(simulator) as other:
        other.complete(["What happens?", video])
        assert len(other.files.list().data) == 2  # what one client has uploaded another does not know


def test_a_file_that_changed_is_another_one(simulator: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    with client_of(simulator) as client:
        for tail in (b"", b"more"):
            path.write_bytes(PNG + tail)
            os.utime(path, ns=(len(tail), len(tail)))
            client.complete(["What is it?", Image(path, send="upload")])
        assert [file.bytes for file in client.files.list()] == [len(PNG), len(PNG) + 4]
        assert {file.purpose for file in client.files.list()} == {"image"}


def test_auto_uploads_what_is_large(simulator: Simulator) -> None:
    small, large = Video(MP4, send="auto"), Video(MP4 + bytes(8 << 20), send="auto")
    with client_of(simulator) as client:
        client.complete(["What happens?", small])
        assert urls(simulator)[0].startswith("data:video/mp4;base64,")
        client.complete(["What happens?", large])
        assert urls(simulator)[0].startswith("ms://")
        assert len(client.files.list().data) == 1


def test_inline_is_never_uploaded(simulator: Simulator) -> None:
    with client_of(simulator) as client:
        client.complete(["What happens?", Video(MP4 + bytes(8 << 20))])
        assert paths(simulator) == ["POST /chat/completions"]


@pytest.mark.parametrize("missing", [{"files_path": ""}, {"videos": ["data"]}, {"videos": "unknown"}])
def test_auto_stays_inline_where_ids_are_not_taken(simulator: Simulator, missing: dict[str, Any]) -> None:
    row = {"name": f"without-{next(iter(missing))}", "inherits": "moonshot", **missing}
    with Kimi(api_key=simulator.api_key, base_url=simulator.base_url, provider=row, max_retries=0) as client:
        client.complete(["What happens?", Video(MP4 + bytes(8 << 20), send="auto")])
    assert paths(simulator) == ["POST /chat/completions"]


def test_upload_says_where_there_are_no_files() -> None:
    from kimistream import InvalidRequestError

    client = Kimi(provider="vllm", base_url="http://127.0.0.1:1/v1")
    with client, pytest.raises(InvalidRequestError, match="has no files"):
        client.complete(["What happens?", Video(MP4, send="upload")])


def test_uploads_can_be_deleted(simulator: Simulator) -> None:
    with client_of(simulator) as client:
        own = client.files.create(file=b"data", purpose="batch")
        video = Video(MP4, send="upload")
        client.complete(["What happens?", video])
        (first,) = client.files.delete_uploads()
        assert [file.id for file in client.files.list()] == [own.id]
        assert client.files.delete_uploads() == []
        client.complete(["What happens?", video])  # uploaded anew
        (second,) = (file for file in client.files.list() if file.purpose == "video")
        assert second.id != first
        client.files.delete(second.id)
        client.complete(["What happens?", video])  # and again, after it was deleted by hand
        assert urls(simulator)[0] not in (f"ms://{first}", f"ms://{second.id}")
        client.close()
        assert len(client.files.list().data) == 2  # close() deletes nothing
        client.close(delete_uploads=True)
        assert [file.id for file in client.files.list()] == [own.id]


def test_progress_is_told(simulator: Simulator) -> None:
    told: list[tuple[int, int]] = []
    with client_of(simulator) as client:
        client.complete(["What happens?", Video(MP4, send="upload")], on_upload=lambda *at: told.append(at))
    assert (len(MP4), len(MP4)) in told


def test_threads_upload_once(simulator: Simulator) -> None:
    video = Video(MP4 + bytes(3 << 20), send="upload")
    with client_of(simulator) as client:
        threads = [threading.Thread(target=client.complete, args=(["What?", video],)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(client.files.list().data) == 1
        assert len({urls(simulator, number)[0] for number in range(6)}) == 1


def test_asyncio_uploads_once(simulator: Simulator) -> None:
    video = Video(MP4 + bytes(3 << 20), send="upload")
    asked: list[Any] = ["What happens?", video]

    async def main() -> None:
        async with async_kimi(simulator.base_url, api_key=simulator.api_key, provider="moonshot") as client:
            answers = await asyncio.gather(*(client.complete(asked) for _ in range(5)))
            assert all(answer.text for answer in answers)
            (stored,) = await client.files.list()
            events: list[Any] = []
            await drain(client.stream(asked), events)
            assert events[-1].type in ("finish", "usage")
            pieces: list[str] = []
            await drain(client.stream(asked).text, pieces)
            assert "".join(pieces)
            async with client.stream(asked) as stream:
                assert (await stream.message).text
            messages: Any = [{"role": "user", "content": [{"type": "text", "text": "?"}, video]}]
            completion = await client.chat.completions.create(model="kimi-k2.6", messages=messages)
            assert completion.choices[0].message.content
            assert urls(simulator) == [f"ms://{stored.id}"]
            assert await client.files.delete_uploads() == [stored.id]

    run(main())


def test_an_upload_that_fails_is_tried_again_by_the_next(simulator: Simulator) -> None:
    video = Video(MP4, send="upload")

    def stop(sent: int, total: int) -> None:
        raise LookupError("enough")

    with client_of(simulator) as client:
        with pytest.raises(LookupError):
            client.complete(["What?", video], on_upload=stop)
        assert client.complete(["What?", video]).text
        assert len(client.files.list().data) == 1
