"""client.map without a file, closed from elsewhere while somebody waits for its rows."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from bulk_server import BulkServer, too_many
from kit import run, until, wait_until
from test_bulk import rows

from kimistream import Row


def test_closed_by_another_thread_while_it_waits_it_ends() -> None:
    def reply(text: str) -> str:
        raise too_many("RPM", headers={"Retry-After": "3000"})

    with BulkServer(reply) as server:
        found = server.client().map(rows(5), "{text}", concurrency=1)
        given: list[Any] = []

        def read() -> None:
            try:
                given.append(list(found))
            except BaseException as error:
                given.append(error)

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        wait_until(lambda: sum(server.asked.values()) >= 1)
        found.close()
        reader.join(60)
        assert given == [[]]
        assert found.stopped == "interrupted"
        assert list(found) == []


def test_closed_by_another_task_while_it_waits_it_ends() -> None:
    def reply(text: str) -> str:
        raise too_many("RPM", headers={"Retry-After": "3000"})

    async def main(server: BulkServer) -> None:
        found = server.async_client().map(rows(5), "{text}", concurrency=1)

        async def read() -> list[Row]:
            return [row async for row in found]

        reader = asyncio.ensure_future(read())
        await until(lambda: sum(server.asked.values()) >= 1)
        await found.aclose()
        assert await asyncio.wait_for(reader, 60) == []

    with BulkServer(reply) as server:
        run(main(server))
