"""Answers that are to follow a schema: asked for in the provider's way, sent back when they are wrong."""

from __future__ import annotations

from .._requests.roles import with_words
from .._tools.answers import AnswerSchema
from .._values.errors import InvalidRequestError, SchemaError
from .history import group
from .sums import added

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._clients.base import BaseClient
    from .._values.message import Message, Usage

_RETRIES = 2


class Expected:
    """A schema, how often a wrong answer is sent back, and what the prompt says of it where the request cannot."""

    __slots__ = ("prompt", "retries", "schema")

    def __init__(self, schema: AnswerSchema, retries: int, prompt: str | None) -> None:
        self.schema = schema
        self.retries = retries
        self.prompt = prompt

    def attempts(self, messages: list[Any]) -> Attempts:
        return Attempts(self, messages)


class Attempts:
    """The attempts at one answer; `made` counts them. Those that were wrong, and what was said of them, go into no
    history."""

    __slots__ = ("_aside", "_expected", "_left", "_messages", "_usage", "made")

    def __init__(self, expected: Expected, messages: list[Any]) -> None:
        self._expected = expected
        self._messages = messages
        self._aside: list[Any] = []
        self._left = expected.retries
        self.made = 1
        self._usage: Usage | None = None

    def messages(self) -> list[Any]:
        """What is sent."""
        if self._expected.prompt is None:
            return [*self._messages, *self._aside]
        return [*with_words(self._messages, self._expected.prompt), *self._aside]

    def is_right(self, message: Message) -> bool:
        """Whether the answer follows the schema, and is parsed; else what is wrong is told with the next attempt.
        Raises SchemaError when there is none left."""
        self._usage = message.usage = added(self._usage, message.usage)
        if message.tool_calls:
            return True
        if message.finish_reason == "length":
            words = "the answer was cut at the limit of tokens, before it could follow its schema: raise max_tokens"
            raise SchemaError(words, message, [words])
        if message.finish_reason == "content_filter":  # asking again would be filtered again
            words = "the provider's content filter ended the answer, before it could follow its schema"
            raise SchemaError(words, message, [words])
        parsed, errors = self._expected.schema.read(message.text)
        if not errors:
            message._parsed = parsed
            return True
        if not self._left:
            raise SchemaError(f"the answer does not follow its schema: {'; '.join(errors)}", message, errors)
        self._left -= 1
        self.made += 1
        told = "\n".join(f"- {error}" for error in errors)
        words = f"Your answer does not follow the schema:\n{told}\nAnswer again, with the corrected JSON alone."
        self._aside += [*group(message, {}, keep_open=False), {"role": "user", "content": words}]
        return False


def expected_in(options: dict[str, Any], client: BaseClient) -> Expected | None:
    """Takes the schema out of the options, and puts in what asks for it."""
    return expected_for(options, client._core.row, client._mending["on_break"])


def expected_for(options: dict[str, Any], provider: dict[str, Any], on_break: str | None) -> Expected | None:
    """The same for a provider's row, and what the client does of a break."""
    schema, retries = options.pop("schema", None), options.pop("schema_retries", None)
    retries = _RETRIES if retries is None else retries
    if isinstance(retries, bool) or not isinstance(retries, int):
        raise TypeError(f"schema_retries must be an int, not {type(retries).__name__}")
    if retries < 0:
        raise InvalidRequestError("schema_retries cannot be negative")
    if schema is None:
        return None
    if options.get("response_format") is not None:
        raise InvalidRequestError("schema and response_format ask for the same in two ways: give one of them")
    known = AnswerSchema(schema)
    response_format, prompt = known.asked(provider)
    if response_format is not None:
        options["response_format"] = response_format
    if (options.get("on_break") or on_break) == "continue":
        options["on_break"] = "restart"  # half an answer cannot be held to a schema, nor be asked for as JSON
    return Expected(known, retries, prompt)
