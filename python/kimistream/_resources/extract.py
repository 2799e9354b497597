"""Documents as text: uploaded, read by the provider, fetched."""

from __future__ import annotations

from .._requests import uploads
from .._requests.totals import begun
from .._values.errors import InvalidRequestError, KimiError, NotFoundError, log
from .._values.resources import Extracted
from . import files as files_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._requests.sender import Sender
    from .._requests.steps import Steps
    from .._requests.uploads import Progress
    from .._values.resources import FileObject
    from .._values.timeout import AnyTimeout


def extract(
    sender: Sender, files: tuple[Any, ...], timeout: AnyTimeout, delete: bool, on_progress: Progress | None
) -> Steps[Extracted]:
    if not files:
        raise InvalidRequestError("extract() needs at least one file")
    prepared = [
        uploads.Prepared(uploads.content_of(file)) for file in files
    ]  # what is missing is told before anything is sent
    timeout = begun(timeout, sender.core)
    messages = Extracted()
    messages.files = []
    try:
        for each in prepared:
            stored = yield from uploads.upload_steps(sender.core, each, "file-extract", on_progress, timeout)
            messages.files.append(stored)
        for place, stored in enumerate(messages.files):
            messages.files[place] = yield from uploads.wait_steps(sender.core, stored, timeout)
            content = yield from files_at.content(sender, stored.id, timeout=timeout)
            # The whole of it, as it is: that is how the provider's own recipe has it.
            messages.append({"role": "system", "content": content.text})
    except Exception:  # not for Ctrl-C and cancellation: those end at once
        if delete:
            yield from _delete_quietly(sender, messages.files)
        raise
    if delete:
        yield from _delete_quietly(sender, messages.files)
    return messages


def _delete_quietly(sender: Sender, files: list[FileObject]) -> Steps[None]:
    for stored in files:
        try:
            yield from uploads.delete_steps(sender.core, stored.id)
        except NotFoundError:
            pass
        except KimiError as error:
            log(f"the file {stored.id} was not deleted: {error}")
