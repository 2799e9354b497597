"""The simulator's reader of forms, fed with blocks of any size."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("aiohttp")

from kimistream.simulator.serving.forms import Form, Part

TYPE = 'multipart/form-data; boundary="e-d"'
DATA = b"\r\n--e-\r\n\r\n--e-c\r\n"
FORM = (
    b'--e-d\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nimage\r\n--e-d\r\nContent-Disposition: form-data; '
    + 'name="file"; filename="图%22a.png"\r\nContent-Type: image/png\r\n\r\n'.encode()
    + DATA
    + b'\r\n--e-d\r\nContent-Disposition: form-data; name="empty"\r\n\r\n\r\n--e-d--\r\n'
)


class Blocks:
    """The blocks one by one, then the end."""

    def __init__(self, blocks: list[bytes]) -> None:
        self._blocks = blocks

    async def readany(self) -> bytes:
        return self._blocks.pop(0) if self._blocks else b""


def read(blocks: list[bytes], content_type: str = TYPE) -> list[tuple[Part, bytes]]:
    async def run() -> list[tuple[Part, bytes]]:
        form, parts = Form(Blocks(list(filter(None, blocks))), content_type), []
        while (part := await form.next()) is not None:
            data = b""
            while block := await form.read():
                data += block
            parts.append((part, data))
        return parts

    return asyncio.run(run())


EXPECTED = [
    (Part("purpose", "", ""), b"image"),
    (Part("file", '图"a.png', "image/png"), DATA),
    (Part("empty", "", ""), b""),
]


def test_a_form_is_the_same_wherever_it_is_split() -> None:
    assert read([FORM]) == EXPECTED
    for cut in range(1, len(FORM)):
        assert read([FORM[:cut], FORM[cut:]]) == EXPECTED
    assert read([bytes([byte]) for byte in FORM]) == EXPECTED


@pytest.mark.parametrize("cut", [0, 3, 60, 200, len(FORM) - 5])
def test_a_form_that_is_cut_short_is_refused(cut: int) -> None:
    with pytest.raises(ValueError, match="cut short"):
        read([FORM[:cut]])


@pytest.mark.parametrize("content_type", ["", "text/plain", "multipart/form-data", "multipart/mixed; boundary=a"])
def test_what_is_no_form_is_refused(content_type: str) -> None:
    with pytest.raises(ValueError, match="not multipart"):
        read([FORM], content_type)
