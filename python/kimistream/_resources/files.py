"""Files at the provider, under openai-python's names."""

from __future__ import annotations

from .. import _core
from .._requests import uploads
from .._requests.steps import Step, path_of
from .._values.resources import FileContent, FileDeleted, FileList, FileObject
from .pages import all_pages

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from typing import Any, BinaryIO

    from .._requests.sender import Sender
    from .._requests.steps import Steps
    from .._requests.uploads import Progress
    from .._values.timeout import AnyTimeout


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
    page = yield from all_pages(sender, path, {} if purpose is None else {"purpose": purpose}, timeout, "files")
    if purpose is not None:  # a server may not know the parameter
        page["data"] = [row for row in page["data"] if row.get("purpose", purpose) == purpose]
    return FileList(page)


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
