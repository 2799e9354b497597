"""An answer while it arrives."""

from __future__ import annotations

from .. import _core
from .._notebook.shows import Draws
from .._values.passing import Passes
from .._values.response import Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .._notebook.story import Story
    from .._values.completions import ChatCompletionChunk
    from .._values.event import Event
    from .._values.headers import Headers
    from .._values.message import Message, Usage


class OpenResponse(Response):
    """A response whose body is being read as a stream."""

    __slots__ = ("_core",)

    def __init__(self, core: _core.Stream) -> None:
        super().__init__(core.status_code, core.headers)
        self._core = core

    @property
    def is_closed(self) -> bool:
        return self._core.over

    def close(self) -> None:
        self._core.close()

    async def aclose(self) -> None:
        self._core.close()


class StreamFace:
    """What every stream tells of itself, without waiting."""

    __slots__ = ()

    def _core_stream(self) -> _core.Stream:
        raise NotImplementedError

    @property
    def partial(self) -> Message | None:
        """The message as far as it has come, None when nothing has. Never waits."""
        return self._core_stream().partial

    @property
    def usage(self) -> Usage | None:
        """The tokens that the provider has counted so far, or None. Never waits."""
        return self._core_stream().usage

    @property
    def request_id(self) -> str | None:
        return self._core_stream().request_id or None

    @property
    def status_code(self) -> int:
        return self._core_stream().status_code

    @property
    def headers(self) -> Headers:
        """The response headers; names compare without regard to case."""
        return self._core_stream().headers

    @property
    def response(self) -> Response:
        """Status and headers as one, as openai-python has them. To close it closes the stream."""
        return OpenResponse(self._core_stream())

    def _shown(self) -> Story:
        story = self._begun()
        story.whole()
        return story

    def _begun(self) -> Story:
        from .._notebook.story import Story

        return Story(lambda: self.usage, whole=lambda: self.partial)  # which has what nobody has read yet

    def _is_over(self) -> bool:
        return self._core_stream().over


class _StreamBase(StreamFace):
    """What the two shapes of a stream have in common. Leaving a `with`, `close()`, or dropping the last reference
    closes the connection. One thread at a time reads a stream; `close()` may come from any."""

    __slots__ = ("_core",)

    def __init__(self, core: _core.Stream) -> None:
        self._core = core

    def _core_stream(self) -> _core.Stream:
        return self._core

    def close(self) -> None:
        """Ends the answer and closes its connection, unless it is over. Any number of times."""
        self._core.close()

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "over" if self._core.over else "open"
        return f"<{type(self).__name__} {state}, HTTP {self.status_code}, request id {self.request_id}>"


class Stream(_StreamBase, Draws):
    """A stream of typed events, in the order in which they arrive.

    for event in stream: ...     Thinking, Text, ToolCallStart, ToolCallDelta, ToolCall, Usage, Finish, Notice, and
                                 Restarted where `on_break` allows it: what was shown so far is void
    for text in stream.text: ... only the answer's text
    for object in stream.objects:  the JSON of the answer while it grows
    stream.message               the whole message; reads to the end

    A notebook that shows it reads it to its end, and draws it while it comes.
    """

    __slots__ = ("_iterator",)

    def __init__(self, core: _core.Stream) -> None:
        super().__init__(core)
        self._iterator: Iterator[Event] | None = None

    def __enter__(self) -> Stream:
        return self

    def __iter__(self) -> Iterator[Event]:
        return self._core.events()

    def __next__(self) -> Event:
        if self._iterator is None:
            self._iterator = self._core.events()
        return next(self._iterator)

    @property
    def text(self) -> Iterator[str]:
        """The fragments of the answer. They cannot be taken back: where a broken answer would have to be restarted
        after the first of them, IncompleteStreamError is raised."""
        return self._core.texts()

    @property
    def thinking(self) -> Iterator[str]:
        """The fragments of the reasoning. Ends where the answer begins, which stays to be read. Like those of `text`
        they cannot be taken back."""
        return self._core.thoughts()

    @property
    def objects(self) -> Iterator[Any]:
        """The JSON of the answer while it grows: after each piece of text an object of plain dicts and lists, the same
        one, grown in place, so copy what is to be kept. Texts grow; numbers, true, false and null come whole. The last
        is all of it. Where a broken answer is restarted it begins anew. An answer that is no JSON is a SchemaError."""
        from .._tools.objects import Objects

        objects = Objects(lambda: self.partial)
        for event in self:
            yield from objects.of(event)
        yield from objects.last()

    @property
    def message(self) -> Message:
        """The whole message; reads to the end. Raises what the stream fails with, with `.partial` on it."""
        return self._core.message()


class ChunksFace(StreamFace):
    """The same of a stream in the OpenAI shape."""

    __slots__ = ()

    def _begun(self) -> Story:
        from .._notebook.story import Looked

        return Looked(lambda: self.usage, whole=lambda: self.partial)


class ChatCompletionStream(ChunksFace, _StreamBase, Draws, Passes, like="openai.Stream"):
    """A stream of chunks in the OpenAI shape.

    A notebook that shows it reads it to its end, and draws it while it comes.
    """

    __slots__ = ("_iterator",)

    def __init__(self, core: _core.Stream) -> None:
        super().__init__(core)
        self._iterator: Iterator[ChatCompletionChunk] | None = None

    def __enter__(self) -> ChatCompletionStream:
        return self

    def __iter__(self) -> Iterator[ChatCompletionChunk]:
        return self._core.chunks()

    def __next__(self) -> ChatCompletionChunk:
        if self._iterator is None:
            self._iterator = self._core.chunks()
        return next(self._iterator)
