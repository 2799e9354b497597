"""Reading an upload: a form's file and purpose, never a whole file in memory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from aiohttp import web

from ..values.failures import invalid
from .files import Sink
from .forms import Form, Part

_MAX_FIELD = 64 * 1024  # bytes of a field that is not a file


@dataclass
class Upload:
    """What a form held. `purpose` is None where it was missing."""

    sink: Sink
    name: str
    mime: str
    purpose: str | None


async def read_upload(request: web.Request, max_file: int | None) -> Upload:
    """The file and its purpose, in whichever order they come. Refuses what is no form or has no file."""
    found: list[Upload] = []
    purpose: str | None = None
    try:
        form = Form(request.content, request.headers.get("Content-Type", ""))
        while (part := await form.next()) is not None:
            if part.name == "purpose":
                purpose = await _text(form)
            elif part.name == "file" and not found:
                found.append(await _file(form, part, max_file))
    except ValueError as error:
        _close(found)
        raise invalid(f"Invalid request: the body is not a form: {error}") from error
    except BaseException:
        _close(found)
        raise
    if not found:
        raise invalid("Invalid request: file is required")
    found[0].purpose = purpose
    return found[0]


def _close(found: list[Upload]) -> None:
    for upload in found:
        upload.sink.close()


async def _text(form: Form) -> str:
    text = bytearray()
    while block := await form.read():
        text += block
        if len(text) > _MAX_FIELD:
            raise invalid("Invalid request: purpose is too long")
    return text.decode("utf-8", "replace")


async def _file(form: Form, part: Part, max_file: int | None) -> Upload:
    sink = Sink()
    try:
        while block := await form.read():
            if max_file is not None and sink.size + len(block) > max_file:
                limit = max_file // (1024 * 1024)
                raise invalid(f"File size is too large, max file size is {limit}MB, please confirm and re-upload")
            await asyncio.to_thread(sink.write, block)
    except BaseException:
        sink.close()
        raise
    return Upload(sink, part.filename or "upload", part.mime, None)
