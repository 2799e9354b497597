"""What the tests of the client share: a client for a script, frames of usual answers, small waits."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, TypeVar

from fault_server_client import DONE, LONG_ENOUGH, FaultServer, Script, event, frame

from kimistream import APITimeoutError, AsyncKimi, Kimi, register_provider

KEY = "sk-test-0123456789abcdefghij"
USAGE = {"prompt_tokens": 12, "completion_tokens": 10, "total_tokens": 22}
# Rows of hosts and clouds, which differ from any server's in address, names and switches: see test_hosts.py.
HOSTS = [
    *("together", "fireworks", "novita", "baseten", "deepinfra", "siliconflow", "nvidia", "groq", "vercel"),
    *("huggingface", "databricks", "bedrock", "azure", "ollama", "llama.cpp", "cloudflare-native"),
]
T = TypeVar("T")


def kimi(url: str, **options: Any) -> Kimi:
    """A client that does not retry, so that a script's first attempt is what is seen."""
    return Kimi(**{"api_key": KEY, "base_url": url, "max_retries": 0, **options})


def async_kimi(url: str, **options: Any) -> AsyncKimi:
    return AsyncKimi(**{"api_key": KEY, "base_url": url, "max_retries": 0, **options})


@contextlib.contextmanager
def registered(row: dict[str, Any], **fields: Any) -> Iterator[str]:
    """A row for the time of a test. Rows stay for ever, and a row on a server's port would be the row of whatever
    server the kernel gives that port next: so it is sent away at the end, to where nobody listens."""
    name = register_provider(row, **fields)
    try:
        yield name
    finally:
        register_provider({"name": name, "base_url": f"https://{name}.invalid/v1"})


def answer(
    *texts: str, finish: str | None = "stop", done: bool = True, usage: dict[str, Any] | None = USAGE
) -> list[bytes]:
    """The frames of an answer as Moonshot sends it: role, texts, finish reason with usage, end marker."""
    frames = [frame("", role="assistant"), *(frame(text) for text in texts)]
    if finish is not None:
        frames.append(frame(finish_reason=finish, usage=usage))
    return [*frames, DONE] if done else frames


def stream_of(*texts: str, **options: Any) -> Script:
    return Script().event_stream(answer(*texts, **options))


def stalled(*frames: bytes) -> Script:
    """An event stream that stops after these frames and keeps its connection open."""
    script = Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True)
    for each in frames:
        script.chunk(each)
    return script.stall()


def cut(*frames: bytes) -> Script:
    """An event stream whose connection is closed after these frames, in the middle of the chunked body."""
    script = Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True)
    for each in frames:
        script.chunk(each)
    return script.close()


def call_frame(index: int | None = 0, id: str | None = None, name: str | None = None, arguments: str | None = None,
               **more: Any) -> bytes:  # fmt: skip
    """A frame with one fragment of a tool call."""
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    call: dict[str, Any] = {"index": index, "function": function, **more}
    if id is not None:
        call["id"] = id
    if index is None:
        del call["index"]
    return frame(tool_calls=[call])


def completion(content: str | None = "Hello", **message: Any) -> dict[str, Any]:
    """The body of an answer that was asked for without streaming."""
    return {
        "id": "chatcmpl-test",
        "object": "chat.completion",
        "created": 1779980001,
        "model": "kimi-k2.6",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": "stop"}
        ],
        "usage": USAGE,
    }


def ways(client: Kimi) -> list[Callable[[], Any]]:
    """The calls that send a request."""
    asked: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}]}
    create = client.chat.completions.create
    return [
        lambda: client.stream("hi"),
        lambda: client.complete("hi"),
        lambda: create(**asked),
        lambda: create(stream=True, **asked),
        client.models.list,
    ]


def has(stream: Any, text: str) -> bool:
    """Whether the stream's text has come so far."""
    partial = stream.partial
    return partial is not None and partial.text.startswith(text)


async def until(condition: Callable[[], bool]) -> None:
    """As wait_until, while the loop runs on."""
    end = time.monotonic() + LONG_ENOUGH
    while not condition():
        assert time.monotonic() < end, f"still not so after {LONG_ENOUGH} s"
        await asyncio.sleep(0.002)


@contextlib.asynccontextmanager
async def turns_of_the_loop() -> AsyncIterator[Callable[[], int]]:
    """How many turns the running loop has had since; another task counts them."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.ensure_future(count())
    try:
        yield lambda: turns
    finally:
        counting.cancel()


async def drain(stream: AsyncIterable[T], into: list[T] | None = None) -> None:
    """Reads to the end."""
    async for each in stream:
        if into is not None:
            into.append(each)


def sent(server: FaultServer, url: str, attempt: int = -1) -> dict[str, Any]:
    """The JSON body of a request that the server got."""
    body: dict[str, Any] = json.loads(server.requests(url)[attempt]["body"])
    return body


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """asyncio.run with a limit, so that what hangs is a failure."""

    async def limited() -> T:
        return await asyncio.wait_for(coroutine, 120)

    return asyncio.run(limited())


def with_patience(attempt: Callable[[float], T], begin: float = 0.2) -> T:
    """What `attempt(limit)` gives, `limit` in seconds: tried again with one 5 times, and 25 times as long.

    For tests of clocks that wait for somebody else as well. Who is late on a busy machine is in time at last; what is
    wrong stays so.
    """
    for limit in (begin, 5 * begin):
        with contextlib.suppress(AssertionError, APITimeoutError):
            return attempt(limit)
    return attempt(25 * begin)


def wait_until(condition: Callable[[], bool], timeout: float = LONG_ENOUGH) -> None:
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, f"still not so after {timeout} s"
        time.sleep(0.002)


def python(
    program: str,
    *arguments: str,
    flags: tuple[str, ...] = (),
    until: Callable[[], bool] | None = None,
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    """Runs a program of its own. It gets `arguments` in sys.argv; its standard input ends when `until` is so."""
    command = [sys.executable, *flags, "-c", program, *arguments]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, **variables},
    ) as process:
        try:
            if until is not None:
                wait_until(lambda: until() or process.poll() is not None)
            output, errors = process.communicate(timeout=300)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


__all__ = [
    "DONE",
    "KEY",
    "USAGE",
    "Script",
    "answer",
    "async_kimi",
    "call_frame",
    "completion",
    "cut",
    "drain",
    "event",
    "frame",
    "has",
    "kimi",
    "python",
    "run",
    "sent",
    "stalled",
    "stream_of",
    "until",
    "wait_until",
    "ways",
    "with_patience",
]
