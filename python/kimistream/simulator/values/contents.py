"""The content of a message: text and media, decoded and checked the way Moonshot checks them."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .failures import invalid

_DATA_URI = re.compile(r"data:([\w.+-]+/[\w.+-]+);base64", re.IGNORECASE)
_BLOCK = 1 << 20  # characters of base64 that are decoded at once; a multiple of four
_UNSUPPORTED_MIME = frozenset({"image/svg+xml"})  # Moonshot docs, "Use the vision model"


@dataclass(frozen=True)
class Media:
    """An image or a video. `size` in bytes and `sha256` are 0 and "" for one that is only referred to by `address`."""

    kind: str
    mime: str = ""
    size: int = 0
    sha256: str = ""
    address: str = ""


class Upload(Protocol):
    """What is asked of an uploaded file."""

    @property
    def purpose(self) -> str: ...
    @property
    def mime(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def sha256(self) -> str: ...


@dataclass(frozen=True)
class MediaRules:
    """Kinds of address that an image and a video may have, and what was uploaded; None: not known, anything goes."""

    schemes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    uploads: Mapping[str, Upload] | None = None


@dataclass(frozen=True)
class Content:
    """`given` is False where the message has no content at all, neither text nor media."""

    text: str = ""
    media: tuple[Media, ...] = ()

    @property
    def given(self) -> bool:
        return bool(self.text or self.media)


def read_content(content: Any, rules: MediaRules) -> Content:
    """Text and media of a message's `content`: null, a string or a list of parts. Anything else is refused."""
    if content is None:
        return Content()
    if isinstance(content, str):
        return Content(content)
    if not isinstance(content, list):
        raise invalid("Invalid request: content must be a string or an array of parts")
    texts: list[str] = []
    media: list[Media] = []
    for part in content:
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind == "text":
            texts.append(_text(part))
        elif kind in ("image_url", "video_url"):
            media.append(_media(kind.removesuffix("_url"), part.get(kind), rules))
        else:
            raise invalid(f"Invalid request: unsupported content type: {kind}")
    return Content("\n".join(texts), tuple(media))


def _text(part: Mapping[str, Any]) -> str:
    text = part.get("text")
    if not isinstance(text, str):
        raise invalid("Invalid request: text content must be a string")
    if not text:
        raise invalid("text content is empty")
    return text


def _media(kind: str, value: Any, rules: MediaRules) -> Media:
    """Both documented forms: {"url": address} and the bare address."""
    address = value.get("url") if isinstance(value, Mapping) else value
    if not isinstance(address, str) or (scheme := address.partition(":")[0].lower()) not in rules.schemes[kind]:
        raise invalid(f"unsupported {kind} url")
    if scheme == "ms":
        return _uploaded(kind, address, rules.uploads)
    if scheme != "data":
        return Media(kind, address=address)
    head, _, encoded = address.partition(",")
    match = _DATA_URI.fullmatch(head)
    mime = match[1].lower() if match else ""
    if not mime.startswith(f"{kind}/"):
        raise invalid(f"unsupported {kind} url")
    if mime in _UNSUPPORTED_MIME:
        raise invalid(f"unsupported {kind} format: {mime}")
    # The samples on Kimi K2.6's model card put blanks between the comma and the data; nothing else is forgiven.
    size, sha256 = _measure(encoded.lstrip(" "), kind)
    return Media(kind, mime, size, sha256)


def _uploaded(kind: str, address: str, uploads: Mapping[str, Upload] | None) -> Media:
    """ms://<id of a file that was uploaded for this kind of media>"""
    if uploads is None:
        return Media(kind, address=address)
    upload = uploads.get(address.partition("://")[2])
    if upload is None:
        raise invalid(f"Invalid request: file not found: {address}")
    if upload.purpose != kind:
        raise invalid(f"Invalid request: the file {address} has the purpose {upload.purpose}, not {kind}")
    return Media(kind, upload.mime, upload.size, upload.sha256)


def _measure(data: str, kind: str) -> tuple[int, str]:
    """Size and SHA-256 of what base64 stands for. Block by block: one call for all of it would stop every thread."""
    digest, size = hashlib.sha256(), 0
    for start in range(0, len(data), _BLOCK):
        block = data[start : start + _BLOCK]
        last = start + _BLOCK >= len(data)
        try:
            decoded = base64.b64decode(block, validate=True)
        except ValueError:  # not base64 (binascii.Error), or not even ASCII
            decoded = b""
        if not decoded or ("=" in block and not last):
            raise invalid(f"Invalid request: the {kind} is not valid base64")
        digest.update(decoded)
        size += len(decoded)
    if not size:
        raise invalid(f"Invalid request: the {kind} is empty")
    return size, digest.hexdigest()
