"""instructor over our client."""

from __future__ import annotations

import asyncio
from typing import Any

import instructor
import pytest
from frameworks_kit import PEOPLE, Server
from pydantic import BaseModel

ASK = [{"role": "user", "content": PEOPLE}]
MODES = [instructor.Mode.JSON, instructor.Mode.JSON_SCHEMA, instructor.Mode.MD_JSON, instructor.Mode.TOOLS]


class City(BaseModel):
    city: str
    population: int


def asked(server: Server) -> dict[str, Any]:
    return {"model": server.model, "response_model": City, "messages": ASK, "max_retries": 1}


@pytest.mark.parametrize("mode", MODES)
def test_structured(server: Server, mode: Any) -> None:
    client = instructor.from_openai(server.sync(check="fix"), mode=mode)
    assert client.chat.completions.create(**asked(server)).city == "Paris"


@pytest.mark.parametrize("mode", MODES[:2])
def test_awaited(server: Server, mode: Any) -> None:
    client = instructor.from_openai(server.awaited(check="fix"), mode=mode)
    assert asyncio.run(client.chat.completions.create(**asked(server))).city == "Paris"


def test_a_wrong_answer_is_asked_again(server: Server) -> None:
    server.says('{"city": "Paris"}', '{"city": "Paris", "population": 2}')
    client = instructor.from_openai(server.sync(), mode=instructor.Mode.JSON)
    assert client.chat.completions.create(**{**asked(server), "max_retries": 2}).population == 2
    assert server.left == 0


def test_stream(server: Server) -> None:
    client = instructor.from_openai(server.sync(), mode=instructor.Mode.JSON)
    parts = {name: value for name, value in asked(server).items() if name != "max_retries"}
    assert list(client.chat.completions.create_partial(**parts))[-1].city == "Paris"


def test_patched(server: Server) -> None:
    client = instructor.patch(server.sync(), mode=instructor.Mode.JSON)
    assert client.chat.completions.create(**asked(server)).city == "Paris"
