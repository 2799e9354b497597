"""langchain-openai's ChatOpenAI with our client in it. ChatKimi is the better way: this one drops the thinking."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from frameworks_kit import CAPITAL, PEOPLE, TWO_CITIES, TWO_STEPS, Server, weather
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel


class City(BaseModel):
    city: str
    population: int


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return weather(city)


def chat(server: Server, **client: Any) -> ChatOpenAI:
    blocking, awaited = server.sync(**client), server.awaited(**client)
    return ChatOpenAI(
        model=server.model,
        api_key="x",
        client=blocking.chat.completions,
        async_client=awaited.chat.completions,
        root_client=blocking,
        root_async_client=awaited,
    )


def test_chat(server: Server) -> None:
    answer = chat(server).invoke(CAPITAL)
    assert answer.content == "The capital of France is Paris."
    assert answer.usage_metadata["total_tokens"] > 0


def test_stream(server: Server) -> None:
    assert "".join(chunk.text for chunk in chat(server).stream(CAPITAL)) == "The capital of France is Paris."


def test_awaited(server: Server) -> None:
    assert asyncio.run(chat(server).ainvoke(CAPITAL)).content == "The capital of France is Paris."

    async def streamed() -> str:
        return "".join([str(chunk.text) async for chunk in chat(server).astream(CAPITAL)])

    assert asyncio.run(streamed()) == "The capital of France is Paris."


def test_two_steps(server: Server) -> None:
    server.says(*TWO_STEPS)
    model, messages = chat(server).bind_tools([get_weather]), [HumanMessage(TWO_CITIES)]
    answer: Any = model.invoke(messages)
    while answer.tool_calls:
        messages += [answer, *(get_weather.invoke(made) for made in answer.tool_calls)]
        answer = model.invoke(messages)
    assert answer.content == TWO_STEPS[-1]["content"]
    server.check_two_steps(kept=False)


@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
def test_structured(server: Server, method: Any) -> None:
    model = chat(server, check="fix").with_structured_output(City, method=method)
    if method == "json_mode":
        server.says('{"city": "Paris", "population": 2100000}')
    assert model.invoke(f"{PEOPLE} Answer in JSON.").city == "Paris"
