"""An exchange as it was recorded, read again: a line of a cassette, and who asked."""

from __future__ import annotations

import base64
import json

from .. import _core
from .._values.errors import InvalidRequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._values.errors import KimiError
    from .._values.event import Event
    from .._values.message import Message

_OF_THE_WAY = frozenset({"accept-encoding", "connection", "content-length", "expect", "host", "user-agent"})


class Origin:
    """Who asked: the client's provider, its address, the variable that holds its key ("" where none was sent), and the
    provider's row as JSON, without which an answer of a row of one's own could not be read elsewhere."""

    __slots__ = ("base_url", "key_variable", "provider", "row")

    def __init__(self, provider: str, base_url: str, key_variable: str, row: str) -> None:
        self.provider = provider
        self.base_url = base_url
        self.key_variable = key_variable
        self.row = row

    def known_provider(self) -> str:
        """The provider's name in this process. A row that is not known here is registered, but for its variables of
        keys: a file does not say where a key goes. Raises InvalidRequestError for a row that cannot be."""
        if self.provider not in _core.provider_names():
            _core.register_provider({**json.loads(self.row), "key_variables": []})
        return self.provider


class Told:
    """What an exchange amounts to. `error` is what the client raised, or would have; `events` are
    (seconds, event)."""

    __slots__ = ("error", "events", "message")

    def __init__(self, message: Message | None, error: KimiError | None, events: list[tuple[float, Event]]) -> None:
        self.message = message
        self.error = error
        self.events = events


class Recorded:
    """A line, read: `request`, `response` (None where none came), `pieces`, `end`, `clock` are as the line has them."""

    __slots__ = ("clock", "end", "failure", "line", "request", "response")

    def __init__(self, line: str) -> None:
        kept = json.loads(_core.without_pieces(line))
        self.line = line
        self.request: dict[str, Any] = kept["request"]
        self.response: dict[str, Any] | None = kept["response"]
        self.end: str = kept["end"]
        self.clock: str | None = kept["clock"]
        self.failure: str | None = (kept.get("error") or {}).get("message")

    @property
    def pieces(self) -> list[tuple[float, str | dict[str, str]]]:
        """Read anew each time: they are nearly all of a line, and seldom wanted."""
        return json.loads(self.line)["pieces"]  # type: ignore[no-any-return]

    @property
    def status(self) -> int | None:
        return self.response["status"] if self.response else None

    @property
    def body(self) -> Any:
        """The request's JSON, or its text; None where it had no body."""
        return self.request.get("body")

    @property
    def model(self) -> str | None:
        model = self.body.get("model") if isinstance(self.body, dict) else None
        return model if isinstance(model, str) else None

    @property
    def streams(self) -> bool:
        return isinstance(self.body, dict) and self.body.get("stream") is True

    def response_bytes(self) -> bytes:
        return b"".join(piece for _, piece in self.timed_bytes())

    def timed_bytes(self) -> list[tuple[float, bytes]]:
        """When each piece came, and its bytes."""
        return [(seconds, _bytes(piece)) for seconds, piece in self.pieces]

    def is_chat(self, origin: Origin) -> bool:
        """Whether it asked a model, and not for a list or a file."""
        before, _, behind = str(json.loads(origin.row)["chat_path"]).partition("{model}")
        path = self.request["path"].partition("?")[0]
        return isinstance(self.body, dict) and before in path and path.endswith(behind or before)

    @property
    def body_bytes(self) -> bytes:
        """The request's body as it goes out; JSON in our own words."""
        body = self.body
        if body is None:
            return b""
        if isinstance(body, str) and not self.sends_json:
            return body.encode("utf-8", "surrogatepass")
        if isinstance(body, dict) and not self.sends_json and body.keys() == {"base64"}:
            return base64.b64decode(body["base64"])
        return json.dumps(body).encode()

    @property
    def sends_json(self) -> bool:
        kinds = (value for name, value in self.request["headers"].items() if name.lower() == "content-type")
        return "json" in next(kinds, "json")

    def url(self, origin: Origin) -> str:
        scheme, _, rest = origin.base_url.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}{self.request['path']}"

    def own_headers(self) -> dict[str, str]:
        """Those that say something, and not what any client says of itself or of the connection."""
        return {name: value for name, value in self.request["headers"].items() if name.lower() not in _OF_THE_WAY}

    def missing_media(self) -> list[str]:
        """What was too large to be kept, by its hash."""
        return [text for text in texts_in(self.body) if _is_hash(text)]

    def tell(self, origin: Origin, *, events: bool = False) -> Told:
        """The message, and with `events` what came when. An exchange that did not ask a model has neither."""
        if not self.is_chat(origin):
            return Told(None, None, [])
        try:
            message, error, told = _core.retell(origin.known_provider(), self.line, events)
        except InvalidRequestError:  # a row of another version, a body that no row sends: kept as it came
            return Told(None, None, [])
        said = message.content is not None or message.reasoning or message.tool_calls or message.usage
        return Told(message if said else None, error, told)


def texts_in(value: Any, without: frozenset[str] = frozenset()) -> list[str]:
    """All texts of a JSON value, however deep; but for those under some keys."""
    found: list[str] = []
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            waiting.extend(each for key, each in reversed(value.items()) if key not in without)
        elif isinstance(value, list):
            waiting.extend(reversed(value))
    return found


def prompt_of(body: Any) -> str:
    """What was asked last: the text of the last message that is not the model's own."""
    messages = body.get("messages") if isinstance(body, dict) else None
    for message in reversed(messages if isinstance(messages, list) else []):
        if isinstance(message, dict) and message.get("role") != "assistant":
            return text_of(message.get("content"))
    return ""


def text_of(content: Any) -> str:
    """The text of a message's content. Media are named, not shown."""
    if isinstance(content, str):
        return content
    texts = []
    for part in content if isinstance(content, list) else []:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict):
            text = part.get("text") or part.get("content")
            texts.append(text_of(text) if text else f"[{str(part.get('type', 'part')).removesuffix('_url')}]")
    return "\n".join(texts)


def _is_hash(text: str) -> bool:
    return text.rpartition(",")[2].startswith("sha256:") or text.startswith("[not sent whole")


def _bytes(piece: str | dict[str, str]) -> bytes:
    return piece.encode("utf-8", "surrogatepass") if isinstance(piece, str) else base64.b64decode(piece["base64"])
