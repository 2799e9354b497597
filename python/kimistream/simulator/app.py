"""The HTTP side: routes, keys, ids, ordered faults, and the answers' way out."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from aiohttp import web

from .answers import Plan, plan
from .cache import PrefixCache, prefix_digests
from .dialects import Dialect
from .errors import CRASHED, TOO_LARGE, UNAUTHORIZED, Failure, Refusal, envelope
from .faults import ErrorOrders, Faults, read_faults
from .records import Request, RequestLog, public_headers
from .reply import Reply, make_reply
from .request import ChatRequest, parse, read_chat, read_request
from .shapes import dump
from .tokens import estimate_prompt
from .wire import Frame, error_frames, frames
from .wire import body as wire_body

MAX_BODY_BYTES = 100 * 1024 * 1024  # Moonshot docs: a request body may have 100 MB
_LARGE = 256 * 1024  # bytes; reading more than that takes long enough to be done beside the event loop

_LOG = logging.getLogger("kimistream.simulator")
Given = ParamSpec("Given")
Made = TypeVar("Made")

# A handler gets the request and its parsed JSON, which is None where the body is not JSON.
Handler = Callable[[web.Request, Any], Awaitable[web.StreamResponse]]
Script = Callable[[Mapping[str, Any]], "str | None"]


@dataclass
class Api:
    """The API in one dialect. All state lives in the server's thread, but for the log, which locks itself."""

    dialect: Dialect
    api_key: str
    pace: float
    usage: str
    script: Script | None
    log: RequestLog
    orders: ErrorOrders
    cache: PrefixCache = field(default_factory=PrefixCache)
    number: int = 0

    def application(self) -> web.Application:
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.on_response_prepare.append(self._name_response)
        routes: Mapping[str, tuple[str, str, Handler]] = {
            "chat": ("POST", "/chat/completions", self._chat),
            "models": ("GET", "/models", self._models),
            "balance": ("GET", "/users/me/balance", self._balance),
            "estimate": ("POST", "/tokenizers/estimate-token-count", self._estimate),
        }
        for name, (method, path, handler) in routes.items():
            if name in self.dialect.endpoints:
                app.router.add_route(method, self.dialect.path + path, self._guarded(handler))
        app.router.add_route("*", "/{path:.*}", self._guarded(self._nowhere))
        return app

    def _guarded(self, handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The handler behind what all have in common: the record, the key, ordered errors, refusals in an envelope."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                raw = await request.read()
                body = await asyncio.to_thread(parse, raw) if len(raw) > _LARGE else parse(raw)
                self.log.add(Request(request.method, request.path, public_headers(request.headers.items()), body))
                if self.dialect.key_required and request.headers.get("Authorization") != f"Bearer {self.api_key}":
                    raise Refusal(UNAUTHORIZED)
                self.orders.raise_ordered(request.headers)
                return await handler(request, body)
            except Refusal as refusal:
                return self._refuse(refusal.failure)
            except web.HTTPRequestEntityTooLarge:
                return self._refuse(TOO_LARGE)
            except ConnectionError:
                raise
            except Exception:
                _LOG.exception("the simulator failed to answer")
                return self._refuse(CRASHED)

        return guarded

    async def _nowhere(self, request: web.Request, body: Any) -> web.StreamResponse:
        raise Refusal(Failure(404, "resource_not_found_error", f"url.not_found: {request.method} {request.path}"))

    def _refuse(self, failure: Failure) -> web.Response:
        if failure.html:
            return web.Response(
                status=failure.status, text=failure.html, content_type="text/html", headers=failure.headers
            )
        return _json(envelope(self.dialect.error, self.dialect.error_types, failure), failure.status, failure.headers)

    async def _name_response(self, request: web.Request, response: web.StreamResponse) -> None:
        identity = uuid.uuid4()
        response.headers["Server"] = "kimistream-simulator"
        for name, template in self.dialect.id_headers.items():
            response.headers[name] = template.format(uuid=identity, hex=identity.hex)

    async def _models(self, request: web.Request, body: Any) -> web.StreamResponse:
        return _json({"object": "list", "data": self.dialect.models()})

    async def _balance(self, request: web.Request, body: Any) -> web.StreamResponse:
        balance = {"available_balance": 49.58894, "voucher_balance": 46.58893, "cash_balance": 3.00001}
        return _json({"code": 0, "data": balance, "scode": "0x0", "status": True})

    async def _estimate(self, request: web.Request, body: Any) -> web.StreamResponse:
        asked = await _beside(request, read_request, body, self.dialect)
        return _json({"data": {"total_tokens": estimate_prompt(asked.messages)}})

    async def _chat(self, request: web.Request, body: Any) -> web.StreamResponse:
        faults = read_faults(request.headers)
        asked = await _beside(request, read_chat, body, self.dialect)
        said, digests = await _beside(request, self._prepare, asked)
        self.number += 1
        number, created = self.number, int(time.time())
        cached = self.cache.cached_tokens(asked, digests)
        reply = make_reply(asked, said, number=number, created=created, cached=cached)
        headers = {self.dialect.cache_header: str(cached)} if cached and self.dialect.cache_header else {}
        if faults.stalls_before_head:
            await asyncio.sleep(faults.stall)
        if asked.streams:
            return await self._stream(request, asked, reply, faults, headers)
        return await self._whole(request, reply, faults, headers)

    def _prepare(self, asked: ChatRequest) -> tuple[Plan, list[bytes]]:
        scripted = self.script(asked.body) if self.script else None
        return plan(asked, scripted), prefix_digests(asked)

    async def _whole(
        self, request: web.Request, reply: Reply, faults: Faults, headers: Mapping[str, str]
    ) -> web.StreamResponse:
        """The real API sends the head of such an answer only when it is complete; so does this."""
        await asyncio.sleep(self.pace * reply.usage.completion + (0 if faults.stalls_before_head else faults.stall))
        if faults.cut_at is not None:
            _hang_up(request)
        return _json(wire_body(reply, self.dialect), headers=headers)

    async def _stream(
        self, request: web.Request, asked: ChatRequest, reply: Reply, faults: Faults, headers: Mapping[str, str]
    ) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache", **headers}
        )
        await response.prepare(request)
        try:
            await self._send(
                request, response, frames(reply, self.dialect, self.usage, usage_asked=asked.wants_usage), faults
            )
            await response.write_eof()
        except ConnectionError:
            pass  # the reader has left, or was ordered to be left
        return response

    async def _send(
        self, request: web.Request, response: web.StreamResponse, stream: Iterable[Frame], faults: Faults
    ) -> None:
        clock = asyncio.get_running_loop().time
        due = clock()
        for sent, frame in enumerate(stream):
            if faults.stall_at == sent:
                await asyncio.sleep(faults.stall)
                due = clock()
            if faults.cut_at == sent:
                _hang_up(request)
            if faults.error is not None and faults.error_at == sent:
                for part in error_frames(faults.error, self.dialect):
                    await response.write(part)
                return
            # Against a clock, not by sleeping the pace each time: the writes would add up and slow the stream.
            due += self.pace * frame.tokens
            # Also without a pace: a write that need not wait gives no other stream its turn.
            await asyncio.sleep(max(0.0, due - clock()))
            await response.write(frame.data)


def _hang_up(request: web.Request) -> None:
    """Close the connection after what was written, without the end that HTTP would want: later writes fail."""
    if request.transport is not None:
        request.transport.close()


async def _beside(request: web.Request, work: Callable[Given, Made], *given: Given.args, **named: Given.kwargs) -> Made:
    """The work's result; for a large request from beside the event loop, so that other streams go on."""
    large = request.content_length is None or request.content_length > _LARGE
    return await asyncio.to_thread(work, *given, **named) if large else work(*given, **named)


def _json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(status=status, body=dump(value), content_type="application/json", headers=headers)
