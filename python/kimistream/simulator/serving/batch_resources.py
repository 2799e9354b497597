"""The routes of batches."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from ..values.failures import invalid
from .chat import ChatHandler
from .http import json_response
from .state import State

_PAGE = 20


class BatchResources:
    def __init__(self, state: State) -> None:
        self._state = state
        self._chat = ChatHandler(state)

    async def create(self, _request: web.Request, body: Any) -> web.StreamResponse:
        return json_response(self._state.batches.create(body))

    async def list(self, request: web.Request, _body: Any) -> web.StreamResponse:
        limit = request.query.get("limit", str(_PAGE))
        if not limit.isdigit() or not 1 <= int(limit) <= 100:
            raise invalid("Invalid request: limit is between 1 and 100")
        return json_response(self._state.batches.listed(request.query.get("after"), int(limit)))

    async def retrieve(self, request: web.Request, _body: Any) -> web.StreamResponse:
        return json_response(self._state.batches.look(request.match_info["batch"], self._chat.answer))

    async def cancel(self, request: web.Request, _body: Any) -> web.StreamResponse:
        return json_response(self._state.batches.cancel(request.match_info["batch"]))
