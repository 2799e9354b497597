"""Files at the provider, for both clients: what is asked and in which order, without saying how to wait for it.

A function that ends in `_steps` is a generator. It yields a `Step`, and is sent what came of it, or a number of seconds
to let pass; its own result is what it returns. `run` drives it for the blocking client, `_async` for the other.
"""

from __future__ import annotations

import os

from . import _core
from ._errors import APIError, APIStatusError, APITimeoutError, InvalidRequestError, KimiError, NotFoundError, log
from ._object import FileDeleted, FileList, FileObject
from ._resources import _path

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable, Generator, Iterator
    from typing import Any, BinaryIO, TypeVar

    from ._sending import Sender

    Starter = _core.Client | _core.Reactor
    Progress = Callable[[int, int], object]
    T = TypeVar("T")

_LIMITS = "documented limits: 1,000 files, 100 MB each, 10 GB together"  # platform.kimi.ai, files
_MAX_PAGES = 10_000  # of a list, by a server that never says that it ends
_STREAM_BYTES = 100 << 20  # of what can be read only once, as in the core
_PENDING = frozenset({"uploaded", "pending", "queued", "processing", "parsing", "extracting", "in_progress", "running"})
_FAILED = frozenset({"error", "failed"})
_FIRST_PAUSE, _LONGEST_PAUSE, _PATIENCE = 0.2, 5.0, 600.0  # seconds, while a file's text is being extracted


class Step:
    """A request, and how its answer is read."""

    __slots__ = ("read", "start")

    def __init__(self, start: Callable[[Starter], _core.Stream], read: Callable[[_core.Stream], Any]) -> None:
        self.start = start
        self.read = read


if TYPE_CHECKING:
    Steps = Generator[Step | float, Any, T]


def run(core: _core.Client, steps: Steps[T]) -> T:
    """Takes the steps one after the other, waiting for each."""
    result: Any = None
    error: BaseException | None = None
    while True:
        try:
            step = steps.send(result) if error is None else steps.throw(error)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        result, error = None, None
        try:
            result = _perform(core, step)
        except BaseException as failure:  # the steps know what is to be cleaned up
            error = failure


def _perform(core: _core.Client, step: Step | float) -> Any:
    if not isinstance(step, Step):
        import time

        return time.sleep(step) if step else None
    stream = step.start(core)
    try:
        return step.read(stream)
    except BaseException:
        stream.close()  # now, not when the last traceback that holds it goes
        raise


# ---- what is uploaded -----------------------------------------------------------------------------------------------


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
        from ._media import _plain_file, _read_all

        name = getattr(file, "name", None)
        name = os.path.basename(name) if isinstance(name, str) else ""
        if hasattr(file, "encoding") and hasattr(file, "buffer"):
            raise TypeError('the file is open as text: open it in binary mode, open(path, "rb")')
        plain = _plain_file(file)
        if plain is None:
            return _core.FileContent.from_bytes(_read_all(file)), name
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


# ---- steps ----------------------------------------------------------------------------------------------------------


def upload_steps(
    core: _core.Client,
    file: Any,
    purpose: str,
    on_progress: Progress | None = None,
    timeout: float | None = None,
) -> Steps[FileObject]:
    content, name, content_type = file if isinstance(file, _Prepared) else content_of(file)
    watched = None if on_progress is None else _Watched(on_progress)

    def start(starter: Starter) -> _core.Stream:
        return _core.upload(starter, core, content, purpose, name, content_type, watched, timeout)

    try:
        return FileObject(_object_with_id((yield Step(start, _core.Stream.json))))
    except KimiError as error:
        if watched is not None and watched.raised is not None:
            raise watched.raised from None
        if isinstance(error, APIStatusError) and _is_about_a_limit(error, content.size):
            error.message = f"{error.message} ({_LIMITS})"
            error.args = (error.message,)
        raise


class _Prepared(tuple):  # type: ignore[type-arg]
    """What `content_of` gave."""

    __slots__ = ()


def _is_about_a_limit(error: APIStatusError, size: int) -> bool:
    words = error.message.lower()
    return error.status_code == 413 or (
        error.status_code == 400 and (size > 100 << 20 or "too large" in words or "max file" in words)
    )


