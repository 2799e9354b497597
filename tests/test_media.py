"""Image and Video: what they are made of, what they say of themselves, where they may stand, and what they refuse."""

from __future__ import annotations

import array
import base64
import copy
import gzip
import io
import os
import pickle
import subprocess
import sys
import tempfile
import types
from pathlib import Path
from typing import Any

import pytest
from kit import FaultServer, Script, completion, kimi, sent

import kimistream
from kimistream import Image, InvalidRequestError, Message, Video

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(200))
MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(range(256))
PNG_URI = "data:image/png;base64," + base64.b64encode(PNG).decode()
MP4_URI = "data:video/mp4;base64," + base64.b64encode(MP4).decode()


def content_of(medium: Any, server: FaultServer, **options: Any) -> Any:
    """The part that goes out for a medium."""
    url = server.url(Script().json(200, completion()))
    kimi(url, provider="moonshot").complete(["see", medium], check="off", **options)
    text, part = sent(server, url)["messages"][0]["content"]
    assert text == "see" or text == {"type": "text", "text": "see"}
    return part


def image_part(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


# ---- what they are made of ------------------------------------------------------------------------------------------


def test_every_source_of_bytes_gives_the_same_part(tmp_path: Path, fault_server: FaultServer) -> None:
    path = tmp_path / "照片.gif"  # what it is, the bytes tell and not the name
    path.write_bytes(PNG)
    with (
        open(path, "rb") as file,
        open(path, "rb", buffering=0) as raw,
        tempfile.TemporaryFile() as temporary,
        tempfile.SpooledTemporaryFile(max_size=10_000) as spooled,
    ):
        temporary.write(PNG)
        temporary.seek(0)
        spooled.write(PNG)
        spooled.seek(0)
        sources = [
            str(path),
            path,
            PNG,
            bytearray(PNG),
            memoryview(PNG),
            memoryview(bytearray(PNG)),
            memoryview(PNG + PNG)[: len(PNG)],
            memoryview(b"".join(bytes([byte, 0]) for byte in PNG))[::2],
            array.array("B", PNG),
            io.BytesIO(PNG),
            file,
            raw,
            temporary,
            spooled,
            PNG_URI,
        ]
        for source in sources:
            assert content_of(Image(source), fault_server) == image_part(PNG_URI), type(source)


def test_a_path_may_hold_bytes_that_are_no_utf_8(tmp_path: Path, fault_server: FaultServer) -> None:
    name = os.path.join(os.fsencode(tmp_path), b"bild\xff.png")
    with open(name, "wb") as file:
        file.write(PNG)
    assert content_of(Image(os.fsdecode(name)), fault_server) == image_part(PNG_URI)


def test_a_video_goes_out_as_one(tmp_path: Path, fault_server: FaultServer) -> None:
    path = tmp_path / "clip.bin"
    path.write_bytes(MP4)
    for source in (path, MP4, io.BytesIO(MP4), MP4_URI):
        assert content_of(Video(source), fault_server) == {"type": "video_url", "video_url": {"url": MP4_URI}}


@pytest.mark.parametrize("url", ["https://example.com/a b.png", "HTTP://example.com/x", "ms://file-1"])
def test_addresses_and_ids_go_out_as_they_are(url: str, fault_server: FaultServer) -> None:
    assert content_of(Image(url), fault_server) == image_part(url)
    assert Image(url).url == url
    assert Image(url).size is None
    assert Image(url).mime_type is None


def test_an_uploaded_file_stands_for_its_id(fault_server: FaultServer) -> None:
    uploaded = types.SimpleNamespace(id="file-7", object="file", bytes=3)
    assert content_of(Image(uploaded), fault_server) == image_part("ms://file-7")


def test_a_file_is_read_from_where_it_stands_and_may_be_closed_then(tmp_path: Path, fault_server: FaultServer) -> None:
    path = tmp_path / "two.bin"
    path.write_bytes(b"something else" + PNG)
    with open(path, "rb") as file:
        file.read(14)
        image = Image(file)
        assert file.tell() == 14
    assert content_of(image, fault_server) == image_part(PNG_URI)
    with open(path, "rb") as file:
        file.read()
        with pytest.raises(InvalidRequestError, match="read to its end"):
            Image(file)


def test_what_was_written_to_a_file_counts_before_it_is_flushed(tmp_path: Path, fault_server: FaultServer) -> None:
    with open(tmp_path / "a.png", "w+b") as file:
        file.write(PNG)
        file.seek(0)
        file.write(PNG)
        file.seek(0)
        assert content_of(Image(file), fault_server) == image_part(PNG_URI)


def test_a_file_whose_descriptor_gives_other_bytes_is_read(tmp_path: Path, fault_server: FaultServer) -> None:
    path = tmp_path / "a.png.gz"
    path.write_bytes(gzip.compress(PNG))
    with gzip.open(path) as file:
        assert content_of(Image(file), fault_server) == image_part(PNG_URI)
    program = f"import sys; sys.stdout.buffer.write({PNG!r})"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.peek(1)  # type: ignore[attr-defined]  # some of it is in Python's buffer now
        assert content_of(Image(process.stdout), fault_server) == image_part(PNG_URI)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names")
def test_a_named_pipe_is_read_once_and_can_be_sent_often(tmp_path: Path, fault_server: FaultServer) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with subprocess.Popen([sys.executable, "-c", f"open({str(path)!r}, 'wb').write({PNG!r})"]):
        image = Image(path)
    for _ in range(2):
        assert content_of(image, fault_server) == image_part(PNG_URI)


def test_bytes_that_can_change_are_taken_as_they_are_now(fault_server: FaultServer) -> None:
    changing = bytearray(PNG)
    image = Image(changing)
    changing[:] = bytes(len(PNG))
    assert content_of(image, fault_server) == image_part(PNG_URI)


def test_a_path_is_read_when_the_request_goes_out(tmp_path: Path, fault_server: FaultServer) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(PNG + b"older")
    image = Image(path)
    path.write_bytes(PNG)
    assert content_of(image, fault_server) == image_part(PNG_URI)
    path.unlink()
    with pytest.raises(InvalidRequestError, match="there is no file"):
        kimi("http://127.0.0.1:1/v1").complete(["see", image])


# ---- what they say of themselves ------------------------------------------------------------------------------------


def test_a_repr_tells_what_it_is_and_shows_no_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(JPEG)
    assert repr(Image(path)) == "Image('a.jpg', image/jpeg, 204 bytes)"
    assert repr(Image(PNG * 100, send="auto")) == f"Image(image/png, {len(PNG) * 100:,} bytes, send='auto')"
    assert repr(Video("ms://file-1")) == "Video('ms://file-1')"
    assert len(repr(Image(PNG_URI))) < 100
    assert Image(path).mime_type == "image/jpeg"
    assert Image(path).size == 204


def test_a_notebook_shows_a_small_picture() -> None:
    assert Image(PNG)._repr_mimebundle_() == {
        "text/plain": repr(Image(PNG)),
        "image/png": base64.b64encode(PNG).decode(),
    }
    assert set(Image(PNG + bytes(5 << 20))._repr_mimebundle_()) == {"text/plain"}
    assert set(Image("https://example.com/a.png")._repr_mimebundle_()) == {"text/plain"}


def test_they_compare_copy_and_pickle(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    assert Image(path) == Image(str(path)) != Image(PNG)
    assert Image(PNG) == Image(bytearray(PNG)) != Image(JPEG)
    assert Image("ms://1") != Video("ms://1")
    assert Image(PNG) != Image(PNG, send="upload")
    assert Image(PNG) != "Image"
    for image in (Image(path), Image(PNG), Image(memoryview(PNG), send="auto"), Image("ms://1")):
        assert pickle.loads(pickle.dumps(image)) == image
        assert copy.deepcopy([image])[0] is image
    with open(path, "rb") as file, pytest.raises(TypeError, match="path or bytes"):
        pickle.dumps(Image(file))


def test_the_way_of_sending_is_kept() -> None:
    assert Image(PNG).send == "inline"
    assert Video(MP4, send="upload").send == "upload"
    with pytest.raises(InvalidRequestError, match='"inline", "auto" or "upload"'):
        Image(PNG, send="mail")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Image(PNG, send=True)  # type: ignore[arg-type]


# ---- where they stand -----------------------------------------------------------------------------------------------


def test_every_shape_of_a_message_takes_them(fault_server: FaultServer) -> None:
    image = Image(PNG)
    call = {"id": "f:0", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    prompts: list[Any] = [
        [image],
        (image,),
        [{"role": "user", "content": [image]}],
        [{"role": "user", "content": (image,)}],
        [Message(role="user", content=[image])],
        [{"role": "user", "content": [{"type": "image_url", "image_url": image}]}],
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": image}}]}],
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": PNG_URI}}]}],
        [
            {"role": "user", "content": "q"},
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "f:0", "content": [image]},
        ],
    ]
    url = fault_server.url(Script().json(200, completion()))
    client = kimi(url)
    for prompt in prompts:
        client.complete(prompt)
        assert sent(fault_server, url)["messages"][-1]["content"] == [image_part(PNG_URI)], prompt
        if isinstance(prompt[0], dict):
            client.chat.completions.create(model="kimi-k2.6", messages=prompt)
            assert sent(fault_server, url)["messages"][-1]["content"] == [image_part(PNG_URI)], prompt


def test_the_messages_protocol_has_them_as_blocks(fault_server: FaultServer) -> None:
    answer = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "kimi-k2.6", "stop_reason": "end_turn",
        "content": [{"type": "text", "text": "Hello"}], "usage": {"input_tokens": 1, "output_tokens": 1},
    }  # fmt: skip
    url = fault_server.url(Script().json(200, answer), suffix="")
    client = kimi(url, provider="moonshot-anthropic")
    block = {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": base64.b64encode(PNG).decode()},
    }
    client.complete(["see", Image(PNG)])
    assert sent(fault_server, url)["messages"][0]["content"] == [{"type": "text", "text": "see"}, block]
    call = {"id": "f:0", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    client.complete(
        [
            {"role": "user", "content": "q"},
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "f:0", "content": ["a picture", Image(PNG)]},
        ]
    )
    result = sent(fault_server, url)["messages"][-1]["content"][0]
    assert result["content"] == [{"type": "text", "text": "a picture"}, block]


def test_an_image_in_a_video_s_place_is_refused() -> None:
    client = kimi("http://127.0.0.1:1/v1")
    with pytest.raises(InvalidRequestError, match="image_url"):
        client.complete([{"role": "user", "content": [{"type": "video_url", "video_url": Image(PNG)}]}])


@pytest.mark.parametrize("shape", ["object", "bare", "image"])
def test_a_data_uri_with_white_space_is_mended_and_told(shape: str, fault_server: FaultServer) -> None:
    broken = PNG_URI.replace("base64,", "base64, ")[:100] + "\r\n" + PNG_URI.replace("base64,", "base64, ")[100:]
    parts = {
        "object": {"type": "image_url", "image_url": {"url": broken}},
        "bare": {"type": "image_url", "image_url": broken},
        "image": Image(broken),
    }
    url = fault_server.url(Script().json(200, completion()))
    message = kimi(url).complete(["see", parts[shape]])
    part = sent(fault_server, url)["messages"][0]["content"][1]
    assert part["image_url"] == (PNG_URI if shape == "bare" else {"url": PNG_URI})
    assert [notice.code for notice in message.warnings] == ["data_uri_mended"]


def test_a_public_address_at_moonshot_is_told(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, completion()))
    message = kimi(url, provider="moonshot").complete(["see", Image("https://example.com/a.png")])
    assert [notice.code for notice in message.warnings] == ["image_by_address"]


