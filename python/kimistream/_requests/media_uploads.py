"""Pictures and videos that are uploaded before the request that shows them, once for each content and client."""

from __future__ import annotations

import os

from .. import _core
from .._values.errors import InvalidRequestError, KimiError, NotFoundError
from .arguments import NAMES
from .media import Medium
from .totals import begun
from .uploads import Prepared, delete_steps, upload_steps, wait_steps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .._values.timeout import AnyTimeout
    from .steps import Steps

_INLINE_BYTES = 10 << 20  # of base64: more, and send="auto" uploads
_BLOCK = 1 << 20
_NEXT_LOOK = 0.05  # seconds, while somebody else uploads the same file
_KEYS = ("image_url", "video_url")
_TIMEOUT = NAMES.index("timeout")


class Uploads:
    """What one client has uploaded: (SHA-256, purpose) to id. Any thread, any event loop."""

    __slots__ = ("_core", "_digests", "_ids", "_under_way")

    def __init__(self, core: _core.Client) -> None:
        self._core = core
        self._ids: dict[tuple[str, str], str] = {}
        self._under_way: dict[tuple[str, str], tuple[int, object]] = {}
        self._digests: dict[tuple[Any, ...], str] = {}  # of files whose size and times have not changed

    def needed(self, prompt: Any) -> bool:
        return Medium.may_be_uploaded and any(medium.send != "inline" for medium in _media_in(prompt))

    def check_inline(self, prompt: Any, most: int) -> None:
        """For requests that are kept as text. Raises InvalidRequestError for media that must be uploaded first, and for
        more than `most` bytes of those that go within."""
        size = 0
        for medium in _media_in(prompt):
            if self._is_uploaded(medium):
                raise InvalidRequestError('its media must be uploaded first: name them as ms://ID, or send="inline"')
            size += 0 if medium.url is not None else (medium.size or 0) * 4 // 3
        if size > most:
            raise InvalidRequestError(f"its media are {size >> 20} MiB as text: upload them, and name them as ms://ID")

    def prepare_steps(self, request: tuple[Any, ...]) -> Steps[tuple[Any, ...]]:
        """The request with ids in place of what has been uploaded. The caller's own objects stay as they are."""
        made: dict[int, Medium] = {}
        on_progress = request[NAMES.index("on_upload")]
        timeout = begun(request[_TIMEOUT], self._core)
        for medium in _media_in(request[0]):
            if id(medium) not in made and self._is_uploaded(medium):
                file_id = yield from self._upload_steps(medium, on_progress, timeout)
                made[id(medium)] = type(medium)(f"ms://{file_id}")
        if not made:
            return request
        return (_replaced(request[0], made), *request[1:_TIMEOUT], timeout, *request[_TIMEOUT + 1 :])

    def _is_uploaded(self, medium: Medium) -> bool:
        if medium.send == "inline" or medium.url is not None:
            return False
        if medium.send == "upload":
            return True
        if (medium.size or 0) * 4 // 3 <= _INLINE_BYTES:
            return False
        row = self._core.row
        forms = row["videos" if medium._video else "images"]
        return bool(row["files_path"]) and isinstance(forms, list) and "ms" in forms

    def _upload_steps(self, medium: Medium, on_progress: Any, timeout: AnyTimeout) -> Steps[str]:
        content = _core.FileContent.from_part(medium._to_part())
        purpose = "video" if medium._video else "image"
        key = ((yield from self._digest_steps(medium, content)), purpose)
        own = (os.getpid(), object())
        while (other := self._under_way.setdefault(key, own)) is not own:
            if other[0] != own[0]:  # it was under way in the parent process when this one was forked
                self._under_way.pop(key, None)
            else:
                yield _NEXT_LOOK
        try:
            known = self._ids.get(key)
            if known is not None:
                return known
            stored = yield from upload_steps(
                self._core, Prepared((content, content.name, content.mime_type)), purpose, on_progress, timeout
            )
            self._ids[key] = stored.id  # remembered before it is ready, so that it can be deleted in any case
            try:
                yield from wait_steps(self._core, stored, timeout)
            except KimiError:
                self._ids.pop(key, None)
                raise
            return str(stored.id)
        finally:
            self._under_way.pop(key, None)

    def _digest_steps(self, medium: Medium, content: _core.FileContent) -> Steps[str]:
        place = _state_of(medium)
        if place is not None and place in self._digests:
            return self._digests[place]
        from hashlib import sha256

        digest, reading = sha256(), content.open()
        while block := reading.read(_BLOCK):
            digest.update(block)
            yield 0.0  # an event loop has others to attend to
        name = digest.hexdigest()
        if place is not None and place == _state_of(medium):
            self._digests[place] = name
        return name

    def forget(self, file_id: str) -> None:
        """The file is no more."""
        file_id = file_id.removeprefix("ms://")
        for key in [key for key, known in list(self._ids.items()) if known == file_id]:
            self._ids.pop(key, None)

    def delete_steps(self) -> Steps[list[str]]:
        deleted = []
        for key, file_id in list(self._ids.items()):
            try:  # noqa: SIM105 - contextlib would be a third of this package's import
                yield from delete_steps(self._core, file_id)
            except NotFoundError:
                pass  # somebody else has
            self._ids.pop(key, None)
            deleted.append(file_id)
        return deleted


def _state_of(medium: Medium) -> tuple[Any, ...] | None:
    """What tells one state of a file from another; None for what is no file."""
    source = medium._source
    if not isinstance(source, (str, os.PathLike)):
        return None
    try:
        status = os.stat(source)
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _media_in(prompt: Any) -> Iterator[Medium]:
    if isinstance(prompt, Medium):
        yield prompt
    if not isinstance(prompt, (list, tuple)):
        return
    for item in prompt:
        if isinstance(item, Medium):
            yield item
        elif isinstance(item, dict):
            yield from _media_in(item.get("content"))
            for key in _KEYS:
                value = item.get(key)
                value = value.get("url") if isinstance(value, dict) else value
                if isinstance(value, Medium):
                    yield value


def _replaced(prompt: Any, made: dict[int, Medium]) -> Any:
    if not isinstance(prompt, (list, tuple)):
        return made.get(id(prompt), prompt)
    items: list[Any] = []
    for item in prompt:
        if isinstance(item, dict):
            copy = dict(item)
            if "content" in item:
                copy["content"] = _replaced(item["content"], made)
            for key in _KEYS:
                value = item.get(key)
                if isinstance(value, dict) and id(value.get("url")) in made:
                    copy[key] = {**value, "url": made[id(value["url"])]}
                elif id(value) in made:
                    copy[key] = made[id(value)]
            items.append(copy)
        else:
            items.append(made.get(id(item), item))
    return items
