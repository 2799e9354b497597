"""AsyncKimi.map among the other tasks of its event loop."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from bulk_server import BulkServer
from kit import run, turns_of_the_loop
from test_bulk import rows

from kimistream import InvalidRequestError, Run


def test_it_is_a_coroutine_for_those_who_take_nothing_else(tmp_path: Path) -> None:
    with BulkServer() as server:
        client = server.async_client()
        ended = asyncio.run(client.map(rows(3), "{text}", key="id", out=tmp_path / "run.jsonl"))
        assert isinstance(ended, Run)
        assert ended.done == 3

        async def main() -> list[int]:
            tasks = [
                asyncio.create_task(server.async_client().map(rows(3), "{text}", out=tmp_path / f"{number}.jsonl"))
                for number in range(2)
            ]
            return [run.done for run in await asyncio.gather(*tasks)]

        assert run(main()) == [3, 3]
        with pytest.raises(InvalidRequestError, match="async for"):
            asyncio.run(server.async_client().map(rows(3), "{text}"))


def test_a_task_of_it_that_is_cancelled_keeps_what_has_come(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"

    async def main(server: BulkServer) -> None:
        task = asyncio.create_task(server.async_client().map(rows(100), "{text}", key="id", out=out, concurrency=2))
        while not out.exists() or not out.read_bytes():
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with BulkServer(delay=0.02) as server:
        run(main(server))
        kept = len(out.read_text().splitlines())
        assert 0 < kept < 100
        again = server.client().map(rows(100), "{text}", key="id", out=out)
        assert (again.skipped, again.done) == (kept, 100 - kept)


@pytest.mark.parametrize("ordered", [False, True])
def test_others_have_their_turns_while_no_row_needs_a_request(ordered: bool) -> None:
    async def main(server: BulkServer) -> int:
        async with turns_of_the_loop() as turns:
            failed: list[Any] = [row async for row in server.async_client().map(rows(5000), "{no}", ordered=ordered)]
        assert len(failed) == 5000
        return turns()

    with BulkServer() as server:
        assert run(main(server)) > 5
        assert not server.asked
