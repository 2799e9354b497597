"""Batches at the provider, under openai-python's names."""

from __future__ import annotations

from .. import _core
from .._requests.steps import Step, get, path_of
from .._values.errors import APIError
from .._values.resources import Batch, BatchList
from .pages import all_pages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._requests.sender import Sender
    from .._requests.steps import Steps
    from .._values.timeout import AnyTimeout

ENDPOINT = "/v1/chat/completions"
WINDOW = "24h"


def create(
    sender: Sender,
    /,
    *,
    input_file_id: str,
    endpoint: str = ENDPOINT,
    completion_window: str = WINDOW,
    metadata: dict[str, str] | None = None,
    timeout: AnyTimeout = None,
    **fields: Any,
) -> Steps[Batch]:
    """Begins a batch: the requests of an uploaded file (`files.create(purpose="batch")`), answered in their own time.

    input_file_id      a JSON Lines file; a line is {"custom_id", "method": "POST", "url": endpoint, "body"}
    completion_window  in which it is done, or expires: "12h" to "7d" at Moonshot
    metadata           up to 16 pairs; keys of 64 characters, values of 512
    fields             any other field of the API by its own name

    Sent again only where no batch can have been made: one that is made twice is paid for twice. `batches.submit` does
    this and the upload.
    """
    asked: dict[str, Any] = {
        "input_file_id": input_file_id,
        "endpoint": endpoint,
        "completion_window": completion_window,
        **fields,
    }
    if metadata is not None:
        asked["metadata"] = metadata
    return _batch((yield _post(_path(sender), _core.dumps(asked), timeout)))


def retrieve(sender: Sender, batch_id: str, *, timeout: AnyTimeout = None) -> Steps[Batch]:
    """How a batch stands. Raises NotFoundError for an id that the provider does not know."""
    return _batch((yield get(_path(sender, batch_id), timeout)))


def list_all(
    sender: Sender, *, after: str | None = None, limit: int | None = None, timeout: AnyTimeout = None
) -> Steps[BatchList]:
    """All batches, also where they come in pages. Iterates, and has them in `.data`.

    after  an id: those that the provider lists behind it
    limit  of one page; all pages are read
    """
    asked = {name: value for name, value in (("after", after), ("limit", limit)) if value is not None}
    return BatchList((yield from all_pages(sender, _path(sender), asked, timeout, "batches")))


def cancel(sender: Sender, batch_id: str, *, timeout: AnyTimeout = None) -> Steps[Batch]:
    """Ends a batch: "cancelling", then "cancelled". What was answered by then is kept and paid for. Raises
    BadRequestError for one that has ended."""
    return _batch((yield _post(f"{_path(sender, batch_id)}/cancel", None, timeout)))


def _path(sender: Sender, batch_id: str | None = None) -> str:
    path = path_of(sender.core, "batches_path", "has no batches")
    if batch_id is None:
        return path
    if not isinstance(batch_id, str):
        raise TypeError(f"batch_id must be a str, not {type(batch_id).__name__}")
    if not batch_id:
        from .._values.errors import InvalidRequestError

        raise InvalidRequestError("batch_id is empty")
    from urllib.parse import quote

    return f"{path}/{quote(batch_id, safe='')}"


def _post(path: str, body: str | None, timeout: AnyTimeout) -> Step:
    return Step(lambda starter: starter.send(path, "POST", body, timeout))


def _batch(answer: Any) -> Batch:
    if not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
        raise APIError("the answer about a batch names no id", body=answer)
    return Batch(answer)
