"""Files at the provider, for asyncio."""

from __future__ import annotations

import asyncio

from ._files import (
    Step,
    content_steps,
    delete_steps,
    list_steps,
    retrieve_steps,
    upload_steps,
    wait_steps,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    import os
    from collections.abc import AsyncIterator, Generator
    from typing import Any, BinaryIO, TypeVar

    from ._async import _Reactors
    from ._files import FileContent, Progress, Steps
    from ._object import FileDeleted, FileList, FileObject
    from ._sending import Sender

    T = TypeVar("T")


async def run(reactors: _Reactors, steps: Steps[T]) -> T:
    """Takes the steps one after the other, awaiting each."""
    result: Any = None
    error: BaseException | None = None
    while True:
        try:
            step = steps.send(result) if error is None else steps.throw(error)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        result, error = None, None
        try:
            result = await _perform(reactors, step)
        except BaseException as failure:  # the steps know what is to be cleaned up
            error = failure


async def _perform(reactors: _Reactors, step: Step | float) -> Any:
    if not isinstance(step, Step):
        return await asyncio.sleep(step)
    return await reactors.read(step.start, step.read)


class _List:
    """`await files.list()`, or `async for file in files.list()`."""

    __slots__ = ("_reactors", "_steps")

    def __init__(self, reactors: _Reactors, steps: Steps[FileList]) -> None:
        self._reactors = reactors
        self._steps = steps

    def __await__(self) -> Generator[Any, None, FileList]:
        return run(self._reactors, self._steps).__await__()

    async def __aiter__(self) -> AsyncIterator[FileObject]:
        for file in await self:
            yield file


class AsyncFiles:
    """`client.files` of an AsyncKimi."""

    __slots__ = ("_core", "_reactors", "_sender")

    def __init__(self, sender: Sender, reactors: _Reactors) -> None:
        self._core = sender.core
        self._reactors = reactors
        self._sender = sender

    async def create(
        self,
        *,
        file: str | os.PathLike[str] | bytes | BinaryIO | tuple[Any, ...],
        purpose: str,
        on_progress: Progress | None = None,
        timeout: float | None = None,
    ) -> FileObject:
        """As `Kimi.files.create`, awaited; a pipe is read to its end before anything else runs."""
        return await run(self._reactors, upload_steps(self._core, file, purpose, on_progress, timeout))

    def list(self, *, purpose: str | None = None, timeout: float | None = None) -> _List:
        """As `Kimi.files.list`: `await` it, or go through it with `async for`."""
        return _List(self._reactors, list_steps(self._core, purpose, timeout))

    async def retrieve(self, file_id: str, *, timeout: float | None = None) -> FileObject:
        """As `Kimi.files.retrieve`."""
        return await run(self._reactors, retrieve_steps(self._core, file_id, timeout))

    async def content(self, file_id: str, *, timeout: float | None = None) -> FileContent:
        """As `Kimi.files.content`."""
        return await run(self._reactors, content_steps(self._core, file_id, timeout))

    async def delete(self, file_id: str, *, timeout: float | None = None) -> FileDeleted:
        """As `Kimi.files.delete`."""
        deleted = await run(self._reactors, delete_steps(self._core, file_id, timeout))
        self._sender.uploads.forget(file_id)
        return deleted

    async def wait_for_processing(self, id: str, *, max_wait_seconds: float | None = None) -> FileObject:
        """As `Kimi.files.wait_for_processing`."""
        stored = await self.retrieve(id)
        return await run(self._reactors, wait_steps(self._core, stored, max_wait_seconds))

    async def delete_uploads(self) -> builtins.list[str]:
        """As `Kimi.files.delete_uploads`."""
        return await run(self._reactors, self._sender.uploads.delete_steps())
