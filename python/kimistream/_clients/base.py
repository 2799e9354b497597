"""What both clients are: how they are made, what a request takes, what they tell of themselves."""

from __future__ import annotations

import os

from .. import _core
from .._requests import openai_options
from .._requests.arguments import is_given
from .._requests.keys import Key
from .._requests.sender import Sender
from .._requests.setup import DEFAULT_RETRIES, HISTORY_VARIABLE, client_setup
from .._values import registered  # noqa: F401  (the core makes objects of what is named there)
from .openai_face import OpenAIFace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from os import PathLike
    from typing import Any, Literal

    from .._requests.arguments import Check, OnBreak, Thinking
    from .._requests.cassette import Cassette
    from .._requests.watching import Watcher
    from .._values.bulk import Budget, Run
    from .._values.timeout import AnyTimeout


def _core_cassette(cassette: Cassette | str | PathLike[str]) -> _core.Cassette:
    from .._requests.cassette import core_of

    return core_of(cassette)


def _kept(history: bool | str | PathLike[str] | None, core: dict[str, Any], key: Key) -> dict[str, Any]:
    if history is None and not os.environ.get(HISTORY_VARIABLE):
        return {}
    from ..recording.history import kept

    return kept(history, core, key)


def _prices(core: dict[str, Any]) -> list[dict[str, Any]]:
    from ..costs.table import rows_for

    return rows_for(core["provider"], core["model"])


def _budget(budget: float | Budget, core: _core.Client) -> Watcher:
    from .._requests.spending import budget_of
    from ..costs.budget import BudgetWatcher

    wanted = budget_of(budget, core)
    assert wanted is not None
    return BudgetWatcher(wanted, core)


