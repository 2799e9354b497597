"""The C++ core, as python/bindings/ makes it. Private: the package kimistream is its face."""

from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal, final

from typing_extensions import Self

from ._values.completions import ChatCompletion, ChatCompletionChunk
from ._values.errors import KimiError
from ._values.event import Event
from ._values.headers import Headers
from ._values.message import Finish, Message, Notice, Restarted, ToolCall, Usage
from ._values.object import Extra, Object
from ._values.timeout import AnyTimeout

__version__: str

# ---- events that come with every fragment ----

@final
class Text:
    """A fragment of the answer: `.text`."""

    type: ClassVar[Literal["text"]]
    __match_args__: ClassVar[tuple[Literal["text"]]]
    @property
    def text(self) -> str: ...
    def __new__(cls, text: str) -> Self: ...

@final
class Thinking:
    """A fragment of the model's reasoning: `.text`."""

    type: ClassVar[Literal["thinking"]]
    __match_args__: ClassVar[tuple[Literal["text"]]]
    @property
    def text(self) -> str: ...
    def __new__(cls, text: str) -> Self: ...

@final
class ToolCallStart:
    """A tool call begins: `.index`, `.id`, `.name`."""

    type: ClassVar[Literal["tool_call_start"]]
    __match_args__: ClassVar[tuple[Literal["index"], Literal["id"], Literal["name"]]]
    @property
    def index(self) -> int: ...
    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    def __new__(cls, index: int, id: str, name: str) -> Self: ...

@final
class ToolCallDelta:
    """A fragment of a tool call's arguments: `.index`, `.arguments`."""

    type: ClassVar[Literal["tool_call_delta"]]
    __match_args__: ClassVar[tuple[Literal["index"], Literal["arguments"]]]
    @property
    def index(self) -> int: ...
    @property
    def arguments(self) -> str: ...
    def __new__(cls, index: int, arguments: str) -> Self: ...

# Not a subclass at run time: it makes a ChatCompletionChunk of itself when asked for more than the text.
StreamedChunk: Any
StreamedChoice: Any
StreamedDelta: Any

# ---- the client ----

def completion(body: str, request_id: str) -> ChatCompletion:
    """The body of an answer in the OpenAI shape as a ChatCompletion."""

class Stream:
    """A stream of the core. kimistream.Stream is its face."""

    def events(self) -> Iterator[Event]: ...
    def texts(self) -> Iterator[str]: ...
    def thoughts(self) -> Iterator[str]: ...
    def chunks(self) -> Iterator[ChatCompletionChunk]: ...
    def events_async(self, loop: AbstractEventLoop, /) -> AsyncIterator[Event]: ...
    def texts_async(self, loop: AbstractEventLoop, /) -> AsyncIterator[str]: ...
    def thoughts_async(self, loop: AbstractEventLoop, /) -> AsyncIterator[str]: ...
    def chunks_async(self, loop: AbstractEventLoop, /) -> AsyncIterator[ChatCompletionChunk]: ...
    def head_async(self, loop: AbstractEventLoop, /) -> Awaitable[None]:
        """Awaits the response head."""

    def body_async(self, loop: AbstractEventLoop, /) -> Awaitable[None]:
        """Awaits an answer that comes whole."""

    def message_async(self, loop: AbstractEventLoop, /) -> Awaitable[Message]:
        """Awaits the end; what comes stays only in the message, which is the result."""

    def wait_for_head(self) -> None: ...
    def message(self) -> Message: ...
    def json(self) -> Any:
        """The body of an answer that came whole, as Python objects."""

    def body(self) -> str:
        """The body of an answer that came whole, as text."""

    def completion(self) -> ChatCompletion:
        """The same as a ChatCompletion."""

    def watch(self, watch: object) -> None:
        """Tells how the answer goes: watch.first(), watch.end(message, error, completion)."""

    def show_usage_chunks(self) -> None: ...
    def close(self) -> None: ...
    owner: object
    """What must live as long as this stream has more to come."""
    @property
    def replayed(self) -> bool:
        """Whether it is played from a cassette, not in its own time: nothing need be waited for behind it."""

    @property
    def over(self) -> bool: ...
    @property
    def partial(self) -> Message | None: ...
    @property
    def usage(self) -> Usage | None: ...
    @property
    def request_id(self) -> str: ...
    @property
    def status_code(self) -> int: ...
    @property
    def headers(self) -> Headers: ...

