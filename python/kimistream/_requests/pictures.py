"""Pictures of other libraries as PNG, with what those libraries offer themselves. None of them is imported for it."""

from __future__ import annotations

import io
from importlib import import_module

from .._values.errors import InvalidRequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_PNG_MODES = ("1", "L", "LA", "I;16", "P", "RGB", "RGBA")
_NEAREST_MODES = {"I": "I;16", "La": "LA", "PA": "RGBA", "RGBa": "RGBA"}  # of others it is RGB
_COLOUR_TYPES = {1: 0, 3: 2, 4: 6}  # of PNG, by values for each pixel


def encoder(library: str, name: str, source: Any) -> Callable[[], bytes] | None:
    """What makes a PNG of `source`, an object of the class `name` of a library; None when that is no picture.

    Raises TypeError and InvalidRequestError for an array or tensor that cannot be one.
    """
    if library == "PIL" and name == "Image" and hasattr(source, "save"):
        return lambda: _from_pil(source)
    if library == "matplotlib" and hasattr(source, "savefig"):
        return lambda: _from_figure(source)
    if library == "numpy" and name == "ndarray":
        _check(source.shape, str(source.dtype), "height x width (x 3 or 4)", channels_last=True)
        return lambda: _from_array(source)
    if library == "torch" and name == "Tensor":
        _check(tuple(source.shape), str(source.dtype).removeprefix("torch."), "(3 or 4 x) height x width", False)
        return lambda: _from_tensor(source)
    return None


def _check(shape: tuple[int, ...], dtype: str, wanted: str, channels_last: bool) -> None:
    channels = 1 if len(shape) == 2 else shape[-1 if channels_last else 0] if len(shape) == 3 else 0
    if channels not in _COLOUR_TYPES:
        raise InvalidRequestError(f"a picture is {wanted}, not {' x '.join(map(str, shape)) or 'a single number'}")
    if 0 in shape:
        raise InvalidRequestError("the picture has no pixels")
    if dtype not in ("uint8", "bool") and not dtype.startswith(("float", "bfloat")):
        raise TypeError(f"a picture's values are uint8 or floats from 0 to 1, not {dtype}")


def _from_pil(image: Any) -> bytes:
    if image.mode not in _PNG_MODES:
        image = image.convert(_NEAREST_MODES.get(image.mode, "RGB"))
    file = io.BytesIO()
    image.save(file, format="PNG")
    return file.getvalue()


def _from_figure(figure: Any) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def _refuse_holes(found: bool) -> None:
    if found:
        raise InvalidRequestError("the picture has values that are no numbers (NaN)")


def _from_array(array: Any) -> bytes:
    if array.dtype.kind == "f":
        _refuse_holes(bool((array != array).any()))
        array = (array.clip(0, 1) * 255).round()
    elif array.dtype.kind == "b":
        array = array * 255
    height, width = array.shape[:2]
    channels = 1 if array.ndim == 2 else array.shape[2]
    return _png(array.astype("uint8").tobytes(), width, height, channels)


def _from_tensor(tensor: Any) -> bytes:
    tensor = tensor.detach().cpu()
    if tensor.is_floating_point():
        _refuse_holes(bool(tensor.isnan().any()))
        tensor = (tensor.float().clamp(0, 1) * 255).round()
    elif str(tensor.dtype) == "torch.bool":
        tensor = tensor.byte() * 255
    tensor = tensor.byte()
    channels = 1
    if len(tensor.shape) == 3:
        channels = tensor.shape[0]
        tensor = tensor.permute(1, 2, 0)
    height, width = tensor.shape[:2]
    try:
        pixels = tensor.contiguous().numpy().tobytes()
    except RuntimeError:  # torch without NumPy
        pixels = bytes(tensor.reshape(-1).tolist())
    return _png(pixels, width, height, channels)


def _png(pixels: bytes, width: int, height: int, channels: int) -> bytes:
    """Rows of 8-bit values as PNG: Pillow's where it is installed, it compresses better and faster."""
    try:
        pillow = import_module("PIL.Image")
    except ImportError:
        return _plain_png(pixels, width, height, channels)
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    return _from_pil(pillow.frombytes(mode, (width, height), pixels))


def _plain_png(pixels: bytes, width: int, height: int, channels: int) -> bytes:
    """https://www.w3.org/TR/png-3/: each row without a filter (0), one block of compressed data."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = width * channels
    rows = b"".join(b"\0" + pixels[start : start + row] for start in range(0, len(pixels), row))
    head = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[channels], 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", head),
            chunk(b"IDAT", zlib.compress(rows, 1)),
            chunk(b"IEND", b""),
        )
    )
