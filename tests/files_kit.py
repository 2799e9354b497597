"""What the tests of files share: a client, files of a size, answers in turn."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from fault_server_client import FaultServer, Script

from kimistream import Kimi
from kimistream.simulator import Simulator

BLOCK = bytes(range(256)) * 4096


def client_of(sim: Simulator, **options: Any) -> Kimi:
    return Kimi(api_key=sim.api_key, base_url=sim.base_url, provider="moonshot", max_retries=0, **options)


def digest_at(client: Kimi, file_id: str) -> str:
    return hashlib.sha256(client.files.content(file_id).read()).hexdigest()


def sized(path: Path, size: int) -> str:
    """A file of this size, and its SHA-256."""
    digest = hashlib.sha256()
    with open(path, "wb") as out:
        for at in range(0, size, len(BLOCK)):
            block = (
                at.to_bytes(8, "big") + BLOCK[8 : min(len(BLOCK), size - at)] if size - at > 8 else b"x" * (size - at)
            )
            out.write(block)
            digest.update(block)
    assert path.stat().st_size == size
    return digest.hexdigest()


def answering(server: FaultServer, *answers: tuple[int, Any]) -> str:
    """A base URL that gives these (status, body) in turn, the last for ever."""
    script = Script()
    for place, (status, value) in enumerate(answers):
        if place:
            script.attempt()
        script = script.respond(status, value) if isinstance(value, bytes) else script.json(status, value)
    return server.url(script)
