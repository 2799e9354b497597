"""kimistream through its public contract, in the shapes that people use.

The loops are written out where a peer's would hide behind ``take``: at a few hundred nanoseconds a chunk, one more call
is a third of the measurement.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from time import monotonic_ns as now
from typing import Any

from peers import MESSAGES, MODEL, AiohttpUvloop, Take


class Native:
    """``for event in client.stream(...)``: typed events."""

    asynchronous = False
    options: Mapping[str, Any] = {}

    def __init__(self, base_url: str) -> None:
        from kimistream import Kimi

        self.client = Kimi(api_key="sk-x", base_url=base_url, **self.options)

    def stream(self, take: Take) -> None:
        for event in self.client.stream("q"):
            if event.type in ("text", "thinking"):
                take([event.text])

    def count(self) -> int:
        characters = 0
        for event in self.client.stream("q"):
            if event.type in ("text", "thinking"):
                characters += len(event.text)
        return characters

    def latencies(self) -> list[int]:
        found = []
        for event in self.client.stream("q"):
            if event.type == "text":
                found.append(now() - int(event.text))
        return found

    def complete(self) -> str:
        return str(self.client.complete("q").content)

    def upload(self, path: str) -> str:
        from kimistream import Video

        return str(self.client.complete(["q", Video(path)]).content)


class Bytes(Native):
    """A video that is in memory already."""

    def upload(self, path: str) -> str:
        from kimistream import Video

        return str(self.client.complete(["q", Video(Path(path).read_bytes())]).content)


class Text(Native):
    """``for text in client.stream(...).text``: the answer only."""

    def stream(self, take: Take) -> None:
        for text in self.client.stream("q").text:
            take([text])

    def count(self) -> int:
        characters = 0
        for text in self.client.stream("q").text:
            characters += len(text)
        return characters

    def latencies(self) -> list[int]:
        return [now() - int(text) for text in self.client.stream("q").text]


class Chat(Native):
    """The OpenAI shape, reading content as the samples do."""

    def _chunks(self) -> Any:
        return self.client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)

    def stream(self, take: Take) -> None:
        for chunk in self._chunks():
            if text := chunk.choices[0].delta.content:
                take([text])

    def count(self) -> int:
        characters = 0
        for chunk in self._chunks():
            text = chunk.choices[0].delta.content
            if text:
                characters += len(text)
        return characters

    def latencies(self) -> list[int]:
        return [now() - int(text) for chunk in self._chunks() if (text := chunk.choices[0].delta.content)]

    def complete(self) -> str:
        answer = self.client.chat.completions.create(model=MODEL, messages=MESSAGES)
        return str(answer.choices[0].message.content)


class ChatBoth(Chat):
    """The OpenAI shape, reading content and reasoning."""

    def count(self) -> int:
        characters = 0
        for chunk in self._chunks():
            delta = chunk.choices[0].delta
            text = delta.content or delta.reasoning_content
            if text:
                characters += len(text)
        return characters


class Async:
    """``async for event in client.stream(...)``."""

    asynchronous = True
    options: Mapping[str, Any] = {}

    def __init__(self, base_url: str) -> None:
        from kimistream import AsyncKimi

        self.client = AsyncKimi(api_key="sk-x", base_url=base_url, **self.options)

    @staticmethod
    def new_loop() -> asyncio.AbstractEventLoop:
        return asyncio.new_event_loop()

    async def start(self) -> None: ...

    async def stop(self) -> None:
        await self.client.close()

    async def stream(self, take: Take) -> None:
        async for event in self.client.stream("q"):
            if event.type in ("text", "thinking"):
                take([event.text])

    async def count(self) -> int:
        characters = 0
        async for event in self.client.stream("q"):
            if event.type in ("text", "thinking"):
                characters += len(event.text)
        return characters

    async def latencies(self) -> list[int]:
        return [now() - int(event.text) async for event in self.client.stream("q") if event.type == "text"]

    async def complete(self) -> str:
        return str((await self.client.complete("q")).content)

    async def upload(self, path: str) -> str:
        from kimistream import Video

        return str((await self.client.complete(["q", Video(path)])).content)


class AsyncUvloop(Async):
    new_loop = staticmethod(AiohttpUvloop.new_loop)


class Map(Native):
    """``for row in client.map(...)``."""

    def burst(self, count: int) -> list[str]:
        rows = (f"q{number}" for number in range(count))
        return [row.message.text for row in self.client.map(rows, "{}", concurrency=count, progress=False)]


CONTINUE = {"on_break": "continue"}


class NativeContinue(Native):
    """As Native, ready to go on with an answer that breaks."""

    options = CONTINUE


class ChatContinue(Chat):
    options = CONTINUE


class AsyncContinue(Async):
    options = CONTINUE


OURS: dict[str, type[Any]] = {
    "kimistream": Native,
    "kimistream_bytes": Bytes,
    "kimistream_text": Text,
    "kimistream_chat": Chat,
    "kimistream_chat_both": ChatBoth,
    "kimistream_async": Async,
    "kimistream_async_uvloop": AsyncUvloop,
    "kimistream_map": Map,
    "kimistream_continue": NativeContinue,
    "kimistream_chat_continue": ChatContinue,
    "kimistream_async_continue": AsyncContinue,
}
