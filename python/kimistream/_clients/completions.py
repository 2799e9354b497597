"""`client.chat.completions`, as openai-python has it."""

from __future__ import annotations

from .. import _core
from .._notebook.shows import Draws
from .._requests.arguments import openai_arguments
from .._values.passing import Passes
from .sending import ready
from .stream import ChatCompletionStream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, Literal, overload

    from .._notebook.story import Story
    from .._requests.sender import Sender
    from .._tools.folding import Fold
    from .._tools.parsing import Parsing
    from .._values.completions import ChatCompletion, ParsedChatCompletion
    from .raw import RawResponse, StreamedResponse, Wrapped


class Completions(Passes, like="openai.resources.chat.completions.completions.Completions"):
    """`client.chat.completions`. Its methods can be replaced, as wrappers do."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    if TYPE_CHECKING:

        @overload
        def create(
            self, *, messages: Iterable[Any], model: str | None = None, stream: Literal[True], **fields: Any
        ) -> ChatCompletionStream: ...
        @overload
        def create(
            self,
            *,
            messages: Iterable[Any],
            model: str | None = None,
            stream: Literal[False] | None = None,
            **fields: Any,
        ) -> ChatCompletion: ...
        @overload
        def create(
            self, *, messages: Iterable[Any], model: str | None = None, stream: bool | None, **fields: Any
        ) -> ChatCompletion | ChatCompletionStream: ...

    def create(self, **arguments: Any) -> Any:
        """A ChatCompletion, or with `stream=True` an iterator of ChatCompletionChunks. Takes every field of the API by
        its name, and `extra_body`, `extra_headers`, `extra_query`, `timeout`, `idempotency_key`, `on_break`,
        `max_breaks`, `continue_on_length`, `thinking` and `check`.

        Chunks go on with the same `id` when a broken answer is continued. They cannot be taken back: where it would
        have to be restarted after one with content, reasoning or a tool call, IncompleteStreamError is raised."""
        request, stream, show_usage = openai_arguments(arguments)
        request = ready(self._sender, request)
        if not stream and not self._sender.is_watched:
            return self._sender.core.complete_chat(request)
        if not stream:
            return self._sender.start(self._sender.core, request, False, True).completion()
        return ChatCompletionStream(self._begun(request, True, show_usage))

    def _begun(self, request: tuple[Any, ...], stream: bool, show_usage: bool) -> _core.Stream:
        core = self._sender.start(self._sender.core, request, stream, True)
        if show_usage:
            core.show_usage_chunks()
        core.wait_for_head()
        return core

    def parse(self, *, response_format: Any = None, tools: Any = None, **arguments: Any) -> ParsedChatCompletion:
        """`create` with a class as the `response_format` (a pydantic model, a dataclass, a TypedDict):
        `choices[0].message.parsed` is an instance of it. The arguments of strict tools, and of those that openai's
        `pydantic_function_tool` makes, are in `.function.parsed_arguments`.

        Raises LengthFinishReasonError and ContentFilterFinishReasonError for answers that were cut, and what pydantic
        raises, else SchemaError, for those that do not fit."""
        parsing = self._parsing(response_format, tools)
        completion: ChatCompletion = self.create(**parsing.arguments(self._sender.core.row, arguments))
        return parsing.parsed(completion)

    def stream(self, *, response_format: Any = None, tools: Any = None, **arguments: Any) -> CompletionStreamManager:
        """For a `with` block that gives events: "chunk", "content.delta", "content.done",
        "tool_calls.function.arguments.delta" and the like, see `_values.completion_events`; `get_final_completion()` of
        what it gives is what `parse` gives."""
        from .._tools.folding import Fold

        parsing = self._parsing(response_format, tools)
        asked = {**parsing.arguments(self._sender.core.row, arguments), "stream": True}
        return CompletionStreamManager(lambda: CompletionStream(self.create(**asked), Fold(parsing)))

    @staticmethod
    def _parsing(response_format: Any, tools: Any) -> Parsing:
        from .._tools.parsing import Parsing

        return Parsing(response_format, tools)

    @property
    def with_raw_response(self) -> Wrapped:
        """The same methods, which give a RawResponse: `.parse()`, `.headers`, `.status_code`, `.text`."""
        from .raw import Wrapped

        return Wrapped(create=self._raw, parse=self._raw_parsed)

    @property
    def with_streaming_response(self) -> Wrapped:
        """The same methods, for a `with` block that gives a StreamedResponse: `.iter_lines()`, `.parse()`."""
        from .raw import StreamedResponse, Wrapped

        def create(**arguments: Any) -> StreamedResponse:
            return StreamedResponse(self._raw(**arguments))

        def parse(**arguments: Any) -> StreamedResponse:
            return StreamedResponse(self._raw_parsed(**arguments))

        return Wrapped(create=create, parse=parse)

    def _raw(self, **arguments: Any) -> RawResponse:
        from .raw import RawResponse, address_of, completion, response_of

        request, stream, show_usage = openai_arguments(arguments)
        core = self._begun(ready(self._sender, request), stream, show_usage)
        request_id, url = core.request_id or None, address_of(self._sender.core)
        if stream:
            opened = ChatCompletionStream(core)
            return RawResponse(opened.response, request_id, lambda: opened, url)
        body = core.body()
        return RawResponse(response_of(core, body), request_id, lambda: completion(body, request_id), url)

    def _raw_parsed(self, *, response_format: Any = None, tools: Any = None, **arguments: Any) -> RawResponse:
        from .raw import RawResponse

        parsing = self._parsing(response_format, tools)
        raw = self._raw(**parsing.arguments(self._sender.core.row, arguments))
        return RawResponse(raw.http_response, raw.request_id, lambda: parsing.parsed(raw.parse()), raw.url)


class Chat(Passes, like="openai.resources.chat.chat.Chat"):
    """`client.chat`, as openai-python has it."""

    def __init__(self, sender: Sender) -> None:
        self.completions = Completions(sender)


class FoldedFace:
    """What is shown of a stream that others read for it: what they show."""

    _chunks: Any

    def _shown(self) -> Story:
        story: Story = self._chunks._shown()
        return story

    def _begun(self) -> Story:
        story: Story = self._chunks._begun()
        return story

    def _is_over(self) -> bool:
        return bool(self._chunks._is_over())


class CompletionStream(FoldedFace, Draws, Passes, like="openai.lib.streaming.chat.ChatCompletionStream"):
    """The events of an answer in the OpenAI shape."""

    def __init__(self, chunks: Any, fold: Fold) -> None:
        self._chunks = chunks
        self._fold = fold
        self._events = self._all()

    def _all(self) -> Iterator[Any]:
        for chunk in self._chunks:
            yield from self._fold.events(chunk)

    def __iter__(self) -> Iterator[Any]:
        return self._events

    def __next__(self) -> Any:
        return next(self._events)

    def __enter__(self) -> CompletionStream:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the answer and closes its connection, unless it is over."""
        self._chunks.close()

    def until_done(self) -> CompletionStream:
        for _ in self._events:
            pass
        return self

    def get_final_completion(self) -> ParsedChatCompletion:
        """The whole answer, read; waits for its end."""
        return self.until_done()._fold.final()

    @property
    def current_completion_snapshot(self) -> ParsedChatCompletion:
        return self._fold.snapshot()


class CompletionStreamManager(Passes, like="openai.lib.streaming.chat.ChatCompletionStreamManager"):
    """`with client.chat.completions.stream(...) as stream:`. The request is sent by the `with`."""

    def __init__(self, begin: Any) -> None:
        self._begin = begin
        self._stream: CompletionStream | None = None

    def __enter__(self) -> CompletionStream:
        self._stream = self._begin()
        return self._stream

    def __exit__(self, *exception: object) -> None:
        if self._stream is not None:
            self._stream.close()
