"""Image made of what other libraries have in memory: PIL, NumPy, torch, matplotlib; none of them is imported for it."""

from __future__ import annotations

import base64
import io
import struct
import subprocess
import sys
import zlib
from typing import Any

import pytest

from kimistream import Image, InvalidRequestError, Video

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def png_of(image: Image) -> bytes:
    return base64.b64decode(image._to_part().base64())


def pixels_of(png: bytes) -> tuple[int, int, int, bytes]:
    """Width, height, colour type and rows of a PNG of one data chunk without filters."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, chunks = 8, {}
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        assert zlib.crc32(kind + data) == struct.unpack(">I", png[at + 8 + size : at + 12 + size])[0]
        chunks[kind] = data
        at += 12 + size
    width, height, depth, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert depth == 8
    rows = zlib.decompress(chunks[b"IDAT"])
    length = len(rows) // height
    assert all(rows[start] == 0 for start in range(0, len(rows), length))
    return width, height, colour, b"".join(rows[start + 1 : start + length] for start in range(0, len(rows), length))


@pytest.mark.parametrize(("channels", "colour"), [(1, 0), (3, 2), (4, 6)])
def test_a_png_of_our_own_has_every_pixel(channels: int, colour: int) -> None:
    from kimistream._requests.pictures import _plain_png

    pixels = bytes(index * 7 % 256 for index in range(5 * 3 * channels))
    assert pixels_of(_plain_png(pixels, 5, 3, channels)) == (5, 3, colour, pixels)


def stranger(module: str, name: str, **members: Any) -> Any:
    """An object of a class that looks like another library's."""
    return type(name, (), {"__module__": module, **members})()


def test_a_pil_image_saves_itself_when_it_is_first_needed() -> None:
    calls = []

    def save(self: Any, file: Any, format: str) -> None:
        calls.append((self.mode, format))
        file.write(PNG)

    picture = stranger("PIL.Image", "Image", mode="RGB", save=save)
    image = Image(picture)
    assert repr(image) == "Image(<PIL.Image.Image>)"
    assert calls == []
    for _ in range(2):
        assert png_of(image) == PNG
    assert calls == [("RGB", "PNG")]


def test_a_mode_that_png_does_not_have_is_converted() -> None:
    def convert(self: Any, mode: str) -> Any:
        return stranger("PIL.Image", "Image", mode=mode, save=lambda self, file, **_: file.write(PNG + mode.encode()))

    for mode, becomes in (("CMYK", b"RGB"), ("PA", b"RGBA"), ("F", b"RGB")):
        image = Image(stranger("PIL.Image", "Image", mode=mode, convert=convert, save=None))
        assert png_of(image) == PNG + becomes


def test_a_figure_saves_itself() -> None:
    figure = stranger("matplotlib.figure", "Figure", savefig=lambda self, file, **_: file.write(PNG))
    assert png_of(Image(figure)) == PNG


def test_an_array_becomes_a_picture() -> None:
    numpy = pytest.importorskip("numpy")
    pillow = pytest.importorskip("PIL.Image")

    def decoded(values: Any) -> Any:
        return numpy.asarray(pillow.open(io.BytesIO(png_of(Image(values)))))

    grey = numpy.arange(6, dtype="uint8").reshape(2, 3)
    colour = numpy.arange(2 * 3 * 4, dtype="uint8").reshape(2, 3, 4)
    for values in (grey, colour[:, :, :3], colour, colour[::-1, ::2]):
        assert (decoded(values) == values).all()
    assert (decoded(colour[:, :, :1]) == colour[:, :, 0]).all()
    assert decoded(numpy.array([[0.0, 0.5, 1.0, 2.0, -1.0]])).tolist() == [[0, 128, 255, 255, 0]]
    assert decoded(numpy.array([[True, False]])).tolist() == [[255, 0]]
    with pytest.raises(InvalidRequestError, match="NaN"):
        Image(numpy.array([[float("nan")]]))._to_part()


