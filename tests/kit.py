"""What the tests of the client share: a client for a script, frames of usual answers, small waits."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterable, Callable, Coroutine
from typing import Any, TypeVar

from fault_server_client import DONE, FaultServer, Script, event, frame

from kimistream import AsyncKimi, Kimi

KEY = "sk-test-0123456789abcdefghij"
USAGE = {"prompt_tokens": 12, "completion_tokens": 10, "total_tokens": 22}
T = TypeVar("T")


def kimi(url: str, **options: Any) -> Kimi:
    """A client that does not retry, so that a script's first attempt is what is seen."""
    return Kimi(**{"api_key": KEY, "base_url": url, "max_retries": 0, **options})


def async_kimi(url: str, **options: Any) -> AsyncKimi:
    return AsyncKimi(**{"api_key": KEY, "base_url": url, "max_retries": 0, **options})


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
        return await asyncio.wait_for(coroutine, 30)

    return asyncio.run(limited())


def wait_until(condition: Callable[[], bool], timeout: float = 5.0) -> None:
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, f"still not so after {timeout} s"
        time.sleep(0.002)


def python(
    program: str, *arguments: str, flags: tuple[str, ...] = (), **variables: str
) -> subprocess.CompletedProcess[str]:
    """Runs a program of its own. It gets `arguments` in sys.argv."""
    return subprocess.run(
        [sys.executable, *flags, "-c", program, *arguments],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, **variables},
        timeout=60,
        check=False,
    )


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
    "kimi",
    "python",
    "run",
    "sent",
    "stalled",
    "stream_of",
    "wait_until",
    "ways",
]
