"""The lines of a batch: a request as the provider reads it, an answer as it writes it."""

from __future__ import annotations

import re

from ... import _core
from ..._requests.arguments import NAMES
from ..._resources.batches import ENDPOINT
from ..._values.bulk import Row
from ..._values.errors import APIError, APIStatusError, InvalidRequestError, KimiError, make_error
from ..._values.headers import Headers
from ..._values.message import TOLD, Message
from ..lines import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ..._requests.sender import Sender
    from ..._requests.watching import Watch
    from ..._values.resources import Batch
    from ..row_answers import RowAnswer

MOST_BYTES = 100 << 20  # of a file; platform.kimi.ai, batches
_OURS = re.compile(r"(\d+)-(.*)", re.DOTALL)
_STREAM = NAMES.index("fields")


class Line:
    """One request of a batch: its place and key in the input, the row, and the text that is uploaded.

    answer  holds its answer to a schema, or None
    watch   the client's budget's, until the answer is known
    """

    __slots__ = ("answer", "custom_id", "index", "input", "key", "text", "watch")

    def __init__(self, index: int, key: Any, input: Any, custom_id: str, text: bytes = b"") -> None:
        self.index = index
        self.key = key
        self.input = input
        self.custom_id = custom_id
        self.text = text
        self.answer: RowAnswer | None = None
        self.watch: Watch | None = None

    def end(self, message: Message | None = None, error: KimiError | None = None) -> None:
        """What it has taken is known, or nothing will be."""
        watch, self.watch = self.watch, None
        if watch is not None:
            watch.end(message, error, None)


def made(
    sender: Sender, index: int, key: Any, input: Any, arguments: tuple[Any, ...], answer: RowAnswer | None
) -> Line:
    """Pictures and videos go into the line. Raises InvalidRequestError for what cannot be sent."""
    sender.check_inline(arguments, MOST_BYTES)
    if answer is not None:
        arguments = (answer.messages(), *arguments[1:])
    custom_id = f"{index}-{key}"
    head = _core.dumps({"custom_id": custom_id, "method": "POST", "url": ENDPOINT}).encode()
    line = Line(index, key, input, custom_id, b'%b,"body":%b}\n' % (head[:-1], _body(sender.core, arguments)))
    check_size(len(line.text))
    line.answer = answer
    return line


def _body(core: _core.Client, arguments: tuple[Any, ...]) -> bytes:
    """On one line. It may be long: it is read and written anew only where that is needed."""
    body: bytes = core.prepare(arguments, False)[2]
    if b'"stream"' in body or b"\n" in body:  # neither stands within a JSON string
        told = _core.loads(body.decode())
        told.pop("stream", None)
        body = _core.dumps(told).encode()
    return body


def hold(sender: Sender, line: Line, arguments: tuple[Any, ...]) -> None:
    """Holds what it could take of the client's budget. Raises BudgetExceededError."""
    if sender.budget is not None:
        line.watch = sender.budget.begin(sender.core, arguments, False)


def release(lines: Iterable[Line]) -> None:
    for line in lines:
        line.end()


def of_file(content: bytes) -> list[Line]:
    """The requests of a batch as they stand in its input file: their order and, where `made` made them, their keys."""
    lines: list[Line] = []
    for text in content.split(b"\n"):
        if text.strip():
            try:
                request = parse(text)
            except ValueError:
                continue
            if isinstance(request, dict) and isinstance(request.get("custom_id"), str):
                lines.append(Line(len(lines), request["custom_id"], request.get("body"), request["custom_id"]))
    found = [_OURS.fullmatch(line.custom_id) for line in lines]
    numbers = [int(match[1]) for match in found if match]
    if len(numbers) == len(lines) and numbers == sorted(set(numbers)):
        for line, match in zip(lines, found, strict=True):
            assert match is not None
            line.index, line.key = int(match[1]), match[2]
    return lines


def answers_of(content: bytes) -> dict[str, dict[str, Any]]:
    """The lines of an output or error file, by their custom_id. What is no such line is left out."""
    found = {}
    for text in content.split(b"\n"):
        try:
            line = _core.loads(text.decode()) if text.strip() else None
        except ValueError:
            continue
        if isinstance(line, dict) and isinstance(line.get("custom_id"), str):
            found[line["custom_id"]] = line
    return found


