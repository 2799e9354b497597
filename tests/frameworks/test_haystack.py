"""Haystack's OpenAIChatGenerator with our client in place of its own."""

from __future__ import annotations

import asyncio
from typing import Any

from frameworks_kit import CAPITAL, PEOPLE, TWO_CITIES, TWO_STEPS, Server, weather
from haystack.components.agents import Agent
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage
from haystack.tools import Tool
from haystack.utils import Secret
from pydantic import BaseModel

ASK = [ChatMessage.from_user(CAPITAL)]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = Tool(name="get_weather", description="The weather of a city.", parameters=PARAMETERS, function=weather)


class City(BaseModel):
    city: str
    population: int


def generator(server: Server, **options: Any) -> OpenAIChatGenerator:
    made = OpenAIChatGenerator(
        model=server.model, api_key=Secret.from_token("x"), api_base_url=server.sim.base_url, **options
    )
    made.warm_up()
    made.client, made.async_client = server.sync(), server.awaited()
    return made


def test_chat(server: Server) -> None:
    [reply] = generator(server).run(ASK)["replies"]
    assert reply.text == "The capital of France is Paris."
    assert reply.meta["usage"]["total_tokens"] > 0


def test_stream(server: Server) -> None:
    pieces: list[str] = []
    [reply] = generator(server, streaming_callback=lambda chunk: pieces.append(chunk.content)).run(ASK)["replies"]
    assert reply.text == "".join(pieces) == "The capital of France is Paris."


def test_two_steps(server: Server) -> None:
    server.says(*TWO_STEPS)
    agent = Agent(chat_generator=generator(server), tools=[TOOL])
    agent.warm_up()
    agent.chat_generator.client = server.sync()
    assert agent.run([ChatMessage.from_user(TWO_CITIES)])["last_message"].text == TWO_STEPS[-1]["content"]
    server.check_two_steps(kept=False)


def test_structured(server: Server) -> None:
    made = generator(server, generation_kwargs={"response_format": City})
    [reply] = made.run([ChatMessage.from_user(PEOPLE)])["replies"]
    assert City.model_validate_json(reply.text).city == "Paris"


def test_awaited(server: Server) -> None:
    [reply] = asyncio.run(generator(server).run_async(ASK))["replies"]
    assert reply.text == "The capital of France is Paris."
