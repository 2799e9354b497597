"""Objects of the OpenAI shape: attributes for every key that came, known or not, nested as on the wire."""

from __future__ import annotations

from . import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class Object:
    """A JSON object with attributes. Keys that this kind of object is known to have are None where they did not come;
    `model_extra` has the others. `model_dump()` gives dicts again, with the keys that came."""

    __slots__ = ("_data", "_made", "_request_id")
    _known: tuple[str, ...] = ()
    _other_names: dict[str, str] = {}  # noqa: RUF012 - read only
    _kinds: dict[str, type[Object]] = {}  # noqa: RUF012 - which class a key's value has

    _data: dict[str, Any]
    _made: dict[str, Any]
    _request_id: str | None

    def __init__(self, data: dict[str, Any] | None = None, /, **fields: Any) -> None:
        object.__setattr__(self, "_data", {**data, **fields} if data is not None and fields else data or fields)
        object.__setattr__(self, "_made", {})
        object.__setattr__(self, "_request_id", None)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = self._made
        if name in made:
            return made[name]
        data = self._data
        if name in data:
            value = made[name] = self._make(name, data[name])
            return value
        other = self._other_names.get(name)
        if other is not None and other in data:
            return self.__getattr__(other)
        if name in self._known or other is not None:
            return None
        raise AttributeError(f"{self.__class__.__name__!r} object has no attribute {name!r}")

    def _make(self, name: str, value: Any) -> Any:
        if isinstance(value, dict):
            return self._kinds.get(name, Object)(value)
        if isinstance(value, list):
            return [self._make(name, item) for item in value]
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "_request_id":
            object.__setattr__(self, name, value)
            return
        self._made[name] = value
        self._data[name] = value

    def _keys(self) -> Iterator[str]:
        yield from self._data
        for name in self._known:
            if name not in self._data and self._other_names.get(name) not in self._data:
                yield name

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._keys()]

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}({', '.join(f'{key}={getattr(self, key)!r}' for key in self._keys())})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Object):
            return NotImplemented
        return self.model_dump(exclude_unset=True) == other.model_dump(exclude_unset=True)

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return self.__class__, (self.model_dump(exclude_unset=True),)

    def __copy__(self) -> Object:
        return self.__class__(dict(self._data))

    @property
    def model_extra(self) -> dict[str, Any]:
        """The fields that came and that this kind of object is not known to have."""
        return {key: value for key, value in self._data.items() if key not in self._known}

    def model_dump(self, *, exclude_none: bool = False, exclude_unset: bool = False, **_ignored: Any) -> dict[str, Any]:
        """The object as dicts and lists. Keys are those that came, with None for known ones that did not;
        `exclude_unset` leaves those out, `exclude_none` all that are None."""
        dumped = {}
        for key in self._data if exclude_unset else self._keys():
            value = _dump(getattr(self, key), exclude_none=exclude_none, exclude_unset=exclude_unset)
            if value is not None or not exclude_none:
                dumped[key] = value
        return dumped

    def model_dump_json(self, *, indent: int | None = None, **options: Any) -> str:
        """`model_dump` as JSON text."""
        dumped = self.model_dump(**options)
        if indent is None:
            return _core.dumps(dumped)
        import json

        return json.dumps(dumped, indent=indent, ensure_ascii=False)

    to_dict = model_dump
    to_json = model_dump_json

    def _to_wire(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)


def _dump(value: Any, **options: Any) -> Any:
    if isinstance(value, Object):
        return value.model_dump(**options)
    if isinstance(value, list):
        return [_dump(item, **options) for item in value]
    if isinstance(value, dict):
        return {key: _dump(item, **options) for key, item in value.items()}
    return value


class PromptTokensDetails(Object):
    __slots__ = ()
    _known = ("cached_tokens", "audio_tokens")


class CompletionTokensDetails(Object):
    __slots__ = ()
    _known = ("reasoning_tokens", "audio_tokens")


class CompletionUsage(Object):
    __slots__ = ()
    _known = (
        "completion_tokens",
        "prompt_tokens",
        "total_tokens",
        "completion_tokens_details",
        "prompt_tokens_details",
    )
    _kinds = {  # noqa: RUF012
        "prompt_tokens_details": PromptTokensDetails,
        "completion_tokens_details": CompletionTokensDetails,
    }


class Function(Object):
    __slots__ = ()
    _known = ("arguments", "name")


class ChatCompletionMessageToolCall(Object):
    __slots__ = ()
    _known = ("id", "function", "type")
    _kinds = {"function": Function}  # noqa: RUF012


class ChoiceDeltaToolCall(Object):
    __slots__ = ()
    _known = ("index", "id", "function", "type")
    _kinds = {"function": Function}  # noqa: RUF012


