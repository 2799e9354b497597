"""pydantic-ai with our client in its providers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from frameworks_kit import CAPITAL, PEOPLE, TWO_CITIES, TWO_STEPS, Server, weather
from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput, PromptedOutput, ToolOutput
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import ThinkingPart
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.models.test import TestModel
from pydantic_ai.providers.moonshotai import MoonshotAIProvider
from pydantic_ai.providers.openai import OpenAIProvider


class City(BaseModel):
    city: str
    population: int


def get_weather(city: str) -> str:
    """The weather of a city."""
    return weather(city)


def model(server: Server, provider: Any = OpenAIProvider, **client: Any) -> OpenAIChatModel:
    return OpenAIChatModel(server.model, provider=provider(openai_client=server.awaited(**client)))


@pytest.mark.parametrize("provider", [OpenAIProvider, MoonshotAIProvider])
def test_chat(server: Server, provider: Any) -> None:
    result = asyncio.run(Agent(model(server, provider)).run(CAPITAL))
    assert result.output == "The capital of France is Paris."
    parts = [part for message in result.all_messages() for part in message.parts]
    assert [part for part in parts if isinstance(part, ThinkingPart)]
    assert result.usage.total_tokens > 0


def test_stream(server: Server) -> None:
    async def streamed() -> str:
        async with Agent(model(server)).run_stream(CAPITAL) as run:
            return "".join([text async for text in run.stream_text(delta=True)])

    assert asyncio.run(streamed()) == "The capital of France is Paris."


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("provider", [OpenAIProvider, MoonshotAIProvider])
def test_two_steps(server: Server, streamed: bool, provider: Any) -> None:
    server.says(*TWO_STEPS)
    agent = Agent(model(server, provider), tools=[get_weather])

    async def run() -> str:
        if not streamed:
            return (await agent.run(TWO_CITIES)).output
        async with agent.run_stream(TWO_CITIES) as stream:
            return "".join([text async for text in stream.stream_text(delta=True)])

    assert asyncio.run(run()) == TWO_STEPS[-1]["content"]
    server.check_two_steps(kept=True)


@pytest.mark.parametrize("form", [NativeOutput, PromptedOutput])
def test_structured(server: Server, form: Any) -> None:
    assert isinstance(asyncio.run(Agent(model(server), output_type=form(City)).run(PEOPLE)).output, City)


def test_structured_by_a_forced_call(server: Server) -> None:
    agent = Agent(model(server, check="fix"), output_type=ToolOutput(City))
    assert isinstance(asyncio.run(agent.run(PEOPLE)).output, City)


def test_refusals_are_the_frameworks(server: Server) -> None:
    server.says({"error": 429})
    with pytest.raises(ModelHTTPError):
        asyncio.run(Agent(model(server)).run(CAPITAL))
    server.says({"error": 429})
    agent = Agent(FallbackModel(model(server), TestModel(custom_output_text="the other")))
    assert asyncio.run(agent.run(CAPITAL)).output == "the other"
