"""What openai-python's clients tell of themselves, and how another one is made of one."""

from __future__ import annotations

from .._requests import openai_options
from .._requests.arguments import is_given
from .._values.passing import Passes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from typing_extensions import Self

    from .._requests.sender import Sender
    from .._requests.setup import Setup


class OpenAIFace(Passes):
    _sender: Sender
    _setup: Setup
    _made_with: dict[str, Any]
    _keys: Callable[[], tuple[Any, str | None]]  # the one that was given, the one that is sent

    @property
    def beta(self) -> Self:
        """`client.beta.chat.completions` is `client.chat.completions`."""
        return self

    @property
    def with_raw_response(self) -> Any:
        """`client.with_raw_response.chat.completions.create`."""
        from .raw import WrappedClient

        client: Any = self
        return WrappedClient(client.chat.completions.with_raw_response)

    @property
    def with_streaming_response(self) -> Any:
        from .raw import WrappedClient

        client: Any = self
        return WrappedClient(client.chat.completions.with_streaming_response)

    def copy(
        self,
        *,
        api_key: Any = None,
        default_headers: Mapping[str, str] | None = None,
        set_default_headers: Mapping[str, str] | None = None,
        default_query: Mapping[str, Any] | None = None,
        set_default_query: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> Self:
        """Another client with the same arguments and these in their place, as openai-python has it. Headers and query
        are added to what is there; `set_default_headers` and `set_default_query` replace it. Without a budget of its
        own it spends this client's, and who watches this one watches it. It has connections of its own: keep it, where
        many requests are to go through it."""
        made = {**self._made_with, "budget": None}
        made |= {name: value for name, value in changes.items() if is_given(value)}
        for name, more, instead in (
            ("default_headers", default_headers, set_default_headers),
            ("default_query", default_query, set_default_query),
        ):
            if is_given(instead):
                made[name] = dict(instead or {})
            elif is_given(more):
                made[name] = {**(made.get(name) or {}), **(more or {})}
        another: Any = type(self)
        twin: Self = another(api_key if is_given(api_key) else self._keys()[0], **made)
        twin._sender.watchers = self._sender.watchers
        twin._sender.budget = twin._sender.budget or self._sender.budget
        return twin

    with_options = copy

    def __getattr__(self, name: str) -> Any:
        if name in openai_options.ABSENT:
            return openai_options.Absent(name)
        why = ": it speaks HTTP by itself" if name in ("_client", "_request", "request", "get", "post") else ""
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{why}")

    @property
    def api_key(self) -> str:
        """The key that is sent, "" where there is none. Assigning another one is for the requests from then on."""
        return self._keys()[1] or ""

    @api_key.setter
    def api_key(self, key: str) -> None:
        twin = self.copy(api_key=key)
        self.__dict__.update(twin.__dict__)

    _closed = False

    def is_closed(self) -> bool:
        """Whether `close` was called. (A client that is used again opens connections again.)"""
        return self._closed

    @property
    def timeout(self) -> Any:
        return self._setup.core["timeout"]

    @property
    def max_retries(self) -> int:
        retries: int = self._setup.core["max_retries"]
        return retries

    @property
    def default_headers(self) -> dict[str, str]:
        """Those that were asked for; never the one with the key."""
        return dict(self._setup.core["default_headers"] or {})

    @property
    def default_query(self) -> dict[str, Any]:
        return dict(self._made_with.get("default_query") or {})

    @property
    def organization(self) -> str | None:
        return self._made_with.get("organization")

    @property
    def project(self) -> str | None:
        return self._made_with.get("project")
