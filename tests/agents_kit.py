"""What the tests of conversations and runs share: both clients behind one face, answers that call."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from fault_server_client import DONE, Script, frame
from kit import USAGE, async_kimi, call_frame, completion, kimi

from kimistream import ToolResult

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc000000301010018dd8db0"
    "0000000049454e44ae426082"
)


class Side:
    """One of the clients. What waits in it is waited for, so that a test is written once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_async = name == "asyncio"
        self._loop = asyncio.new_event_loop() if self.is_async else None

    def client(self, url: str, **options: Any) -> Any:
        return (async_kimi if self.is_async else kimi)(url, **{"provider": "moonshot", **options})

    def wait(self, value: Any) -> Any:
        """What a call gives, or what it is awaited to."""
        if self._loop is None:
            return value
        return self._loop.run_until_complete(asyncio.wait_for(value, 120))

    def do(self, method: Any, *arguments: Any, **named: Any) -> Any:
        return self.wait(method(*arguments, **named))

    def interrupted(self, method: Any, *arguments: Any, **named: Any) -> None:
        """That the call ends with Ctrl-C, which in a task would end the loop as well."""
        if self._loop is None:
            with pytest.raises(KeyboardInterrupt):
                method(*arguments, **named)
            return

        async def call() -> None:
            with pytest.raises(KeyboardInterrupt):
                await method(*arguments, **named)

        self._loop.run_until_complete(call())

    def events(self, reading: Any, most: int | None = None) -> list[Any]:
        """The events that come, all or so many."""
        if self._loop is None:
            return [event for _, event in zip(range(most or 1_000_000), reading, strict=False)]

        async def collect() -> list[Any]:
            found: list[Any] = []
            async for event in reading:
                found.append(event)
                if len(found) == most:
                    break
            return found

        return self.wait(collect())

    def until(self, reading: Any, kind: str) -> Any:
        """The first event of this type."""
        while True:
            for event in self.events(reading, 1):
                if event.type == kind:
                    return event

    def message(self, reading: Any) -> Any:
        return self.wait(reading.message)

    def close(self) -> None:
        if self._loop is not None:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()


@pytest.fixture(params=["blocking", "asyncio"])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    found = Side(request.param)
    with contextlib.closing(found):
        yield found


Calls = list[tuple[str, str, str]]  # id, name, arguments


def call(name: str, arguments: Any = None, id: str = "") -> tuple[str, str, str]:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments or {})
    return (id or f"{name}:0", name, text)


def calling(*calls: tuple[str, str, str], thought: str = "I need it.", usage: Any = USAGE) -> list[bytes]:
    """The frames of an answer that calls."""
    frames = [frame("", role="assistant"), frame(reasoning_content=thought)]
    for index, (number, name, arguments) in enumerate(calls):
        frames += [call_frame(index, number, name, ""), call_frame(index, arguments=arguments)]
    return [*frames, frame(finish_reason="tool_calls", usage=usage), DONE]


def saying(text: str, thought: str = "So it is.", usage: Any = USAGE) -> list[bytes]:
    """The frames of an answer in words."""
    thoughts = [frame(reasoning_content=thought)] if thought else []
    return [frame("", role="assistant"), *thoughts, frame(text), frame(finish_reason="stop", usage=usage), DONE]


def script_of(*answers: list[bytes]) -> Script:
    """A stream for one request after another; the last one repeats."""
    script = Script().event_stream(answers[0])
    for each in answers[1:]:
        script.attempt().event_stream(each)
    return script


def whole(*calls: tuple[str, str, str], text: str | None = None, thought: str = "I think.") -> dict[str, Any]:
    """The body of an answer that was asked for whole."""
    body = completion(text, reasoning_content=thought)
    if calls:
        body["choices"][0]["message"]["tool_calls"] = [
            {"id": number, "type": "function", "function": {"name": name, "arguments": arguments}}
            for number, name, arguments in calls
        ]
        body["choices"][0]["finish_reason"] = "tool_calls"
    return body


def bodies_of(*answers: dict[str, Any]) -> Script:
    script = Script().json(200, answers[0])
    for each in answers[1:]:
        script.attempt().json(200, each)
    return script


def roles(messages: list[Any]) -> list[str]:
    return [message["role"] if isinstance(message, dict) else message.role for message in messages]


def results_of(body: dict[str, Any]) -> list[Any]:
    return [message["content"] for message in body["messages"] if message["role"] == "tool"]


def tool_results(events: list[Any]) -> list[ToolResult]:
    return [event for event in events if event.type == "tool_result"]


def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"{city}: sunny"


ASK_THE_USER: dict[str, Any] = {
    "type": "function",
    "function": {"name": "ask_user", "parameters": {"type": "object", "properties": {}}},
}
