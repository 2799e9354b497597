"""The page of `kimistream log view`: a history on loopback, for its owner's browser and nobody else's."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

try:
    from aiohttp import web
except ImportError as missing:
    raise ImportError(
        'the page of a history needs aiohttp: pip install aiohttp, or the extra "kimistream[history]"'
    ) from missing

from ..exports import FORMS
from ..schema import open_to_read
from ..store import Entry, entry, facts
from .neighbours import is_of_this_user
from .shown import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Awaitable, Callable

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_HOST = "127.0.0.1"
_STATIC = Path(__file__).parent / "static"
_LOOK = 0.3  # seconds between two looks for new exchanges
_PAGE = 100
# Nothing from elsewhere, nothing that what was said could start; pictures of a request are shown from its own JSON.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_FILES = {
    "html": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}
_DOWNLOADS = {"har": "har", "cassette": "jsonl", "python": "py", "curl": "sh"}


class Page:
    """Serves one history. `address` is set once it has started. One event loop."""

    def __init__(self, path: str, port: int = 0) -> None:
        self._path = path
        self._port = port
        self._connection: sqlite3.Connection | None = None
        self.address = ""

    async def start(self) -> None:
        """Raises OSError where the port is taken, InvalidRequestError for what is no history."""
        self._connection = open_to_read(self._path)
        app = web.Application(middlewares=[self._guard])
        app.on_response_prepare.append(_add_headers)
        app.router.add_get("/", _index)
        app.router.add_get("/static/{name}", _static)
        app.router.add_get("/api/exchanges", self._list)
        app.router.add_get("/api/exchanges/{id}", self._show)
        app.router.add_get("/api/exchanges/{id}/raw", self._raw)
        app.router.add_get("/api/exchanges/{id}/as/{form}", self._export)
        app.router.add_get("/api/news", self._news)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, _HOST, self._port)
        try:
            await site.start()
        except BaseException:
            await self.stop()
            raise
        self._port = self._runner.addresses[0][1]
        self.address = f"http://{_HOST}:{self._port}/"

    async def stop(self) -> None:
        await self._runner.cleanup()
        self._history.close()

    @property
    def _history(self) -> sqlite3.Connection:
        assert self._connection is not None
        return self._connection

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """A name that leads here by another's DNS, another site's page and another user of this machine get nothing."""
        if request.headers.get("Host", "") not in {f"{name}:{self._port}" for name in (_HOST, "localhost")}:
            raise web.HTTPForbidden(text=f"This page is at {self.address}")
        if request.path != "/" and request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
            raise web.HTTPForbidden(text="This page answers its own requests only")
        peer = request.transport and request.transport.get_extra_info("peername")
        if peer and not is_of_this_user(peer[0], peer[1]):
            raise web.HTTPForbidden(text="This page belongs to another user of this machine")
        return await handler(request)

    async def _list(self, request: web.Request) -> web.Response:
        asked = request.query
        listed = facts(
            self._history,
            words=asked.get("search", "").split(),
            before=_number(asked.get("before")),
            after=_number(asked.get("after")),
            limit=_PAGE,
        )
        return _json(list(listed))

    async def _show(self, request: web.Request) -> web.Response:
        return _json(shown(self._entry(request)))

    async def _raw(self, request: web.Request) -> web.Response:
        return web.Response(text=self._entry(request).recorded.response_bytes().decode("utf-8", "replace"))

    async def _export(self, request: web.Request) -> web.Response:
        form = request.match_info["form"]
        if form not in FORMS:
            raise web.HTTPNotFound
        known = self._entry(request)
        name = f"exchange-{known.facts['id']}.{_DOWNLOADS[form]}"
        return web.Response(text=FORMS[form](known), headers={"Content-Disposition": f'attachment; filename="{name}"'})

    async def _news(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: the facts of each exchange as it is written, from `after` on."""
        last = _number(request.headers.get("Last-Event-ID")) or _number(request.query.get("after")) or 0
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"retry: 1000\n\n")
        while request.transport is not None and not request.transport.is_closing():
            for each in reversed(list(facts(self._history, after=last, limit=_PAGE))):
                last = each["id"]
                await response.write(f"id: {last}\ndata: {json.dumps(each)}\n\n".encode())
            await asyncio.sleep(_LOOK)
        return response

    def _entry(self, request: web.Request) -> Entry:
        known = entry(self._history, request.match_info["id"])
        if known is None:
            raise web.HTTPNotFound(text="There is no such exchange")
        return known


async def _index(request: web.Request) -> web.Response:
    return _file("index.html")


async def _static(request: web.Request) -> web.Response:
    return _file(request.match_info["name"])


def _file(name: str) -> web.Response:
    path = _STATIC / name
    if path.parent != _STATIC or path.suffix[1:] not in _FILES or not path.is_file():
        raise web.HTTPNotFound
    return web.Response(body=path.read_bytes(), content_type=_FILES[path.suffix[1:]], charset="utf-8")


def _json(value: object) -> web.Response:
    return web.json_response(text=json.dumps(value))  # ASCII, so halves of surrogate pairs go through


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else None


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)
