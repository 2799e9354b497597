"""outlines over our client: it is for structured answers, and knows no tools."""

from __future__ import annotations

import asyncio

import outlines
from frameworks_kit import CAPITAL, PEOPLE, Server
from pydantic import BaseModel


class City(BaseModel):
    city: str
    population: int


def test_chat(server: Server) -> None:
    assert outlines.from_openai(server.sync(), server.model)(CAPITAL) == "The capital of France is Paris."


def test_stream(server: Server) -> None:
    model = outlines.from_openai(server.sync(), server.model)
    assert "".join(model.stream(CAPITAL)) == "The capital of France is Paris."


def test_structured(server: Server) -> None:
    text = outlines.from_openai(server.sync(), server.model)(PEOPLE, City)
    assert City.model_validate_json(text).city == "Paris"


def test_awaited(server: Server) -> None:
    model = outlines.from_openai(server.awaited(), server.model)
    assert asyncio.run(model(CAPITAL)) == "The capital of France is Paris."
