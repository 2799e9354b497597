"""OpenAI's Agents SDK with our client in its model."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from agents import Agent, OpenAIChatCompletionsModel, Runner, function_tool, set_tracing_disabled
from frameworks_kit import CAPITAL, PEOPLE, TWO_CITIES, TWO_STEPS, Server, weather
from pydantic import BaseModel

set_tracing_disabled(True)


class City(BaseModel):
    city: str
    population: int


@function_tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return weather(city)


def agent(server: Server, replay: bool = False, **options: Any) -> Agent[Any]:
    more = {"should_replay_reasoning_content": lambda _: True} if replay else {}
    model = OpenAIChatCompletionsModel(model=server.model, openai_client=server.awaited(), **more)
    return Agent(name="a", model=model, **options)


def test_chat(server: Server) -> None:
    result = asyncio.run(Runner.run(agent(server), CAPITAL))
    assert result.final_output == "The capital of France is Paris."
    assert result.context_wrapper.usage.total_tokens > 0


def test_stream(server: Server) -> None:
    async def streamed() -> tuple[str, str, str]:
        run = Runner.run_streamed(agent(server), CAPITAL)
        text, thought = "", ""
        async for event in run.stream_events():
            if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
                text += event.data.delta
            if event.type == "raw_response_event" and event.data.type.startswith("response.reasoning"):
                thought += getattr(event.data, "delta", "") or ""
        return str(run.final_output), text, thought

    final, text, thought = asyncio.run(streamed())
    assert final == text == "The capital of France is Paris."
    assert thought.count("The user asks") == 1  # and not twice


@pytest.mark.parametrize("replay", [False, True])
def test_two_steps(server: Server, replay: bool) -> None:
    server.says(*TWO_STEPS)
    result = asyncio.run(Runner.run(agent(server, replay, tools=[get_weather]), TWO_CITIES))
    assert result.final_output == TWO_STEPS[-1]["content"]
    server.check_two_steps(kept=replay)


def test_two_steps_streamed(server: Server) -> None:
    server.says(*TWO_STEPS)

    async def streamed() -> str:
        run = Runner.run_streamed(agent(server, True, tools=[get_weather]), TWO_CITIES)
        async for _ in run.stream_events():
            pass
        return str(run.final_output)

    assert asyncio.run(streamed()) == TWO_STEPS[-1]["content"]
    server.check_two_steps(kept=True)


def test_structured(server: Server) -> None:
    result = asyncio.run(Runner.run(agent(server, output_type=City), PEOPLE))
    assert isinstance(result.final_output, City)
