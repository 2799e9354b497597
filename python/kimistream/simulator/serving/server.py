"""The simulator's life: a thread with its own event loop, started and stopped by the program that tests against it."""

from __future__ import annotations

import asyncio
import ipaddress
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from aiohttp import web

from ..dialects.table import DIALECTS
from ..faults.orders import Orders, standing_orders
from ..saying.scripts import Script
from ..values.records import Request, RequestLog
from ..values.usage import USAGE_PLACES
from .app import Api
from .batches import BatchStore
from .state import State

_BACKLOG = 4096  # connections that may wait to be accepted: bulk clients open a thousand at once
_GRACE = 0.05  # seconds for handlers to notice that their connection is gone


Said = str | Mapping[str, Any] | None
Answer = Said | Callable[[Mapping[str, Any]], Said]


class Simulator:
    """Kimi's API on loopback, in a thread of its own.

    host             a loopback address ("127.0.0.1", "::1", "localhost"); others are a ValueError, because this server
                     is for tests and must not be reachable from outside
    port             0 takes a free one
    api_key          the only key that is accepted, in dialects that want one
    dialect          a key of DIALECTS
    pace             seconds for each token; 0 is as fast as possible
    usage            where streams carry usage, a key of usage.USAGE_PLACES: "choice" (in the finish frame's choice),
                     "finish" (at its top level), "empty" (in a frame without choices, when asked for), "both" ("choice"
                     and "empty"), "repeat" (in a frame that says the finish reason again), "twice" ("finish" and
                     "repeat"), "none"; None is the dialect's own
    quirks           names in quirks.QUIRKS: what streams and answers have wrong with them
    error            every request gets this error: a status or a name of errors.FAILURES ("concurrency", "rpm", "tpm",
                     "tpd", "overloaded", "quota", "suspended", "content_filter", "overflow"); "429*2": the first two
    continuation_error   the same for requests that have begun the answer and want it continued
    retry_after      Retry-After of that error, sent as it is
    midstream_error  every stream ends with an error frame after three events; "500@5" after five, "500@5*1" the first
    cut_after        every stream is cut after so many events, every other answer before it begins; "120b": after so
                     many bytes of its body; "5*1": the first one only; "5 rst", "5 silence", "5 error", "5 done": with
                     a reset, with silence on an open connection, with an error frame, with the end marker alone
    stall            seconds of silence after the head; "2@5" after five events, "2@head" before the head
    answer           what is answered, in place of the simulator's own words: a text, an object that tells text,
                     reasoning, tool calls or an error, a list of those for a conversation, or a function from the
                     request's body to one (or to None, for the simulator's own); see simulator/saying/scripts.py. One
                     that cannot be read is a ValueError, of a function's a 400 that says what is wrong
    record           how many requests are remembered, the latest ones
    batch            what goes wrong with every batch: "fail", "expire@5", "error@5"; see serving/batches.py
    batch_pace       seconds for each request of a batch; with 0 it is a state further at each look
    max_body         bytes of a JSON request, more is a 413; None is the dialect's own
    max_file         bytes of an uploaded file, more is a 400 (Moonshot documents 100 MB); None takes any. Of files over
                     files.KEPT_BYTES only size and SHA-256 are known afterwards

    Faults for one request are ordered by headers, see simulator/faults/orders.py. Use it with `with`, or start() and
    close().
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str = "sk-simulator",
        dialect: str = "moonshot",
        pace: float = 0.02,
        usage: str | None = None,
        quirks: Iterable[str] = (),
        error: int | str | None = None,
        continuation_error: int | str | None = None,
        retry_after: float | str | None = None,
        midstream_error: int | str | None = None,
        cut_after: int | str | None = None,
        stall: float | str | None = None,
        answer: Answer | Sequence[Answer] = None,
        batch: str | None = None,
        batch_pace: float = 0.0,
        record: int = 1000,
        max_body: int | None = None,
        max_file: int | None = None,
    ) -> None:
        self._host = _loopback(host)
        if dialect not in DIALECTS:
            raise ValueError(f"unknown dialect {dialect!r}: one of {', '.join(DIALECTS)}")
        row = DIALECTS[dialect]
        if usage is not None and usage not in USAGE_PLACES:
            raise ValueError(f"unknown place for usage {usage!r}: one of {', '.join(USAGE_PLACES)}")
        if not pace >= 0:
            raise ValueError("pace is seconds per token and cannot be negative")
        self.api_key = api_key
        self._asked_port = port
        self._port = 0
        self._path = row.path.format_map(_Anything())
        self._dialect = dialect
        self._log = RequestLog(record)
        self._connections = 0
        self._state = State(
            dialect=row,
            api_key=api_key,
            pace=pace,
            places=USAGE_PLACES[usage or row.usage],
            script=None if answer is None else Script(answer),
            log=self._log,
            orders=Orders(row, {"X-Simulate-Error": error, "X-Simulate-Continuation-Error": continuation_error}),
            max_body=row.max_body if max_body is None else max_body,
            max_file=max_file,
            standing=standing_orders(
                {
                    "X-Simulate-Quirks": " ".join([quirks] if isinstance(quirks, str) else quirks),
                    "X-Simulate-Retry-After": retry_after,
                    "X-Simulate-Midstream-Error": midstream_error,
                    "X-Simulate-Cut": cut_after,
                    "X-Simulate-Stall": stall,
                },
                row,
            ),
        )
        self._state.batches = BatchStore(self._state.files, batch_pace, batch)
        self._api = Api(self._state)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    @property
    def base_url(self) -> str:
        """The address to give to a client, "http://127.0.0.1:PORT/v1", with the path that the dialect has there."""
        if self._thread is None:
            raise RuntimeError("the simulator is not running: use it with `with`, or call start()")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}{self._path}"

    @property
    def dialect(self) -> str:
        """The name of the dialect that it speaks."""
        return self._dialect

    @property
    def requests(self) -> list[Request]:
        """What has arrived, oldest first: a copy."""
        return self._log.snapshot()

    @property
    def connections(self) -> int:
        """TCP connections accepted since the start."""
        return self._connections

    def reset(self) -> None:
        """Forget requests, connections, cached prefixes, uploaded files and counted errors, and begin the list of
        answers again; streams go on."""
        if self._state.script is not None:
            self._state.script.reset()
        self._log.clear()
        self._connections = 0
        for forget in (
            self._state.orders.reset,
            self._state.cache.clear,
            self._state.files.clear,
            self._state.batches.clear,
        ):
            if self._loop is not None:
                self._loop.call_soon_threadsafe(forget)
            else:
                forget()

    def start(self) -> Simulator:
        """Begin to listen. An OSError (the port is taken) is raised here."""
        if self._thread is not None:
            return self
        ready = _Ready()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="kimistream-simulator", daemon=True)
        self._thread.start()
        ready.event.wait()
        if ready.error is not None:
            self._thread.join()
            self._thread = None
            raise ready.error
        return self

    def close(self) -> None:
        """Stop at once: streams under way are cut. Closing twice is harmless."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        thread.join()

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Simulator {self.base_url if self._thread else 'not running'}>"

    def _run(self, ready: _Ready) -> None:
        try:
            asyncio.run(self._serve(ready))
        except BaseException as error:
            if ready.event.is_set():
                raise
            ready.error = error
            ready.event.set()

    async def _serve(self, ready: _Ready) -> None:
        runner = web.AppRunner(
            self._api.application(), access_log=None, handler_cancellation=True, shutdown_timeout=_GRACE
        )
        await runner.setup()
        try:
            await self._listen(runner.server, ready)
        finally:
            await runner.cleanup()
            self._state.files.clear()

    async def _listen(self, protocol: web.Server | None, ready: _Ready) -> None:
        assert protocol is not None  # set by setup()

        def accept() -> asyncio.Protocol:
            self._connections += 1
            return protocol()

        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        server = await loop.create_server(accept, self._host, self._asked_port, backlog=_BACKLOG)
        self._port = server.sockets[0].getsockname()[1]
        self._loop, self._stop = loop, stop
        ready.event.set()
        await stop.wait()
        self._loop = self._stop = None
        server.close()
        for connection in protocol.connections:
            if connection.transport is not None:
                connection.transport.abort()


class _Ready:
    """Tells the starting thread that the server listens, or why it does not."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.error: BaseException | None = None


class _Anything(dict[str, str]):
    """Something for every part of a path that an account's name stands in."""

    def __missing__(self, key: str) -> str:
        return "simulator"


def _loopback(host: str) -> str:
    if host == "localhost":
        return "127.0.0.1"
    try:
        allowed = ipaddress.ip_address(host).is_loopback
    except ValueError:
        allowed = False
    if not allowed:
        raise ValueError(f"the simulator only listens on loopback (127.0.0.1, ::1, localhost), not on {host!r}")
    return host
