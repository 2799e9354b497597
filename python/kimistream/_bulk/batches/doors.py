"""`client.batches.submit` and `client.batches.job`, as steps."""

from __future__ import annotations

from ..._requests.steps import path_of
from ..._values.errors import InvalidRequestError, KimiError
from ..bad_row import BadRow
from ..keys import Asked, Distinct, Hashed, key_maker
from ..sources import Source, wrong_row
from .job import checked_poll
from .lines import Line, check_size, hold, made, release
from .steps import submit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..._requests.sender import Sender
    from ..._requests.steps import Steps
    from ..._values.resources import Batch
    from ..row_answers import RowSchema


def lines_of(
    sender: Sender, rows: Any, prompt: Any, key: Any, arguments: tuple[Any, ...], expected: RowSchema | None
) -> list[Line]:
    """The requests of all rows. Raises InvalidRequestError for the first row that cannot be sent, BudgetExceededError
    where all of them could pass the client's budget."""
    path_of(sender.core, "batches_path", "has no batches")
    arguments = sender.completed(arguments)
    asked = Asked(sender.core, prompt, arguments)
    source, lines, size = Source(rows), list[Line](), 0
    key_of, hashed, distinct = None if key is None else key_maker(key), Hashed(), Distinct(source.lines_at)
    try:
        for index, row in enumerate(source):
            try:
                wrong = wrong_row(row)
                if wrong is not None:
                    raise wrong
                own = hashed(row) if key_of is None else key_of(row)
                request = asked(row)
                answer = None if expected is None else expected.row(request[0])
                line = made(sender, index, own, row, request, answer)
            except (KimiError, TypeError, ValueError, OverflowError) as error:
                shown = row.text if isinstance(row, BadRow) else ""
                raise InvalidRequestError(
                    f"row {index} (counted from 0) cannot be sent{shown and ' '}: {error}"
                ) from error
            if key_of is not None:
                distinct.add(str(own), index)  # a line has its key as text
            lines.append(line)
            size += len(line.text)
            check_size(size)
            hold(sender, line, request)
        if not lines:
            raise InvalidRequestError("there are no rows: a batch needs at least one")
    except BaseException:
        release(lines)
        raise
    finally:
        source.close()
    return lines


def submitted(
    sender: Sender,
    rows: Any,
    prompt: Any,
    key: Any,
    poll: float | None,
    metadata: dict[str, str] | None,
    window: str,
    arguments: tuple[Any, ...],
    expected: RowSchema | None = None,
) -> Steps[tuple[Batch, list[Line]]]:
    checked_poll(poll)
    lines = lines_of(sender, rows, prompt, key, arguments, expected)
    try:
        return (yield from submit(sender, lines, window, metadata)), lines
    except BaseException:
        release(lines)
        raise
