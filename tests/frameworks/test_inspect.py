"""Inspect's openai-api provider with our client in place of its own."""

from __future__ import annotations

import asyncio
from typing import Any

from frameworks_kit import CAPITAL, PEOPLE, TWO_CITIES, TWO_STEPS, Server, weather
from inspect_ai.model import ContentReasoning, GenerateConfig, ResponseSchema, get_model
from inspect_ai.tool import tool
from inspect_ai.util import json_schema
from pydantic import BaseModel


class City(BaseModel):
    city: str
    population: int


@tool
def get_weather() -> Any:
    async def execute(city: str) -> str:
        """The weather of a city.

        Args:
            city: the city
        """
        return weather(city)

    return execute


def model(server: Server, **config: Any) -> Any:
    settings = GenerateConfig(max_retries=0, **config)
    where = {"base_url": server.sim.base_url, "api_key": server.sim.api_key}
    made = get_model(f"openai-api/kimi/{server.model}", memoize=False, config=settings, **where)
    made.api.client = server.awaited()
    return made


def test_chat(server: Server) -> None:
    out = asyncio.run(model(server).generate(CAPITAL))
    assert out.completion == "The capital of France is Paris."
    content = out.choices[0].message.content
    assert [part for part in content if isinstance(part, ContentReasoning)]
    assert out.usage.total_tokens > 0


def test_two_steps(server: Server) -> None:
    server.says(*TWO_STEPS)
    _, out = asyncio.run(model(server).generate_loop(TWO_CITIES, tools=[get_weather()]))
    assert out.completion == TWO_STEPS[-1]["content"]
    server.check_two_steps(kept=server.dialect != "openrouter")  # there it tells thoughts as text


def test_structured(server: Server) -> None:
    schema = ResponseSchema(name="city", json_schema=json_schema(City))
    out = asyncio.run(model(server, response_schema=schema).generate(PEOPLE))
    assert City.model_validate_json(out.completion).city == "Paris"
