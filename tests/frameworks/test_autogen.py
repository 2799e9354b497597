"""AutoGen's BaseOpenAIChatCompletionClient with our client; its public class takes none."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_core.models import UserMessage
from autogen_ext.models.openai import BaseOpenAIChatCompletionClient
from frameworks_kit import CAPITAL, PEOPLE, TWO_CITIES, TWO_STEPS, Server, weather
from pydantic import BaseModel

ABLE = ("vision", "function_calling", "json_output", "structured_output")
INFO: Any = {"family": "unknown", **dict.fromkeys(ABLE, True)}
ASK = [UserMessage(content=CAPITAL, source="user")]


class City(BaseModel):
    city: str
    population: int


def get_weather(city: str) -> str:
    """The weather of a city."""
    return weather(city)


def client(server: Server) -> BaseOpenAIChatCompletionClient:
    return BaseOpenAIChatCompletionClient(server.awaited(), create_args={"model": server.model}, model_info=INFO)


def test_chat(server: Server) -> None:
    result = asyncio.run(client(server).create(ASK))
    assert result.content == "The capital of France is Paris."
    if server.dialect == "moonshot":  # it reads the one key
        assert "capital of France" in (result.thought or "")


def test_stream(server: Server) -> None:
    async def streamed() -> list[Any]:
        return [item async for item in client(server).create_stream(ASK)]

    *_, last = asyncio.run(streamed())
    assert "The capital of France is Paris." in last.content
    if server.dialect == "moonshot":
        assert "capital of France" in (last.thought or "")


@pytest.mark.parametrize("streamed", [False, True])
def test_two_steps(server: Server, streamed: bool) -> None:
    server.says(*TWO_STEPS)
    how: Any = {"model_client_stream": streamed, "max_tool_iterations": 4}
    agent = AssistantAgent("a", client(server), tools=[get_weather], **how)
    final = asyncio.run(agent.run(task=TWO_CITIES)).messages[-1].content
    assert TWO_STEPS[-1]["content"] in final
    server.check_two_steps(kept=False)


def test_structured(server: Server) -> None:
    asked = [UserMessage(content=PEOPLE, source="user")]
    content = asyncio.run(client(server).create(asked, json_output=City)).content
    assert City.model_validate_json(content).city == "Paris"
