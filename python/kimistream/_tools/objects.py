"""What `objects` of a stream gives for its events."""

from __future__ import annotations

from .._values.errors import SchemaError
from .answers import first_json
from .growing import GrowingAnswer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._values.message import Message
    from .answers import AnswerSchema


class Objects:
    """The JSON of a stream's answer while it grows.

    came    gives the message as far as it has come, or None
    schema  that the JSON follows; None: the first JSON counts
    """

    over = False  # what a stream says behind them may begin them anew

    def __init__(self, came: Callable[[], Message | None], schema: AnswerSchema | None = None) -> None:
        self._came = came
        self._fits: Callable[[Any], bool] = (lambda value: True) if schema is None else schema.fits
        self._begin()

    def _begin(self) -> None:
        self._answer = GrowingAnswer(self._fits)
        self._said: list[str] = []
        self._given: Any = None

    def of(self, event: Any) -> list[Any]:
        """The object that has grown with this event, in a list."""
        if event.type == "text":
            self._said.append(event.text)
            if self._answer.feed(event.text):
                self._given = self._answer.value
                return [self._given]
        elif event.type in ("restarted", "step_start"):
            self._begin()
        return []

    def last(self) -> list[Any]:
        """The whole, where it is not what was given last: which JSON of an answer counts is known at its end. Raises
        SchemaError where an answer in words has none."""
        whole = first_json("".join(self._said), self._fits)
        if not whole:
            message = self._came()
            # Calls come without JSON, and of a stream that was closed nothing is known.
            if message is not None and message.finish_reason is not None and not message.tool_calls:
                wrong = _why_none(message)
                raise SchemaError(wrong, message, [wrong])
        return [] if whole and whole[0] == self._given and type(whole[0]) is type(self._given) else whole


def _why_none(message: Message) -> str:
    if message.finish_reason == "length":
        return "the answer was cut at the limit of tokens, before its JSON was whole: raise max_tokens"
    return 'the answer is not JSON: ask for it with schema= or with response_format={"type": "json_object"}'