class Client:
    """The client of the core. kimistream.Kimi is its face."""

    def __init__(
        self,
        provider: str,
        base_url: str,
        api_key: str | None,
        model: str,
        timeout: AnyTimeout,
        max_retries: int,
        default_headers: Mapping[str, str] | None,
        key_origin: str = "",
        on_break: str | None = None,
        max_breaks: int | None = None,
        continue_on_length: int | None = None,
        cassette: Cassette | None = None,
        history: ExchangeQueue | None = None,
        history_label: str = "",
        prices: Sequence[dict[str, Any]] | None = None,
        certificates: str = "",
    ) -> None: ...
    def start(self, arguments: tuple[Any, ...], stream: bool, chunks: bool) -> Stream:
        """Starts a request; returns before anything has come."""

    def complete(self, arguments: tuple[Any, ...]) -> Message:
        """Asks for a whole answer and waits for it."""

    def complete_chat(self, arguments: tuple[Any, ...]) -> ChatCompletion:
        """The same in the OpenAI shape."""

    def send(self, path: str, method: str = "GET", body: str | None = None, timeout: AnyTimeout = None) -> Stream: ...
    def count_tokens(self, client: Client, arguments: tuple[Any, ...]) -> Stream:
        """Starts a request for the count of a prompt's tokens."""

    def learn_models(self, list: object) -> None:
        """Takes in what the provider says of its models, for those that the table does not know."""

    def prepare(self, arguments: tuple[Any, ...], stream: bool) -> tuple[str, list[tuple[str, str]], bytes]:
        """What `start` would send: its address, its headers without the keys, its body."""

    def close(self) -> None: ...
    @property
    def provider(self) -> str: ...
    @property
    def base_url(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def total(self) -> float | None:
        """Seconds that a call may take in all, where its own timeout does not say."""

    @property
    def row(self) -> dict[str, Any]:
        """The provider's row as a dict, made anew each time."""

    @property
    def currency(self) -> str:
        """Of balance and cost; "" where it is not known."""

class Cassette:
    """A cassette of the core. kimistream.Cassette is its face."""

    def __init__(self, path: bytes, mode: str, realtime: bool, repeat: bool) -> None: ...
    def take_warnings(self) -> list[str]:
        """What was met while the file was read."""

    @property
    def path(self) -> bytes: ...
    @property
    def mode(self) -> str: ...
    @property
    def only_replays(self) -> bool:
        """Whether nothing is recorded, and so nothing sent."""

def tell_open_exchanges() -> None:
    """For the end of a process: tells of all answers under way as if their reader had left."""

class ExchangeQueue:
    """Recorded exchanges on their way to a thread that keeps them."""

    def __init__(self, max_exchanges: int = 4096, max_bytes: int = 67108864) -> None:
        """Beyond the limits new exchanges are dropped and counted. A forked child's queue begins empty."""

    def take(self, timeout: float | None = None) -> tuple[str, float, float, str] | None:
        """(label, when it began in seconds since 1970, how long it took, its line as JSON) of the oldest exchange;
        waits for one without the GIL. None when the time is over, or the queue is closed and empty."""

    def close(self) -> None:
        """Nothing goes in any more, and nobody waits."""

    @property
    def closed(self) -> bool: ...
    @property
    def dropped(self) -> int:
        """How many exchanges had no room."""

@final
class Part:
    """A picture or video in a message. kimistream.Image and kimistream.Video are its faces."""

    @property
    def address(self) -> str:
        """A URL or ms:// id; "" for one that is sent within the request."""

    @property
    def mime_type(self) -> str | None: ...
    @property
    def size(self) -> int | None:
        """In bytes, when it was made; None for an address."""

    @property
    def name(self) -> str:
        """Of the file, without directories; may be ""."""

    def base64(self) -> str:
        """The bytes, as base64 text."""

class Reactor:
    """Many streams on one event loop."""

    def __init__(self, client: Client) -> None: ...
    def start(self, arguments: tuple[Any, ...], stream: bool, chunks: bool) -> Stream: ...
    def send(self, path: str, method: str = "GET", body: str | None = None, timeout: AnyTimeout = None) -> Stream: ...
    def count_tokens(self, client: Client, arguments: tuple[Any, ...]) -> Stream: ...
    def pump(self) -> None:
        """Does what is ready. Tasks that have something to read by now run at the loop's next turn."""

    @property
    def on_ready(self) -> Callable[[], None]:
        """The same, for the loop to call when the descriptor is readable: tasks run at once."""

    @property
    def descriptor(self) -> int: ...

class Resent:
    """What is kept of messages that go out again, see _requests/resent.py."""

    def __init__(self) -> None: ...
    @property
    def encoded(self) -> int:
        """How many messages have been written for it, in all."""

# ---- bulk runs ----

class Limits:
    """What runs share. kimistream.Limits is its face."""

    def __init__(self, concurrency: int | None, rpm: int | None, tpm: int | None, tpd: int | None) -> None: ...

class BulkRun:
    """Many requests under limits. One thread at a time, but for wake and close."""

    def __init__(self, client: Client, limits: Limits, concurrency: int) -> None: ...
    def add(self, index: int, arguments: tuple[Any, ...], tokens: int, streams: bool = False) -> None:
        """A row more, which is sent by the next pump, if there is a place for it."""

    def no_more(self) -> None:
        """No more rows will be added."""

    def stop(self) -> None:
        """Nothing is sent from now on: what is under way ends."""

    def flush(self) -> None:
        """Sends what was added, without a look at what comes."""
    def pump(self) -> None:
        """Does what is ready."""

    def wait(self, seconds: float) -> None:
        """Waits until rows are to be taken, for so long at most. Returns early at a signal and by wake()."""

    def take(self) -> list[tuple[int, Message | None, KimiError | None, int, float, bool]]:
        """(index, Message or None, error or None, attempts, seconds, meets_every_row) of each row."""

    def wake(self) -> None:
        """Ends a wait. Any thread."""

    def close(self) -> None:
        """Closes what is under way; what has ended can still be taken. Any thread."""

    @property
    def room(self) -> int:
        """How many rows may be added."""

    @property
    def due(self) -> float:
        """Seconds until there are rows to take; inf where none has ended."""

    @property
    def later(self) -> float:
        """Seconds until pump() has something to do, whatever comes."""

    @property
    def counts_tokens(self) -> bool: ...
    @property
    def descriptor(self) -> int:
        """Readable when pump() has something to do."""

    def __len__(self) -> int: ...

def sha256(data: bytes) -> bytes: ...

class SeenKeys:
    """A number for each of many keys, by their hashes of 16 bytes."""

    def __init__(self) -> None: ...
    def __len__(self) -> int: ...
    def get(self, hash: bytes) -> int | None: ...
    def put(self, hash: bytes, number: int) -> None: ...
    def take(self) -> list[tuple[bytes, int]]:
        """(hash, number) of all, in the order of the hashes; none is left."""

class FileRows:
    """Rows of a file of JSON Lines on their way through a BulkRun."""

    def __init__(
        self,
        run: BulkRun,
        prompt: list[str | list[str | int]] | None,
        key: str | None,
        arguments: tuple[Any, ...],
        constant: bytes,
        answer_tokens: int | None,
    ) -> None: ...
    def feed(self, block: bytes) -> None:
        """The file goes on with this; b"": that was all."""

    @property
    def wants_more(self) -> bool:
        """Whether more of the file is wanted before there is a next line."""

    def next_line(self) -> tuple[int, bytes] | None:
        """(its number from 1, the line) of the next one that is not blank; None: more is wanted, or it has ended."""

    def begin(self, most: int, index: int, seen: SeenKeys) -> tuple[int, tuple[int, str] | None]:
        """Starts the next rows, up to one that is left to the caller or whose key has been seen. (how many, None or:
        which row has the key of the one behind them, that key as JSON)."""

    def read(self, most: int) -> list[tuple[str, bytes, bytes]]:
        """(key, hash, digest) of the next rows, up to one that is left to the caller."""

    def input_at(self, place: int) -> str:
        """The row itself, as JSON, of one of those read last."""

    def start(self, rows: list[tuple[int, int, str]]) -> None:
        """Adds some of those read last to the run: (place among them, index, key)."""

    def take(self, run: BulkRun, place: int) -> tuple[list[Any], list[bytes], Usage | None, list[Any]]:
        """((key, hash, attempts, prompt, completion, cost, place, length, index) of each row that was answered, their
        lines, the first of which is to stand at this place, their usage together, what else has ended)."""

    def leave(self, index: int) -> tuple[str, str, bytes] | None:
        """(key, input, hash) of a row that was started, the first two as JSON; None for another."""

def call_quietly(call: Callable[[], object]) -> None:
    """Calls it; what it raises is unraisable: a watcher's own affair."""

def meets_every_row(status_code: int, reason: str) -> bool:
    """Whether an error is what every other row of a run would meet as well."""

# ---- files ----

class Reading:
    """Bytes, read once."""

    def read(self, size: int) -> bytes:
        """Some bytes, b"" at the end."""

class FileContent:
    """The bytes of a file that is to be uploaded."""

    @staticmethod
    def from_path(path: bytes | str) -> FileContent: ...
    @staticmethod
    def from_descriptor(descriptor: int, begin: int = 0) -> FileContent: ...
    @staticmethod
    def from_bytes(bytes: bytes) -> FileContent: ...
    @staticmethod
    def from_part(part: Part) -> FileContent:
        """The bytes of a picture or video."""

    def open(self) -> Reading:
        """A reading of its own."""

    @property
    def size(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def mime_type(self) -> str: ...

def upload(
    starter: Client | Reactor,
    client: Client,
    content: FileContent,
    purpose: str,
    filename: str = "",
    content_type: str = "",
    on_progress: Callable[[int, int], object] | None = None,
    timeout: AnyTimeout = None,
) -> Stream:
    """Starts an upload."""

def file_request(
    starter: Client | Reactor,
    client: Client,
    id: str,
    method: str = "GET",
    content: bool = False,
    timeout: AnyTimeout = None,
) -> Stream:
    """Starts a request about one file, or for its content."""

def file_purposes() -> list[str]: ...
def body_bytes(stream: Stream) -> bytes:
    """The body of an answer that came whole, as bytes."""

# ---- functions ----

def provider_names() -> list[str]: ...
def provider_row(name: str, base: str | None = None) -> dict[str, Any]:
    """The row of this name: all of it, or what differs from the row named `base`."""

def destination(provider: str, base_url: str) -> dict[str, Any]:
    """Whom a client with these arguments would ask."""

def trusted_certificates() -> str:
    """The file or directory of certificates that variables or the system name; "" where there is none."""

def key_may_go(variable: str, base_url: str) -> bool:
    """Whether the key in this variable may be sent to this address."""

def register_provider(row: Mapping[str, Any]) -> str:
    """Adds a row, or replaces one of the same name. Gives its name."""

def check_provider(row: Mapping[str, Any]) -> dict[str, Any]:
    """The whole row that these fields amount to; registers nothing."""

def estimate_tokens(arguments: tuple[Any, ...], tools_only: bool = False) -> int:
    """A guess at a prompt's tokens."""

def read_token_count(answer: str) -> int: ...
def body_text(stream: Stream) -> str:
    """The body of an answer that came whole, as JSON text: numbers as they were written."""

def media_from_path(path: bytes, video: bool) -> Part:
    """A file by its path, as bytes; a pipe is read at once."""

def media_from_descriptor(descriptor: int, begin: int, video: bool) -> Part:
    """An open file, from `begin` on."""

def media_from_buffer(buffer: Any, video: bool) -> Part:
    """Bytes in memory; they are copied where they could change."""

def media_from_address(address: str, video: bool) -> Part:
    """An http(s) or data URL, or the ms:// id of an uploaded file."""

def seconds(value: float | None, what: str) -> float | None:
    """A number of seconds as a float, or None. Raises TypeError and InvalidRequestError; `what` names it there."""

def clocks(timeout: AnyTimeout) -> tuple[float | None, float | None, float | None, float | None]:
    """What a timeout says of connect, first event, idle and total."""

def loads(text: str) -> Any:
    """JSON text as Python objects. Raises ValueError when it is not JSON."""

def dumps(object: object) -> str:
    """A Python object as compact JSON text."""

def register(
    *,
    message: type[Message],
    tool_call: type[ToolCall],
    usage: type[Usage],
    finish: type[Finish],
    notice: type[Notice],
    restarted: type[Restarted],
    headers: type[Headers],
    make_error: Callable[..., KimiError],
    log: Callable[[str], None],
    warn: Callable[[str], None],
    object: type[Object],
    extra: type[Extra],
    other_name: Callable[[Any], Any],
    counterpart: Callable[[Any], type],
    completion: type[ChatCompletion],
    completion_chunk: type[ChatCompletionChunk],
) -> None:
    """Names the Python classes that the core makes objects of."""

def register_pictures(function: Callable[[Any], object]) -> None:
    """Names what makes an Image of another library's picture, and None of anything else."""

def retell(
    provider: str, line: str, events: bool = False
) -> tuple[Message, KimiError | None, list[tuple[float, Event]]]:
    """Reads a recorded answer once more, without a network and without the GIL: the message, the exception or None, and
    with `events` what came when."""

def without_pieces(line: str) -> str:
    """The same line without its pieces."""

def body_of(provider: str, arguments: tuple[Any, ...], stream: bool) -> str:
    """The JSON that a request with these arguments sends, without sending it."""

def replay(provider: str, body: bytes, chunks: bool = False, block_bytes: int = 16384) -> Stream: ...
def prices() -> list[dict[str, Any]]:
    """The library's own table of prices."""

def price_of(client: Client, model: str | None = None) -> dict[str, Any] | None:
    """What a model costs this client, or None."""

def cost_of(usage: Usage, price: dict[str, Any], batch: bool = False) -> float | None:
    """What the tokens come to, or None."""
