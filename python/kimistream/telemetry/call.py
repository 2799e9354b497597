"""What there is to tell of one request."""

from __future__ import annotations

import time

from .. import _core
from .._requests.arguments import NAMES
from .._values.errors import APIStatusError, APITimeoutError, IncompleteStreamError, KimiError
from ..costs.completions import usage_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._requests.watching import Past
    from .._values.message import Message, Usage


class Call:
    """A request that has ended, or is under way.

    provider, base_url  of the client; `currency` of its costs, "" where it is not known
    model         as it was asked for
    streams       whether the answer was asked for in pieces
    request       the arguments by their names, as `_requests.arguments.NAMES` has them
    started       seconds since 1970
    seconds       until its end; None before
    first_event   seconds until something of a streamed answer had come, or None
    message       as far as it came; None where it was refused here
    completion    the answer, where it was asked for whole in the OpenAI shape
    usage, cost   None where they are not known
    error         an exception, or None
    status        "200", the refusal's, "timeout", "connection", "incomplete", "refused" (here, before it was sent), or
                  "left": by its reader, before it had ended
    retries, breaks   attempts that were made again; answers that broke, mended or not
    """

    def __init__(self, core: _core.Client, arguments: tuple[Any, ...], streams: bool, past: Past | None) -> None:
        self.provider = core.provider
        self.base_url = core.base_url
        self.request: dict[str, Any] = dict(zip(NAMES, arguments, strict=True))
        self.model: str = self.request["model"] or core.model
        self.streams = streams
        ago = 0.0 if past is None else past.seconds
        self.started = time.time() - ago
        self.seconds: float | None = None
        self.first_event: float | None = None
        self.message: Message | None = None
        self.completion: Any = None
        self.usage: Usage | None = None
        self.error: BaseException | None = None
        self.status = ""
        self.retries = 0 if past is None else max(0, past.attempts - 1)
        self.breaks = 0
        self._price = _core.price_of(core, self.model)
        self.currency: str = self._price["currency"] if self._price else core.currency
        self._began = time.perf_counter() - ago

    @property
    def cost(self) -> float | None:
        return None if self.usage is None else self.usage.cost

    @property
    def request_id(self) -> str | None:
        return getattr(self.message, "request_id", None) or getattr(self.error, "request_id", None)

    def first(self) -> None:
        self.first_event = time.perf_counter() - self._began

    def end(self, message: Message | None, error: BaseException | None, completion: Any) -> None:
        self.seconds = time.perf_counter() - self._began
        self.message, self.error, self.completion = message, error, completion
        self.usage = message.usage if message is not None else None
        if completion is not None:
            self.usage = usage_of(completion, self._price)
        self.status = _status(self)
        if message is not None:
            self.retries += sum(warning.code == "retried" for warning in message.warnings)
            self.breaks = message.resumed
        self.breaks += isinstance(error, IncompleteStreamError)


def _status(call: Call) -> str:
    error = call.error
    if error is None:
        ended = call.completion is not None or (call.message is not None and call.message.finish_reason is not None)
        return "200" if ended else "left"
    if isinstance(error, APIStatusError) and error.status_code is not None:
        return str(error.status_code)
    if isinstance(error, APITimeoutError):
        return "timeout"
    if isinstance(error, IncompleteStreamError):
        return "incomplete"
    if call.message is None and isinstance(error, KimiError):
        return "refused"
    return "connection"


class Hook:
    """A watcher that tells a function of each call that has ended."""

    def __init__(self, function: Callable[[Call], object]) -> None:
        if not callable(function):
            raise TypeError(f"a hook is a function of the call, not {type(function).__name__}")
        self._function = function

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hook) and type(other) is type(self) and self._function == other._function

    __hash__ = None  # type: ignore[assignment]

    def begin(self, core: _core.Client, arguments: tuple[Any, ...], streams: bool, past: Past | None = None) -> Hooked:
        return Hooked(Call(core, arguments, streams, past), self._function)


class Hooked:
    def __init__(self, call: Call, function: Callable[[Call], object]) -> None:
        self._call = call
        self._function = function

    def first(self) -> None:
        self._call.first()

    def end(self, message: Message | None, error: BaseException | None, completion: Any) -> None:
        self._call.end(message, error, completion)
        self._function(self._call)
