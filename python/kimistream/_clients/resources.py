"""`client.models`, `client.files` and `client.batches`."""

from __future__ import annotations

from .._resources import batches, files, models
from .base import BaseClient
from .doors import blocking
from .driver import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .. import _core
    from .._requests.sender import Sender


class Resource:
    """A group of methods of a client."""

    __slots__ = ("_sender",)

    def __init__(self, sender: Sender) -> None:
        self._sender = sender


class Models(Resource):
    """The models that the provider serves: `list`, `retrieve`, `check`."""

    __slots__ = ()

    list = blocking(models.list_all)
    check = blocking(models.check)
    retrieve = blocking(models.retrieve)


class Files(Resource):
    """The files at the provider, as openai-python has them."""

    __slots__ = ()

    create = blocking(files.create)
    list = blocking(files.list_all)
    retrieve = blocking(files.retrieve)
    content = blocking(files.content)
    delete = blocking(files.delete)
    wait_for_processing = blocking(files.wait_for_processing)
    delete_uploads = blocking(files.delete_uploads)


class Batches(Resource):
    """Requests that the provider answers in its own time, for less: as openai-python has them, and `submit`."""

    __slots__ = ()

    create = blocking(batches.create)
    list = blocking(batches.list_all)
    retrieve = blocking(batches.retrieve)
    cancel = blocking(batches.cancel)

    @property
    def _core(self) -> _core.Client:
        return self._sender.core

    def submit(
        self,
        rows: Any,
        prompt: Any = None,
        key: Any = None,
        poll: float | None = None,
        metadata: dict[str, str] | None = None,
        completion_window: str = batches.WINDOW,
        **request: Any,
    ) -> Any:
        """Uploads a request for each row and begins a batch of them; returns its `BatchJob` when it has begun.

            for row in client.batches.submit(rows, "Translate: {text}", key="id"):
                print(row.key, row.message.text if row.message else row.error)

        rows, prompt, key   as for `map`
        poll      seconds between two looks; None: 1, growing to 60
        metadata  up to 16 pairs of texts, kept at the provider
        request   any argument of `complete`, for every row

        What is wrong with a row is an InvalidRequestError, and so is a provider without batches: nothing is uploaded.
        """
        from .._bulk.batches.doors import submitted
        from .._bulk.batches.job import BatchJob

        expected = None
        if "schema" in request or "schema_retries" in request:
            from ..agents.rows import row_schema

            expected = row_schema(request, self._sender.core.row, once=True)
        arguments = BaseClient._arguments(self, None, **request)  # type: ignore[arg-type]
        steps = submitted(self._sender, rows, prompt, key, poll, metadata, completion_window, arguments, expected)
        batch, lines = self._run(steps)
        return BatchJob(self._sender, self._run, batch, lines, poll)

    def job(self, id: str, poll: float | None = None) -> Any:
        """The `BatchJob` of this id, whoever began it: its rows have the keys of `submit` as texts."""
        from .._bulk.batches.job import BatchJob

        return BatchJob(self._sender, self._run, self.retrieve(id), None, poll)

    def _run(self, steps: Any) -> Any:
        return run(self._sender.core, steps)