_REASONING = {"reasoning": "reasoning_content", "reasoning_content": "reasoning"}


class ChatCompletionMessage(Object):
    __slots__ = ()
    _known = ("content", "role", "tool_calls", "reasoning_content")
    _other_names = _REASONING
    _kinds = {"tool_calls": ChatCompletionMessageToolCall, "function_call": Function}  # noqa: RUF012

    def _make(self, name: str, value: Any) -> Any:
        if name == "tool_calls" and not value:
            return None  # samples ask `if message.tool_calls`, and vLLM sends []
        return super()._make(name, value)


class ChoiceDelta(ChatCompletionMessage):
    __slots__ = ()
    _kinds = {"tool_calls": ChoiceDeltaToolCall, "function_call": Function}  # noqa: RUF012


class Choice(Object):
    __slots__ = ()
    _known = ("finish_reason", "index", "message", "logprobs")
    _kinds = {"message": ChatCompletionMessage, "usage": CompletionUsage}  # noqa: RUF012


class ChunkChoice(Object):
    __slots__ = ()
    _known = ("delta", "finish_reason", "index", "logprobs")
    _kinds = {"delta": ChoiceDelta, "usage": CompletionUsage}  # noqa: RUF012

    def _make(self, name: str, value: Any) -> Any:
        if name == "delta" and value is None:
            return ChoiceDelta({})  # a delta is always there: samples ask it for its content at once
        if name == "finish_reason" and value == "":
            return None
        return super()._make(name, value)

    def __getattr__(self, name: str) -> Any:
        if name == "delta" and "delta" not in self._data:
            return ChoiceDelta({})
        return super().__getattr__(name)


class ChatCompletion(Object):
    """A whole answer, as it came."""

    __slots__ = ()
    _known = ("id", "choices", "created", "model", "object", "service_tier", "system_fingerprint", "usage")
    _kinds = {"choices": Choice, "usage": CompletionUsage}  # noqa: RUF012


class ChatCompletionChunk(Object):
    """One frame of a stream, as it came."""

    __slots__ = ()
    _known = ("id", "choices", "created", "model", "object", "service_tier", "system_fingerprint", "usage")
    _kinds = {"choices": ChunkChoice, "usage": CompletionUsage}  # noqa: RUF012


class Model(Object):
    """A model that the provider serves, and what it can. None: the provider does not say. All else is as sent.

    context_length      tokens of input and output together
    supports_image_in, supports_video_in, supports_reasoning   bools

    Where a server says the same in other words (`max_model_len`, `architecture.input_modalities`,
    `supported_parameters`), these attributes understand them; `model_dump()` has the words that came.
    """

    __slots__ = ()
    _known = ("id", "created", "object", "owned_by")
    _other_names = {"context_length": "max_model_len"}  # noqa: RUF012

    if TYPE_CHECKING:
        id: str
        context_length: int | None
        supports_image_in: bool | None
        supports_video_in: bool | None
        supports_reasoning: bool | None

    def __getattr__(self, name: str) -> Any:
        if name in _SAID_BY_LISTS and name not in self._data:
            path, word = _SAID_BY_LISTS[name]
            said: Any = self._data
            for key in path:
                said = said.get(key) if isinstance(said, dict) else None
            return word in said if isinstance(said, list) else None
        return super().__getattr__(name)


# Capabilities that some servers tell as words in a list: where it is, and the word.
_SAID_BY_LISTS = {
    "supports_image_in": (("architecture", "input_modalities"), "image"),
    "supports_video_in": (("architecture", "input_modalities"), "video"),
    "supports_reasoning": (("supported_parameters",), "reasoning"),
}


class ListPage(Object):
    """A list: iterates over its items, which are also in `.data`."""

    __slots__ = ()
    _known = ("data", "object")

    def __iter__(self) -> Iterator[Any]:
        return iter(self.data or [])


class ModelList(ListPage):
    __slots__ = ()
    _kinds = {"data": Model}  # noqa: RUF012


class FileObject(Object):
    """A file at the provider. `status` is "ready" or "ok" when it can be used and "error" when it never will be; other
    words may come."""

    __slots__ = ()
    _known = ("id", "bytes", "created_at", "filename", "object", "purpose", "status", "status_details")

    if TYPE_CHECKING:
        id: str
        bytes: int
        created_at: int
        filename: str
        purpose: str
        status: str
        status_details: str | None


class FileDeleted(Object):
    __slots__ = ()
    _known = ("id", "deleted", "object")

    if TYPE_CHECKING:
        id: str
        deleted: bool


class FileList(ListPage):
    __slots__ = ()
    _kinds = {"data": FileObject}  # noqa: RUF012
