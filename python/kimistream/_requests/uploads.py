"""A file on its way to the provider, until it can be used, and away again."""

from __future__ import annotations

import os

from .. import _core
from .._values.errors import APIError, APIStatusError, APITimeoutError, KimiError
from .._values.resources import FileDeleted, FileObject
from .steps import Step
from .totals import patience

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._values.timeout import AnyTimeout
    from .steps import Starter, Steps

    Progress = Callable[[int, int], object]

_LIMITS = "documented limits: 1,000 files, 100 MB each, 10 GB together"  # platform.kimi.ai, files
_PENDING = frozenset({"uploaded", "pending", "queued", "processing", "parsing", "extracting", "in_progress", "running"})
_FAILED = frozenset({"error", "failed"})
_FIRST_PAUSE, _LONGEST_PAUSE, _PATIENCE = 0.2, 5.0, 600.0  # seconds, while a file's text is being extracted


def content_of(file: Any) -> tuple[_core.FileContent, str, str]:
    """The bytes of what was given, the file's name and its content type; "" where neither is known."""
    name = content_type = ""
    if isinstance(file, tuple):
        if not 2 <= len(file) <= 3:
            raise TypeError("a file as a tuple is (name, data) or (name, data, content_type)")
        name, content_type = file[0] or "", (file[2] if len(file) == 3 else None) or ""
        file = file[1]
        if not isinstance(name, str) or not isinstance(content_type, str):
            raise TypeError("the name and the content type of a file must be str")
        if isinstance(file, (str, tuple)):
            raise TypeError("the data of a file must be bytes, an open binary file or a pathlib.Path")
    content, own_name = _bytes_of(file)
    name = name or own_name
    if name and not content_type and not content.mime_type:
        import mimetypes

        content_type = mimetypes.guess_type(name)[0] or ""
    return content, name, content_type


def _bytes_of(file: Any) -> tuple[_core.FileContent, str]:
    if isinstance(file, (str, os.PathLike)):
        path = os.fspath(file)
        return _core.FileContent.from_path(os.fsencode(path)), os.path.basename(os.fsdecode(path))
    if isinstance(file, (bytes, bytearray, memoryview)):
        return _core.FileContent.from_bytes(bytes(file)), ""
    if hasattr(file, "read"):
        from .media import plain_file, read_all  # a plain client never needs them

        name = getattr(file, "name", None)
        name = os.path.basename(name) if isinstance(name, str) else ""
        if hasattr(file, "encoding") and hasattr(file, "buffer"):
            raise TypeError('the file is open as text: open it in binary mode, open(path, "rb")')
        plain = plain_file(file)
        if plain is None:
            return _core.FileContent.from_bytes(read_all(file)), name
        if plain.writable():
            plain.flush()
        return _core.FileContent.from_descriptor(plain.fileno(), plain.tell()), name
    raise TypeError(
        f"a file is a path, bytes, an open binary file or (name, data[, content_type]), not {type(file).__name__}"
    )


class _Watched:
    """A caller's on_progress; keeps what it raised, which the core cannot carry."""

    __slots__ = ("raised", "tell")

    def __init__(self, tell: Progress) -> None:
        if not callable(tell):
            raise TypeError(f"on_progress must be callable, not {type(tell).__name__}")
        self.tell = tell
        self.raised: BaseException | None = None

    def __call__(self, sent: int, total: int) -> None:
        try:
            self.tell(sent, total)
        except BaseException as error:
            self.raised = error
            raise


def upload_steps(
    core: _core.Client,
    file: Any,
    purpose: str,
    on_progress: Progress | None = None,
    timeout: AnyTimeout = None,
) -> Steps[FileObject]:
    content, name, content_type = file if isinstance(file, Prepared) else content_of(file)
    watched = None if on_progress is None else _Watched(on_progress)

    def start(starter: Starter) -> _core.Stream:
        return _core.upload(starter, core, content, purpose, name, content_type, watched, timeout)

    try:
        return FileObject(_object_with_id((yield Step(start, _core.Stream.json))))
    except KimiError as error:
        if watched is not None and watched.raised is not None:
            raise watched.raised from None
        if isinstance(error, APIStatusError) and _is_about_a_limit(error, content.size):
            error._say(f"{error.message} ({_LIMITS})")
        raise


class Prepared(tuple):  # type: ignore[type-arg]
    """What `content_of` gave."""

    __slots__ = ()


def _is_about_a_limit(error: APIStatusError, size: int) -> bool:
    words = error.message.lower()
    return error.status_code == 413 or (
        error.status_code == 400 and (size > 100 << 20 or "too large" in words or "max file" in words)
    )


def retrieve_steps(core: _core.Client, file_id: str, timeout: AnyTimeout = None) -> Steps[FileObject]:
    answer = yield Step(lambda starter: _core.file_request(starter, core, file_id, timeout=timeout), _core.Stream.json)
    return FileObject(_object_with_id(answer))


def delete_steps(core: _core.Client, file_id: str, timeout: AnyTimeout = None) -> Steps[FileDeleted]:
    answer = yield Step(
        lambda starter: _core.file_request(starter, core, file_id, "DELETE", timeout=timeout), _core.Stream.json
    )
    return FileDeleted({"id": file_id, **answer})


def _object_with_id(answer: Any) -> dict[str, Any]:
    if not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
        raise APIError("the answer about a file names no id", body=answer)
    return answer


def wait_steps(core: _core.Client, stored: FileObject, timeout: AnyTimeout) -> Steps[FileObject]:
    """Until the file can be used. What a status means is told by known words; an unknown one counts as ready."""
    from time import monotonic

    end = monotonic() + patience(timeout, _PATIENCE)
    pause = _FIRST_PAUSE
    while stored.status in _PENDING:
        left = end - monotonic()
        if left <= 0:
            raise APITimeoutError(
                f"the file {stored.filename or stored.id!r} is still {stored.status!r}; raise timeout, or ask later by "
                f"its id {stored.id}",
                clock="total",
            )
        yield min(pause, left)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
        stored = yield from retrieve_steps(core, stored.id, timeout)
    if stored.status in _FAILED:
        details = f": {stored.status_details}" if stored.status_details else ""
        raise APIError(
            f"the provider could not read the file {stored.filename or stored.id!r}{details} ({_LIMITS}; pictures and "
            "documents of pictures alone have no text: upload those with the purpose image)",
            body=stored.model_dump(exclude_unset=True),
        )
    return stored
