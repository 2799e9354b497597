"""Pictures and clips in batches: within the lines, of a bounded size."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kit import kimi

from kimistream import Image, InvalidRequestError, Video

pytest.importorskip("aiohttp")

from kimistream._bulk.batches import run as runs
from kimistream.simulator import Simulator

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"
WAYS = ["map", "submit"]


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(pace=0, record=10_000) as running:
        yield running


def rows_of(sim: Simulator, way: str, rows: Any, prompt: Any, **options: Any) -> list[Any]:
    client = kimi(sim.base_url, api_key=sim.api_key, provider="moonshot")
    if way == "map":
        return list(client.map(rows, prompt, key="id", via="batch", poll=0.01, progress=False, **options))
    return list(client.batches.submit(rows, prompt, key="id", poll=0.01, **options))


def uploads(sim: Simulator) -> list[Any]:
    return [request.body for request in sim.requests if (request.method, request.path) == ("POST", "/v1/files")]


@pytest.mark.parametrize("way", WAYS)
def test_what_a_picture_is_goes_into_the_line(sim: Simulator, way: str, tmp_path: Path) -> None:
    pictures = [PNG + bytes([number]) * 500 for number in range(3)]
    rows = []
    for number, picture in enumerate(pictures):
        path = tmp_path / f"{number}.png"
        path.write_bytes(picture)
        rows.append({"id": number, "path": str(path)})
    found = rows_of(
        sim, way, rows, lambda row: ["What is it?", Image(row["path"], send=["inline", "auto"][row["id"] % 2])]
    )
    assert [row.error for row in found] == [None] * 3
    for row, picture in zip(found, pictures, strict=True):
        assert hashlib.sha256(picture).hexdigest() in row.message.text, "the server has seen the very bytes"
    assert [each["purpose"] for each in uploads(sim)] == ["batch"]


@pytest.mark.parametrize("way", WAYS)
def test_a_clip_goes_into_the_line_too_and_an_address_as_it_is(sim: Simulator, way: str) -> None:
    prompts: list[Any] = [["?", Video(MP4 + b"x" * 900)], ["?", Image("ms://file_1")]]
    answers = rows_of(sim, way, [{"id": 0}, {"id": 1}], lambda row: prompts[row["id"]])
    assert hashlib.sha256(MP4 + b"x" * 900).hexdigest() in answers[0].message.text
    assert len(answers) == 2


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("medium", "words"),
    [
        (lambda: Image(PNG + b"x", send="upload"), "must be uploaded first"),
        (lambda: Video(MP4 + b"x" * (11 << 20), send="auto"), "must be uploaded first"),
        (lambda: Video(MP4 + b"x" * (80 << 20)), "106 MiB as text"),
    ],
)
def test_what_is_too_large_for_a_line_is_said(sim: Simulator, way: str, medium: Any, words: str) -> None:
    """A row's error of `map`, as all that is wrong with one; of `submit` that of the call, before anything is sent."""
    rows = [{"id": 0}, {"id": 1}]

    def prompt(row: Any) -> Any:
        return ["?", medium()] if row["id"] == 1 else "hi"

    if way == "submit":
        with pytest.raises(InvalidRequestError, match=f"row 1 .*{words}"):
            rows_of(sim, way, rows, prompt)
        assert sim.requests == []
        return
    found = {row.key: row for row in rows_of(sim, way, rows, prompt)}
    assert found[0].message.text
    assert isinstance(found[1].error, InvalidRequestError)
    assert words in str(found[1].error)
    assert found[1].attempts == 0


def test_many_pictures_are_several_files_of_a_bounded_size(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_FILE_BYTES", 5000)
    rows = [{"id": number} for number in range(7)]
    found = rows_of(sim, "map", rows, lambda row: ["?", Image(PNG + bytes([row["id"]]) * 1500)])
    assert [row.key for row in found] == list(range(7))
    assert all(row.message is not None for row in found)
    sizes = [each["bytes"] for each in uploads(sim)]
    assert len(sizes) == 4
    assert all(size <= 5000 for size in sizes)


def test_a_batch_of_too_much_is_refused_before_it_is_sent(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    from kimistream._bulk.batches import lines

    monkeypatch.setattr(lines, "MOST_BYTES", 5000)
    with pytest.raises(InvalidRequestError, match="submit them in several"):
        rows_of(sim, "submit", [{"id": number} for number in range(7)], lambda row: ["?", Image(PNG + b"x" * 1500)])
    assert sim.requests == []


def test_a_field_stream_of_the_caller_is_no_part_of_a_line(sim: Simulator) -> None:
    said = 'say "stream"\n'
    (row,) = rows_of(sim, "submit", [{"id": 0, "text": said}], "{text}", extra_body={"stream": True})
    assert row.message is not None
    client = kimi(sim.base_url, api_key=sim.api_key, provider="moonshot")
    (batch,) = client.batches.list()
    line = json.loads(client.files.content(batch.input_file_id).text)
    assert "stream" not in line["body"]
    assert line["body"]["messages"][0]["content"] == said