def row_of(core: _core.Client, line: Line, answer: dict[str, Any] | None, batch: Batch) -> Row:
    """What became of a request. Exactly one of `message` and `error` is set."""
    row, message = Row(line.key, line.index, line.input, attempts=1), None
    try:
        message = _message(core, answer, batch)
        if line.answer is not None and line.answer.is_right(message) and not message.tool_calls:
            row.parsed = message.parsed
        row.message = message
    except KimiError as error:
        row.error = error
    if message is not None and message.usage is not None:
        row.usage, row.cost = message.usage, message.usage.cost
    line.end(message, row.error)
    return row


def _message(core: _core.Client, answer: dict[str, Any] | None, batch: Batch) -> Message:
    if answer is None:
        raise APIError(_without_a_line(batch), body=batch.model_dump(exclude_unset=True))
    given = answer.get("response")
    response: dict[str, Any] = given if isinstance(given, dict) else {}
    error = answer.get("error")
    status, body = response.get("status_code"), response.get("body")
    if error or not isinstance(body, dict) or (isinstance(status, int) and status >= 400):
        raise _refusal(status if isinstance(status, int) else None, error or body, response.get("request_id"))
    message: Message = _core.replay(core.provider, _core.dumps(body).encode()).message()
    message.request_id = response.get("request_id") or message.request_id
    _price(core, message, body.get("model"))
    return message


def _price(core: _core.Client, message: Message, model: Any) -> None:
    usage = message.usage
    if usage is None or usage.cost_source == TOLD:
        return
    price = _core.price_of(core, model if isinstance(model, str) else None) or _core.price_of(core)
    usage._price(None if price is None else _core.cost_of(usage, price, True), price)


def _refusal(status: int | None, body: Any, request_id: Any) -> KimiError:
    inner = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(inner, dict):
        code = inner.get("code")
        words = str(inner.get("message") or code or inner)
        status = status if status is not None else code if isinstance(code, int) and 400 <= code <= 599 else None
    else:
        words = str(inner) if inner else "the line of this request has neither an answer nor an error"
    if status is None:
        error: KimiError = APIStatusError(words, body=inner) if inner else APIError(words)
        return error
    said = _core.dumps({"error": inner}) if inner else ""
    return make_error(
        kind="status",
        message=f"HTTP {status}: {words}",
        status_code=status,
        body=said,
        type="",
        code="",
        reason="",
        clock="",
        request_id=request_id if isinstance(request_id, str) else "",
        headers=Headers(),
        retryable=status == 429 or status >= 500,
        retry_after=None,
        partial=None,
    )


_BECAME = {
    "expired": "the batch expired before this request was answered: its completion_window was over",
    "cancelled": "the batch was cancelled before this request was answered",
    "cancelling": "the batch was cancelled before this request was answered",
    "completed": "the batch is completed, and neither of its files has a line of this request",
}


def _without_a_line(batch: Batch) -> str:
    if batch.status == "failed":
        return f"the batch failed: {reason_of(batch)}"
    return f"{_BECAME.get(batch.status, f'the batch is {batch.status!r}')} (batch {batch.id})"


def reason_of(batch: Batch) -> str:
    """Why a batch failed, as far as its provider says."""
    errors = batch.model_dump(exclude_unset=True).get("errors")
    data = errors.get("data") if isinstance(errors, dict) else errors
    told = []
    for each in data if isinstance(data, list) else [data] if data else []:
        words = str(each.get("message") or each.get("code") or each) if isinstance(each, dict) else str(each)
        place = each.get("line") if isinstance(each, dict) else None
        told.append(words if place is None else f"line {place}: {words}")
    return "; ".join(told[:5]) or f"its provider does not say why (batch {batch.id})"


def check_size(size: int) -> None:
    """Raises InvalidRequestError for what no provider takes as one file."""
    if size > MOST_BYTES:
        raise InvalidRequestError(
            f"the requests are more than the {MOST_BYTES >> 20} MiB that a batch takes: submit them in several, and "
            "upload large pictures and videos first"
        )
