"""Everything that can go wrong, with the names that users of openai-python know.

KimiError (also OpenAIError)
  InvalidRequestError           the caller's mistake, found before anything was sent; also a ValueError
  CassetteMissError             a cassette that is played has no answer to this request
  ToolArgumentsError            the arguments of a call do not fit the tool; also a ValueError
  BudgetExceededError           a request that could have passed the budget; it was not sent
  SchemaError                   an answer does not fit its schema; `.message` has it, `.errors` say why
  LengthFinishReasonError, ContentFilterFinishReasonError   of `chat.completions.parse`; `.completion` has the answer
  APIError
    APIConnectionError          no answer
      APITimeoutError           not in time
    APIStatusError              the server said no
      BadRequestError 400, AuthenticationError 401, PermissionDeniedError 403, NotFoundError 404, ConflictError 409,
      UnprocessableEntityError 422, RateLimitError 429, InternalServerError 5xx
    IncompleteStreamError       the stream ended before the answer was complete; `.partial` has what came
"""

from __future__ import annotations

from .. import _core
from .._notebook.shows import Shows
from .headers import Headers
from .passing import join
from .response import Request, Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from .._notebook.sheet import Sheet
    from .message import Message

    Clock = Literal["connect", "first_event", "idle", "total"]


class KimiError(Exception, Shows):
    """The base of all errors of this package. Where openai has been imported they are openai's of the same names,
    too: `except openai.RateLimitError` catches ours."""

    def __new__(cls, *arguments: Any, **named: Any) -> Any:
        join(KimiError)
        return super().__new__(cls, *arguments, **named)

    def __init__(self, *arguments: Any) -> None:
        Exception.__init__(self, *arguments)  # openai's, which may come behind, want a response

    def _sheet(self) -> Sheet:
        from .._notebook.sheet import Sheet

        sheet = Sheet()
        sheet.failure(type(self).__name__, str(self))
        return sheet


OpenAIError = KimiError


class InvalidRequestError(KimiError, ValueError):
    """A request, option or key that cannot work. Nothing was sent."""


class CassetteMissError(KimiError):
    """A cassette that is only played has no answer to this request. Shows the nearest one, and what differs."""


class ToolArgumentsError(KimiError, ValueError):
    """The arguments of a call are not what the tool takes. `errors`: each that is wrong, "path: what is wrong"."""

    def __init__(self, message: str, errors: list[str] | None = None) -> None:
        super().__init__(message)
        self.errors = errors if errors is not None else [message]

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.args[0], self.errors)


class SchemaError(KimiError):
    """An answer is not what its schema says, or was cut before it could be.

    message  the `Message` as it came, the last one where several were asked for; of `chat.completions.parse` its own
    errors   each thing that is wrong, "path: what is wrong"
    """

    def __init__(self, words: str, message: Any, errors: list[str]) -> None:
        super().__init__(words)
        self.message = message
        self.errors = errors

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.args[0], self.message, self.errors)


class BudgetExceededError(KimiError):
    """A request was not sent, for what it could cost would have passed the budget. `budget` is that `Budget`,
    `spent_cost` and `spent_tokens` are what was spent of it."""

    def __init__(self, words: str, budget: Any = None, spent_cost: float = 0.0, spent_tokens: int = 0) -> None:
        super().__init__(words)
        self.budget = budget
        self.spent_cost = spent_cost
        self.spent_tokens = spent_tokens

    def __reduce__(self) -> tuple[Any, ...]:
        return self.__class__, (self.args[0], self.budget, self.spent_cost, self.spent_tokens)


class StopRun(Exception):  # noqa: N818 - no error: a tool raises it to end the run that called it
    """Raised by a tool: the step's other calls end, and nothing more is asked."""


