"""What a blocking client's user holds: a conversation, the stream of its turn, a run."""

from __future__ import annotations

import weakref

from .. import _core
from .._clients import driver
from .._clients.stream import Stream
from .._clients.turns import TurnDriver
from .._notebook.shows import Draws
from .conversation import BaseConversation
from .loop import last_message
from .picks import Texts, Thoughts
from .run import BaseRun
from .structured import objects_of, structured_loop
from .swarm import BaseSwarm, turn_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from typing_extensions import Self

    from .._clients.kimi import Kimi
    from .._notebook.live import Shown
    from .._values.message import Message
    from .._values.resources import TokenCount
    from .._values.run_events import RunEvent, SwarmEvent
    from .agent import Agent
    from .loop import Loop
    from .picks import Pick
    from .run import Saved
    from .swarm import Team


class Reading(Draws):
    """Reads a turn for a blocking client. What makes it sets the three."""

    if TYPE_CHECKING:
        _driver: TurnDriver
        _run: Any  # an Ending
        _failure: BaseException | None

    def __iter__(self) -> Iterator[RunEvent]:
        try:
            yield from self._driver.rest()
        except GeneratorExit:
            raise
        except BaseException as failure:
            self._failure = failure
            raise

    def __next__(self) -> RunEvent:
        try:
            return next(self._driver)
        except StopIteration:
            raise
        except BaseException as failure:
            self._failure = failure
            raise

    @property
    def message(self) -> Message:
        """The last answer, also where it was stopped; drives to the end. Raises what it fails with."""
        for _ in self:
            pass
        if isinstance(self._failure, Exception):
            raise self._failure
        if self._run.stopped is None and self._driver.stream is not None:
            return self._driver.stream.message  # it was closed: the stream says so
        return last_message(self._run)

    def close(self) -> None:
        """Ends it and closes its connection, unless it is over. Any number of times, from any thread."""
        self._driver.close()

    def _leave(self) -> None:
        self._driver.leave()

    def _shown(self) -> Shown:
        from .shown import story_of

        return story_of(self._run, self._driver.currency)

    def _begun(self) -> Shown:
        return self._shown()  # not a single answer's, as of the streams that are read like this

    def _is_over(self) -> bool:
        return self._run.stopped is not None or self._failure is not None or self._driver.closed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class TurnStream(Reading, Stream):  # type: ignore[misc]  # more kinds of events
    """A turn of a conversation, or an answer that is to follow a schema, while it arrives. With tools its events are
    those of the run: answers, results, steps; status, headers and `.partial` are those of the answer that comes now."""

    def __init__(self, driver: TurnDriver, loop: Loop) -> None:
        self._driver = driver
        self._run = loop
        self._failure = None
        driver.open()

    def _core_stream(self) -> _core.Stream:
        if self._driver.stream is None:
            raise RuntimeError("nothing has been asked yet")
        return self._driver.stream._core_stream()

    def _picked(self, pick: Pick) -> Iterator[Any]:
        for event in self:
            yield from pick.of(event)
            if pick.over:
                return
        yield from pick.last()

    @property
    def text(self) -> Iterator[str]:
        """The fragments of the answers."""
        return self._picked(Texts(self))

    @property
    def thinking(self) -> Iterator[str]:
        """The fragments of the reasoning. Ends where an answer or a call begins, which stays to be read."""
        return self._picked(Thoughts(self))

    @property
    def objects(self) -> Iterator[Any]:
        """As `Stream.objects`; a wrong answer is void, and the object begins anew (`Restarted`)."""
        return self._picked(objects_of(self._run))

    def _put_back(self, event: RunEvent) -> None:
        self._driver.waiting.append(event)

    def __repr__(self) -> str:
        return f"<{self.__class__.__name__} {'over' if self._run.stopped else 'open'}>"


