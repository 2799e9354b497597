"""Answers of a bulk run that are to follow a schema."""

from __future__ import annotations

from .._requests.prompts import messages_of
from .._values.errors import InvalidRequestError
from .expected import expected_for
from .sums import added

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._values.message import Message, Usage
    from .expected import Expected


def row_schema(
    options: dict[str, Any], provider: dict[str, Any], on_break: str | None = None, once: bool = False
) -> RowSchema | None:
    """Takes the schema out of the options, and puts in what asks for it.

    provider, on_break  the client's
    once                a wrong answer cannot be sent back
    """
    if once:
        if options.get("schema_retries"):
            raise InvalidRequestError("schema_retries= is not of batches: a wrong answer of theirs is not sent back")
        options["schema_retries"] = 0
    expected = expected_for(options, provider, on_break)
    return None if expected is None else RowSchema(expected)


class RowSchema:
    """What each row's answer is held to. `wire` is its JSON Schema."""

    def __init__(self, expected: Expected) -> None:
        self._expected = expected
        self.wire = expected.schema.wire

    def row(self, prompt: Any) -> RowAnswer:
        return RowAnswer(self._expected, prompt)

    def read(self, text: str) -> Any:
        """What an answer that followed it says."""
        return self._expected.schema.read(text)[0]


class RowAnswer:
    """One row's answer, until it is right.

    messages()        what is sent
    is_right(answer)  whether it follows the schema; its usage is that of all attempts then. Raises SchemaError when it
                      is not asked for again
    with_usage(more)  what the wrong ones have used, and this
    """

    __slots__ = ("_attempts", "_usage", "messages")

    def __init__(self, expected: Expected, prompt: Any) -> None:
        self._attempts = expected.attempts(messages_of(prompt))
        self._usage: Usage | None = None
        self.messages = self._attempts.messages

    def is_right(self, answer: Message) -> bool:
        try:
            return self._attempts.is_right(answer)
        finally:
            self._usage = answer.usage

    def with_usage(self, more: Usage | None) -> Usage | None:
        return added(self._usage, more)
