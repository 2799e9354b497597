"""What both clients are: how they are made, what a request takes, what they tell of themselves."""

from __future__ import annotations

from .. import _core
from .._requests.keys import Key
from .._requests.sender import Sender
from .._requests.setup import DEFAULT_RETRIES, client_setup
from .._values import registered  # noqa: F401  (the core makes objects of what is named there)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from .._requests.arguments import Check, OnBreak, Thinking
    from .._values.timeout import AnyTimeout


class BaseClient:
    """A client for Kimi, wherever it is served.

    api_key          else the variable that the provider's row names, such as MOONSHOT_API_KEY or OPENROUTER_API_KEY
                     (`kimistream providers NAME` shows them), else KIMISTREAM_API_KEY. A provider's key goes to its own
                     hosts and to loopback; where another host is asked, that is an error. The key of one's own server
                     (VLLM_API_KEY and the like), and KIMISTREAM_API_KEY, go to any. "" sends none
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

    Safe to share between threads: each request uses a connection of its own and leaves it for the next.
    Raises InvalidRequestError for what cannot work, before anything is sent.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        provider: str | Mapping[str, Any] | None = None,
        base_url: str | None = None,
        model: str | None = None,
        timeout: AnyTimeout = None,
        max_retries: int = DEFAULT_RETRIES,
        default_headers: dict[str, str] | None = None,
        environment: str | None = None,
        on_break: OnBreak = None,
        max_breaks: int | None = None,
        continue_on_length: int | None = None,
    ) -> None:
        key = Key(api_key)
        del api_key  # from here on no traceback that shows locals has it
        mending = {"on_break": on_break, "max_breaks": max_breaks, "continue_on_length": continue_on_length}
        self._setup, key = client_setup(
            key, provider, base_url, model, timeout, max_retries, default_headers, environment, mending
        )
        self._core = _core.Client(**self._setup.core, api_key=key.value)
        self._sender = Sender(self._core, self._setup.defaults)
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
        return (
            *(prompt, model, system, thinking, tools, tool_choice, max_tokens, timeout, on_break),
            *(max_breaks, continue_on_length, check, prefill, on_upload),
            *(extra_body, extra_headers, extra_query, fields),
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
        if not hasattr(self, "_core"):  # a traceback shows one that could not be made
            return f"{self.__class__.__name__}()"
        return f"{self.__class__.__name__}(provider={self.provider!r}, base_url={self.base_url!r})"
