"""The client for asyncio: the same names, what waits is awaited.

No thread stands behind it. Each event loop has one reactor whose descriptor it watches; when that is readable the loop
calls the core, which reads what is there and wakes the tasks that have something to take.
"""

from __future__ import annotations

import asyncio
import weakref

from . import _core, _object, _resources
from ._async_files import AsyncFiles, run
from ._client import Kimi
from ._errors import APIStatusError
from ._files import extract_steps
from ._message import Message
from ._request import DEFAULT_RETRIES, client_setup, openai_arguments
from ._sending import Sender

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping
    from typing import Any, BinaryIO

    from ._files import Extracted
    from ._headers import Headers
    from ._message import Usage
    from ._request import Check, OnBreak, Thinking
    from ._stream import Event


class _LoopReactor:
    """A reactor and its place on an event loop. Its streams and its client hold it; with the last of them it goes."""

    def __init__(self, client: _core.Client, loop: asyncio.AbstractEventLoop) -> None:
        self.core = _core.Reactor(client)
        self._loop = weakref.ref(loop)
        loop.add_reader(self.core.descriptor, self.core.pump)

    def __del__(self) -> None:
        # A reader that stays registered would be called with a descriptor that something else may own by then.
        loop, core = self._loop(), self.core
        if loop is None or loop.is_closed():
            return
        if loop.is_running() and asyncio._get_running_loop() is not loop:  # dropped on another thread
            loop.call_soon_threadsafe(lambda: loop.remove_reader(core.descriptor))
        else:
            loop.remove_reader(core.descriptor)


class _Reactors:
    """One reactor for each event loop that a client is used from."""

    def __init__(self, client: _core.Client) -> None:
        self._client = client
        self._by_loop: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _LoopReactor] = weakref.WeakKeyDictionary()

    def start(self, loop: asyncio.AbstractEventLoop, start: Callable[[_core.Reactor], _core.Stream]) -> _core.Stream:
        """Begins a stream on a loop, now rather than at the loop's next turn."""
        reactor = self._by_loop.get(loop)
        if reactor is None:
            for known in self._by_loop.keyrefs():
                other = known()
                if other is not None and other.is_closed():
                    self._by_loop.pop(other, None)
            reactor = self._by_loop[loop] = _LoopReactor(self._client, loop)
        stream = start(reactor.core)
        stream.owner = reactor
        reactor.core.pump()
        return stream

    async def read(
        self, start: Callable[[_core.Reactor], _core.Stream], read: Callable[[_core.Stream], Any] = _core.Stream.json
    ) -> Any:
        """The body of an answer that comes whole, as `read` gives it."""
        loop = asyncio.get_running_loop()
        core = self.start(loop, start)
        try:
            await core.body_async(loop)
            return read(core)
        finally:
            core.close()

    async def message(self, start: Callable[[_core.Reactor], _core.Stream]) -> Message:
        loop = asyncio.get_running_loop()
        core = self.start(loop, start)
        try:
            return await core.message_async(loop)
        finally:
            core.close()

    def close(self) -> None:
        self._by_loop.clear()


class _AsyncStreamBase:
    """A stream that is opened by the first `await`, `async with` or `async for`."""

    def __init__(self, reactors: _Reactors, start: Callable[[_core.Reactor], _core.Stream]) -> None:
        self._reactors = reactors
        self._start = start
        self._opened: _core.Stream | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def _open(self) -> tuple[_core.Stream, asyncio.AbstractEventLoop]:
        if self._opened is None or self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._opened = self._reactors.start(self._loop, self._start)
        return self._opened, self._loop

    async def _prepare(self) -> None:
        """What must be done before it can be opened."""

    async def _wait_for_head(self) -> None:
        await self._prepare()
        core, loop = self._open()
        await core.head_async(loop)

    async def close(self) -> None:
        """Ends the answer and closes its connection, unless it is over."""
        if self._opened is not None:
            self._opened.close()
            self._opened.owner = None

    aclose = close

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    def _core_stream(self) -> _core.Stream:
        if self._opened is None:
            raise RuntimeError("this stream has not been opened yet: await it, or use `async with` or `async for`")
        return self._opened

    @property
    def partial(self) -> Message | None:
        """The message as far as it has come, None when nothing has. Never waits."""
        return self._core_stream().partial

    @property
    def usage(self) -> Usage | None:
        return self._core_stream().usage

    @property
    def request_id(self) -> str | None:
        return self._core_stream().request_id or None

    @property
    def status_code(self) -> int:
        return self._core_stream().status_code

    @property
    def headers(self) -> Headers:
        return self._core_stream().headers