class Conversation(BaseConversation):
    __doc__ = BaseConversation.__doc__

    def send(self, prompt: Any, **options: Any) -> Message:
        """Asks, and gives the answer when the turn is complete: with tools, when all they were called for is done.

        `prompt` and `options` are those of `client.complete`, and come before the conversation's defaults; with tools
        also `max_steps`, `max_parallel` and `tool_timeout` of `client.run`. Calls of tools that are dicts are handed
        out in the message: `send([{"role": "tool", "tool_call_id": ..., "content": ...}])` answers them.
        """
        turn = self._turn(prompt, options, whole=True)
        self._sending = True
        try:
            for _ in TurnDriver(self._client, self._procedure(turn)):
                pass
        finally:
            self._sending = False
        return last_message(turn.loop)

    def stream(self, prompt: Any, **options: Any) -> TurnStream:
        """As `send`, while it arrives: the events of the answer, and with tools those of `client.run`. The turn enters
        the history when it has been read to its end."""
        turn = self._turn(prompt, options, whole=False)
        stream = TurnStream(TurnDriver(self._client, self._procedure(turn)), turn.loop)
        self._open = weakref.ref(stream)
        return stream

    def count_tokens(self) -> TokenCount:
        """How many tokens the history has, tools included; see `client.count_tokens`."""
        return driver.run(self._client._core, self._count_steps())

    def trim(self, max_tokens: int) -> int:
        """Takes whole turns out, the oldest first and no more than needed for `count_tokens` to be at most this. The
        system prompt and the last turn stay. Gives how many went."""
        return driver.run(self._client._core, self._trim_steps(max_tokens))


class AgentRun(Reading, BaseRun):
    """A run of tools: asks, calls what the answer wants called, and asks again, until an answer calls nothing.

    for event in run: ...   the events of a stream; StepStart, ToolProgress, ToolResult, StepEnd
    run.message             the last answer; drives to the end

    Nothing is sent before it is read. What fails is raised while reading; `.messages` then has the finished steps.
    """

    def __init__(self, driver: TurnDriver, loop: Loop, saved: Saved) -> None:
        self._driver = driver
        self._run = loop
        self._failure = None
        self._saved = saved


class Swarm(Reading, BaseSwarm):
    """Agents that share a task: a planner splits it, workers do the parts side by side, a writer puts them together.

    for event in swarm: ...   AgentStart, AgentEvent (what happens in an agent's run), AgentEnd, each with `.agent`
    swarm.message             the writer's answer; drives to the end
    swarm.agents              who there is, and where each stands

    Nothing is sent before it is read. Each worker is a thread, which waits for its answers and ends with it. An agent
    that fails is told to the writer; where all have failed, the first one's error is raised.
    """

    if TYPE_CHECKING:

        def __iter__(self) -> Iterator[SwarmEvent]: ...  # type: ignore[override]

        def __next__(self) -> SwarmEvent: ...  # type: ignore[override]

    def __init__(self, client: Kimi, team: Team) -> None:
        under_way: set[TurnDriver] = set()

        def work_of(agent: Agent) -> Callable[[], Iterator[RunEvent]]:
            def work() -> Iterator[RunEvent]:
                turn = TurnDriver(client, turn_of(agent))
                under_way.add(turn)
                try:
                    yield from turn.rest()
                finally:
                    under_way.discard(turn)
                    turn.close()

            return work

        def leave() -> None:
            for each in list(under_way):
                each.leave()

        team.work_of, team.leave = work_of, leave
        self._driver = TurnDriver(client, team.turn())
        self._run = team
        self._failure = None

    def _shown(self) -> Shown:
        from .shown import TeamShown

        return TeamShown(self._run)


def structured(client: Kimi, arguments: tuple[Any, ...], named: dict[str, Any]) -> Message:
    """`client.complete` with a schema."""
    loop = structured_loop(client, arguments, named, whole=True)
    for _ in TurnDriver(client, loop.turn()):
        pass
    return last_message(loop)


def structured_stream(client: Kimi, arguments: tuple[Any, ...], named: dict[str, Any]) -> TurnStream:
    """`client.stream` with a schema."""
    loop = structured_loop(client, arguments, named, whole=False)
    return TurnStream(TurnDriver(client, loop.turn()), loop)
