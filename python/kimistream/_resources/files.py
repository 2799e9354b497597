"""Files at the provider, under openai-python's names."""

from __future__ import annotations

from .. import _core
from .._requests import uploads
from .._requests.steps import Step, get, path_of
from .._requests.totals import begun
from .._values.errors import APIError
from .._values.resources import FileContent, FileDeleted, FileList, FileObject

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from typing import Any, BinaryIO

    from .._requests.sender import Sender
    from .._requests.steps import Steps
    from .._requests.uploads import Progress
    from .._values.timeout import AnyTimeout

_MAX_PAGES = 10_000  # of a list, by a server that never says that it ends


def create(
    sender: Sender,
    *,
    file: str | os.PathLike[str] | bytes | BinaryIO | tuple[Any, ...],
    purpose: str = "",
    on_progress: Progress | None = None,
    timeout: AnyTimeout = None,
) -> Steps[FileObject]:
    """Uploads a file; returns when the provider has it.

    file         a path, bytes, a file opened in binary mode (from where it stands), or (name, data) or (name, data,
                 content_type), where data is bytes, an open file or a pathlib.Path. A file on disk is read while it
                 is sent and never held in memory
    purpose      "file-extract" for its text, "image" and "video" for messages (as ms://ID), "batch"
    on_progress  called with the bytes sent and the bytes in all, at most 20 times a second and at the end. What it
                 raises ends the upload and is raised here
    timeout      seconds for connecting, for each silence while the file goes out, and for the answer behind it; or a
                 `Timeout`, whose `first_event` is the last two

    Tried again only where nothing of the file can have been kept: before any of it was sent, and after 429 and 503.
    The provider's limits are checked there (Moonshot's: 1,000 files, 100 MB each, 10 GB together).
    """
    if not purpose:
        raise TypeError(
            'files.create() needs a purpose: "file-extract" for a document\'s text, "image" or "video" for '
            'messages (as ms://ID), "batch" for the requests of a batch'
        )
    return uploads.upload_steps(sender.core, file, purpose, on_progress, timeout)


def list_all(sender: Sender, *, purpose: str | None = None, timeout: AnyTimeout = None) -> Steps[FileList]:
    """All files, also where they come in pages. Iterates, and has them in `.data`."""
    path = path_of(sender.core, "files_path", "has no files")
    from urllib.parse import urlencode

    asked = {} if purpose is None else {"purpose": purpose}
    timeout = begun(timeout, sender.core)
    found: dict[str, Any] = {}
    first: dict[str, Any] | None = None
    for _ in range(_MAX_PAGES):
        query = f"?{urlencode(asked)}" if asked else ""
        page = yield get(path + query, timeout)
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


def retrieve(sender: Sender, file_id: str, *, timeout: AnyTimeout = None) -> Steps[FileObject]:
    """What the provider knows of a file. Raises NotFoundError for an id that it does not know; likewise the others."""
    return uploads.retrieve_steps(sender.core, file_id, timeout)


def content(sender: Sender, file_id: str, *, timeout: AnyTimeout = None) -> Steps[FileContent]:
    """What a file holds: of one for "file-extract" the text, as JSON; of others the bytes."""
    data = yield Step(
        lambda starter: _core.file_request(starter, sender.core, file_id, content=True, timeout=timeout),
        _core.body_bytes,
    )
    return FileContent(data)


def delete(sender: Sender, file_id: str, *, timeout: AnyTimeout = None) -> Steps[FileDeleted]:
    """Deletes a file at the provider."""
    deleted = yield from uploads.delete_steps(sender.core, file_id, timeout)
    sender.uploads.forget(file_id)
    return deleted


def wait_for_processing(sender: Sender, id: str, *, max_wait_seconds: float | None = None) -> Steps[FileObject]:
    """Waits until a file can be used. Raises APIError for one that never will, APITimeoutError after the time."""
    stored = yield from uploads.retrieve_steps(sender.core, id)
    return (yield from uploads.wait_steps(sender.core, stored, max_wait_seconds))


def delete_uploads(sender: Sender) -> Steps[list[str]]:
    """Deletes what this client uploaded for pictures and videos in messages (`send="upload"` and "auto"). Gives the
    ids. Messages that are kept and name them cannot be sent any more."""
    return sender.uploads.delete_steps()
