"""Small things that handlers of requests share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from aiohttp import web

from ..values.shapes import dump

Given = ParamSpec("Given")
Made = TypeVar("Made")

LARGE = 256 * 1024  # bytes; reading more than that takes long enough to be done beside the event loop


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(status=status, body=dump(value), content_type="application/json", headers=headers)


async def beside(request: web.Request, work: Callable[Given, Made], *given: Given.args, **named: Given.kwargs) -> Made:
    """The work's result; for a large request from beside the event loop, so that other streams go on."""
    large = request.content_length is None or request.content_length > LARGE
    return await asyncio.to_thread(work, *given, **named) if large else work(*given, **named)
