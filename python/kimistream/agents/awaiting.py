"""The same for an asynchronous client (`blocking`)."""

from __future__ import annotations

import weakref

from .. import _core
from .._clients import async_driver
from .._clients.async_stream import AsyncStream
from .._clients.async_turns import AsyncTurnDriver
from .._notebook.shows import AsyncDraws
from .conversation import BaseConversation
from .loop import last_message
from .picks import Texts, Thoughts
from .run import BaseRun
from .structured import objects_of, structured_loop
from .swarm import BaseSwarm, turn_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from typing import Any

    from typing_extensions import Self

    from .._clients.async_kimi import AsyncKimi
    from .._notebook.live import Shown
    from .._values.message import Message
    from .._values.resources import TokenCount
    from .._values.run_events import RunEvent, SwarmEvent
    from .agent import Agent
    from .loop import Loop
    from .picks import Pick
    from .run import Saved
    from .swarm import Team


class AsyncReading(AsyncDraws):
    """Reads a turn for an asynchronous client. What makes it sets the three."""

    if TYPE_CHECKING:
        _driver: AsyncTurnDriver
        _run: Any  # an Ending
        _failure: BaseException | None

    def __aiter__(self) -> AsyncIterator[RunEvent]:
        return self

    async def __anext__(self) -> RunEvent:
        try:
            return await self._driver.__anext__()
        except StopAsyncIteration:
            raise
        except BaseException as failure:
            self._failure = failure
            raise

    async def _to_the_end(self) -> Message:
        async for _ in self:
            pass
        if isinstance(self._failure, Exception):
            raise self._failure
        if self._run.stopped is None and self._driver.stream is not None:
            return await self._driver.stream.message
        return last_message(self._run)

    async def close(self) -> None:
        """Ends it and closes its connection, unless it is over. Any number of times, from any task."""
        await self._driver.close()

    aclose = close

    def _leave(self) -> None:
        self._driver.leave()

    def _shown(self) -> Shown:
        from .shown import story_of

        return story_of(self._run, self._driver.currency)

    def _begun(self) -> Shown:
        return self._shown()  # not a single answer's, as of the streams that are read like this

    def _is_over(self) -> bool:
        return self._run.stopped is not None or self._failure is not None or self._driver.closed

    @property
    def message(self) -> Awaitable[Message]:
        """The last answer, also where it was stopped; drives to the end."""
        return self._to_the_end()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()


class AsyncTurnStream(AsyncReading, AsyncStream):  # type: ignore[misc]
    """As `TurnStream`; what is wrong with a request is raised by the first `await` or `async for`."""

    def __init__(self, driver: AsyncTurnDriver, loop: Loop) -> None:
        self._driver = driver
        self._run = loop
        self._failure = None

    async def __aenter__(self) -> Self:
        await self._wait_for_head()
        return self

    async def _wait_for_head(self) -> None:
        try:
            await self._driver.open()
        except BaseException as failure:
            self._failure = failure
            raise

    def _core_stream(self) -> _core.Stream:
        if self._driver.stream is None:
            raise RuntimeError("this stream has not been opened yet: await it, or use `async with` or `async for`")
        return self._driver.stream._core_stream()

    async def _picked(self, pick: Pick) -> AsyncIterator[Any]:
        async for event in self:
            for each in pick.of(event):
                yield each
            if pick.over:
                return
        for each in pick.last():
            yield each

    @property
    def text(self) -> AsyncIterator[str]:
        return self._picked(Texts(self))

    @property
    def thinking(self) -> AsyncIterator[str]:
        return self._picked(Thoughts(self))

    @property
    def objects(self) -> AsyncIterator[Any]:
        return self._picked(objects_of(self._run))

    def _put_back(self, event: RunEvent) -> None:
        self._driver.waiting.append(event)


class AsyncConversation(BaseConversation):
    __doc__ = BaseConversation.__doc__

    async def send(self, prompt: Any, **options: Any) -> Message:
        """As `Conversation.send`, awaited."""
        turn = self._turn(prompt, options, whole=True)
        self._sending = True
        driver = AsyncTurnDriver(self._client, self._procedure(turn))
        try:
            async for _ in driver:
                pass
        finally:
            self._sending = False
            await driver.close()
        return last_message(turn.loop)

    def stream(self, prompt: Any, **options: Any) -> AsyncTurnStream:
        """As `Conversation.stream`; the request is sent by the first `await`, `async with` or `async for`."""
        turn = self._turn(prompt, options, whole=False)
        stream = AsyncTurnStream(AsyncTurnDriver(self._client, self._procedure(turn)), turn.loop)
        self._open = weakref.ref(stream)
        return stream

    async def count_tokens(self) -> TokenCount:
        """As `Conversation.count_tokens`."""
        return await async_driver.run(self._client._reactors, self._count_steps())

    async def trim(self, max_tokens: int) -> int:
        """As `Conversation.trim`."""
        return await async_driver.run(self._client._reactors, self._trim_steps(max_tokens))


class AsyncAgentRun(AsyncReading, BaseRun):
    """As `AgentRun`: `async for event in run`, `await run.message`."""

    def __init__(self, driver: AsyncTurnDriver, loop: Loop, saved: Saved) -> None:
        self._driver = driver
        self._run = loop
        self._failure = None
        self._saved = saved


class AsyncSwarm(AsyncReading, BaseSwarm):
    """As `Swarm`: `async for event in swarm`, `await swarm.message`. Its workers are tasks of the loop."""

    if TYPE_CHECKING:

        def __aiter__(self) -> AsyncIterator[SwarmEvent]: ...  # type: ignore[override]

        async def __anext__(self) -> SwarmEvent: ...  # type: ignore[override]

    def __init__(self, client: AsyncKimi, team: Team) -> None:
        under_way: set[AsyncTurnDriver] = set()

        def work_of(agent: Agent) -> Callable[[], AsyncIterator[RunEvent]]:
            async def work() -> AsyncIterator[RunEvent]:
                driver = AsyncTurnDriver(client, turn_of(agent))
                under_way.add(driver)
                try:
                    async for event in driver:
                        yield event
                finally:
                    under_way.discard(driver)
                    await driver.close()

            return work

        def leave() -> None:
            for driver in list(under_way):
                driver.leave()

        team.work_of, team.leave = work_of, leave
        self._driver = AsyncTurnDriver(client, team.turn())
        self._run = team
        self._failure = None

    def _shown(self) -> Shown:
        from .shown import TeamShown

        return TeamShown(self._run)


async def structured(client: AsyncKimi, arguments: tuple[Any, ...], named: dict[str, Any]) -> Message:
    """`client.complete` with a schema."""
    loop = structured_loop(client, arguments, named, whole=True)
    async for _ in AsyncTurnDriver(client, loop.turn()):
        pass
    return last_message(loop)


def structured_stream(client: AsyncKimi, arguments: tuple[Any, ...], named: dict[str, Any]) -> AsyncTurnStream:
    """`client.stream` with a schema."""
    loop = structured_loop(client, arguments, named, whole=False)
    return AsyncTurnStream(AsyncTurnDriver(client, loop.turn()), loop)
