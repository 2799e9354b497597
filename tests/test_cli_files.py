"""`kimistream files`, and `kimistream chat` with pictures, videos and documents, as a shell sees them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("aiohttp")
pytest.importorskip("httpx")  # test_cli wants it
from test_cli import KEY, at, on_terminal, posix_only, run
from test_files_uploads import MP4, PNG

from kimistream.simulator import Simulator


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(pace=0) as simulator:
        yield simulator


def upload(sim: Simulator, *paths: Path, purpose: str | None = None) -> list[str]:
    given = [] if purpose is None else ["--purpose", purpose]
    status, output, errors = at(sim, "files", "upload", *map(str, paths), *given)
    assert (status, errors) == (0, "")
    return output.splitlines()


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.txt"
    path.write_text("the report's text")
    return path


def test_help() -> None:
    for command in ([], ["upload"], ["list"], ["show"], ["content"], ["delete"]):
        done = run("files", *command, "--help")
        assert (done.returncode, done.stderr) == (0, "")
        assert "Usage" in done.stdout


def test_a_file_s_life(sim: Simulator, report: Path, tmp_path: Path) -> None:
    (file_id,) = upload(sim, report)
    assert at(sim, "files", "list") == (0, f"{file_id}\n", "")
    status, output, _ = at(sim, "files", "show", file_id)
    assert status == 0
    assert [line.split(maxsplit=1) for line in output.splitlines()[:3]] == [
        ["id", file_id],
        ["object", "file"],
        ["bytes", "17"],
    ]
    assert json.loads(at(sim, "files", "show", file_id, "--json")[1])["filename"] == "report.txt"
    status, output, errors = at(sim, "files", "content", file_id)
    assert (status, json.loads(output)["content"], errors) == (0, "the report's text", "")
    assert at(sim, "files", "content", file_id, "-o", str(tmp_path / "out")) == (0, "", "")
    assert (tmp_path / "out").read_text() == output
    assert at(sim, "files", "delete", file_id) == (0, "", f"deleted {file_id}\n")
    assert at(sim, "files", "list") == (0, "", "")


def test_the_purpose_is_what_the_bytes_suggest(sim: Simulator, report: Path, tmp_path: Path) -> None:
    for name, data in (("a.dat", PNG), ("b.dat", MP4), ("c.jsonl", b"{}\n")):
        (tmp_path / name).write_bytes(data)
    upload(sim, report, tmp_path / "a.dat", tmp_path / "b.dat", tmp_path / "c.jsonl")
    upload(sim, report, purpose="batch")
    listed = json.loads(at(sim, "files", "list", "--json")[1])
    assert [file["purpose"] for file in listed] == ["file-extract", "image", "video", "batch", "batch"]


def test_bytes_come_back_as_they_are(sim: Simulator, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    (file_id,) = upload(sim, tmp_path / "a.png")
    assert at(sim, "files", "content", file_id, "--output", str(tmp_path / "b.png"))[0] == 0
    assert (tmp_path / "b.png").read_bytes() == PNG


def test_what_goes_wrong(sim: Simulator, report: Path) -> None:
    status, output, errors = at(sim, "files", "upload", "/nowhere/a.pdf")
    assert (status, output) == (2, "")
    assert "there is no file" in errors
    status, _, errors = at(sim, "files", "upload", str(report), "--purpose", "fine-tune")
    assert status == 2
    assert "file-extract" in errors
    for command in ("show", "content", "delete"):
        status, output, errors = at(sim, "files", command, "file_0")
        assert (status, output) == (1, "")
        assert "404" in errors
    done = run("files", "list", "--base-url", sim.base_url, MOONSHOT_API_KEY=KEY)
    assert done.returncode == 1
    assert KEY not in done.stderr
    done = run("files", "list", "--provider", "vllm", "--base-url", "http://127.0.0.1:1/v1")
    assert done.returncode == 2
    assert "has no files" in done.stderr
    (file_id,) = upload(sim, report)
    status, _, errors = at(sim, "files", "content", file_id, "-o", "/nowhere/out")
    assert status == 2
    assert "cannot be written" in errors


@posix_only
def test_on_a_terminal(sim: Simulator, report: Path) -> None:
    (file_id,) = upload(sim, report)
    status, output = on_terminal(["files", "list", "--base-url", sim.base_url], MOONSHOT_API_KEY=sim.api_key)[:2]
    assert status == 0
    assert "report.txt" in output
    assert file_id in output


# ---- chat -----------------------------------------------------------------------------------------------------------


def test_chat_with_everything(sim: Simulator, report: Path, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    (tmp_path / "b.mp4").write_bytes(MP4 + bytes(9 << 20))  # large enough to be uploaded
    status, output, _ = at(
        sim, "chat", "What is all this?",
        "--image", str(tmp_path / "a.png"), "--video", str(tmp_path / "b.mp4"), "--file", str(report),
    )  # fmt: skip
    assert status == 0
    assert output.strip()
    (asked,) = (each.body["messages"] for each in sim.requests if each.path.endswith("/chat/completions"))
    assert asked[0]["role"] == "system"
    assert "the report's text" in asked[0]["content"]
    text, image, video = asked[1]["content"]
    assert text == {"type": "text", "text": "What is all this?"}
    assert image["image_url"]["url"].startswith("data:image/png;base64,")
    assert video["video_url"]["url"].startswith("ms://")
    assert at(sim, "files", "list") == (0, "", "")  # nothing is left behind


def test_chat_with_a_file_that_is_missing(sim: Simulator) -> None:
    for option in ("--image", "--video", "--file"):
        status, output, errors = at(sim, "chat", "What is this?", option, "/nowhere/a.pdf")
        assert (status, output) == (2, "")
        assert "there is no file" in errors
    assert sim.requests == []
