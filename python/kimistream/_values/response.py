"""An HTTP response as the users of openai-python look at it, at errors and at `with_raw_response`."""

from __future__ import annotations

from .headers import Headers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Request:
    """What was sent, as far as it is told: never its headers, for the key is among them."""

    __slots__ = ("method", "url")

    def __init__(self, method: str = "POST", url: str = "") -> None:
        self.method = method
        self.url = url

    @property
    def headers(self) -> Headers:
        return Headers()


class Response:
    """Status, headers and body of an answer. Not `httpx.Response`, but with what programs read of one."""

    __slots__ = ("headers", "request", "status_code", "text")

    def __init__(self, status_code: int, headers: Headers, text: str = "") -> None:
        self.status_code = status_code
        self.headers = headers
        self.text = text
        self.request = Request()

    @property
    def content(self) -> bytes:
        return self.text.encode("utf-8", "surrogatepass")

    @property
    def http_version(self) -> str:
        """What this client speaks."""
        return "HTTP/1.1"

    @property
    def is_closed(self) -> bool:
        return True

    @property
    def is_success(self) -> bool:
        return 200 <= self.status_code < 300

    @property
    def is_error(self) -> bool:
        return self.status_code >= 400

    @property
    def reason_phrase(self) -> str:
        from http import HTTPStatus

        return HTTPStatus(self.status_code).phrase if self.status_code in HTTPStatus._value2member_map_ else ""

    def json(self) -> Any:
        import json

        return json.loads(self.text)

    def read(self) -> bytes:
        return self.content

    async def aread(self) -> bytes:
        return self.content

    def close(self) -> None:
        """Nothing is open."""

    async def aclose(self) -> None:
        """Nothing is open."""

    def __repr__(self) -> str:
        return f"<Response [{self.status_code}]>"