class APIError(KimiError):
    """What went wrong between this client and the server.

    message      what happened, and what to do next
    status_code  of the response, or the one that an error inside a stream carries; None where there was none
    type, code, param   as the server sent them, None where it did not
    body         the inner `error` object where there is one, else the whole JSON, else the text; None without a body
    request_id   to quote to the provider's support; None where it is not known
    headers      of the response
    reason       what it means, where that is known: "concurrency", "rpm", "tpm", "tpd", "rate_limit" (which one is not
                 said), "too_large" (more than the whole limit), "overload", "quota", "suspended",
                 "content_filter", "context_overflow", "no_channel" (a gateway has nobody for the model), "key"; else
                 None
    retryable    the same request may succeed later
    retry_after  seconds that the server asks to wait, or None
    response     status, headers and body as one (openai-python's name for them); None where there was none
    partial      the `Message` as far as it came, or None when nothing came
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int | None = None,
        body: object = None,
        request_id: str | None = None,
        headers: Headers | None = None,
        retryable: bool = False,
        retry_after: float | None = None,
        partial: Message | None = None,
        type: str | None = None,
        code: Any = None,
        reason: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status_code = status_code
        self.body = body
        self.request_id = request_id
        self.headers = headers if headers is not None else Headers()
        self.retryable = retryable
        self.retry_after = retry_after
        self.partial = partial
        self.reason = reason
        fields: dict[str, Any] = body if isinstance(body, dict) else {}
        self.type: str | None = fields.get("type", type)
        self.code: Any = fields.get("code", code)
        self.param: Any = fields.get("param")

    request = Request()
    _text = ""

    def _say(self, message: str) -> None:
        """The same error in other words."""
        self.message = message
        self.args = (message,)

    def _sheet(self) -> Sheet:
        sheet = super()._sheet()
        status = None if self.status_code is None else f"HTTP {self.status_code}"
        asked = None if self.request_id is None else f"request id {self.request_id}"
        later = "can be tried again" if self.retryable else None
        sheet.line(" · ".join(each for each in (status, asked, later) if each))
        if self.partial is not None:
            sheet.heading("what had come")
            sheet.add(self.partial._sheet())
        return sheet

    @property
    def response(self) -> Response | None:
        return None if self.status_code is None else Response(self.status_code, self.headers, self._text)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.message, self.__dict__.copy())


def _restore(cls: Any, message: str, state: dict[str, object]) -> APIError:
    error: APIError = cls.__new__(cls, message)
    error.__dict__.update(state)
    return error


class APIConnectionError(APIError):
    """No answer came: refused, unreachable, TLS, or broken before the response began."""


class APITimeoutError(APIConnectionError):
    """One of the clocks ran out; `clock` is which: "connect", "first_event", "idle" or "total" (see `Timeout`)."""

    def __init__(self, message: str, *, clock: Clock | None = None, **known: Any) -> None:
        super().__init__(message, **known)
        self.clock = clock


class APIStatusError(APIError):
    """The server answered with an error status, or with an error inside a stream."""


class BadRequestError(APIStatusError):
    """400: the request is wrong."""


class AuthenticationError(APIStatusError):
    """401: the key is missing, wrong, or of another platform."""


class PermissionDeniedError(APIStatusError):
    """403: the key is right, but may not do this."""


class NotFoundError(APIStatusError):
    """404: no such model or resource."""


class ConflictError(APIStatusError):
    """409."""


class UnprocessableEntityError(APIStatusError):
    """422."""


class RateLimitError(APIStatusError):
    """429: too much at once, or an empty account; `.reason` and `.retryable` tell them apart."""


class InternalServerError(APIStatusError):
    """5xx: the server's fault."""


class IncompleteStreamError(APIError):
    """The stream ended before the answer was complete. `.partial` has what came."""


class LengthFinishReasonError(KimiError):
    """`chat.completions.parse`: the answer was cut at the limit of tokens. `completion` is what came."""

    def __init__(self, *, completion: Any) -> None:
        usage = f": {completion.usage!r}" if completion.usage else ""
        super().__init__(f"the answer was cut at the limit of tokens, before it could be parsed{usage}")
        self.completion = completion

    def __reduce__(self) -> tuple[Any, ...]:
        return _refused, (type(self), self.completion)


class ContentFilterFinishReasonError(KimiError):
    """`chat.completions.parse`: the provider's content filter ended the answer. `completion` is what came."""

    def __init__(self, *, completion: Any = None) -> None:
        super().__init__("the provider's content filter ended the answer, before it could be parsed")
        self.completion = completion

    def __reduce__(self) -> tuple[Any, ...]:
        return _refused, (type(self), self.completion)


def _refused(cls: type[LengthFinishReasonError], completion: Any) -> LengthFinishReasonError:
    return cls(completion=completion)


_BY_STATUS: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}

_BY_KIND: dict[str, type[APIError]] = {
    "connection": APIConnectionError,
    "timeout": APITimeoutError,
    "incomplete_stream": IncompleteStreamError,
    "response": APIError,
}


_OF_MESSAGE_ALONE: dict[str, type[KimiError]] = {
    "invalid_request": InvalidRequestError,
    "cassette_miss": CassetteMissError,
}


def _read_body(text: str) -> object:
    if not text:
        return None
    try:
        body: object = _core.loads(text)
    except ValueError:
        return text
    if isinstance(body, dict) and body.get("error"):
        return body["error"]
    return body


def _class_of(kind: str, status_code: int | None) -> type[APIError]:
    if kind != "status" or status_code is None:
        return _BY_KIND.get(kind, APIError)
    return InternalServerError if status_code >= 500 else _BY_STATUS.get(status_code, APIStatusError)


def make_error(
    *,
    kind: str,
    message: str,
    status_code: int | None,
    body: str,
    type: str,
    code: str,
    reason: str,
    clock: str,
    request_id: str,
    headers: Headers,
    retryable: bool,
    retry_after: float | None,
    partial: Message | None,
) -> KimiError:
    """The core's error value as an exception. Called by the core."""
    if kind in _OF_MESSAGE_ALONE:
        return _OF_MESSAGE_ALONE[kind](message)
    known: dict[str, Any] = {"clock": clock or None} if kind == "timeout" else {}
    error = _class_of(kind, status_code)(
        message,
        **known,
        status_code=status_code,
        body=_read_body(body),
        request_id=request_id or None,
        headers=headers,
        retryable=retryable,
        retry_after=retry_after,
        partial=partial,
        type=type or None,
        code=code or None,
        reason=reason or None,
    )
    error._text = body
    return error


def warn(line: str, stacklevel: int = 1) -> None:
    """Something was lost beside the answer. Where warnings are errors it is only logged: the answer is not lost."""
    import warnings

    try:
        warnings.warn(line, RuntimeWarning, stacklevel=stacklevel + 1)
    except RuntimeWarning:
        import logging

        logging.getLogger("kimistream").warning(line)


def log(line: str) -> None:
    """A line of the core's log: failed attempts and retries. Called by the core."""
    import logging  # only when there is something to say: it would take a fifth of the package's import

    logging.getLogger("kimistream").info(line)