class AsyncStream(_AsyncStreamBase):
    """Typed events: `async for event in stream`, `async for text in stream.text`, `await stream.message`."""

    _uploading: Callable[[], Awaitable[Callable[[_core.Reactor], _core.Stream]]] | None = None

    async def _prepare(self) -> None:
        if self._uploading is not None:
            self._start = await self._uploading()
            self._uploading = None

    async def _prepared(self, iterate: Callable[[], AsyncIterator[Any]]) -> AsyncIterator[Any]:
        await self._prepare()
        async for item in iterate():
            yield item

    def __await__(self) -> Generator[Any, None, AsyncStream]:
        return self.__aenter__().__await__()

    async def __aenter__(self) -> AsyncStream:
        await self._wait_for_head()
        return self

    def __aiter__(self) -> AsyncIterator[Event]:
        if self._uploading is not None:
            return self._prepared(self.__aiter__)
        core, loop = self._open()
        return core.events_async(loop)

    async def __anext__(self) -> Event:
        await self._prepare()
        return await self.__aiter__().__anext__()

    @property
    def text(self) -> AsyncIterator[str]:
        """The fragments of the answer."""
        if self._uploading is not None:
            return self._prepared(lambda: self.text)
        core, loop = self._open()
        return core.texts_async(loop)

    @property
    def thinking(self) -> AsyncIterator[str]:
        """The fragments of the reasoning. Ends where the answer begins, which stays to be read."""
        if self._uploading is not None:
            return self._prepared(lambda: self.thinking)
        core, loop = self._open()
        return core.thoughts_async(loop)

    @property
    def message(self) -> Awaitable[Message]:
        """The whole message; reads to the end."""
        return self._message()

    async def _message(self) -> Message:
        await self._prepare()
        core, loop = self._open()
        return await core.message_async(loop)


class AsyncChatCompletionStream(_AsyncStreamBase):
    """A stream of chunks in the OpenAI shape."""

    async def __aenter__(self) -> AsyncChatCompletionStream:
        await self._wait_for_head()
        return self

    def __aiter__(self) -> AsyncIterator[Any]:
        core, loop = self._open()
        return core.chunks_async(loop)

    async def __anext__(self) -> Any:
        return await self.__aiter__().__anext__()


