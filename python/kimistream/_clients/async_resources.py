"""`client.models`, `client.files` and `client.batches` of an AsyncKimi."""

from __future__ import annotations

from typing import Generic, TypeVar

from .._resources import batches, files, models
from .async_driver import run
from .base import BaseClient
from .doors import awaiting, dressed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator
    from typing import Any, Concatenate, ParamSpec

    from .. import _core
    from .._requests.sender import Sender
    from .._requests.steps import Steps
    from .._values.resources import ListPage
    from .reactors import Reactors

    P = ParamSpec("P")

Page = TypeVar("Page", bound="ListPage")


class Listed(Generic[Page]):
    """`await files.list()`, or `async for file in files.list()`."""

    __slots__ = ("_reactors", "_steps")

    def __init__(self, reactors: Reactors, steps: Steps[Page]) -> None:
        self._reactors = reactors
        self._steps = steps

    def __await__(self) -> Generator[Any, None, Page]:
        return run(self._reactors, self._steps).__await__()

    async def __aiter__(self) -> AsyncIterator[Any]:
        for item in await self:
            yield item


def listing(steps: Callable[Concatenate[Sender, P], Steps[Page]]) -> Callable[Concatenate[Any, P], Listed[Page]]:
    def door(self: Any, /, *arguments: P.args, **named: P.kwargs) -> Listed[Page]:
        return Listed(self._reactors, steps(self._sender, *arguments, **named))

    return dressed(door, steps)


class AsyncResource:
    """A group of methods of an asynchronous client."""

    __slots__ = ("_reactors", "_sender")

    def __init__(self, sender: Sender, reactors: Reactors) -> None:
        self._sender = sender
        self._reactors = reactors


class AsyncModels(AsyncResource):
    """As `Kimi.models`. `list`: `await` it, or go through it with `async for`."""

    __slots__ = ()

    list = listing(models.list_all)
    check = awaiting(models.check)
    retrieve = awaiting(models.retrieve)


class AsyncFiles(AsyncResource):
    """As `Kimi.files`. `list`: `await` it, or go through it with `async for`. A pipe that is uploaded is read to
    its end before anything else runs."""

    __slots__ = ()

    create = awaiting(files.create)
    list = listing(files.list_all)
    retrieve = awaiting(files.retrieve)
    content = awaiting(files.content)
    delete = awaiting(files.delete)
    wait_for_processing = awaiting(files.wait_for_processing)
    delete_uploads = awaiting(files.delete_uploads)


class AsyncBatches(AsyncResource):
    """As `Kimi.batches`. `list`: `await` it, or go through it with `async for`."""

    __slots__ = ()

    create = awaiting(batches.create)
    list = listing(batches.list_all)
    retrieve = awaiting(batches.retrieve)
    cancel = awaiting(batches.cancel)

    @property
    def _core(self) -> _core.Client:
        return self._sender.core

    async def submit(
        self,
        rows: Any,
        prompt: Any = None,
        key: Any = None,
        poll: float | None = None,
        metadata: dict[str, str] | None = None,
        completion_window: str = batches.WINDOW,
        **request: Any,
    ) -> Any:
        """As `Batches.submit`: an `AsyncBatchJob`."""
        from .._bulk.batches.doors import submitted
        from .._bulk.batches.job import AsyncBatchJob

        expected = None
        if "schema" in request or "schema_retries" in request:
            from ..agents.rows import row_schema

            expected = row_schema(request, self._sender.core.row, once=True)
        arguments = BaseClient._arguments(self, None, **request)  # type: ignore[arg-type]
        steps = submitted(self._sender, rows, prompt, key, poll, metadata, completion_window, arguments, expected)
        batch, lines = await self._run(steps)
        return AsyncBatchJob(self._sender, self._run, batch, lines, poll)

    async def job(self, id: str, poll: float | None = None) -> Any:
        """As `Batches.job`: an `AsyncBatchJob`."""
        from .._bulk.batches.job import AsyncBatchJob

        return AsyncBatchJob(self._sender, self._run, await self.retrieve(id), None, poll)

    async def _run(self, steps: Any) -> Any:
        return await run(self._reactors, steps)
