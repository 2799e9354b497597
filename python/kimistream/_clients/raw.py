"""`with_raw_response` and `with_streaming_response`: status, headers and body beside what they are read as."""

from __future__ import annotations

from .. import _core
from .._values.passing import Passes
from .._values.response import Request, Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from typing import Any


def response_of(core: _core.Stream, text: str = "") -> Response:
    return Response(core.status_code, core.headers, text)


def address_of(client: _core.Client) -> str:
    """Of its chat."""
    path: str = client.row["chat_path"]
    return client.base_url + path


class RawResponse(Passes, like="openai._legacy_response.LegacyAPIResponse"):
    """An answer as it came. `parse()` is what the method gives without `with_raw_response`."""

    def __init__(self, response: Response, request_id: str | None, parse: Callable[[], Any], url: str) -> None:
        response.request = Request(url=url)
        self.http_response = response
        self.request_id = request_id
        self.retries_taken = 0
        self._parse = parse
        self._parsed: Any = None

    def parse(self, **_to: Any) -> Any:
        if self._parsed is None:
            self._parsed = self._parse()
        return self._parsed

    @property
    def status_code(self) -> int:
        return self.http_response.status_code

    @property
    def headers(self) -> Any:
        return self.http_response.headers

    @property
    def http_request(self) -> Request:
        return self.http_response.request

    @property
    def method(self) -> str:
        return self.http_request.method

    @property
    def url(self) -> str:
        return self.http_request.url

    @property
    def http_version(self) -> str:
        return self.http_response.http_version

    @property
    def is_closed(self) -> bool:
        return self.http_response.is_closed

    @property
    def text(self) -> str:
        return self.http_response.text

    @property
    def content(self) -> bytes:
        return self.http_response.content

    def json(self) -> Any:
        return self.http_response.json()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} [{self.status_code}]>"


def lines_of(chunk: Any) -> str:
    """A chunk as the event that brought it."""
    return f"data: {chunk.model_dump_json(exclude_unset=True)}\n\n"


_END = "data: [DONE]\n\n"


class StreamedResponse(Passes, like="openai._response.APIResponse"):
    """An answer that is read piece by piece, in a `with` block: `parse()`, or its lines as they come."""

    def __init__(self, raw: RawResponse) -> None:
        self._raw = raw
        self.http_response = raw.http_response
        self.request_id = raw.request_id
        self.status_code = raw.status_code
        self.headers = raw.headers

    def __enter__(self) -> StreamedResponse:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def parse(self, **_to: Any) -> Any:
        return self._raw.parse()

    def iter_text(self, chunk_size: int | None = None) -> Iterator[str]:
        if self._raw.text:
            yield self._raw.text
            return
        for chunk in self.parse():
            yield lines_of(chunk)
        yield _END

    def iter_lines(self) -> Iterator[str]:
        for text in self.iter_text():
            yield from text.splitlines()

    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        return (text.encode("utf-8", "surrogatepass") for text in self.iter_text())

    def text(self) -> str:
        return "".join(self.iter_text())

    def read(self) -> bytes:
        return b"".join(self.iter_bytes())

    def json(self) -> Any:
        return self._raw.json()

    def close(self) -> None:
        close(self._raw)


class AsyncStreamedResponse(Passes, like="openai._response.AsyncAPIResponse"):
    """As `StreamedResponse`; `await` what reads, `async with` the block that `enter` opens."""

    def __init__(self, open: Callable[[], Any]) -> None:
        self._open = open

    async def __aenter__(self) -> AsyncStreamedResponse:
        self._raw: RawResponse = await self._open()
        self.http_response = self._raw.http_response
        self.request_id = self._raw.request_id
        self.status_code = self._raw.status_code
        self.headers = self._raw.headers
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    async def parse(self, **_to: Any) -> Any:
        return self._raw.parse()

    async def iter_text(self, chunk_size: int | None = None) -> AsyncIterator[str]:
        if self._raw.text:
            yield self._raw.text
            return
        async for chunk in self._raw.parse():
            yield lines_of(chunk)
        yield _END

    async def iter_lines(self) -> AsyncIterator[str]:
        async for text in self.iter_text():
            for line in text.splitlines():
                yield line

    async def iter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        async for text in self.iter_text():
            yield text.encode("utf-8", "surrogatepass")

    async def text(self) -> str:
        return "".join([text async for text in self.iter_text()])

    async def read(self) -> bytes:
        return (await self.text()).encode("utf-8", "surrogatepass")

    async def json(self) -> Any:
        return self._raw.json()

    async def close(self) -> None:
        closing = close(self._raw)
        if closing is not None:
            await closing


def close(raw: RawResponse) -> Any:
    """Closes the stream behind a response, where there is one."""
    stream = raw.parse() if not raw.text else None
    return stream.close() if stream is not None and hasattr(stream, "close") else None


class Wrapped:
    """A resource whose methods of these names are others: `client.chat.completions.with_raw_response.create`."""

    def __init__(self, **methods: Callable[..., Any]) -> None:
        self.__dict__.update(methods)


class WrappedClient:
    """`client.with_raw_response.chat.completions.create`."""

    def __init__(self, completions: Any) -> None:
        self.chat = Wrapped(completions=completions)


def completion(body: str, request_id: str | None) -> Any:
    return _core.completion(body, request_id or "")
