"""The other clients, each as an expert would write it.

Every peer does the same work: splits lines, parses the JSON of each event, takes content and reasoning, sees [DONE].
``stream(take)`` hands ``take`` a list of texts for each block that arrives; ``complete()`` returns the answer's text.
A module that is missing raises ImportError in the constructor, and the runner says so.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Take = Callable[[list[str]], None]

MESSAGES: Any = [{"role": "user", "content": "q"}]
MODEL = "kimi-k2.6"
HEADERS = {"Authorization": "Bearer sk-x", "Content-Type": "application/json"}


def body(stream: bool) -> bytes:
    return json.dumps({"model": MODEL, "messages": MESSAGES, "stream": stream}).encode()


def with_video(path: str) -> Any:
    """Messages with a file as base64, as every guide shows it."""
    encoded = base64.b64encode(Path(path).read_bytes()).decode()
    video = {"type": "video_url", "video_url": {"url": f"data:video/mp4;base64,{encoded}"}}
    return [{"role": "user", "content": [{"type": "text", "text": "q"}, video]}]


def text_of(data: bytes | str, loads: Callable[[Any], Any]) -> str | None:
    delta = loads(data)["choices"][0]["delta"]
    text: str | None = delta.get("content") or delta.get("reasoning_content")
    return text


class Lines:
    """Blocks of bytes to the texts that they complete."""

    def __init__(self, loads: Callable[[Any], Any]) -> None:
        self._loads = loads
        self._rest = b""
        self.done = False

    def feed(self, block: bytes) -> list[str]:
        lines = (self._rest + block if self._rest else block).split(b"\n")
        self._rest = lines.pop()
        texts = []
        for line in lines:
            if line.startswith(b"data: "):
                if line == b"data: [DONE]":
                    self.done = True
                elif text := text_of(line[6:], self._loads):
                    texts.append(text)
        return texts


class Peer:
    """A blocking client."""

    asynchronous = False

    def __init__(self, base_url: str) -> None:
        self.url = base_url + "/chat/completions"


class RawSocket(Peer):
    """The floor of Python: recv, no HTTP, no JSON; only for a server that sends one event in one segment."""

    def __init__(self, base_url: str) -> None:
        import socket

        super().__init__(base_url)
        parts = urlsplit(self.url)
        self.path = parts.path
        self.socket = socket.create_connection((parts.hostname, parts.port))

    def stream(self, take: Take) -> None:
        data = body(True)
        head = f"POST {self.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n\r\n"
        self.socket.sendall(head.encode() + data)
        receive = self.socket.recv
        while True:
            block = receive(16384)
            start = block.find(b'"content":"') + 11
            if start > 10:
                take([block[start : block.index(b'"', start)].decode()])
            if block.endswith(b"0\r\n\r\n"):
                return


class HttpClient(Peer):
    def __init__(self, base_url: str) -> None:
        import http.client

        super().__init__(base_url)
        parts = urlsplit(self.url)
        self.path = parts.path
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port)

    def _post(self, stream: bool) -> Any:
        self.connection.request("POST", self.path, body(stream), HEADERS)
        return self.connection.getresponse()

    def stream(self, take: Take) -> None:
        lines = Lines(json.loads)
        answer = self._post(True)
        while block := answer.read1(65536):
            take(lines.feed(block))
        assert lines.done

    def complete(self) -> str:
        return str(json.loads(self._post(False).read())["choices"][0]["message"]["content"])


class Pycurl(Peer):
    loads = staticmethod(json.loads)

    def __init__(self, base_url: str) -> None:
        import pycurl

        super().__init__(base_url)
        self.easy = easy = pycurl.Curl()
        easy.setopt(pycurl.URL, self.url)
        easy.setopt(pycurl.HTTPHEADER, [*(f"{k}: {v}" for k, v in HEADERS.items()), "Expect:"])
        easy.setopt(pycurl.POST, 1)
        easy.setopt(pycurl.NOSIGNAL, 1)
        easy.setopt(pycurl.PROXY, "")
        self.fields, self.write = pycurl.POSTFIELDS, pycurl.WRITEFUNCTION

    def stream(self, take: Take) -> None:
        lines = Lines(self.loads)
        feed = lines.feed
        self.easy.setopt(self.fields, body(True))
        self.easy.setopt(self.write, lambda block: take(feed(block)))
        self.easy.perform()
        assert lines.done

    def complete(self) -> str:
        blocks: list[bytes] = []
        self.easy.setopt(self.fields, body(False))
        self.easy.setopt(self.write, blocks.append)
        self.easy.perform()
        return str(self.loads(b"".join(blocks))["choices"][0]["message"]["content"])

    def upload(self, path: str) -> str:
        blocks: list[bytes] = []
        self.easy.setopt(self.fields, json.dumps({"model": MODEL, "messages": with_video(path)}).encode())
        self.easy.setopt(self.write, blocks.append)
        self.easy.perform()
        return str(self.loads(b"".join(blocks))["choices"][0]["message"]["content"])


class PycurlOrjson(Pycurl):
    def __init__(self, base_url: str) -> None:
        import orjson

        super().__init__(base_url)
        self.loads = orjson.loads  # type: ignore[assignment]


class PycurlMulti(Peer):
    """Many requests at once; one handle each, kept."""

    def __init__(self, base_url: str) -> None:
        import pycurl

        super().__init__(base_url)
        self.pycurl, self.multi = pycurl, pycurl.CurlMulti()
        self.multi.setopt(pycurl.M_MAXCONNECTS, 10_000)
        self.handles: list[Any] = []

    def burst(self, count: int) -> list[str]:
        pycurl, texts = self.pycurl, []
        while len(self.handles) < count:
            easy = pycurl.Curl()
            easy.setopt(pycurl.URL, self.url)
            easy.setopt(pycurl.HTTPHEADER, [*(f"{k}: {v}" for k, v in HEADERS.items()), "Expect:"])
            easy.setopt(pycurl.POST, 1)
            easy.setopt(pycurl.NOSIGNAL, 1)
            easy.setopt(pycurl.PROXY, "")
            if trusted := os.environ.get("SSL_CERT_FILE"):  # the others ask for it themselves
                easy.setopt(pycurl.CAINFO, trusted)
            self.handles.append(easy)
        for easy in self.handles[:count]:
            easy.blocks = []
            easy.setopt(pycurl.POSTFIELDS, body(False))
            easy.setopt(pycurl.WRITEFUNCTION, easy.blocks.append)
            self.multi.add_handle(easy)
        while len(texts) < count:
            self.multi.perform()
            _, ended, failed = self.multi.info_read(count)
            assert not failed, failed[0]
            for easy in ended:
                texts.append(str(json.loads(b"".join(easy.blocks))["choices"][0]["message"]["content"]))
                self.multi.remove_handle(easy)
            if not ended:
                self.multi.select(1.0)
        return texts


class Httpx(Peer):
    def __init__(self, base_url: str) -> None:
        import httpx

        super().__init__(base_url)
        self.client = httpx.Client(headers=HEADERS, trust_env=False)

    def stream(self, take: Take) -> None:
        done = False
        with self.client.stream("POST", self.url, content=body(True)) as answer:
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    if line == "data: [DONE]":
                        done = True
                    elif text := text_of(line[6:], json.loads):
                        take([text])
        assert done

    def complete(self) -> str:
        answer = self.client.post(self.url, content=body(False)).json()
        return str(answer["choices"][0]["message"]["content"])

    def upload(self, path: str) -> str:
        request = json.dumps({"model": MODEL, "messages": with_video(path)}).encode()
        answer = self.client.post(self.url, content=request).json()
        return str(answer["choices"][0]["message"]["content"])


def _text_of_chunk(chunk: Any) -> str | None:
    delta = chunk.choices[0].delta
    return delta.content or getattr(delta, "reasoning_content", None)


class OpenAI(Peer):
    def __init__(self, base_url: str) -> None:
        import openai

        self.client = openai.OpenAI(api_key="sk-x", base_url=base_url, max_retries=0)

    def stream(self, take: Take) -> None:
        for chunk in self.client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True):
            if text := _text_of_chunk(chunk):
                take([text])

    def complete(self) -> str:
        answer = self.client.chat.completions.create(model=MODEL, messages=MESSAGES)
        return str(answer.choices[0].message.content)

    def upload(self, path: str) -> str:
        answer = self.client.chat.completions.create(model=MODEL, messages=with_video(path))
        return str(answer.choices[0].message.content)


class AsyncPeer:
    """A client on an event loop; ``start`` runs on that loop before anything else."""

    asynchronous = True

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.url = base_url + "/chat/completions"

    @staticmethod
    def new_loop() -> asyncio.AbstractEventLoop:
        return asyncio.new_event_loop()

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class Aiohttp(AsyncPeer):
    def __init__(self, base_url: str) -> None:
        import aiohttp
        import orjson

        super().__init__(base_url)
        self.aiohttp, self.loads = aiohttp, orjson.loads

    async def start(self) -> None:
        connector = self.aiohttp.TCPConnector(limit=0)
        self.session = self.aiohttp.ClientSession(headers=HEADERS, connector=connector)

    async def stop(self) -> None:
        await self.session.close()

    async def stream(self, take: Take) -> None:
        lines = Lines(self.loads)
        async with self.session.post(self.url, data=body(True)) as answer:
            async for block in answer.content.iter_any():
                take(lines.feed(block))
        assert lines.done

    async def complete(self) -> str:
        async with self.session.post(self.url, data=body(False)) as answer:
            return str(self.loads(await answer.read())["choices"][0]["message"]["content"])


class AiohttpUvloop(Aiohttp):
    @staticmethod
    def new_loop() -> asyncio.AbstractEventLoop:
        import uvloop

        loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        return loop


class HttpxAsync(AsyncPeer):
    def __init__(self, base_url: str) -> None:
        import httpx

        super().__init__(base_url)
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        self.client = httpx.AsyncClient(headers=HEADERS, trust_env=False, limits=limits, timeout=60)

    async def stop(self) -> None:
        await self.client.aclose()

    async def stream(self, take: Take) -> None:
        lines = Lines(json.loads)
        async with self.client.stream("POST", self.url, content=body(True)) as answer:
            async for block in answer.aiter_bytes():
                take(lines.feed(block))
        assert lines.done

    async def complete(self) -> str:
        answer = (await self.client.post(self.url, content=body(False))).json()
        return str(answer["choices"][0]["message"]["content"])


class AsyncOpenAI(AsyncPeer):
    def __init__(self, base_url: str) -> None:
        import openai

        super().__init__(base_url)
        self.client = openai.AsyncOpenAI(api_key="sk-x", base_url=base_url, max_retries=0)

    async def stop(self) -> None:
        await self.client.close()

    async def stream(self, take: Take) -> None:
        async for chunk in await self.client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True):
            if text := _text_of_chunk(chunk):
                take([text])

    async def complete(self) -> str:
        answer = await self.client.chat.completions.create(model=MODEL, messages=MESSAGES)
        return str(answer.choices[0].message.content)


PEERS: dict[str, type[Any]] = {
    "raw_python": RawSocket,
    "http_client": HttpClient,
    "pycurl_json": Pycurl,
    "pycurl_orjson": PycurlOrjson,
    "pycurl_multi": PycurlMulti,
    "httpx_json": Httpx,
    "openai": OpenAI,
    "aiohttp_orjson": Aiohttp,
    "aiohttp_orjson_uvloop": AiohttpUvloop,
    "httpx_async": HttpxAsync,
    "openai_async": AsyncOpenAI,
}
