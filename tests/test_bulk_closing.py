"""client.map without a file, closed from elsewhere while somebody waits for its rows."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bulk_server import BulkServer, too_many
from kit import run, until, wait_until
from test_bulk import rows

from kimistream import InvalidRequestError, Row


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


def test_rows_that_another_task_reads_are_refused_and_go_on() -> None:
    async def main(server: BulkServer) -> None:
        found = server.async_client().map(rows(5), "{text}", concurrency=2)

        async def read() -> list[Row]:
            return [row async for row in found]

        first, second = asyncio.ensure_future(read()), asyncio.ensure_future(read())
        with pytest.raises(InvalidRequestError, match="read by another task"):
            await asyncio.wait_for(second, 60)
        server.let_go()
        assert len(await asyncio.wait_for(first, 60)) == 5

    with BulkServer(held=True) as server:
        run(main(server))


def test_a_run_that_could_not_begin_may_be_awaited_again(tmp_path: Path) -> None:
    async def main(server: BulkServer) -> None:
        client, out = server.async_client(), tmp_path / "out.jsonl"
        first = asyncio.ensure_future(_awaited(client.map(rows(3), "{text}", key="id", out=out)))
        await until(lambda: server.waiting == 3)
        second = client.map(rows(3), "{text}", key="id", out=out)
        for _ in range(2):
            with pytest.raises(InvalidRequestError, match="another run"):
                await second
        server.let_go()
        assert (await first).done == 3
        assert (await second).skipped == 3
        assert (await second).skipped == 3

    with BulkServer(held=True) as server:
        run(main(server))


def test_a_run_that_has_failed_is_awaited_to_its_error_each_time(tmp_path: Path) -> None:
    def source() -> Iterator[dict[str, Any]]:
        yield from rows(2)
        raise RuntimeError("the file is gone")

    async def main(server: BulkServer) -> None:
        wanted = server.async_client().map(source(), "{text}", out=tmp_path / "out.jsonl")
        first = asyncio.ensure_future(_awaited(wanted))
        await until(lambda: server.waiting == 2)
        with pytest.raises(InvalidRequestError, match="awaited by another task"):
            await wanted
        server.let_go()
        for waiting in (first, wanted, wanted):
            with pytest.raises(RuntimeError, match="gone"):
                await waiting
        assert wanted.done == 2

    with BulkServer(held=True) as server:
        run(main(server))


@pytest.mark.parametrize("raised", [SystemExit(3), ValueError("no more")])
def test_what_the_rows_raise_is_passed_on_once_what_is_under_way_is_kept(raised: BaseException, tmp_path: Path) -> None:
    def source() -> Iterator[dict[str, Any]]:
        yield from rows(7)
        raise raised

    with BulkServer() as server:
        with pytest.raises(type(raised)) as error:
            server.client().map(source(), "{text}", key="id", out=tmp_path / "out.jsonl")
        assert error.value is raised
        assert sum(server.asked.values()) == 7
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 7


async def _awaited(wanted: Any) -> Any:
    return await wanted
