"""The client for the Kimi K2.6 API.

    from kimistream import Kimi

    client = Kimi()                                   # the key from MOONSHOT_API_KEY
    for text in client.stream("Why is the sky blue?").text:
        print(text, end="", flush=True)

`AsyncKimi` has the same names for asyncio, `kimistream.simulator` serves the API on this machine.
"""

from __future__ import annotations

from ._client import Kimi
from ._core import Text, Thinking, ToolCallDelta, ToolCallStart, __version__
from ._errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    IncompleteStreamError,
    InternalServerError,
    InvalidRequestError,
    KimiError,
    NotFoundError,
    OpenAIError,
    PermissionDeniedError,
    RateLimitError,
    UnprocessableEntityError,
)
from ._headers import Headers
from ._message import Finish, Message, Notice, ToolCall, Usage
from ._stream import Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._async import AsyncKimi as AsyncKimi
    from ._async import AsyncStream as AsyncStream

    AsyncOpenAI = AsyncKimi

OpenAI = Kimi

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncKimi",
    "AsyncOpenAI",
    "AsyncStream",
    "AuthenticationError",
    "BadRequestError",
    "ConflictError",
    "Finish",
    "Headers",
    "IncompleteStreamError",
    "InternalServerError",
    "InvalidRequestError",
    "Kimi",
    "KimiError",
    "Message",
    "NotFoundError",
    "Notice",
    "OpenAI",
    "OpenAIError",
    "PermissionDeniedError",
    "RateLimitError",
    "Stream",
    "Text",
    "Thinking",
    "ToolCall",
    "ToolCallDelta",
    "ToolCallStart",
    "UnprocessableEntityError",
    "Usage",
    "__version__",
]

# asyncio alone takes longer to import than all of this package: only those who ask for it pay.
_LAZY = {"AsyncKimi": "AsyncKimi", "AsyncOpenAI": "AsyncKimi", "AsyncStream": "AsyncStream"}


def __getattr__(name: str) -> object:
    if name in _LAZY:
        from . import _async

        return getattr(_async, _LAZY[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
