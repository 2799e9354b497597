"""A run: requests go out by the bulk engine, and a line is written as each ends."""

from __future__ import annotations

import time
from datetime import datetime

from .._bulk.blocking import Rows
from .._values.errors import InvalidRequestError
from .figures import summary_of
from .requests import prepared
from .results import Results, read_results, result_of
from .schemas import Validators

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from .requests import Prepared

_NAMED = ("tools", "tool_choice", "max_tokens")  # fields of a request that `stream` has a name for


def verify(
    client: Any,
    requests: str,
    out: str,
    reference: str | None = None,
    model: str | None = None,
    concurrency: int = 5,
    max_tokens: int | None = None,
    temperature: float | None = None,
    extra_body: dict[str, Any] | None = None,
    timeout: Any = None,
    progress: Callable[[int, int], object] | None = None,
    told: Callable[[str], object] | None = None,
) -> dict[str, Any]:
    """Sends the requests of a file, writes their results, and gives the summary (`figures.summary_of`).

    requests    JSON Lines: a chat request each, as K2-Vendor-Verifier has them
    out         the results, a line as each ends; what succeeded there with the same request is not asked again
    reference   results of the maker's own API, to be compared with
    progress    is given how many have ended, and how many there are
    told        is told of lines that are left out

    What is interrupted keeps its results: the same call goes on. Raises InvalidRequestError for files that cannot be
    read, and what every request would meet (a wrong key, an unknown model).
    """
    extra_body = extra_body or {}
    model = model or client._core.model
    compared = None if reference is None else read_results(reference)
    validators = Validators()
    asked = list(prepared(requests, model, temperature, max_tokens, told or (lambda line: None)))
    if not asked:
        raise InvalidRequestError(f"{requests} has no requests")
    began, clock = datetime.now().isoformat(), time.monotonic()
    results = Results(out)
    lines: dict[int, dict[str, Any]] = {}
    to_do: dict[int, Prepared] = {}
    done = {known.get("hash"): known for known in results.known.values()
            if known.get("status") == "success" and (known.get("extra_body") or {}) == extra_body}  # fmt: skip
    for each in asked:
        known = done.get(each.hash)
        if known is None:
            to_do[each.index] = each
        else:
            lines[each.index] = {**known, "data_index": each.index}
    try:
        for row in _rows(client, to_do, concurrency, extra_body, timeout):
            each = to_do[row.key]
            line = result_of(each, row, extra_body, validators)
            results.write(line)
            lines[each.index] = line
            if progress is not None:
                progress(len(lines), len(asked))
    except BaseException:
        results.leave()
        raise
    results.close(lines)
    milliseconds = int((time.monotonic() - clock) * 1000)
    return summary_of(model, lines.values(), compared, began, datetime.now().isoformat(), milliseconds)


def _rows(
    client: Any, to_do: dict[int, Prepared], concurrency: int, extra_body: dict[str, Any], timeout: Any
) -> Iterator[Any]:
    """Each request as it is, on the bulk engine: its rows are numbers, and what is asked is made of the request."""
    plan = client._plan(
        [{"data_index": index} for index in to_do], lambda row: "", key="data_index", concurrency=concurrency,
        progress=False, timeout=timeout, check="off",
    )  # fmt: skip
    plan.asked = lambda row: arguments_of(client, to_do[row["data_index"]].request, extra_body, timeout)
    plan.streams = lambda row: bool(to_do[row["data_index"]].request.get("stream"))
    return Rows(plan)


def arguments_of(client: Any, request: dict[str, Any], extra_body: dict[str, Any], timeout: Any) -> tuple[Any, ...]:
    """The arguments that send a request as it stands."""
    fields = {name: value for name, value in request.items() if name not in ("messages", "model", "stream", *_NAMED)}
    fields.pop("stream_options", None)  # the client asks for usage always
    named = {name: request[name] for name in _NAMED if request.get(name) is not None}
    arguments = client._arguments(
        request["messages"],
        model=request["model"],
        timeout=timeout,
        check="off",
        extra_body=extra_body,
        **named,
        **fields,
    )
    return client._sender.completed(arguments)  # type: ignore[no-any-return]
