"""A swarm: a planner splits the task, workers do the parts side by side, a writer puts them together."""

from __future__ import annotations

from .._requests.turns import Call, Calls, Outcome, next_outcome
from .._requests.watching import run_watch
from .._tools.tool_set import ToolSet
from .._values.errors import InvalidRequestError
from .._values.run_events import AgentEnd, AgentEvent, AgentStart
from .agent import FAILED, RUNNING, Agent
from .allowance import Allowance
from .expected import expected_in
from .loop import Limits, Loop
from .plans import asks_for_plan, asks_one, asks_worker, asks_writer, parts_in, parts_of, schema_of_plan, task_text
from .standing import Standing
from .sums import added
from .watched import watched

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .._clients.base import BaseClient
    from .._requests.turns import Turn
    from .._values.message import Message, Usage
    from .plans import Part

_WRITERS = ("schema", "schema_retries", "response_format")  # how the last answer is to be
_LIMITS = ("max_parallel", "tool_timeout")
_OF_TOOLS = ("tool_choice", "parallel_tool_calls")


class Team:
    """The agents of a swarm, and the procedure that lets them work. A client's `Swarm` runs it.

    work_of    makes of an agent what a call is made of: a function that yields the events of the agent's turn
    under_way  the drivers of the agents' turns
    tell       is called when something has changed; with `draws_itself` it may be left out where another draws
    """

    def __init__(
        self,
        client: BaseClient,
        task: Any,
        tools: Iterable[Any] | None,
        max_agents: int,
        max_steps: int,
        workers: int,
        budget: Any,
        plan: Iterable[Any] | None,
        options: dict[str, Any],
    ) -> None:
        for name, value in (("max_agents", max_agents), ("max_steps", max_steps), ("workers", workers)):
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(f"{name} must be an int, not {type(value).__name__}")
            if value < 1:
                raise InvalidRequestError(f"{name} must be at least 1")
        self.agents: list[Agent] = []
        self.stopped: str | None = None
        self.over = False
        self.draws_itself = False
        self.work_of: Callable[[Agent], Callable[[], Any]] | None = None
        self.under_way: set[Any] = set()
        self.tell: Callable[[], None] = lambda: None
        self._client = client
        self._task = task_text(task)
        self._tools = list(ToolSet(tools).given)
        self._max_steps = max_steps
        self._workers = workers
        options = {name: value for name, value in options.items() if value is not None}
        self._searches = bool(options.pop("web_search", False))
        self._limits = {name: options.pop(name) for name in _LIMITS if name in options}
        self._written = {name: options.pop(name) for name in _WRITERS if name in options}
        self._options = options
        self._parts = None if plan is None else parts_of(plan)
        planners = self._parts is None
        self._room = max_agents - planners - 1  # for workers; the last place is the writer's
        self._is_alone = self._room < 1 or max_steps < 2 + planners
        self._budget = Allowance(client, budget)
        self._answers = Allowance(client, answers=max_steps if self._is_alone else max_steps - 1)
        self._writers_answer = Allowance(client, answers=1)
        money = self._budget.budget is not None and self._budget.budget.cost is not None
        self._knows_price = not money
        self._watch = run_watch(client._sender.watchers, client._core, task, options, is_swarm=True)
        self._check()

    def _check(self) -> None:
        """What is wrong with the tools, limits and budgets of any agent is said before anything is sent."""
        self._worker("worker", self._parts or [])
        expected_in({**self._options, **self._written}, self._client)

    # ---- what it tells ----

    @property
    def message(self) -> Message | None:
        """The writer's answer; where it never wrote, the last one of any."""
        return next((agent.message for agent in reversed(self.agents) if agent.message is not None), None)

    @property
    def usage(self) -> Usage | None:
        usage: Usage | None = None
        for agent in self.agents:
            usage = added(usage, agent.usage)
        return usage

    @property
    def currency(self) -> str:
        """Of what its answers cost; "" where it is not known."""
        return self._client._core.currency

    @property
    def steps(self) -> int:
        return sum(agent.steps for agent in self.agents)

    # ---- the procedure ----

    def turn(self) -> Turn[None]:
        return watched(self._turn(), self._watch)

    def _turn(self) -> Turn[None]:
        try:
            if not self._is_alone:
                if self._parts is None:
                    yield from self._plan()
                yield from self._work(self._shared_out())
            if self._may_write():
                yield from self._work([self._writer()])
            self.stopped = self._why()
        finally:
            self.over = True
            self.leave()
            self.tell()

    def leave(self) -> None:
        """Ends what is under way, and waits for none of it."""
        for driver in list(self.under_way):
            driver.leave()

    def _plan(self) -> Turn[None]:
        loop = self._loop(
            "planner",
            asks_for_plan(self._task, self._room, ToolSet(self._tools).names),
            [],
            {**self._options, "schema": schema_of_plan(self._room)},
        )
        planner = Agent("planner", [("Split the task", loop)])
        yield from self._work([planner])
        if loop.stopped == "done" and loop.message is not None:
            self._parts = parts_in(loop.message.parsed)
        self._knows_price = True

    def _work(self, agents: list[Agent]) -> Turn[None]:
        """Lets them work side by side. Where a budget of money meets no known price, the first one works alone and
        shows it."""
        self.agents.extend(agents)
        first = 0 if self._knows_price else 1
        self._knows_price = True
        for some in (agents[:first], agents[first:]):
            if some:
                yield from self._work_at_once(some)
        if agents and all(agent.state == FAILED for agent in agents):
            assert agents[0].error is not None
            raise agents[0].error

    def _work_at_once(self, agents: list[Agent]) -> Turn[None]:
        assert self.work_of is not None
        begins = None if self._watch is None else self._watch.enter
        calls = [Call(place, self.work_of(agent), None, begins) for place, agent in enumerate(agents)]
        yield Calls(calls, self._workers, _unheard)
        left = len(agents)
        while left:
            said = yield next_outcome
            agent = agents[said.place]
            if isinstance(said, Outcome):
                left -= 1
                if said.error is not None and not isinstance(said.error, Exception):
                    raise said.error  # Ctrl-C and the like are no agent's failure
                agent.end(said.error)
                self.tell()
                yield AgentEnd(agent.name, agent.state, agent.error)
            elif isinstance(said.value, AgentStart):
                yield said.value
            else:
                agent.sees(said.value)
                self.tell()
                yield AgentEvent(agent.name, said.value)

    def _shared_out(self) -> list[Agent]:
        """A worker for each part; where there are more parts than workers they are shared out."""
        parts = self._parts or []
        count = min(len(parts), self._room)
        names = {"planner": 1, "writer": 1}
        agents = []
        for place in range(count):
            mine = parts[place::count]
            name = mine[0].name or f"worker {place + 1}"
            while name in names:
                names[name] += 1
                name = f"{name} ({names[name]})"
            names[name] = 1
            agents.append(self._worker(name, mine))
        return agents

    def _worker(self, name: str, parts: list[Part]) -> Agent:
        tasks = []
        for part in parts:
            loop = self._loop(name, asks_worker(part.task, self._task), part.tools, self._options, part.max_steps)
            if part.budget is not None:
                loop.allowances.append(Allowance(self._client, part.budget))
            tasks.append((part.task, loop))
        return Agent(name, tasks)

    def _may_write(self) -> bool:
        """Also where the workers were stopped: what they have found is put together, if the budget allows it."""
        return self._is_alone or any(agent.message is not None for agent in self.agents)

    def _writer(self) -> Agent:
        options = {**self._options, **self._written}
        if self._is_alone:
            loop = self._loop("writer", asks_one(self._task, self._parts or []), None, options)
            return Agent("writer", [(self._task, loop)])
        reports = [report for agent in self.agents if agent.name != "planner" for report in agent.reports()]
        loop = self._loop("writer", asks_writer(self._task, reports), [], options)
        if self._answers.left:  # what the workers have left is for attempts that were wrong
            self._writers_answer.left = 1 + self._answers.left
        loop.allowances = [self._budget, self._writers_answer]
        return Agent("writer", [("Put the parts together", loop)])

    def _loop(self, name: str, prompt: str, tools: Any, options: dict[str, Any], max_steps: int | None = None) -> Loop:
        options = dict(options)
        expected = expected_in(options, self._client)
        limits = Limits(self._max_steps if max_steps is None else max_steps, **self._limits)
        works = tools is None or bool(tools)  # planner and writer have none
        known = ToolSet(self._tools if tools is None else tools, self._searches and works)
        if not known.wire:
            options = {name: value for name, value in options.items() if name not in _OF_TOOLS}
        question = [{"role": "user", "content": prompt}]
        loop = Loop(question, known, options, limits, expected=expected)
        loop.allowances = [self._budget, self._answers]
        loop.watch = run_watch(self._client._sender.watchers, self._client._core, list(question), options, name)
        return loop

    def _why(self) -> str:
        stops = [agent.stopped for agent in self.agents]
        return next((each for each in ("budget", "max_steps") if each in stops), "done")


class BaseSwarm(Standing):
    """What a swarm tells of itself, without waiting."""

    _run: Team

    @property
    def agents(self) -> list[Agent]:
        """All that have begun or wait for their turn, the planner first, the writer last: a copy."""
        return list(self._run.agents)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.stopped or 'open'}, {len(self._run.agents)} agents, {self.steps} steps>"


def turn_of(agent: Agent) -> Turn[None]:
    """An agent's turn, with its beginning as the first event."""
    agent.state = RUNNING
    yield AgentStart(agent.name, "\n".join(agent.tasks))
    yield from agent.turn()


def _unheard(outcome: Outcome) -> None:
    """What comes of an agent is taken by whoever waits for it."""
