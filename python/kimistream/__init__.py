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
    from . import progress as progress
    from . import simulator as simulator
    from ._async import AsyncKimi as AsyncKimi
    from ._async import AsyncStream as AsyncStream
    from ._files import Extracted as Extracted
    from ._files import FileContent as FileContent
    from ._media import Image as Image
    from ._media import Video as Video
    from ._object import FileObject as FileObject
    from ._object import Model as Model
    from ._providers import providers as providers
    from ._providers import register_provider as register_provider
    from ._resources import Balance as Balance
    from ._resources import TokenCount as TokenCount

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
    "Balance",
    "ConflictError",
    "Extracted",
    "FileContent",
    "FileObject",
    "Finish",
    "Headers",
    "Image",
    "IncompleteStreamError",
    "InternalServerError",
    "InvalidRequestError",
    "Kimi",
    "KimiError",
    "Message",
    "Model",
    "NotFoundError",
    "Notice",
    "OpenAI",
    "OpenAIError",
    "PermissionDeniedError",
    "RateLimitError",
    "Stream",
    "Text",
    "Thinking",
    "TokenCount",
    "ToolCall",
    "ToolCallDelta",
    "ToolCallStart",
    "UnprocessableEntityError",
    "Usage",
    "Video",
    "__version__",
    "providers",
    "register_provider",
]

# Imported when they are first asked for: asyncio alone takes longer to import than all of this package.
_LAZY = {
    "AsyncKimi": ("_async", "AsyncKimi"),
    "AsyncOpenAI": ("_async", "AsyncKimi"),
    "AsyncStream": ("_async", "AsyncStream"),
    "Balance": ("_resources", "Balance"),
    "Extracted": ("_files", "Extracted"),
    "FileContent": ("_files", "FileContent"),
    "FileObject": ("_object", "FileObject"),
    "Image": ("_media", "Image"),
    "Model": ("_object", "Model"),
    "TokenCount": ("_resources", "TokenCount"),
    "Video": ("_media", "Video"),
    "providers": ("_providers", "providers"),
    "register_provider": ("_providers", "register_provider"),
}


_MODULES = ("progress", "simulator")  # the same: `kimistream.simulator.Simulator()` needs no import of its own


def __getattr__(name: str) -> object:
    if name in _LAZY or name in _MODULES:
        from importlib import import_module

        if name in _MODULES:
            return import_module(f".{name}", __name__)
        module, attribute = _LAZY[name]
        return getattr(import_module(f".{module}", __name__), attribute)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY, *_MODULES})