# ---- what they refuse -----------------------------------------------------------------------------------------------


def test_what_cannot_be_read_is_refused_when_it_is_made(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "a.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7\n")
    (tmp_path / "a.txt").write_text("just text")
    (tmp_path / "clip.mp4").write_bytes(MP4)
    for source, words in [
        (tmp_path / "missing.png", "there is no file"),
        ("missing.png", "relative paths start at"),
        ("~/missing.png", "home directory"),
        ("file:///tmp/a.png", "pass it as a URL"),
        ("", "path of the file is empty"),
        ("a\0b", "zero byte"),
        (tmp_path, "is a directory"),
        (tmp_path / "empty.png", "is empty"),
        (tmp_path / "a.svg", "SVG"),
        (tmp_path / "a.pdf", "PDF"),
        (tmp_path / "a.txt", "no picture or video of a known format"),
        (tmp_path / "clip.mp4", "pass it as a video"),
        (b"", "empty"),
        (io.BytesIO(), "empty"),
        (MP4, "pass it as a video"),
        (b"text", "no picture or video"),
        ("data:image/svg+xml;base64,AAAA", "SVG"),
    ]:
        with pytest.raises(InvalidRequestError, match=words):
            Image(source)
    with pytest.raises(InvalidRequestError, match="pass it as an image"):
        Video(PNG)


@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret.png"
    path.write_bytes(PNG)
    path.chmod(0)
    with pytest.raises(InvalidRequestError, match="permissions"):
        Image(path)


def test_another_type_is_a_type_error(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    for wrong in (None, 7, 1.5, [PNG], {"url": "x"}, object(), io.StringIO("x"), Image(PNG), Video(MP4)):
        with pytest.raises(TypeError):
            Image(wrong)
    with open(path, encoding="latin-1") as file, pytest.raises(TypeError, match="binary"):
        Image(file)
    with pytest.raises(TypeError):
        kimi("http://127.0.0.1:1/v1").complete(["see", path])


def test_they_are_names_of_the_package() -> None:
    assert {"Image", "Video"} <= set(kimistream.__all__)
    assert kimistream.Image is Image
