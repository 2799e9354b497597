"""The client for asyncio: the same names, what waits is awaited. No thread stands behind it (`reactors`)."""

from __future__ import annotations

from time import monotonic

from .. import _core, _resources
from .async_completions import AsyncChat
from .async_driver import run
from .async_resources import AsyncBatches, AsyncFiles, AsyncModels
from .async_sending import ready
from .async_stream import AsyncStream
from .base import BaseClient
from .doors import awaiting, takes
from .reactors import Reactors

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable
    from typing import Any, Literal

    from .._bulk.asynchronous import AsyncRows
    from .._requests.arguments import Thinking
    from .._values.message import Message
    from ..agents.awaiting import AsyncAgentRun, AsyncConversation, AsyncSwarm


class AsyncKimi(BaseClient, like="openai.AsyncOpenAI"):
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
        if named.get("schema") is not None:
            from ..agents.awaiting import structured_stream

            return structured_stream(self, arguments, named)
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
        began = monotonic()
        request = await ready(self._sender, self._reactors, self._arguments(*arguments, **named))
        message = await self._reactors.message(lambda reactor: self._sender.start(reactor, request, False, False))
        message._seconds = monotonic() - began
        return message

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
        from ..agents.run import begin
        from .async_turns import AsyncTurnDriver

        limits = (max_steps, max_parallel, tool_timeout)
        loop, saved = begin(self, prompt, tools, limits, state, budget, web_search, options)
        return AsyncAgentRun(AsyncTurnDriver(self, loop.turn()), loop, saved)

    def swarm(
        self,
        task: str,
        tools: Iterable[Any] | None = None,
        max_agents: int = 300,
        max_steps: int = 4000,
        workers: int = 8,
        budget: Any = None,
        plan: Iterable[Any] | None = None,
        progress: Callable[[Any], object] | Literal[False] | None = None,
        **options: Any,
    ) -> AsyncSwarm:
        """As `Kimi.swarm`: `async for event in swarm`, `await swarm.message`."""
        from ..agents.awaiting import AsyncSwarm
        from ..agents.swarm import Team
        from ..display.agents import telling

        team = Team(self, task, tools, max_agents, max_steps, workers, budget, plan, options)
        team.tell = telling(progress, team)
        return AsyncSwarm(self, team)

    def load_conversation(self, path: str | os.PathLike[str], tools: Iterable[Any] | None = None) -> AsyncConversation:
        """As `Kimi.load_conversation`."""
        from ..agents.awaiting import AsyncConversation

        return AsyncConversation.load(self, path, tools)

    @takes(BaseClient._plan)
    def map(self, *arguments: Any, **named: Any) -> AsyncRows:
        """As `Kimi.map`: `async for row in client.map(...)`, or `run = await client.map(..., out=...)`. Cancellation
        ends all at once; what had been answered is kept."""
        from .._bulk.asynchronous import AsyncRows

        plan = self._plan(*arguments, **named)
        if plan.via != "batch":
            return AsyncRows(plan)
        from .._bulk.batches.running import AsyncBatchDriver

        return AsyncRows(
            plan, lambda plan, rows: AsyncBatchDriver(plan, rows, lambda steps: run(self._reactors, steps))
        )

    balance = awaiting(_resources.balance)
    count_tokens = awaiting(_resources.count_tokens)
    extract = awaiting(_resources.extract)

    async def close(self, *, delete_uploads: bool = False) -> None:
        """Closes the kept connections. Streams under way go on. `delete_uploads`: see `files.delete_uploads`."""
        if delete_uploads:
            await self.files.delete_uploads()
        self._reactors.close()
        self._core.close()
        self._closed = True

    async def __aenter__(self) -> AsyncKimi:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()
