"""client.map with pictures in its rows, and with a cassette in place of the network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from bulk_server import BulkServer
from test_bulk_out import keys, lines, start
from test_media import PNG

from kimistream import CassetteMissError, Image, InvalidRequestError, Kimi


def looking(row: dict[str, Any]) -> list[Any]:
    return ["What is this?", Image(row["image"])]


def test_pictures_are_sent_and_one_that_cannot_be_read_is_its_rows_error(tmp_path: Path) -> None:
    out, file, gone = tmp_path / "out.jsonl", tmp_path / "a.png", tmp_path / "gone.png"
    file.write_bytes(PNG)
    given = [
        {"id": 1, "image": PNG},
        {"id": 2, "image": str(file)},
        {"id": 3, "image": str(gone)},
        {"id": 4, "image": b"no picture"},
        {"id": 5, "image": {"bytes": PNG, "path": None}},  # as datasets have it
        {"id": 6, "image": {"bytes": None, "path": str(file)}},
    ]
    with BulkServer(lambda text: "a dot") as server:
        ended = start(server, out, given, looking)
        assert (ended.done, ended.failed) == (4, 2)
        failed = {row.key: row for row in ended.failures()}
        assert {key: (type(row.error), row.attempts) for key, row in failed.items()} == dict.fromkeys(
            (3, 4), (InvalidRequestError, 0)
        )
        assert "gone.png" in str(failed[3].error)
        sent = {body["messages"][0]["content"][1]["image_url"]["url"] for body in server.bodies}
        assert len(sent) == 1
        assert sent.pop().startswith("data:image/png;base64,")
        again = start(server, out, given, looking)
        assert (again.skipped, again.failed, len(server.bodies)) == (4, 2, 4)


def test_another_picture_by_the_same_name_is_another_request(tmp_path: Path) -> None:
    out, file = tmp_path / "out.jsonl", tmp_path / "a.png"
    with BulkServer(lambda text: "a dot") as server:
        for picture, changed in ((PNG, 0), (PNG + b"more", 1), (PNG + b"more", 0)):
            file.write_bytes(picture)
            ended = start(server, out, [{"id": 1, "image": str(file)}], looking)
            assert ended.changed == changed
        assert len(server.bodies) == 2
    assert keys(out) == [1]


def test_a_picture_that_goes_while_its_row_waits_is_that_rows_error(tmp_path: Path) -> None:
    (file := tmp_path / "a.png").write_bytes(PNG)

    def reply(text: str) -> str:
        file.unlink(missing_ok=True)
        return "a dot"

    given = [{"image": PNG}, {"image": str(file)}]
    with BulkServer(reply) as server:
        first, second = server.client().map(given, looking, concurrency=1, ordered=True)
    assert first.error is None
    assert "a.png" in str(second.error)


@pytest.mark.parametrize("kind", ["Dataset", "IterableDataset"])
def test_pictures_of_a_dataset_are_sent_as_they_are(kind: str, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    table = datasets.Dataset.from_dict({"id": [1, 2], "image": [{"bytes": PNG, "path": None}] * 2})
    table = table.cast_column("image", datasets.Image())
    if kind == "IterableDataset":
        table = table.to_iterable_dataset()
    with BulkServer(lambda text: "a dot") as server:
        ended = start(server, tmp_path / "out.jsonl", table, looking)
        urls = {body["messages"][0]["content"][1]["image_url"]["url"] for body in server.bodies}
    assert (ended.done, ended.failed) == (2, 0)
    assert urls == {Image(PNG)._to_wire()["image_url"]["url"]}


def test_a_cassette_stands_for_the_network(tmp_path: Path) -> None:
    tape, out = tmp_path / "tape.jsonl", tmp_path / "out.jsonl"
    given = [{"id": number, "text": f"t{number % 3}"} for number in range(6)]
    with BulkServer() as server:
        with server.client(cassette=tape) as client:
            client.map(given, "{text}", key="id", out=tmp_path / "first.jsonl", progress=False)
        asked = len(server.bodies)
        with Kimi(base_url=server.url, cassette=tape) as client:
            played = client.map(given[::-1], "{text}", key="id", out=out, progress=False)
            assert (played.done, played.failed) == (6, 0)
            (missed,) = client.map(["another"], "{}")
            assert isinstance(missed.error, CassetteMissError)
        assert len(server.bodies) == asked == 6
    assert {line["key"]: line["text"] for line in lines(out)} == {
        number: f"answer to t{number % 3}" for number in range(6)
    }
    assert len(tape.read_text().splitlines()) == 7
    assert all(json.loads(line) for line in tape.read_text().splitlines())
