"""What openai-python's constructors take and a client of ours does not know by the same name."""

from __future__ import annotations

from .._values.errors import InvalidRequestError
from .arguments import is_given

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NoReturn

_WAYS_OUT = {
    "http_client": "this client speaks HTTP by itself, without httpx. Use base_url, default_headers and timeout; a "
    "proxy from HTTPS_PROXY, a CA file from SSL_CERT_FILE; Cassette or kimistream.simulator in tests",
    "webhook_secret": "Kimi sends no webhooks",
    "websocket_base_url": "Kimi has no Realtime API",
    "_strict_response_validation": "answers are given as they come; use schema= to have them checked",
}


def refuse_openais(given: dict[str, Any]) -> None:
    """Arguments of openai's that say nothing (None, False, NOT_GIVEN) may stand; what they say cannot be kept. Raises
    InvalidRequestError with the way out."""
    for name, way_out in _WAYS_OUT.items():
        if is_given(given[name]) and given[name] is not False:
            raise InvalidRequestError(f"{name}: {way_out}")


def plain_address(address: Any) -> Any:
    """An address as text: httpx.URL is known by what it has, nothing is imported."""
    if is_given(address) and not isinstance(address, (str, bytes)) and hasattr(address, "raw_path"):
        return str(address)
    return address if is_given(address) else None


def headers_of(organization: Any, project: Any, others: Mapping[str, Any] | None) -> Any:
    """`default_headers` with those that openai-python makes of organization and project."""
    own = {"OpenAI-Organization": organization, "OpenAI-Project": project}
    own = {name: value for name, value in own.items() if is_given(value)}
    return {**own, **others} if own and isinstance(others, dict) else (own or others)


def key_of(api_key: Any) -> Any:
    """The key, or what a function gives for it: it is asked once, when the client is made. `copy()` asks again."""
    if not callable(api_key):
        return api_key
    key: Any = api_key()
    if hasattr(key, "__await__"):
        getattr(key, "close", lambda: None)()
        raise InvalidRequestError("api_key: this function must be awaited; await it yourself, and pass what it gives")
    return key


def defaults_of(named: dict[str, Any], options: Any, environments: dict[str, Any] | None) -> dict[str, Any] | None:
    """What every request of a client says where the caller says nothing: the client's own before the environment's."""
    if is_given(options) and not isinstance(options, dict):
        raise TypeError(f"options must be a dict, not {type(options).__name__}")
    own = {**(options if is_given(options) else {}), **{key: value for key, value in named.items() if is_given(value)}}
    _check_words(own)
    return {**(environments or {}), **own} or None


def _check_words(said: dict[str, Any]) -> None:
    for name, words in (("check", ("warn", "fix", "error", "off")), ("thinking", ("keep",))):
        value = said.get(name)
        if isinstance(value, str) and value not in words:
            more = "True, False or " if name == "thinking" else ""
            raise InvalidRequestError(f'{name}="{value}" is unknown: use {more}one of {", ".join(map(repr, words))}')
        if value is not None and not isinstance(value, (str, bool, dict) if name == "thinking" else str):
            raise TypeError(
                f"{name} must be a str{' or a bool' if name == 'thinking' else ''}, not {type(value).__name__}"
            )


class Absent:
    """What openai-python has and Kimi's API has not. It is there, so that wrappers find it; a call says what to do."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __getattr__(self, name: str) -> Absent:
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(f"{self._path}.{name}")

    def __call__(self, *_arguments: Any, **_named: Any) -> NoReturn:
        name = self._path.partition(".")[0]
        raise InvalidRequestError(f"client.{self._path}: Kimi's API has no {name}. {ABSENT[name]}")

    def __repr__(self) -> str:
        return f"<client.{self._path}: not in Kimi's API>"


_CHAT = "Ask with client.chat.completions.create(), or client.stream()"
_NOTHING = (
    *("admin", "audio", "containers", "content_provenance_checks", "decisions", "evals", "fine_tuning", "live"),
    *("moderations", "realtime", "safety", "skills", "vector_stores", "webhooks"),
)
ABSENT = {
    **dict.fromkeys(_NOTHING, "There is nothing in its place"),
    "completions": _CHAT,
    "responses": f"{_CHAT}; where a framework can be told which API to use, tell it Chat Completions",
    "embeddings": "Ask another provider, with its own client",
    "images": "To show the model a picture, put it into a message: kimistream.Image",
    "uploads": "client.files.create() takes files of any size",
    "conversations": "client.conversation() keeps one here",
    "videos": "To show the model a clip, put it into a message: kimistream.Video",
}
