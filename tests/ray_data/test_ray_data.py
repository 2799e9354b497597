"""kimistream.ray with a real Ray Data: actors in processes of their own, killed and started again. scripts/test-ray
runs it: Ray takes a gigabyte and half a minute before it does anything."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
from bulk_server import BulkServer, Refused
from kit import KEY

from kimistream.ray import Mapper, keywords


@pytest.fixture(scope="module", autouse=True)
def session() -> Iterator[None]:
    ray.init(address="local", num_cpus=2, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield
    ray.shutdown()


def rows(count: int) -> Any:
    return ray.data.from_items([{"id": number, "text": f"t{number}"} for number in range(count)])


def how(server: BulkServer, **options: Any) -> dict[str, Any]:
    client = {"api_key": KEY, "base_url": server.url}
    return keywords(**{"prompt": "{text}", "key": "id", "client": client, "size": 2, "concurrency": 10, **options})


def test_two_actors_on_a_machine_of_two_cores() -> None:
    def reply(text: str) -> str:
        if text.endswith("7"):
            raise Refused(400, "not this one")
        return f"answer to {text}"

    with BulkServer(reply, delay=0.01) as server:
        found = rows(500).map_batches(Mapper, **how(server)).take_all()
        assert sum(server.asked.values()) == 500
        assert server.most <= 20
    by_id = {row["id"]: row for row in found}
    assert sorted(by_id) == list(range(500))
    assert by_id[3]["text"] == "answer to t3"
    assert by_id[3]["key"] == "3"
    assert json.loads(by_id[17]["error"])["status_code"] == 400
    assert by_id[17]["text"] is None


def test_as_the_numpy_batches_that_ray_gives_by_itself() -> None:
    from ray.data import ActorPoolStrategy

    with BulkServer() as server:
        arguments = {"prompt": "{text}", "client": {"api_key": KEY, "base_url": server.url}}
        found = rows(50).map_batches(
            Mapper, fn_constructor_kwargs=arguments, compute=ActorPoolStrategy(size=1), batch_size=25, num_cpus=0.1
        )
        assert sorted(row["id"] for row in found.take_all()) == list(range(50))


def test_started_again_and_with_another_prompt(tmp_path: Path) -> None:
    folder = str(tmp_path / "ledger")
    with BulkServer() as server:
        rows(200).map_batches(Mapper, **how(server, ledger=folder)).materialize()
        again = rows(220).map_batches(Mapper, **how(server, ledger=folder)).take_all()
        assert sum(server.asked.values()) == 220
        assert sorted(row["text"] for row in again) == sorted(f"answer to t{number}" for number in range(220))
        rows(10).map_batches(Mapper, **how(server, ledger=folder, prompt="Other: {text}")).materialize()
        assert sum(server.asked.values()) == 230


def test_limits_hold_for_all_actors_together() -> None:
    with BulkServer(delay=0.02) as server:
        rows(300).map_batches(Mapper, **how(server, limits={"concurrency": 4}, batch_size=20)).materialize()
        assert sum(server.asked.values()) == 300
        assert server.most == 4


@pytest.mark.parametrize("size", [2])
def test_a_minutes_requests_are_not_divided(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quick batches all go to the first actor: it has the whole minute's places."""
    with BulkServer() as server:
        began = time.monotonic()
        rows(100).map_batches(Mapper, **how(server, size=size, limits={"rpm": 100}, batch_size=25)).materialize()
        assert sum(server.asked.values()) == 100
        assert time.monotonic() - began < 60, "half of them would have waited a minute"


def test_an_actor_that_is_killed_costs_what_was_under_way(tmp_path: Path) -> None:
    with BulkServer(delay=0.05) as server:
        victim: list[int] = []

        def reply(text: str) -> str:
            if not victim and sum(server.paid.values()) >= 150:
                victim.extend(actors()[:1])
                os.kill(victim[0], signal.SIGKILL)
            return f"answer to {text}"

        server._reply = reply
        found = rows(600).map_batches(Mapper, **how(server, ledger=str(tmp_path), batch_size=50)).take_all()
        assert victim
        assert sorted(row["id"] for row in found) == list(range(600))
        assert all(row["error"] is None for row in found)
        paid = sum(server.paid.values())
        assert 600 <= paid <= 600 + 10, f"{paid} were paid: more than was under way"


def actors() -> list[int]:
    """The processes of Mappers."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                name = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if name.startswith(b"ray::") and (b"Mapper" in name or b"MapWorker" in name):
                found.append(int(folder.name))
    return found