class AsyncKimi:
    """`Kimi` for asyncio. It belongs to no event loop: it may be used from several, and from threads."""

    def __init__(
        self,
        api_key: str | None = None,
        *,
        provider: str | Mapping[str, Any] | None = None,
        base_url: str | None = None,
        model: str | None = None,
        timeout: float | None = None,
        max_retries: int = DEFAULT_RETRIES,
        default_headers: dict[str, str] | None = None,
        environment: str | None = None,
    ) -> None:
        self._setup = client_setup(
            api_key, provider, base_url, model, timeout, max_retries, default_headers, environment
        )
        self._core = _core.Client(**self._setup.core)
        self._setup.core.pop("api_key")
        self._reactors = _Reactors(self._core)
        self._sender = Sender(self._core, self._setup.defaults)
        self.chat = AsyncChat(self._sender, self._reactors)
        self.models = AsyncModels(self._core, self._reactors)
        self.files = AsyncFiles(self._sender, self._reactors)

    __init__.__doc__ = Kimi.__doc__

    def stream(
        self,
        prompt: Any,
        *,
        model: str | None = None,
        system: str | None = None,
        thinking: Thinking = None,
        tools: list[Any] | None = None,
        tool_choice: Any = None,
        max_tokens: int | None = None,
        timeout: float | None = None,
        on_break: OnBreak = None,
        check: Check = None,
        prefill: str | None = None,
        on_upload: Callable[[int, int], object] | None = None,
        extra_body: dict[str, Any] | None = None,
        extra_headers: dict[str, str] | None = None,
        **fields: Any,
    ) -> AsyncStream:
        """As `Kimi.stream`; the request is sent by the first `await`, `async with` or `async for`."""
        arguments = (
            *(prompt, model, system, thinking, tools, tool_choice, max_tokens, timeout, on_break, check, prefill),
            *(on_upload, extra_body, extra_headers, fields),
        )
        request = self._sender.completed(arguments)
        stream = AsyncStream(self._reactors, lambda reactor: reactor.start(request, True, False))
        if self._sender.must_upload(request):

            async def upload() -> Callable[[_core.Reactor], _core.Stream]:
                prepared = await run(self._reactors, self._sender.uploads.prepare_steps(request))
                return lambda reactor: reactor.start(prepared, True, False)

            stream._uploading = upload
        return stream

    async def complete(
        self,
        prompt: Any,
        *,
        model: str | None = None,
        system: str | None = None,
        thinking: Thinking = None,
        tools: list[Any] | None = None,
        tool_choice: Any = None,
        max_tokens: int | None = None,
        timeout: float | None = None,
        on_break: OnBreak = None,
        check: Check = None,
        prefill: str | None = None,
        on_upload: Callable[[int, int], object] | None = None,
        extra_body: dict[str, Any] | None = None,
        extra_headers: dict[str, str] | None = None,
        **fields: Any,
    ) -> Message:
        """As `Kimi.complete`."""
        arguments = (
            *(prompt, model, system, thinking, tools, tool_choice, max_tokens, timeout, on_break, check, prefill),
            *(on_upload, extra_body, extra_headers, fields),
        )
        request = self._sender.completed(arguments)
        if self._sender.must_upload(request):
            request = await run(self._reactors, self._sender.uploads.prepare_steps(request))
        return await self._reactors.message(lambda reactor: reactor.start(request, False, False))

    async def balance(self, *, timeout: float | None = None) -> _resources.Balance:
        """As `Kimi.balance`."""
        path = _resources.balance_path(self._core)
        text = await self._reactors.read(lambda reactor: reactor.send(path, timeout=timeout), _core.body_text)
        return _resources.balance(text, self._core.currency)

    async def count_tokens(
        self,
        prompt: Any,
        *,
        model: str | None = None,
        system: str | None = None,
        tools: list[Any] | None = None,
        timeout: float | None = None,
    ) -> _resources.TokenCount:
        """As `Kimi.count_tokens`."""
        request = _resources.token_request(prompt, model, system, tools, timeout, self._setup.defaults)
        if not _resources.counts_tokens(self._core):
            return _resources.estimated(request)
        try:
            answer = await self._reactors.read(
                lambda reactor: reactor.count_tokens(self._core, request), _core.body_text
            )
        except APIStatusError as error:
            if _resources.has_no_such_resource(error):
                return _resources.estimated(request)
            raise
        return _resources.counted(answer, request)

    async def extract(
        self,
        *files: str | os.PathLike[str] | bytes | BinaryIO | tuple[Any, ...],
        timeout: float | None = None,
        delete: bool = False,
        on_progress: Callable[[int, int], object] | None = None,
    ) -> Extracted:
        """As `Kimi.extract`."""
        return await run(self._reactors, extract_steps(self._core, files, timeout, delete, on_progress))

    async def close(self, *, delete_uploads: bool = False) -> None:
        """Closes the kept connections. Streams under way go on. `delete_uploads`: see `files.delete_uploads`."""
        if delete_uploads:
            await self.files.delete_uploads()
        self._reactors.close()
        self._core.close()

    async def __aenter__(self) -> AsyncKimi:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    @property
    def base_url(self) -> str:
        return self._core.base_url

    @property
    def provider(self) -> str:
        return self._core.provider

    @property
    def environment(self) -> str | None:
        """As `Kimi.environment`."""
        return self._setup.environment

    def __repr__(self) -> str:
        return f"AsyncKimi(provider={self.provider!r}, base_url={self.base_url!r})"


class AsyncCompletions:
    """`client.chat.completions` of an AsyncKimi."""

    def __init__(self, sender: Sender, reactors: _Reactors) -> None:
        self._sender = sender
        self._reactors = reactors

    async def create(self, **arguments: Any) -> Any:
        """As `Kimi.chat.completions.create`, awaited; with `stream=True` it gives an asynchronous iterator."""
        request, stream, show_usage = openai_arguments(arguments)
        request = self._sender.completed(request)
        if self._sender.must_upload(request):
            request = await run(self._reactors, self._sender.uploads.prepare_steps(request))
        if not stream:
            return await self._reactors.read(
                lambda reactor: reactor.start(request, False, True), _core.Stream.completion
            )
        opened = AsyncChatCompletionStream(self._reactors, lambda reactor: reactor.start(request, True, True))
        if show_usage:
            opened._open()[0].show_usage_chunks()
        await opened._wait_for_head()
        return opened


class AsyncChat:
    def __init__(self, sender: Sender, reactors: _Reactors) -> None:
        self.completions = AsyncCompletions(sender, reactors)


class AsyncModels:
    def __init__(self, core: _core.Client, reactors: _Reactors) -> None:
        self._core = core
        self._reactors = reactors

    async def list(self) -> _object.ModelList:
        """The models that the provider serves."""
        path = _resources.models_path(self._core)
        return _resources.model_list(await self._reactors.read(lambda reactor: reactor.send(path)))

    async def check(self, model: str | None = None) -> _object.Model:
        """As `Kimi.models.check`."""
        return _resources.find_model(self._core, model, await self.list())
