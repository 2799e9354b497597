"""Pictures and videos in a message. Imported when `Image` or `Video` is first asked for."""

from __future__ import annotations

import io
import os

from .. import _core
from .._values.errors import InvalidRequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal

    Send = Literal["inline", "auto", "upload"]

_SCHEMES = ("http://", "https://", "data:", "ms://")
_WAYS = ("inline", "auto", "upload")
_SHOWN_BYTES = 4 << 20  # a notebook keeps what it shows in its file
_STREAM_BYTES = 100 << 20  # of what can be read only once, as in the core
_BLOCK = 1 << 20


class Medium:
    """What `Image` and `Video` share."""

    __slots__ = ("_encode", "_part", "_source", "send")
    _video = False
    may_be_uploaded = False  # whether there ever was one: until then long histories need not be looked through

    def __init__(self, source: Any, *, send: Send = "inline") -> None:
        if not isinstance(send, str):
            raise TypeError(f"send must be a str, not {type(send).__name__}")
        if send not in _WAYS:
            raise InvalidRequestError(f'send="{send}" is unknown: use "inline", "auto" or "upload"')
        self.send: Send = send
        if send != "inline":
            Medium.may_be_uploaded = True
        self._encode: Callable[[], bytes] | None = None
        self._part: _core.Part | None = None
        if isinstance(source, dict) and source.keys() == {"bytes", "path"}:  # a row of Hugging Face's datasets
            source = source["bytes"] if source["bytes"] is not None else source["path"]
        self._source = source
        self._take(source)

    def _take(self, source: Any) -> None:
        if isinstance(source, str):
            if source[:32].lstrip().lower().startswith(_SCHEMES):
                self._part = _core.media_from_address(source, self._video)
            else:
                self._part = _core.media_from_path(os.fsencode(source), self._video)
        elif isinstance(source, os.PathLike):
            self._part = _core.media_from_path(os.fsencode(source), self._video)
        elif isinstance(source, (bytes, bytearray, memoryview)):
            self._part = _core.media_from_buffer(source, self._video)
        elif isinstance(source, Medium):
            raise TypeError(f"this is {_article(source)} already: pass it as it is")
        elif (encode := self._encoder(source)) is not None:
            self._encode = encode
        elif hasattr(source, "read"):
            self._part = _from_file(source, self._video)
            self._source = None  # it is at another place, or closed, when somebody would look again
        elif getattr(source, "object", None) == "file" and isinstance(getattr(source, "id", None), str):
            self._part = _core.media_from_address(f"ms://{source.id.removeprefix('ms://')}", self._video)
        elif _is_buffer(source):
            self._part = _core.media_from_buffer(source, self._video)
        else:
            raise TypeError(f"{_article(self)} is made from {self._kinds}, not {type(source).__name__}")

    _kinds = "a path, bytes, a binary file, a URL or an ms:// id"

    def _encoder(self, source: Any) -> Callable[[], bytes] | None:
        return None

    def _to_part(self) -> _core.Part:
        """What the core sends. A picture in memory is encoded here, the first time."""
        if self._part is None:
            assert self._encode is not None
            self._part = _core.media_from_buffer(self._encode(), self._video)
            self._encode = None
        return self._part

    def _to_wire(self) -> dict[str, Any]:
        """The part of a message that it amounts to, with all its bytes: for what keeps messages as JSON."""
        part = self._to_part()
        kind = "video_url" if self._video else "image_url"
        return {"type": kind, kind: {"url": part.address or f"data:{part.mime_type};base64,{part.base64()}"}}

    @property
    def mime_type(self) -> str | None:
        """Of the bytes, as they themselves tell; None for an address or id."""
        return self._to_part().mime_type

    @property
    def size(self) -> int | None:
        """In bytes; base64 makes a third more of them. None for an address or id."""
        return self._to_part().size

    @property
    def url(self) -> str | None:
        """The address or ms:// id; None for what is sent within the request."""
        return self._to_part().address or None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Medium) or other._video != self._video:
            return NotImplemented
        return self.send == other.send and self._to_part() == other._to_part()

    __hash__ = None  # type: ignore[assignment]

    def __copy__(self) -> Medium:
        return self

    def __deepcopy__(self, memo: object) -> Medium:
        return self  # never changed, and perhaps large

    def __reduce__(self) -> tuple[Any, ...]:
        source = self._source
        if source is None:
            raise TypeError(f"{_article(self)} made of an open file cannot be copied or pickled: use its path or bytes")
        return _restore, (self.__class__, bytes(source) if isinstance(source, memoryview) else source, self.send)

    def __repr__(self) -> str:
        how = "" if self.send == "inline" else f", send={self.send!r}"
        return f"{self.__class__.__name__}({self._described()}{how})"

    def _described(self) -> str:
        part = self._part
        if part is None:
            return f"<{type(self._source).__module__}.{type(self._source).__qualname__}>"
        if part.address:
            return repr(part.address if len(part.address) <= 80 else f"{part.address[:60]}...")
        name = f"{part.name!r}, " if part.name else ""
        return f"{name}{part.mime_type}, {part.size:,} bytes"


