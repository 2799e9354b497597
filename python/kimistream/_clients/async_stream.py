"""An answer while it arrives, for asyncio."""

from __future__ import annotations

import asyncio

from .. import _core
from .._notebook.shows import AsyncDraws
from .._values.passing import Passes
from .stream import ChunksFace, StreamFace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Generator
    from typing import Any

    from .._notebook.story import Story
    from .._values.completions import ChatCompletionChunk
    from .._values.event import Event
    from .._values.message import Message
    from .reactors import Reactors


class _AsyncStreamBase(StreamFace):
    """A stream that is opened by the first `await`, `async with` or `async for`."""

    def __init__(self, reactors: Reactors, start: Callable[[_core.Reactor], _core.Stream]) -> None:
        self._reactors = reactors
        self._start: Callable[[_core.Reactor], _core.Stream] | None = start
        self._opened: _core.Stream | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._preparing: asyncio.Future[Any] | None = None

    def _open(self) -> tuple[_core.Stream, asyncio.AbstractEventLoop]:
        loop = self._loop or asyncio.get_running_loop()
        if self._opened is None:
            assert self._start is not None  # until it is opened
            self._loop = loop
            self._opened = self._reactors.start(loop, self._start)
            self._start = None  # and with it what was asked, which an open stream need not hold
        return self._opened, loop

    async def _prepare(self) -> None:
        """What must be done before it can be opened."""

    async def _wait_for_head(self) -> None:
        await self._prepare()
        core, loop = self._open()
        await core.head_async(loop)

    async def close(self) -> None:
        """Ends the answer and closes its connection, unless it is over. Whoever reads it is woken and sees its end;
        what had come is in `.partial`. From any task and thread."""
        if self._opened is None:
            nothing = _core.replay(self._reactors.client.provider, b"")
            nothing.close()
            self._opened = nothing  # no request is sent any more, and all that is asked of this stream has ended
            if self._preparing is not None:
                self._preparing.get_loop().call_soon_threadsafe(self._preparing.cancel)
        self._opened.close()

    aclose = close

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    def _core_stream(self) -> _core.Stream:
        if self._opened is None:
            raise RuntimeError("this stream has not been opened yet: await it, or use `async with` or `async for`")
        return self._opened

    def _shown(self) -> Story:
        return self._begun() if self._opened is None else super()._shown()

    def _is_over(self) -> bool:
        return self._opened is not None and super()._is_over()


class AsyncStream(_AsyncStreamBase, AsyncDraws):
    """Typed events: `async for event in stream`, `async for text in stream.text`, `await stream.message`.

    A notebook that shows it draws it while it comes, also when the cell is done.
    """

    _uploading: Callable[[], Awaitable[Callable[[_core.Reactor], _core.Stream]]] | None = None

    async def _prepare(self) -> None:
        if self._uploading is None:
            return
        if self._opened is None:
            self._preparing = asyncio.ensure_future(self._uploading())
            try:
                self._start = await self._preparing
            except asyncio.CancelledError:
                if self._opened is None:  # else it was closed meanwhile
                    raise
            finally:
                self._preparing = None
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
        """The fragments of the answer; as `Stream.text`."""
        if self._uploading is not None:
            return self._prepared(lambda: self.text)
        core, loop = self._open()
        return core.texts_async(loop)

    @property
    def thinking(self) -> AsyncIterator[str]:
        """The fragments of the reasoning. Ends where the answer begins, which stays to be read; as
        `Stream.thinking`."""
        if self._uploading is not None:
            return self._prepared(lambda: self.thinking)
        core, loop = self._open()
        return core.thoughts_async(loop)

    @property
    def objects(self) -> AsyncIterator[Any]:
        """The JSON of the answer while it grows; as `Stream.objects`."""
        return self._objects()

    async def _objects(self) -> AsyncIterator[Any]:
        from .._tools.objects import Objects

        objects = Objects(lambda: self.partial)
        async for event in self:
            for each in objects.of(event):
                yield each
        for each in objects.last():
            yield each

    @property
    def message(self) -> Awaitable[Message]:
        """The whole message; reads to the end."""
        return self._message()

    async def _message(self) -> Message:
        await self._prepare()
        core, loop = self._open()
        return await core.message_async(loop)


class AsyncChatCompletionStream(ChunksFace, _AsyncStreamBase, AsyncDraws, Passes, like="openai.AsyncStream"):
    """A stream of chunks in the OpenAI shape.

    A notebook that shows it draws it while it comes, also when the cell is done.
    """

    async def __aenter__(self) -> AsyncChatCompletionStream:
        await self._wait_for_head()
        return self

    def __aiter__(self) -> AsyncIterator[ChatCompletionChunk]:
        core, loop = self._open()
        return core.chunks_async(loop)

    async def __anext__(self) -> ChatCompletionChunk:
        return await self.__aiter__().__anext__()
