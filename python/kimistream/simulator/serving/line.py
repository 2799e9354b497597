"""The line to a reader: what has gone out on it, and how it breaks where that is ordered."""

from __future__ import annotations

import asyncio
import socket
import struct

from aiohttp import web

from ..faults.orders import MAX_STALL, Cut
from ..values.frame import Sent

_FLUSHED = 0.001  # seconds between two looks at whether the bytes before a reset have left
_LINGER = struct.pack("ii", 1, 0)  # on, for no time: what closes the connection is a reset


class Line:
    """Counts what is written, and writes no further than the first cut.

    frames  that have gone out, as a fault's position counts them
    """

    def __init__(self, request: web.Request, response: web.StreamResponse, cuts: tuple[Cut, ...]) -> None:
        self._request = request
        self._response = response
        self._cuts = cuts
        self._bytes = 0
        self.frames = 0

    @property
    def cut(self) -> Cut | None:
        """The cut that is due, or None."""
        return next((cut for cut in self._cuts if cut.at <= (self._bytes if cut.bytes else self.frames)), None)

    async def write(self, event: Sent) -> None:
        room = min((cut.at - self._bytes for cut in self._cuts if cut.bytes), default=len(event.data))
        data = event.data[:room]
        if data:
            await self._response.write(data)
        self._bytes += len(data)
        self.frames += event.counts and len(data) == len(event.data)


async def break_off(request: web.Request, cut: Cut) -> None:
    """Ends the connection, or all that is heard of it, without the end that HTTP would want."""
    transport = request.transport
    if not cut.is_of_the_connection or transport is None:
        return
    if cut.how == "silence":
        await asyncio.sleep(MAX_STALL)
    elif cut.how == "rst":
        while transport.get_write_buffer_size() and not transport.is_closing():
            await asyncio.sleep(_FLUSHED)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        transport.abort()
    else:
        transport.close()
    raise ConnectionResetError("cut, as ordered")
