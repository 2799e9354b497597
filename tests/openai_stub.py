"""Somebody else's `import openai`: classes by openai's names in `sys.modules`; the package itself may be missing."""

from __future__ import annotations

import contextlib
import sys
import types
from collections.abc import Iterator

import pytest

from kimistream import KimiError


class Stub(types.ModuleType):
    def __init__(self, name: str, classes: dict[str, type]) -> None:
        super().__init__(name)
        for shown, kind in classes.items():
            kind.__module__ = name
            setattr(self, shown, kind)


def plain(*names: str) -> dict[str, type]:
    return {name: type(name, (), {}) for name in names}


def errors() -> dict[str, type]:
    class OpenAIError(Exception):
        pass

    class APIError(OpenAIError):
        def __init__(
            self, message: str, request: object, *, body: object
        ) -> None:  # as openai's, which ours never call
            raise AssertionError("openai's constructor was called")

    class APIStatusError(APIError):
        pass

    class APIConnectionError(APIError):
        pass

    class RateLimitError(APIStatusError):
        pass

    class APITimeoutError(APIConnectionError):
        pass

    kinds = (OpenAIError, APIError, APIStatusError, APIConnectionError, RateLimitError, APITimeoutError)
    return {kind.__name__: kind for kind in kinds}


@contextlib.contextmanager
def not_imported() -> Iterator[pytest.MonkeyPatch]:
    """As if nobody had imported openai."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in sys.modules if name.partition(".")[0] == "openai"]:
            patch.delitem(sys.modules, name)
        yield patch
    KimiError()  # the next error sees what is there now


@contextlib.contextmanager
def imported() -> Iterator[types.ModuleType]:
    """The module `openai`, imported after us."""
    chat = "openai.types.chat"
    with not_imported() as patch:
        for name, classes in {
            "openai": {**plain("OpenAI", "AsyncOpenAI", "Stream", "AsyncStream"), **errors()},
            chat: plain("ChatCompletion", "ChatCompletionChunk", "ChatCompletionMessage"),
            f"{chat}.chat_completion_chunk": plain("Choice", "ChoiceDelta"),
            "openai.types.completion_usage": plain("CompletionUsage", "PromptTokensDetails"),
        }.items():
            for kind in classes.values():
                if not issubclass(kind, Exception):
                    kind.model_fields = {"theirs": None}  # type: ignore[attr-defined]
            patch.setitem(sys.modules, name, Stub(name, classes))
        yield sys.modules["openai"]