def test_a_pil_image_of_every_mode_becomes_a_picture() -> None:
    pillow = pytest.importorskip("PIL.Image")
    for mode in (
        "1",
        "L",
        "LA",
        "P",
        "PA",
        "RGB",
        "RGBA",
        "CMYK",
        "YCbCr",
        "I",
        "F",
        "HSV",
        "LAB",
        "I;16",
        "La",
        "RGBa",
    ):
        png = png_of(Image(pillow.new(mode, (4, 3))))
        assert pillow.open(io.BytesIO(png)).size == (4, 3), mode


def test_a_real_figure_saves_itself() -> None:
    figure = pytest.importorskip("matplotlib.figure").Figure()
    figure.subplots().plot([1, 2])
    assert Image(figure).mime_type == "image/png"


def test_a_video_is_not_made_of_an_array() -> None:
    with pytest.raises(TypeError, match="not ndarray"):
        Video(stranger("numpy", "ndarray", shape=(2, 2), dtype="uint8"))


@pytest.mark.parametrize(
    ("shape", "dtype", "wrong"),
    [
        ((5,), "uint8", InvalidRequestError),
        ((2, 2, 2), "uint8", InvalidRequestError),
        ((1, 2, 2, 3), "uint8", InvalidRequestError),
        ((0, 2), "uint8", InvalidRequestError),
        ((2, 2), "int64", TypeError),
        ((2, 2, 3), "uint16", TypeError),
        ((2, 2), "complex64", TypeError),
    ],
)
def test_an_array_that_is_no_picture_is_refused_at_once(shape: Any, dtype: str, wrong: type[Exception]) -> None:
    with pytest.raises(wrong, match="picture"):
        Image(stranger("numpy", "ndarray", shape=shape, dtype=dtype))


class Tensor:
    """As much of a torch tensor of bytes as is asked of one, in a torch that was built without NumPy."""

    dtype = "torch.uint8"

    def __init__(self, values: list[Any], shape: tuple[int, ...]) -> None:
        self.values = values
        self.shape = shape

    def detach(self) -> Tensor:
        return self

    cpu = byte = contiguous = detach

    def is_floating_point(self) -> bool:
        return False

    def permute(self, *axes: int) -> Tensor:
        assert axes == (1, 2, 0)
        channels, height, width = self.shape
        plane = height * width
        values = [self.values[c * plane + at] for at in range(plane) for c in range(channels)]
        return Tensor(values, (height, width, channels))

    def numpy(self) -> Any:
        raise RuntimeError("Numpy is not available")

    def reshape(self, *shape: int) -> Tensor:
        assert shape == (-1,)
        return self

    def tolist(self) -> list[Any]:
        return self.values


Tensor.__module__ = "torch"


@pytest.mark.parametrize(("shape", "colour"), [((3, 2, 5), 2), ((4, 2, 5), 6), ((1, 2, 5), 0), ((2, 5), 0)])
def test_a_tensor_without_numpy_has_its_colours_first(
    shape: tuple[int, ...], colour: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "PIL.Image", None)  # our own PNG, which `pixels_of` can read
    channels = shape[0] if len(shape) == 3 else 1
    planes = list(range(10 * channels))
    png = png_of(Image(Tensor(planes, shape)))
    assert pixels_of(png) == (5, 2, colour, bytes(c * 10 + at for at in range(10) for c in range(channels)))


def test_a_tensor_has_its_colours_first() -> None:
    torch = pytest.importorskip("torch")
    pillow = pytest.importorskip("PIL.Image")
    tensor = torch.arange(3 * 4 * 5, dtype=torch.uint8).reshape(3, 4, 5)
    for values in (tensor, tensor.float() / 255):
        picture = pillow.open(io.BytesIO(png_of(Image(values))))
        assert (picture.size, picture.mode) == ((5, 4), "RGB")
        assert picture.getpixel((2, 1)) == tuple(int(tensor[c, 1, 2]) for c in range(3))


def test_none_of_the_libraries_is_imported() -> None:
    program = (
        "import sys; from kimistream import Image; Image(b'\\x89PNG\\r\\n\\x1a\\n'); "
        "print([name for name in ('PIL', 'numpy', 'torch', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_package_alone_does_not_import_them() -> None:
    program = "import sys, kimistream; print('kimistream._requests.media' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
