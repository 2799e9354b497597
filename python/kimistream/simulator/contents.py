"""The content of a message: text and media, decoded and checked the way Moonshot checks them."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import invalid

_DATA_URI = re.compile(r"data:([\w.+-]+/[\w.+-]+);base64", re.IGNORECASE)
_UNSUPPORTED_MIME = frozenset({"image/svg+xml"})  # Moonshot docs, "Use the vision model"


@dataclass(frozen=True)
class Media:
    """An image or a video. `size` in bytes and `sha256` are 0 and "" for one that is only referred to by `address`."""

    kind: str
    mime: str = ""
    size: int = 0
    sha256: str = ""
    address: str = ""


@dataclass(frozen=True)
class Content:
    """`given` is False where the message has no content at all, neither text nor media."""

    text: str = ""
    media: tuple[Media, ...] = ()

    @property
    def given(self) -> bool:
        return bool(self.text or self.media)


def read_content(content: Any, schemes: frozenset[str]) -> Content:
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
            media.append(_media(kind.removesuffix("_url"), part.get(kind), schemes))
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


def _media(kind: str, value: Any, schemes: frozenset[str]) -> Media:
    """Both documented forms: {"url": address} and the bare address."""
    address = value.get("url") if isinstance(value, Mapping) else value
    if not isinstance(address, str) or (scheme := address.partition(":")[0].lower()) not in schemes:
        raise invalid(f"unsupported {kind} url")
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
    data = _decode(encoded.lstrip(" "), kind)
    return Media(kind, mime, len(data), hashlib.sha256(data).hexdigest())


def _decode(data: str, kind: str) -> bytes:
    try:
        decoded = base64.b64decode(data, validate=True)
    except ValueError:  # not base64 (binascii.Error), or not even ASCII
        raise invalid(f"Invalid request: the {kind} is not valid base64") from None
    if not decoded:
        raise invalid(f"Invalid request: the {kind} is empty")
    return decoded
