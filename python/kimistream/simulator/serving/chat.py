"""Answering a question: from the parsed body to the last byte, with the faults that were ordered."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from ..dialects.reading import read_chat
from ..faults.orders import Cut, Faults, with_retry_after
from ..faults.quirks import quirky_body, quirky_bytes, quirky_reply, quirky_stream
from ..framing.envelope import named_failure
from ..framing.protocols import PROTOCOLS, stream
from ..framing.reply import make_reply
from ..framing.wire import error_frames
from ..saying.answers import Plan, plan
from ..saying.scripts import Scripted, ScriptError
from ..values.cache import prefix_digests
from ..values.failures import Refusal, invalid
from ..values.frame import Frame
from ..values.replies import Reply
from ..values.requests import ChatRequest
from ..values.shapes import dump
from .http import beside, json_response
from .line import Line, break_off
from .state import State


@dataclass(frozen=True)
class Exchange:
    """One request under way."""

    request: web.Request
    reply: Reply
    faults: Faults
    headers: Mapping[str, str]
    wants_usage: bool


class ChatHandler:
    def __init__(self, state: State) -> None:
        self._state = state

    async def __call__(self, request: web.Request, body: Any) -> web.StreamResponse:
        state, dialect = self._state, self._state.dialect
        orders = state.orders_for(request.headers)
        uploads = state.files if "files" in dialect.endpoints else None
        asked = await beside(request, read_chat, body, dialect, uploads)
        if asked.prefix is not None:
            state.orders.raise_ordered_for_continuations(orders)
        faults = state.orders.faults(orders)
        said, digests = await beside(request, self._prepare, asked, body)
        state.number += 1
        cached = state.cache.cached_tokens(asked, digests)
        reply = make_reply(dialect, asked, said, number=state.number, created=int(time.time()), cached=cached)
        reply = quirky_reply(reply, faults.quirks)
        whole = not asked.streams or any(quirk.json_body for quirk in faults.quirks)
        exchange = Exchange(request, reply, faults, self._headers(request, reply, whole=whole), asked.wants_usage)
        if faults.stalls_before_head:
            await asyncio.sleep(faults.stall)
        return await (self._whole(exchange) if whole else self._stream(exchange))

    def answer(self, body: Any) -> Mapping[str, Any]:
        """The body of a whole answer, without faults: what a batch has of it. Raises Refusal."""
        state, dialect = self._state, self._state.dialect
        asked = read_chat(body, dialect, state.files)
        said, digests = self._prepare(asked, body)
        state.number += 1
        cached = state.cache.cached_tokens(asked, digests)
        reply = make_reply(dialect, asked, said, number=state.number, created=int(time.time()), cached=cached)
        return PROTOCOLS[dialect.protocol].body(reply, dialect)

    def _prepare(self, asked: ChatRequest, body: Mapping[str, Any]) -> tuple[Plan, list[bytes]]:
        return plan(asked, self._scripted(body)), prefix_digests(asked)

    def _scripted(self, body: Mapping[str, Any]) -> Scripted | None:
        """What was ordered for this request; ordered errors, and orders that cannot be read, are refusals."""
        try:
            scripted = self._state.script(body) if self._state.script else None
        except ScriptError as wrong:
            raise invalid(f"The simulator's script: {wrong}") from wrong
        if scripted is None or scripted.error is None:
            return scripted
        error = scripted.error
        failure = named_failure(self._state.dialect, error) if isinstance(error, str) else error
        raise Refusal(with_retry_after(failure, scripted.retry_after))

    def _headers(self, request: web.Request, reply: Reply, *, whole: bool) -> dict[str, str]:
        dialect, cached = self._state.dialect, reply.usage.cached
        headers = {dialect.cache_header: str(cached)} if cached and dialect.cache_header else {}
        values = {"id": reply.id, **reply.usage.counters}
        for name, template in {**dialect.reply_headers, **(dialect.body_headers if whole else {})}.items():
            headers[name] = template.format(**values)
        for name, pattern in dialect.echoes.items():
            value = request.headers.get(name, "")
            if re.fullmatch(pattern, value):
                headers[name] = value
        return headers

    async def _whole(self, exchange: Exchange) -> web.StreamResponse:
        """The real API sends the head of such an answer only when it is complete; a dialect with padding does not."""
        faults, dialect = exchange.faults, self._state.dialect
        padding = dialect.padding + tuple(block for quirk in faults.quirks for block in quirk.padding)
        pause = self._state.pace * exchange.reply.usage.completion + (0 if faults.stalls_before_head else faults.stall)
        body = quirky_body(PROTOCOLS[dialect.protocol].body(exchange.reply, dialect), faults.quirks)
        cut = next((cut for cut in faults.cuts if cut.is_of_the_connection), None)
        if cut is not None:
            await asyncio.sleep(pause)
            await break_off(exchange.request, cut)
        if not padding:
            await asyncio.sleep(pause)
            return json_response(body, headers=exchange.headers)
        response = web.StreamResponse(headers={"Content-Type": "application/json", **exchange.headers})
        await response.prepare(exchange.request)
        try:
            for block in padding:
                await response.write(block)
                await asyncio.sleep(pause / len(padding))
            await response.write(dump(body))
            await response.write_eof()
        except ConnectionError:
            pass  # the reader has left, or was ordered to be left
        return response

    async def _stream(self, exchange: Exchange) -> web.StreamResponse:
        kind = next((quirk.content_type for quirk in exchange.faults.quirks if quirk.content_type), "text/event-stream")
        headers = {"Content-Type": kind, "Cache-Control": "no-cache", **exchange.headers}
        response = web.StreamResponse(headers=headers)
        if any(quirk.gzip for quirk in exchange.faults.quirks):
            response.enable_compression(web.ContentCoding.gzip)
        await response.prepare(exchange.request)
        try:
            await self._send(exchange, response)
            await response.write_eof()
        except ConnectionError:
            pass  # the reader has left, or was ordered to be left
        return response

    async def _send(self, exchange: Exchange, response: web.StreamResponse) -> None:
        dialect, reply, faults = self._state.dialect, exchange.reply, exchange.faults
        frames = stream(reply, dialect, self._state.places, exchange.wants_usage)
        clock = asyncio.get_running_loop().time
        due, stalled = clock(), faults.stalls_before_head
        line = Line(exchange.request, response, faults.cuts)
        for event in quirky_stream(frames, reply, dialect, faults.quirks):
            if faults.stall_at == line.frames and not stalled:
                stalled = True
                await asyncio.sleep(faults.stall)
                due = clock()
            if line.cut is not None:
                break
            # Against a clock, not by sleeping the pace each time: the writes would add up and slow the stream.
            due += self._state.pace * event.tokens
            # Also without a pace: a write that need not wait gives no other stream its turn.
            await asyncio.sleep(max(0.0, due - clock()))
            await line.write(event)
        if line.cut is None:
            return
        for last in quirky_bytes(self._last_frames(exchange, line.cut), faults.quirks):
            await response.write(last.data)
        await break_off(exchange.request, line.cut)

    def _last_frames(self, exchange: Exchange, cut: Cut) -> Iterator[Frame]:
        """What a stream that breaks still says."""
        dialect, reply = self._state.dialect, exchange.reply
        if cut.how == "error" and cut.error is not None:
            yield from error_frames(cut.error, dialect, reply)
        elif cut.how == "done":
            yield from (frame for frame in stream(reply, dialect, frozenset(), False) if frame.kind == "done")
