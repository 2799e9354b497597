"""The HTTP side: routes, keys, ids, ordered errors, and refusals in the dialect's envelope."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from aiohttp import web

from ..dialects.reading import parse
from ..framing.envelope import envelope, named_failure
from ..values.failures import CRASHED, Failure, Refusal
from ..values.records import Request, public_headers
from .batch_resources import BatchResources
from .chat import ChatHandler
from .http import LARGE, json_response
from .resources import Resources
from .state import State

_LOG = logging.getLogger("kimistream.simulator")

# A handler gets the request and its parsed JSON, which is None where the body is not JSON.
Handler = Callable[[web.Request, Any], Awaitable[web.StreamResponse]]


class Api:
    """The API in one dialect."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._dialect = state.dialect

    def application(self) -> web.Application:
        app = web.Application(client_max_size=self._state.max_body)
        app.on_response_prepare.append(self._name_response)
        for method, path, handler in self._routes():
            app.router.add_route(method, self._dialect.path + path, self._guarded(handler))
        if "files" in self._dialect.endpoints:
            upload = Resources(self._state).upload
            app.router.add_route("POST", f"{self._dialect.path}/files", self._guarded(upload, reads_body=False))
        app.router.add_route("*", "/{path:.*}", self._guarded(self._nowhere))
        return app

    def _routes(self) -> Iterator[tuple[str, str, Handler]]:
        dialect, resources = self._dialect, Resources(self._state)
        yield "POST", dialect.chat_path, ChatHandler(self._state)
        if dialect.models_path:
            yield "GET", dialect.models_path, resources.models
        if "balance" in dialect.endpoints:
            yield "GET", "/users/me/balance", resources.balance
        if "estimate" in dialect.endpoints:
            yield "POST", "/tokenizers/estimate-token-count", resources.estimate
        if "files" in dialect.endpoints:
            yield "GET", "/files", resources.files
            yield "GET", "/files/{file}", resources.file
            yield "DELETE", "/files/{file}", resources.delete
            yield "GET", "/files/{file}/content", resources.content
        if "batches" in dialect.endpoints:
            batches = BatchResources(self._state)
            yield "POST", "/batches", batches.create
            yield "GET", "/batches", batches.list
            yield "GET", "/batches/{batch}", batches.retrieve
            yield "POST", "/batches/{batch}/cancel", batches.cancel

    def _guarded(
        self, handler: Handler, *, reads_body: bool = True
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The handler behind what all have in common: the record, the key, ordered errors, refusals in an envelope.

        reads_body  False: the handler reads the body itself, block by block, and records the request then
        """

        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                body = await self._body(request) if reads_body else None
                self._check_key(request)
                self._state.orders.raise_ordered(self._state.orders_for(request.headers))
                return await handler(request, body)
            except Refusal as refusal:
                return self._refuse(refusal.failure)
            except web.HTTPRequestEntityTooLarge:
                return self._refuse(named_failure(self._dialect, "413"))
            except ConnectionError:
                raise
            except Exception:
                _LOG.exception("the simulator failed to answer")
                return self._refuse(CRASHED)

        return guarded

    async def _body(self, request: web.Request) -> Any:
        raw = await request.read()
        body = await asyncio.to_thread(parse, raw) if len(raw) > LARGE else parse(raw)
        self._state.log.add(Request(request.method, request.path, public_headers(request.headers.items()), body))
        limit = self._dialect.max_message_bytes
        if limit and len(raw) > limit:
            message = self._dialect.too_large.format(size=len(raw), limit=limit)
            raise Refusal(Failure(400, "invalid_request_error", message))
        return body

    def _check_key(self, request: web.Request) -> None:
        keys = {name: template.format(key=self._state.api_key) for name, template in self._dialect.keys.items()}
        if keys and not any(request.headers.get(name) == value for name, value in keys.items()):
            raise Refusal(named_failure(self._dialect, "401"))
        needed = self._dialect.needed_header
        if needed and needed not in request.headers:
            words = f"{needed} header is required"
            raise Refusal(Failure(400, "", words, body={"status": "failure", "message": words}))

    async def _nowhere(self, request: web.Request, body: Any) -> web.StreamResponse:
        raise Refusal(Failure(404, "resource_not_found_error", f"url.not_found: {request.method} {request.path}"))

    def _refuse(self, failure: Failure) -> web.Response:
        if failure.html:
            return web.Response(
                status=failure.status, text=failure.html, content_type="text/html", headers=failure.headers
            )
        return json_response(envelope(self._dialect, self._dialect.error, failure), failure.status, failure.headers)

    async def _name_response(self, request: web.Request, response: web.StreamResponse) -> None:
        identity = uuid.uuid4()
        response.headers["Server"] = "kimistream-simulator"
        for name, template in self._dialect.id_headers.items():
            response.headers[name] = template.format(uuid=identity, hex=identity.hex)