def _restore(cls: type[Medium], source: Any, send: Send) -> Medium:
    return cls(source, send=send)


def _article(medium: Medium) -> str:
    return "a Video" if medium._video else "an Image"


class Image(Medium):
    """A picture for a message: `client.stream(["What is this?", Image("photo.jpg")])`.

    source  a path (str or os.PathLike); bytes or another buffer; a file opened in binary mode, from where it stands;
            a URL as a str (http(s):// or data:); the id of an uploaded file as "ms://..."; a PIL image, a matplotlib
            figure; a NumPy array of height x width (x 3 or 4) or a torch tensor of (3 or 4 x) height x width, uint8 or
            floats from 0 to 1; what a row of `datasets` holds, {"bytes", "path"}
    send    "inline" (the default) within the request; "upload" as a file of its own first, "auto" whichever fits

    What the file is, its first bytes tell: JPEG, PNG, WebP, GIF, BMP, HEIC or HEIF. A path is read anew for each
    request, piece by piece, so memory does not grow with it, and must be there until then; objects of other libraries
    become PNG when they are first sent or looked at, as they are then.

    Raises InvalidRequestError for what is missing, empty, unreadable, SVG, a video or no picture, and TypeError for
    another kind of object. Not every provider fetches http(s) addresses; a Notice tells.
    """

    __slots__ = ()
    _kinds = (
        "a path, bytes, a binary file, a URL, an ms:// id, a PIL image, a NumPy array, a torch tensor or a matplotlib "
        "figure"
    )

    def _encoder(self, source: Any) -> Callable[[], bytes] | None:
        return _picture_encoder(source)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """For notebooks: the picture itself, while it is small."""
        bundle = {"text/plain": repr(self)}
        part = self._to_part()
        if part.mime_type in ("image/png", "image/jpeg", "image/gif") and (part.size or 0) <= _SHOWN_BYTES:
            bundle[part.mime_type] = part.base64()
        return bundle


class Video(Medium):
    """A video for a message: `client.stream(["What happens here?", Video("clip.mp4")])`.

    source  a path (str or os.PathLike); bytes or another buffer; a file opened in binary mode, from where it stands;
            a URL as a str (http(s):// or data:); the id of an uploaded file as "ms://..."
    send    "inline" (the default) within the request; "upload" as a file of its own first, "auto" whichever fits

    MP4, MPEG, MOV, AVI, FLV, WebM, WMV and 3GPP. Reading and errors as for `Image`.
    """

    __slots__ = ()
    _video = True


def _picture_encoder(source: Any) -> Callable[[], bytes] | None:
    for cls in type(source).__mro__:
        library = cls.__module__.partition(".")[0]
        if library not in ("PIL", "numpy", "torch", "matplotlib"):
            continue
        from . import pictures as _pictures

        if (encode := _pictures.encoder(library, cls.__name__, source)) is not None:
            return encode
    return None


def image_of(source: Any) -> Image | None:
    """An Image of another library's picture; None for what is none."""
    return None if _picture_encoder(source) is None else Image(source)


# ---- files ----------------------------------------------------------------------------------------------------------


def _from_file(file: Any, video: bool) -> _core.Part:
    if isinstance(file, io.TextIOBase):
        raise TypeError('the file is open as text: open it in binary mode, open(path, "rb")')
    plain = plain_file(file)
    if plain is not None:
        if plain.writable():
            plain.flush()
        return _core.media_from_descriptor(plain.fileno(), plain.tell(), video)
    return _core.media_from_buffer(read_all(file), video)


def plain_file(file: Any) -> Any:
    """The file if its descriptor gives the bytes that it gives itself: not so for gzip, sockets and pipes."""
    wrapped = getattr(file, "file", None)  # tempfile's
    if type(file).__module__ == "tempfile" and isinstance(wrapped, io.IOBase):
        file = wrapped
    raw = file if isinstance(file, io.FileIO) else getattr(file, "raw", None)
    if not isinstance(file, (io.FileIO, io.BufferedReader, io.BufferedRandom)) or type(raw) is not io.FileIO:
        return None
    return file if file.readable() and file.seekable() else None


def read_all(file: Any) -> bytes:
    blocks: list[bytes] = []
    size = 0
    while True:
        block = file.read(_BLOCK)
        if isinstance(block, str):
            raise TypeError("the file gives str: open it in binary mode")
        if block is None:
            raise InvalidRequestError("the file is set not to wait; read it first and pass its bytes")
        if not block:
            return b"".join(blocks)
        blocks.append(bytes(block))
        size += len(block)
        if size > _STREAM_BYTES:
            raise InvalidRequestError(
                f"the file gave more than {_STREAM_BYTES} bytes; what can be read only once is held in memory, up to "
                "that limit: write it to a file and pass its path"
            )


def _is_buffer(source: Any) -> bool:
    try:
        memoryview(source).release()
    except TypeError:
        return False
    return True