class BaseClient(OpenAIFace):
    """A client for Kimi, wherever it is served.

    api_key          else the variable that the provider's row names, such as MOONSHOT_API_KEY or OPENROUTER_API_KEY
                     (`kimistream providers NAME` shows them), else KIMISTREAM_API_KEY. A provider's key goes to its own
                     hosts, by https, and to loopback; where another host is asked, that is an error. The key of one's
                     own server (VLLM_API_KEY and the like), and KIMISTREAM_API_KEY, go to any. "" sends none
    provider         the name of a row, e.g. "moonshot", "vllm"; else KIMISTREAM_PROVIDER, else the row whose address
                     `base_url` is, else "moonshot". Or a row as a dict, see `kimistream.register_provider`
    base_url         replaces the row's address. CLOUDFLARE_ACCOUNT_ID fills in `{account_id}`
    model            for requests that name none; else the provider's default
    timeout          a `Timeout`, with clocks for connecting, for the first event, for silence between events and for
                     the whole; or seconds for the first three, each. None: 60 s, 16 min, 10 min; no limit for the whole
    max_retries      of attempts that failed before an answer began
    on_break         what becomes of an answer that breaks after something of it has come: the connection is lost or
                     cut, it is silent for too long, an error that may pass, an end without a finish reason. "raise",
                     the default, raises with `.partial`; "restart" asks anew, and a `Restarted` event says that what
                     was shown is void; "continue" sends what has come back as a prefix and goes on behind it, and
                     restarts where that cannot be: inside the reasoning or a tool call, and at providers without a
                     prefill
    max_breaks       that are mended in one answer; the next one is raised. None: 3
    continue_on_length   how often an answer that the token limit has cut is continued, with the same limit each time.
                     None: never
    default_headers  sent with every request
    thinking, check  for requests that say nothing of it: see `stream`. With check="fix" a framework's requests follow
                     the rules of model and provider: a temperature that is fixed, a call that is forced while the model
                     thinks, a role or a schema that is not taken
    options          a dict of other arguments of `stream`, or fields of the API, for requests that do not have them
    default_query, organization, project   as openai-python has them: for every address; as headers
    environment      a name in the file of environments, which is read only when one is named here or, for a client that
                     names neither provider nor base_url, in KIMISTREAM_ENVIRONMENT. The file is the one in
                     KIMISTREAM_CONFIG, else ./kimistream.toml, else ~/.config/kimistream/config.toml; what is passed
                     here comes before what it says. It never holds a key: `key_variable` names the variable of one

            [environments.dev]
            provider = "mine"                  # also: base_url, model, timeout, max_retries, headers
            key_variable = "DEV_KEY"
            options = { thinking = false }     # for every request: any argument of `stream`, or field of the API

            [providers.mine]                   # see `register_provider`
            inherits = "vllm"
            base_url = "http://gpu-7:8000/v1"

    cassette         a `Cassette`, or the path of one: answers are recorded the first time and played from then on. No
                     key is needed to play
    history          True, or the path of an SQLite file: each exchange is kept there, refusals and cuts too, written by
                     a thread behind the answers; see `kimistream log`. True is the file that KIMISTREAM_HISTORY names,
                     else ~/.local/share/kimistream/history.sqlite3; None is the variable's, or none. What cannot be
                     written is lost, and told in the log "kimistream.history". No key and no cookie is in it
    budget           an amount in the provider's currency, or a `Budget`: what may be spent by this client.
                     BudgetExceededError is raised before a request is sent that could pass it, by what was spent, what
                     is under way, its estimated prompt and its `max_tokens` (32,768 where it names none)

    Where somebody else has imported openai, `isinstance(client, openai.OpenAI)` is true (`openai.AsyncOpenAI` of an
    AsyncKimi), and what openai-python's constructor takes is taken, but for `http_client`: this client speaks HTTP by
    itself. A function as `api_key` is asked once, when the client is made.

    Safe to share between threads: each request uses a connection of its own and leaves it for the next.
    Raises InvalidRequestError for what cannot work, before anything is sent.
    """

    def __init__(
        self,
        api_key: str | Callable[[], str] | None = None,
        *,
        provider: str | Mapping[str, Any] | None = None,
        base_url: Any = None,
        model: str | None = None,
        timeout: AnyTimeout = None,
        max_retries: int = DEFAULT_RETRIES,
        default_headers: dict[str, str] | None = None,
        environment: str | None = None,
        on_break: OnBreak = None,
        max_breaks: int | None = None,
        continue_on_length: int | None = None,
        cassette: Cassette | str | PathLike[str] | None = None,
        history: bool | str | PathLike[str] | None = None,
        budget: float | Budget | None = None,
        thinking: Thinking = None,
        check: Check = None,
        options: dict[str, Any] | None = None,
        default_query: dict[str, Any] | None = None,
        organization: str | None = None,
        project: str | None = None,
        http_client: None = None,
        webhook_secret: None = None,
        websocket_base_url: None = None,
        _strict_response_validation: bool | None = None,
    ) -> None:
        given = Key(api_key)  # type: ignore[arg-type]
        key = Key(openai_options.key_of(api_key) if is_given(api_key) else None)
        del api_key  # from here on no traceback that shows locals has it
        said = locals()
        openai_options.refuse_openais(said)
        self._made_with = {name: value for name, value in said.items() if name in _KEPT and is_given(value)}
        timeout = timeout if is_given(timeout) else None
        max_retries = max_retries if is_given(max_retries) else DEFAULT_RETRIES
        default_headers = openai_options.headers_of(organization, project, default_headers)
        played = None if cassette is None else _core_cassette(cassette)
        mending = {"on_break": on_break, "max_breaks": max_breaks, "continue_on_length": continue_on_length}
        self._setup, key = client_setup(
            *(key, provider, openai_options.plain_address(base_url), model, timeout, max_retries),
            *(default_headers, environment, mending),
            key_needed=played is None or not played.only_replays,
        )
        made_of = {**self._setup.core, **_kept(history, self._setup.core, key), "prices": _prices(self._setup.core)}

        def make(**changes: Any) -> _core.Client:
            return _core.Client(**{**made_of, **changes}, api_key=key.value, cassette=played)

        self._make_core = make
        self._keys = lambda: (given.value, key.value)  # a function, lest vars() show them
        self._mending = {name: self._setup.core.get(name) for name in mending}
        self._core = make()
        asked = {"thinking": thinking, "check": check, "extra_query": default_query}
        self._sender = Sender(self._core, openai_options.defaults_of(asked, options, self._setup.defaults))
        if budget is not None:
            self._sender.budget = _budget(budget, self._core)
        self._furnish()

    def _furnish(self) -> None:
        """What one kind of client has beside that."""

    def _arguments(
        self,
        /,
        prompt: Any = None,
        *,
        model: str | None = None,
        system: str | None = None,
        thinking: Thinking = None,
        tools: list[Any] | None = None,
        tool_choice: Any = None,
        max_tokens: int | None = None,
        timeout: AnyTimeout = None,
        on_break: OnBreak = None,
        max_breaks: int | None = None,
        continue_on_length: int | None = None,
        check: Check = None,
        prefill: str | None = None,
        on_upload: Callable[[int, int], object] | None = None,
        extra_body: dict[str, Any] | None = None,
        extra_headers: dict[str, str] | None = None,
        extra_query: dict[str, Any] | None = None,
        **fields: Any,
    ) -> Any:
        """What `stream` and `complete` take, as the core wants it (`_requests.arguments.NAMES`)."""
        fields.pop("schema", None)  # None: else `complete` and `stream` have taken it
        fields.pop("schema_retries", None)
        if (name := fields.pop("prefill_name", None)) is not None:
            from .._requests.prefills import named_beginning

            prompt = fields.pop("messages", None) if prompt is None else prompt
            prompt, extra_body = named_beginning(self._core.row, prompt, name, prefill, extra_body)
            prefill = None
        if tools is not None:
            from .._tools import declared  # cheap where all are dicts

            tools = declared(tools)
        return (
            *(prompt, model, system, thinking, tools, tool_choice, max_tokens, timeout, on_break),
            *(max_breaks, continue_on_length, check, prefill, on_upload),
            *(extra_body, extra_headers, extra_query, fields),
        )

    def request(self, *arguments: Any, stream: bool = False, **named: Any) -> Any:
        """What `complete` (or, with `stream=True`, `stream`) would send with these arguments, without sending it:
        `.to_curl()`, `.to_python()`, `.to_json()`, `.validate("openapi.json")`. No key is in it."""
        from ..recording.prepared import PreparedRequest

        if named.get("schema") is not None:
            from ..agents.rows import row_schema

            expected = row_schema(named, self._core.row, self._mending["on_break"])
            prompt = arguments[0] if arguments else named.pop("prompt", None)
            prompt = named.pop("messages", None) if prompt is None else prompt
            arguments = (prompt if expected is None else expected.row(prompt).messages(),)
        asked = self._sender.completed(self._arguments(*arguments, **named))
        return PreparedRequest(self._core, self._setup.key_variable, asked, stream)

    def _plan(
        self,
        /,
        rows: Any,
        prompt: Any = None,
        *,
        out: str | PathLike[str] | None = None,
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
        limits: Any = None,
        progress: Callable[[Run], object] | Literal[False] | None = None,
        via: str = "chat",
        poll: float | None = None,
        **request: Any,
    ) -> Any:
        """What `map` takes, checked."""
        from .._bulk.options import Plan, check_names

        check_names(request, ("rows", "prompt", "schema_retries", *(BaseClient._plan.__kwdefaults__ or ())))
        expected = None
        if schema is not None or "schema_retries" in request:
            from ..agents.rows import row_schema

            request["schema"] = schema
            expected = row_schema(request, self._core.row, self._mending["on_break"], once=via == "batch")
        if progress is None:
            from ..display.runs import Shown

            progress = Shown(rows)
        return Plan(
            self._sender,
            self._core,
            rows,
            prompt,
            self._arguments(None, **request),
            out=out,
            key=key,
            concurrency=concurrency,
            rpm=rpm,
            tpm=tpm,
            tpd=tpd,
            budget=budget,
            ordered=ordered,
            expected=expected,
            retry_failed=retry_failed,
            resume=resume,
            limits=limits,
            progress=progress,
            via=via,
            poll=poll,
        )

    @property
    def base_url(self) -> str:
        return self._core.base_url

    @property
    def provider(self) -> str:
        return self._core.provider

    @property
    def environment(self) -> str | None:
        """The environment of the configuration file that this client is for, or None."""
        return self._setup.environment

    def __repr__(self) -> str:
        if "_core" not in self.__dict__:  # a traceback shows one that could not be made
            return f"{self.__class__.__name__}()"
        return f"{self.__class__.__name__}(provider={self.provider!r}, base_url={self.base_url!r})"


_KEPT = frozenset(BaseClient.__init__.__annotations__) - {"api_key", "return", "http_client"}
