"""What can be asked besides questions: models, balance, token counts, files."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from aiohttp import web

from ..dialects.reading import read_request
from ..values.records import Request, public_headers
from ..values.shapes import fill
from ..values.tokens import estimate_prompt
from .http import beside, json_response
from .state import State
from .uploads import read_upload


class Resources:
    def __init__(self, state: State) -> None:
        self._state = state

    async def models(self, _request: web.Request, _body: Any) -> web.StreamResponse:
        dialect = self._state.dialect
        return json_response(fill(dialect.list_body, {"data": dialect.listed()}))

    async def balance(self, _request: web.Request, _body: Any) -> web.StreamResponse:
        balance = {"available_balance": 49.58894, "voucher_balance": 46.58893, "cash_balance": 3.00001}
        return json_response({"code": 0, "data": balance, "scode": "0x0", "status": True})

    async def estimate(self, request: web.Request, body: Any) -> web.StreamResponse:
        asked = await beside(request, read_request, body, self._state.dialect, self._state.files)
        return json_response({"data": {"total_tokens": estimate_prompt(asked.messages)}})

    async def upload(self, request: web.Request, _body: Any) -> web.StreamResponse:
        files = self._state.files
        files.check_room()
        form = await read_upload(request, self._state.max_file)
        stored = files.add(
            form.sink, name=form.name, purpose=form.purpose, mime=form.mime.partition(";")[0], created=int(time.time())
        )
        summary = {"purpose": stored.purpose, "filename": form.name, "bytes": stored.size, "sha256": stored.sha256}
        self._state.log.add(Request(request.method, request.path, public_headers(request.headers.items()), summary))
        return json_response(stored.as_json())

    async def files(self, _request: web.Request, _body: Any) -> web.StreamResponse:
        return json_response({"object": "list", "data": [stored.as_json() for stored in self._state.files.values()]})

    async def file(self, request: web.Request, _body: Any) -> web.StreamResponse:
        return json_response(self._state.files.find(request.match_info["file"]).as_json())

    async def delete(self, request: web.Request, _body: Any) -> web.StreamResponse:
        file_id = request.match_info["file"]
        self._state.files.delete(file_id)
        return json_response({"id": file_id, "object": "file", "deleted": True})

    async def content(self, request: web.Request, _body: Any) -> web.StreamResponse:
        """Text of what was uploaded for extraction, as JSON in plain text; the bytes of everything else."""
        stored = self._state.files.find(request.match_info["file"])
        if stored.purpose == "file-extract":
            return web.Response(text=await asyncio.to_thread(stored.extracted), content_type="text/plain")
        return web.Response(body=await asyncio.to_thread(stored.raw), content_type=stored.mime)
