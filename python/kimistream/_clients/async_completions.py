"""`client.chat.completions` of an AsyncKimi."""

from __future__ import annotations

from .. import _core
from .._notebook.shows import AsyncDraws
from .._requests.arguments import openai_arguments
from .._values.passing import Passes
from .async_sending import ready
from .async_stream import AsyncChatCompletionStream
from .completions import Completions, FoldedFace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable
    from typing import Any, Literal, overload

    from .._requests.sender import Sender
    from .._tools.folding import Fold
    from .._values.completions import ChatCompletion, ParsedChatCompletion
    from .raw import RawResponse, Wrapped
    from .reactors import Reactors


class AsyncCompletions(Passes, like="openai.resources.chat.completions.completions.AsyncCompletions"):
    """As `Kimi.chat.completions`; what waits is awaited."""

    def __init__(self, sender: Sender, reactors: Reactors) -> None:
        self._sender = sender
        self._reactors = reactors

    _parsing = staticmethod(Completions._parsing)

    if TYPE_CHECKING:

        @overload
        async def create(
            self, *, messages: Iterable[Any], model: str | None = None, stream: Literal[True], **fields: Any
        ) -> AsyncChatCompletionStream: ...
        @overload
        async def create(
            self,
            *,
            messages: Iterable[Any],
            model: str | None = None,
            stream: Literal[False] | None = None,
            **fields: Any,
        ) -> ChatCompletion: ...
        @overload
        async def create(
            self, *, messages: Iterable[Any], model: str | None = None, stream: bool | None, **fields: Any
        ) -> ChatCompletion | AsyncChatCompletionStream: ...

    async def create(self, **arguments: Any) -> Any:
        """As `Kimi.chat.completions.create`, awaited; with `stream=True` it gives an asynchronous iterator."""
        request, stream, show_usage = openai_arguments(arguments)
        request = await ready(self._sender, self._reactors, request)
        if not stream:
            return await self._whole(request, _core.Stream.completion)
        return await self._opened(request, show_usage)

    async def _whole(self, request: tuple[Any, ...], read: Callable[[_core.Stream], Any]) -> Any:
        return await self._reactors.read(lambda reactor: self._sender.start(reactor, request, False, True), read)

    async def _opened(self, request: tuple[Any, ...], show_usage: bool) -> AsyncChatCompletionStream:
        opened = AsyncChatCompletionStream(
            self._reactors, lambda reactor: self._sender.start(reactor, request, True, True)
        )
        if show_usage:
            opened._open()[0].show_usage_chunks()
        await opened._wait_for_head()
        return opened

    async def parse(self, *, response_format: Any = None, tools: Any = None, **arguments: Any) -> ParsedChatCompletion:
        """As `Kimi.chat.completions.parse`."""
        parsing = self._parsing(response_format, tools)
        completion: ChatCompletion = await self.create(**parsing.arguments(self._sender.core.row, arguments))
        return parsing.parsed(completion)

    def stream(
        self, *, response_format: Any = None, tools: Any = None, **arguments: Any
    ) -> AsyncCompletionStreamManager:
        """As `Kimi.chat.completions.stream`, for an `async with` block."""
        from .._tools.folding import Fold

        parsing = self._parsing(response_format, tools)
        asked = {**parsing.arguments(self._sender.core.row, arguments), "stream": True}

        async def begin() -> AsyncCompletionStream:
            return AsyncCompletionStream(await self.create(**asked), Fold(parsing))

        return AsyncCompletionStreamManager(begin)

    @property
    def with_raw_response(self) -> Wrapped:
        """As `Kimi.chat.completions.with_raw_response`, awaited."""
        from .raw import Wrapped

        return Wrapped(create=self._raw, parse=self._raw_parsed)

    @property
    def with_streaming_response(self) -> Wrapped:
        """As `Kimi.chat.completions.with_streaming_response`, for an `async with` block."""
        from .raw import AsyncStreamedResponse, Wrapped

        def create(**arguments: Any) -> AsyncStreamedResponse:
            return AsyncStreamedResponse(lambda: self._raw(**arguments))

        def parse(**arguments: Any) -> AsyncStreamedResponse:
            return AsyncStreamedResponse(lambda: self._raw_parsed(**arguments))

        return Wrapped(create=create, parse=parse)

    async def _raw(self, **arguments: Any) -> RawResponse:
        from .raw import RawResponse, address_of, completion, response_of

        request, stream, show_usage = openai_arguments(arguments)
        request, url = await ready(self._sender, self._reactors, request), address_of(self._sender.core)
        if stream:
            opened = await self._opened(request, show_usage)
            return RawResponse(opened.response, opened.request_id, lambda: opened, url)

        def read(core: _core.Stream) -> RawResponse:
            body, request_id = core.body(), core.request_id or None
            return RawResponse(response_of(core, body), request_id, lambda: completion(body, request_id), url)

        raw: RawResponse = await self._whole(request, read)
        return raw

    async def _raw_parsed(self, *, response_format: Any = None, tools: Any = None, **arguments: Any) -> RawResponse:
        from .raw import RawResponse

        parsing = self._parsing(response_format, tools)
        raw = await self._raw(**parsing.arguments(self._sender.core.row, arguments))
        return RawResponse(raw.http_response, raw.request_id, lambda: parsing.parsed(raw.parse()), raw.url)


class AsyncChat(Passes, like="openai.resources.chat.chat.AsyncChat"):
    def __init__(self, sender: Sender, reactors: Reactors) -> None:
        self.completions = AsyncCompletions(sender, reactors)


class AsyncCompletionStream(FoldedFace, AsyncDraws, Passes, like="openai.lib.streaming.chat.AsyncChatCompletionStream"):
    """The events of an answer in the OpenAI shape."""

    def __init__(self, chunks: Any, fold: Fold) -> None:
        self._chunks = chunks
        self._fold = fold
        self._events = self._all()

    async def _all(self) -> AsyncIterator[Any]:
        async for chunk in self._chunks:
            for event in self._fold.events(chunk):
                yield event

    def __aiter__(self) -> AsyncIterator[Any]:
        return self._events

    async def __anext__(self) -> Any:
        return await self._events.__anext__()

    async def __aenter__(self) -> AsyncCompletionStream:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the answer and closes its connection, unless it is over."""
        await self._chunks.close()

    async def until_done(self) -> AsyncCompletionStream:
        async for _ in self._events:
            pass
        return self

    async def get_final_completion(self) -> ParsedChatCompletion:
        """The whole answer, read; waits for its end."""
        return (await self.until_done())._fold.final()

    @property
    def current_completion_snapshot(self) -> ParsedChatCompletion:
        return self._fold.snapshot()


class AsyncCompletionStreamManager(Passes, like="openai.lib.streaming.chat.AsyncChatCompletionStreamManager"):
    """`async with client.chat.completions.stream(...) as stream:`. The request is sent by the `async with`."""

    def __init__(self, begin: Callable[[], Any]) -> None:
        self._begin = begin
        self._stream: AsyncCompletionStream | None = None

    async def __aenter__(self) -> AsyncCompletionStream:
        stream: AsyncCompletionStream = await self._begin()
        self._stream = stream
        return stream

    async def __aexit__(self, *exception: object) -> None:
        if self._stream is not None:
            await self._stream.close()
