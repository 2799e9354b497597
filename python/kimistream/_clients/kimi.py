"""The client."""

from __future__ import annotations

from time import monotonic

from .. import _resources
from .base import BaseClient
from .completions import Chat
from .doors import blocking, takes
from .sending import ready
from .stream import Stream

# What most programs never use is imported where it is used.

TYPE_CHECKING = False
if not TYPE_CHECKING:  # typing costs at import

    def overload(door):
        return door


if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable
    from typing import Any, Literal, overload

    from .._bulk.blocking import Rows
    from .._bulk.limits import Limits
    from .._requests.arguments import Thinking
    from .._values.bulk import Budget, Run
    from .._values.message import Message
    from ..agents.blocking import AgentRun, Conversation, Swarm
    from .resources import Batches, Files, Models


class Kimi(BaseClient, like="openai.OpenAI"):
    __doc__ = BaseClient.__doc__

    def _furnish(self) -> None:
        self.chat = Chat(self._sender)

    @property
    def models(self) -> Models:
        """The models that the provider serves: `list`, `check`."""
        from .resources import Models

        return Models(self._sender)

    @property
    def batches(self) -> Batches:
        """Batches: `submit` and `job`, and openai-python's `create`, `retrieve`, `list`, `cancel`."""
        from .resources import Batches

        return Batches(self._sender)

    @property
    def files(self) -> Files:
        """The files at the provider: `create`, `list`, `retrieve`, `content`, `delete`, `delete_uploads`."""
        from .resources import Files

        return Files(self._sender)

    @takes(BaseClient._arguments)
    def stream(self, *arguments: Any, **named: Any) -> Stream:
        """Starts an answer; returns when the response head has come.

        prompt      a text, a list of content parts, or a list of messages (dicts or `Message`s); a part is a text, an
                    `Image`, a `Video`, another library's picture or a dict. `messages=` is another name of it
        thinking    True, False, "keep" (earlier reasoning stays in view), or None for the model's default
        max_tokens  of reasoning and answer together
        on_break, max_breaks, continue_on_length
                    what becomes of an answer that breaks or is cut at the limit; None: as the client has it, see `Kimi`
        check       what becomes of a request that breaks a rule of provider or model: "warn" (the default) sends it and
                    says so in a Notice, "fix" changes it, "error" raises, "off" does not look
        prefill     the beginning of the answer, for the model to go on from; the answer does not repeat it.
                    `prefill_name`: who is to speak, with or without a beginning
        schema, schema_retries
                    as of `complete`; `.objects` is the answer while it grows. A wrong one that has been shown is void:
                    `Restarted` says so, and `.text` raises IncompleteStreamError
        on_upload   told (sent, total) in bytes while media go out; see `kimistream.progress.Bar`
        extra_body  merged into the request last and deep
        fields      any other field of the API by its own name

        Raises APIStatusError and APIConnectionError here, after retries; what happens later is raised while reading.
        """
        if named.get("schema") is not None:
            from ..agents.blocking import structured_stream

            return structured_stream(self, arguments, named)
        request = ready(self._sender, self._arguments(*arguments, **named))
        core = self._sender.start(self._core, request, True, False)
        core.wait_for_head()
        return Stream(core)

    @takes(BaseClient._arguments)
    def complete(self, *arguments: Any, **named: Any) -> Message:
        """The whole answer at once, asked for without streaming. Arguments and errors as for `stream`, and

        schema          a pydantic model, a dataclass, a TypedDict or a JSON Schema: `.parsed` of the message is the
                        answer, which follows it; an instance of the first two
        schema_retries  how often a wrong answer is sent back with what is wrong with it (2); then SchemaError

        Where a proxy in between did not wait for it (504, 524), the next attempt asks for a stream and gathers it; with
        `on_break` "restart" or "continue" the first one does, so that there is something to go on from.
        """
        if named.get("schema") is not None:
            from ..agents.blocking import structured

            return structured(self, arguments, named)
        began = monotonic()
        request = ready(self._sender, self._arguments(*arguments, **named))
        if self._sender.is_watched:
            message = self._sender.start(self._core, request, False, False).message()
        else:
            message = self._core.complete(request)
        message._seconds = monotonic() - began
        return message

    def conversation(
        self,
        system: str | None = None,
        tools: Iterable[Any] | None = None,
        thinking: Thinking = None,
        model: str | None = None,
        **defaults: Any,
    ) -> Conversation:
        """A conversation: `send`, `stream`, and a history that goes back whole, reasoning and calls included.

        tools     functions, `Tool`s, pydantic models or dicts; those that can be called here are, see `run`
        defaults  any argument of `stream`, for every request
        """
        from ..agents.blocking import Conversation

        return Conversation(self, system, tools, thinking, model, **defaults)

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
    ) -> AgentRun:
        """A run of tools: asks, calls the functions that the answer wants called, and asks again, until one calls none.

        tools         functions, `Tool`s, pydantic models or dicts; a call of a dict ends the run and is yours to answer
        max_steps     answers at most
        max_parallel  calls of one answer that run side by side: functions in threads, asynchronous ones on the loop
        tool_timeout  seconds for one call, where its `Tool` says none; the model is told of one that is late
        state         a file: written after each result and step, and gone on from where it exists
        budget        a number (the provider's currency) or a `Budget`: no request starts that could pass it, the run
                      ends with `.stopped == "budget"`. What a saved run has spent counts
        web_search    offers Moonshot's own search, and answers its calls
        schema        the last answer follows it; see `complete`
        options       any argument of `stream`, for every request

        Wrong arguments, exceptions of functions and names that are no tools go back to the model as results, for it to
        mend. A function that raises `StopRun` ends the run.
        """
        from ..agents.blocking import AgentRun
        from ..agents.run import begin
        from .turns import TurnDriver

        limits = (max_steps, max_parallel, tool_timeout)
        loop, saved = begin(self, prompt, tools, limits, state, budget, web_search, options)
        return AgentRun(TurnDriver(self, loop.turn()), loop, saved)

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
    ) -> Swarm:
        """A task for many agents: a planner splits it, workers do the parts side by side, a writer puts them together.

        task        a text
        tools       the workers', as of `run`
        max_agents  planner and writer among them. Where there are more parts than workers, they are shared out
        max_steps   answers of all agents together; the writer's is kept
        workers     that work at once
        budget      of all together: a number (the provider's currency) or a `Budget`
        plan        a list of tasks, which takes the planner's place: texts, or dicts with `task` and, of this one
                    worker, `name`, `tools`, `max_steps`, `budget`
        progress    None: a table on a terminal and in a notebook; False: nothing; or a function that is called with
                    the swarm's state (`.agents`, `.steps`, `.usage`, `.stopped`) when it has changed
        options     any argument of `stream`, for every request; `max_parallel`, `tool_timeout` and `web_search` of
                    `run`; `schema` and `response_format` are for the last answer
        """
        from ..agents.blocking import Swarm
        from ..agents.swarm import Team
        from ..display.agents import telling

        team = Team(self, task, tools, max_agents, max_steps, workers, budget, plan, options)
        team.tell = telling(progress, team)
        return Swarm(self, team)

    def load_conversation(self, path: str | os.PathLike[str], tools: Iterable[Any] | None = None) -> Conversation:
        """The conversation that `save` wrote. Functions are handed in again. Raises InvalidRequestError for a file that
        is none."""
        from ..agents.blocking import Conversation

        return Conversation.load(self, path, tools)

    @overload
    def map(
        self,
        /,
        rows: Any,
        prompt: Any = None,
        *,
        out: None = None,
        key: str | Callable[[Any], Any] | None = None,
        concurrency: int | None = None,
        rpm: int | None = None,
        tpm: int | None = None,
        tpd: int | None = None,
        budget: float | Budget | None = None,
        ordered: bool = False,
        schema: Any = None,
        retry_failed: bool = False,
        resume: bool = True,
        limits: Limits | None = None,
        progress: Callable[[Run], object] | Literal[False] | None = None,
        via: str = "chat",
        poll: float | None = None,
        **request: Any,
    ) -> Rows: ...
    @overload
    def map(
        self,
        /,
        rows: Any,
        prompt: Any = None,
        *,
        out: str | os.PathLike[str],
        key: str | Callable[[Any], Any] | None = None,
        concurrency: int | None = None,
        rpm: int | None = None,
        tpm: int | None = None,
        tpd: int | None = None,
        budget: float | Budget | None = None,
        ordered: bool = False,
        schema: Any = None,
        retry_failed: bool = False,
        resume: bool = True,
        limits: Limits | None = None,
        progress: Callable[[Run], object] | Literal[False] | None = None,
        via: str = "chat",
        poll: float | None = None,
        **request: Any,
    ) -> Run: ...

    @takes(BaseClient._plan)
    def map(self, *arguments: Any, **named: Any) -> Rows | Run:
        """Asks the same of many rows. Without `out` an iterator of `Row`s as they end; with it the run goes to its end,
        and what is returned is the `Run`. Started again it goes on: rows that are answered are not sent again.

        rows         an iterable of dicts, texts or message lists; the path of a .jsonl, .json, .csv (also .gz, .zst) or
                     .parquet; a table of pandas, polars or pyarrow; a dataset of Hugging Face
        prompt       a template, "Translate: {text}": `{a.b}` and `{a[0]}` are fields and positions, `{}` is a row that
                     is itself a text, `{{` and `}}` are braces; or a function of the row that gives a text, parts or
                     messages; or None for rows that are prompts themselves
        out          a .jsonl or .parquet file: a line for each answered row. Beside it `<out>.ledger` knows what is
                     paid for, and `<out stem>.failed.jsonl` has the rows that ended with an error
        schema, schema_retries   as for `complete`; `row.parsed`. An answer that stays wrong is its row's SchemaError
        key          a field's name, or a function of the row; else a hash of the row and the count of equal rows
        concurrency  requests at once, 100 where neither this nor `limits` says one
        rpm, tpm, tpd   requests and tokens in any minute, tokens in any 24 hours; see `Limits`, which several runs may
                     share as `limits`. Where nothing is given the provider's limits are found
        budget       an amount in the provider's currency, or a `Budget`
        ordered      rows are given in the order of the input; at the end `out` stands in it
        retry_failed rows that failed in an earlier start are sent again, and those of a batch that is gone
        resume       False: what is in `out` is thrown away
        progress     None: a bar on a terminal and in a notebook, else a line a minute on stderr; False: nothing; or a
                     function that is given the `Run`
        via          "batch": by the provider's batches, which cost less and take their time; the same ledger and lines.
                     Started again it waits for the batch that is under way. `poll`: seconds between looks
        All else is as for `stream`.

        What is wrong with one row is that row's `.error`; what every row would meet (a wrong key, an unknown model, an
        empty account) is raised once what is under way has ended. Ctrl-C: once, and what is under way ends and is kept;
        twice ends all at once.
        """
        from .._bulk.blocking import Rows, run_to_the_end

        plan = self._plan(*arguments, **named)
        driver_of: Any = None  # the bulk engine's
        if plan.via == "batch":
            from .._bulk.batches.running import BatchDriver
            from .driver import run

            driver_of = lambda plan, rows: BatchDriver(plan, rows, lambda steps: run(self._core, steps))  # noqa: E731
        return Rows(plan, driver_of) if plan.out is None else run_to_the_end(plan, driver_of)

    balance = blocking(_resources.balance)
    count_tokens = blocking(_resources.count_tokens)
    extract = blocking(_resources.extract)

    def close(self, *, delete_uploads: bool = False) -> None:
        """Closes the kept connections. Streams under way go on. `delete_uploads`: see `files.delete_uploads`."""
        if delete_uploads:
            self.files.delete_uploads()
        self._core.close()
        self._closed = True

    def __enter__(self) -> Kimi:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