def list_steps(core: _core.Client, purpose: str | None = None, timeout: float | None = None) -> Steps[FileList]:
    path = _path(core, "files_path", "has no files")
    from urllib.parse import urlencode

    asked = {} if purpose is None else {"purpose": purpose}
    found: dict[str, Any] = {}
    first: dict[str, Any] | None = None
    for _ in range(_MAX_PAGES):
        query = f"?{urlencode(asked)}" if asked else ""
        page = yield _get(path + query, timeout)
        rows = page.get("data") if isinstance(page, dict) else page
        if not isinstance(rows, list):
            raise APIError("the list of files has no data", body=page)
        new = {row["id"]: row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)}
        more = isinstance(page, dict) and page.get("has_more") is True
        first = first or (page if isinstance(page, dict) else {"object": "list"})
        fresh = new.keys() - found.keys()
        found.update(new)
        if not more or not fresh:  # a server that knows no pages sends its first one again
            break
        asked["after"] = list(new)[-1]
    rows = list(found.values())
    if purpose is not None:  # a server may not know the parameter
        rows = [row for row in rows if row.get("purpose", purpose) == purpose]
    return FileList({**(first or {}), "data": rows, **({"has_more": False} if first and "has_more" in first else {})})


def _get(path: str, timeout: float | None) -> Step:
    return Step(lambda starter: starter.send(path, timeout=timeout), _core.Stream.json)


def retrieve_steps(core: _core.Client, file_id: str, timeout: float | None = None) -> Steps[FileObject]:
    answer = yield Step(lambda starter: _core.file_request(starter, core, file_id, timeout=timeout), _core.Stream.json)
    return FileObject(_object_with_id(answer))


def delete_steps(core: _core.Client, file_id: str, timeout: float | None = None) -> Steps[FileDeleted]:
    answer = yield Step(
        lambda starter: _core.file_request(starter, core, file_id, "DELETE", timeout=timeout), _core.Stream.json
    )
    return FileDeleted({"id": file_id, **answer})


def content_steps(core: _core.Client, file_id: str, timeout: float | None = None) -> Steps[FileContent]:
    data = yield Step(
        lambda starter: _core.file_request(starter, core, file_id, content=True, timeout=timeout), _core.body_bytes
    )
    return FileContent(data)


def _object_with_id(answer: Any) -> dict[str, Any]:
    if not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
        raise APIError("the answer about a file names no id", body=answer)
    return answer


