"""A server that counts, for bulk runs: what was asked, what was paid for, how many at once; it may refuse and wait.

with BulkServer() as server:
    client = server.client()
    ...
    assert server.paid["Say one"] == 1
"""

from __future__ import annotations

import asyncio
import collections
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from kit import KEY, completion, wait_until

from kimistream import AsyncKimi, Kimi

Reply = tuple[int, dict[str, Any]]


class Refused(Exception):  # noqa: N818
    """What a `reply` raises in place of an answer."""

    def __init__(self, status: int, message: str = "refused", headers: dict[str, str] | None = None, **error: Any):
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self.error = {"type": "invalid_request_error", "message": message, **error}


def too_many(what: str, seconds: float | None = None, headers: dict[str, str] | None = None) -> Refused:
    """A 429 in Moonshot's words (its error page: "please try again after N seconds")."""
    again = "" if seconds is None else f", please try again after {seconds} seconds"
    words = f"Your account org<ak> request reached organization max {what}: 3{again}"
    return Refused(429, words, headers, type="rate_limit_reached_error")


class BulkServer:
    """Answers on loopback, on a thread of its own.

    reply        from the last message's text to the answer's; or raises Refused
    held         answers wait until `let_go(n)`
    concurrency, per_window   refuse what is more: at once, in any `window` seconds
    asked, paid  how often each text was asked, and was begun to be answered with 200
    refused      how many 429s were given; `most` requests were under way at once
    """

    def __init__(
        self,
        reply: Callable[[str], str] = lambda text: f"answer to {text}",
        *,
        held: bool = False,
        concurrency: int | None = None,
        per_window: int | None = None,
        window: float = 1.0,
        delay: float = 0.0,
        hint: float | None = None,
        **body: Any,
    ) -> None:
        self._reply = reply
        self._held = held
        self.concurrency = concurrency
        self._per_window, self._window = per_window, window
        self._hint = hint
        self._delay = delay
        self._body = body
        self.asked: Counter[str] = Counter()
        self.paid: Counter[str] = Counter()
        self.order: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.ended: list[int] = []
        self.refused = self.under_way = self.most = self.connections = self.waiting = 0
        self._times: collections.deque[float] = collections.deque()
        self._ready = threading.Event()

    def __enter__(self) -> BulkServer:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    def client(self, **options: Any) -> Kimi:
        return Kimi(**{"api_key": KEY, "base_url": self.url, **options})

    def async_client(self, **options: Any) -> AsyncKimi:
        return AsyncKimi(**{"api_key": KEY, "base_url": self.url, **options})

    def let_go(self, times: int = 1_000_000) -> None:
        self._loop.call_soon_threadsafe(lambda: [self._gate.release() for _ in range(min(times, 100_000))])

    def settle(self) -> None:
        """Waits until what clients sent that have left since is answered, which counts as paid."""
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.05), self._loop).result(30)
        wait_until(lambda: self.under_way == 0)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop, self._gate = asyncio.Event(), asyncio.Semaphore(0)
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0, backlog=4096)
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        # Nobody more is accepted, and who was comes in: asyncio leaves a socket open whose task is cancelled before it
        # begins, or whose server is closed by then.
        self._loop.remove_reader(server.sockets[0].fileno())
        for _ in range(4):
            await asyncio.sleep(0)
        server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                length = int(head.partition("content-length:")[2].partition("\r\n")[0] or 0)
                body = json.loads(await reader.readexactly(length))
                status, headers, answer = await self._answer(body)
                data = json.dumps(answer).encode()
                told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                writer.write(
                    f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{told}"
                    f"Content-Length: {len(data)}\r\n\r\n".encode()
                    + data
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # it has left
        except asyncio.CancelledError:  # the server ends: nobody will read what is not sent yet
            writer.transport.abort()
        finally:
            writer.close()

    async def _answer(self, body: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
        text = body["messages"][-1]["content"]
        text = text if isinstance(text, str) else json.dumps(text)
        self.asked[text] += 1
        self.order.append(text)
        self.bodies.append(body)
        try:
            self._check_limits()
            said = self._reply(text)
        except Refused as refusal:
            self.refused += refusal.status == 429
            return refusal.status, refusal.headers, {"error": refusal.error}
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            if self._delay:
                await asyncio.sleep(self._delay)
            if self._held:
                self.waiting += 1
                await self._gate.acquire()
                self.waiting -= 1
        finally:
            self.under_way -= 1
        self.paid[text] += 1
        return 200, {}, {**completion(said), **self._body}

    def _check_limits(self) -> None:
        if self.concurrency is not None and self.under_way >= self.concurrency:
            raise too_many("concurrency", self._hint)
        if self._per_window is None:
            return
        now = time.monotonic()
        while self._times and self._times[0] <= now - self._window:
            self._times.popleft()
        if len(self._times) >= self._per_window:
            raise too_many("RPM", self._hint)
        self._times.append(now)
