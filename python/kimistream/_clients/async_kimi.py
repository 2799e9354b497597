"""The client for asyncio: the same names, what waits is awaited. No thread stands behind it (`reactors`)."""

from __future__ import annotations

from .. import _core, _resources
from .._requests.arguments import openai_arguments
from .async_driver import run
from .async_resources import AsyncBatches, AsyncFiles, AsyncModels
from .async_stream import AsyncChatCompletionStream, AsyncStream
from .base import BaseClient
from .doors import awaiting, takes
from .reactors import Reactors

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable
    from typing import Any

    from .._requests.arguments import Thinking
    from .._requests.sender import Sender
    from .._values.message import Message
    from ..agents.awaiting import AsyncAgentRun, AsyncConversation


class AsyncKimi(BaseClient):
    """`Kimi` for asyncio. It belongs to no event loop: it may be used from several, and from threads."""

    def _furnish(self) -> None:
        self._reactors = Reactors(self._core)
        self.chat = AsyncChat(self._sender, self._reactors)
        self.models = AsyncModels(self._sender, self._reactors)
        self.batches = AsyncBatches(self._sender, self._reactors)
        self.files = AsyncFiles(self._sender, self._reactors)

    @takes(BaseClient._arguments)
    def stream(self, *arguments: Any, **named: Any) -> AsyncStream:
        """As `Kimi.stream`; the request is sent by the first `await`, `async with` or `async for`."""
        request = self._sender.completed(self._arguments(*arguments, **named))
        stream = AsyncStream(self._reactors, lambda reactor: self._sender.start(reactor, request, True, False))
        if self._sender.must_upload(request):

            async def upload() -> Callable[[_core.Reactor], _core.Stream]:
                prepared = await run(self._reactors, self._sender.uploads.prepare_steps(request))
                return lambda reactor: self._sender.start(reactor, prepared, True, False)

            stream._uploading = upload
        return stream

    @takes(BaseClient._arguments)
    async def complete(self, *arguments: Any, **named: Any) -> Message:
        """As `Kimi.complete`."""
        if named.get("schema") is not None:
            from ..agents.awaiting import structured

            return await structured(self, arguments, named)
        request = await ready(self._sender, self._reactors, self._arguments(*arguments, **named))
        return await self._reactors.message(lambda reactor: self._sender.start(reactor, request, False, False))

    def conversation(
        self,
        system: str | None = None,
        tools: Iterable[Any] | None = None,
        thinking: Thinking = None,
        model: str | None = None,
        **defaults: Any,
    ) -> AsyncConversation:
        """As `Kimi.conversation`; what waits is awaited."""
        from ..agents.awaiting import AsyncConversation

        return AsyncConversation(self, system, tools, thinking, model, **defaults)

    def run(
        self,
        prompt: Any = None,
        tools: Iterable[Any] | None = None,
        max_steps: int = 50,
        max_parallel: int = 8,
        tool_timeout: float | None = None,
        state: str | os.PathLike[str] | None = None,
        budget: Any = None,
        web_search: bool = False,
        **options: Any,
    ) -> AsyncAgentRun:
        """As `Kimi.run`: `async for event in run`, `await run.message`."""
        from ..agents.awaiting import AsyncAgentRun
        from ..agents.run import begin, refuse_budget
        from .async_turns import AsyncTurnDriver

        refuse_budget(budget)
        limits = (max_steps, max_parallel, tool_timeout)
        loop, saved = begin(prompt, tools, limits, state, web_search, options)
        return AsyncAgentRun(AsyncTurnDriver(self, loop.turn()), loop, saved)

    def load_conversation(self, path: str | os.PathLike[str], tools: Iterable[Any] | None = None) -> AsyncConversation:
        """As `Kimi.load_conversation`."""
        from ..agents.awaiting import AsyncConversation

        return AsyncConversation.load(self, path, tools)

    @takes(BaseClient._plan)
    def map(self, *arguments: Any, **named: Any) -> Any:
        """As `Kimi.map`: `async for row in client.map(...)`, or `run = await client.map(..., out=...)`. Cancellation
        ends all at once; what had been answered is kept."""
        from .._bulk.asynchronous import AsyncRows

        plan = self._plan(*arguments, **named)
        if plan.via == "batch":
            from .._bulk.batches.running import AsyncBatchRows

            return AsyncBatchRows(plan, lambda steps: run(self._reactors, steps))
        return AsyncRows(plan)

    balance = awaiting(_resources.balance)
    count_tokens = awaiting(_resources.count_tokens)
    extract = awaiting(_resources.extract)

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


async def ready(sender: Sender, reactors: Reactors, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments as they are sent, after what must be uploaded for them. Awaits that."""
    arguments = sender.completed(arguments)
    if sender.must_upload(arguments):
        arguments = await run(reactors, sender.uploads.prepare_steps(arguments))
    return arguments


class AsyncCompletions:
    """`client.chat.completions` of an AsyncKimi."""

    def __init__(self, sender: Sender, reactors: Reactors) -> None:
        self._sender = sender
        self._reactors = reactors

    async def create(self, **arguments: Any) -> Any:
        """As `Kimi.chat.completions.create`, awaited; with `stream=True` it gives an asynchronous iterator."""
        request, stream, show_usage = openai_arguments(arguments)
        request = await ready(self._sender, self._reactors, request)
        if not stream:
            return await self._reactors.read(
                lambda reactor: self._sender.start(reactor, request, False, True), _core.Stream.completion
            )
        opened = AsyncChatCompletionStream(
            self._reactors, lambda reactor: self._sender.start(reactor, request, True, True)
        )
        if show_usage:
            opened._open()[0].show_usage_chunks()
        await opened._wait_for_head()
        return opened


class AsyncChat:
    def __init__(self, sender: Sender, reactors: Reactors) -> None:
        self.completions = AsyncCompletions(sender, reactors)