def wait_steps(core: _core.Client, stored: FileObject, timeout: float | None) -> Steps[FileObject]:
    """Until the file can be used. What a status means is told by known words; an unknown one counts as ready."""
    from time import monotonic

    end = monotonic() + (_PATIENCE if timeout is None else timeout)
    pause = _FIRST_PAUSE
    while stored.status in _PENDING:
        left = end - monotonic()
        if left <= 0:
            raise APITimeoutError(
                f"the file {stored.filename or stored.id!r} is still {stored.status!r}; raise timeout, or ask later by "
                f"its id {stored.id}"
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


class Extracted(list):  # type: ignore[type-arg]
    """Messages with the text of files, to stand before a question. `.files` are the files at the provider."""

    files: list[FileObject]


def extract_steps(
    core: _core.Client, files: tuple[Any, ...], timeout: float | None, delete: bool, on_progress: Progress | None
) -> Steps[Extracted]:
    if not files:
        raise InvalidRequestError("extract() needs at least one file")
    prepared = [_Prepared(content_of(file)) for file in files]  # what is missing is told before anything is sent
    messages = Extracted()
    messages.files = []
    try:
        for each in prepared:
            messages.files.append((yield from upload_steps(core, each, "file-extract", on_progress, timeout)))
        for place, stored in enumerate(messages.files):
            messages.files[place] = yield from wait_steps(core, stored, timeout)
            content = yield from content_steps(core, stored.id, timeout)
            # The whole of it, as it is: that is how the provider's own recipe has it.
            messages.append({"role": "system", "content": content.text})
    except Exception:  # not for Ctrl-C and cancellation: those end at once
        if delete:
            yield from _delete_quietly(core, messages.files)
        raise
    if delete:
        yield from _delete_quietly(core, messages.files)
    return messages


def _delete_quietly(core: _core.Client, files: list[FileObject]) -> Steps[None]:
    for stored in files:
        try:
            yield from delete_steps(core, stored.id)
        except NotFoundError:
            pass
        except KimiError as error:
            log(f"the file {stored.id} was not deleted: {error}")


# ---- what comes back ------------------------------------------------------------------------------------------------


class FileContent:
    """What a file holds: the text that was extracted, as the provider wraps it, or its bytes."""

    __slots__ = ("content",)

    def __init__(self, content: bytes) -> None:
        self.content = content

    @property
    def text(self) -> str:
        """As UTF-8; what is none becomes U+FFFD."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """Raises ValueError for what is no JSON."""
        return _core.loads(self.text)

    def read(self) -> bytes:
        return self.content

    async def aread(self) -> bytes:
        return self.content

    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        size = chunk_size or len(self.content) or 1
        return (self.content[at : at + size] for at in range(0, len(self.content), size))

    def iter_lines(self) -> Iterator[str]:
        return iter(self.text.splitlines())

    def write_to_file(self, file: str | os.PathLike[str]) -> None:
        with open(file, "wb") as out:
            out.write(self.content)

    def stream_to_file(self, file: str | os.PathLike[str]) -> None:
        """The other name of `write_to_file`."""
        self.write_to_file(file)

    def __repr__(self) -> str:
        return f"FileContent({len(self.content):,} bytes)"


# ---- the resource ---------------------------------------------------------------------------------------------------


class Files:
    """`client.files`, as openai-python has it."""

    __slots__ = ("_core", "_sender")

    def __init__(self, sender: Sender) -> None:
        self._core = sender.core
        self._sender = sender

    def create(
        self,
        *,
        file: str | os.PathLike[str] | bytes | BinaryIO | tuple[Any, ...],
        purpose: str,
        on_progress: Progress | None = None,
        timeout: float | None = None,
    ) -> FileObject:
        """Uploads a file; returns when the provider has it.

        file         a path, bytes, a file opened in binary mode (from where it stands), or (name, data) or (name, data,
                     content_type), where data is bytes, an open file or a pathlib.Path. A file on disk is read while it
                     is sent and never held in memory
        purpose      "file-extract" for its text, "image" and "video" for messages (as ms://ID), "batch"
        on_progress  called with the bytes sent and the bytes in all, at most 20 times a second and at the end. What it
                     raises ends the upload and is raised here
        timeout      seconds for connecting, for each silence while the file goes out, and for the answer behind it

        Tried again only where nothing of the file can have been kept: before any of it was sent, and after 429 and 503.
        The provider's limits are checked there (Moonshot's: 1,000 files, 100 MB each, 10 GB together).
        """
        return run(self._core, upload_steps(self._core, file, purpose, on_progress, timeout))

    def list(self, *, purpose: str | None = None, timeout: float | None = None) -> FileList:
        """All files, also where they come in pages. Iterates, and has them in `.data`."""
        return run(self._core, list_steps(self._core, purpose, timeout))

    def retrieve(self, file_id: str, *, timeout: float | None = None) -> FileObject:
        """What the provider knows of a file. Raises NotFoundError for an id that it does not know; likewise below."""
        return run(self._core, retrieve_steps(self._core, file_id, timeout))

    def content(self, file_id: str, *, timeout: float | None = None) -> FileContent:
        """What a file holds: of one for "file-extract" the text, as JSON; of others the bytes."""
        return run(self._core, content_steps(self._core, file_id, timeout))

    def delete(self, file_id: str, *, timeout: float | None = None) -> FileDeleted:
        deleted = run(self._core, delete_steps(self._core, file_id, timeout))
        self._sender.uploads.forget(file_id)
        return deleted

    def wait_for_processing(self, id: str, *, max_wait_seconds: float | None = None) -> FileObject:
        """Waits until a file can be used. Raises APIError for one that never will, APITimeoutError after the time."""
        return run(self._core, self._wait(id, max_wait_seconds))

    def _wait(self, file_id: str, timeout: float | None) -> Steps[FileObject]:
        stored = yield from retrieve_steps(self._core, file_id)
        return (yield from wait_steps(self._core, stored, timeout))

    def delete_uploads(self) -> builtins.list[str]:
        """Deletes what this client uploaded for pictures and videos in messages (`send="upload"` and "auto"). Gives the
        ids. Messages that are kept and name them cannot be sent any more."""
        return run(self._core, self._sender.uploads.delete_steps())
