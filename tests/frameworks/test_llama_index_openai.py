"""LlamaIndex's OpenAILike with our client in it. Our own integration is the better way: this one drops thoughts."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from frameworks_kit import CAPITAL, PEOPLE, TWO_CITIES, TWO_STEPS, Server, weather
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai_like import OpenAILike
from pydantic import BaseModel

ASK = [ChatMessage(role="user", content=CAPITAL)]


class City(BaseModel):
    city: str
    population: int


def get_weather(city: str) -> str:
    """The weather of a city."""
    return weather(city)


TOOL = FunctionTool.from_defaults(get_weather)


def llm(server: Server, **options: Any) -> OpenAILike:
    return OpenAILike(
        model=server.model,
        api_base=server.sim.base_url,
        api_key=server.sim.api_key,
        is_chat_model=True,
        is_function_calling_model=True,
        temperature=1.0,
        max_retries=0,
        openai_client=server.sync(check="fix"),
        async_openai_client=server.awaited(check="fix"),
        **options,
    )


def test_chat(server: Server) -> None:
    assert llm(server).chat(ASK).message.content == "The capital of France is Paris."


def test_thinking_is_shown(server: Server) -> None:
    response = llm(server).chat(ASK)
    assert [type(block).__name__ for block in response.message.blocks] == ["ThinkingBlock", "TextBlock"]


def test_stream(server: Server) -> None:
    assert "".join(r.delta or "" for r in llm(server).stream_chat(ASK)) == "The capital of France is Paris."


def test_awaited(server: Server) -> None:
    assert asyncio.run(llm(server).achat(ASK)).message.content == "The capital of France is Paris."


@pytest.mark.parametrize("streaming", [False, True])
def test_two_steps(server: Server, streaming: bool) -> None:
    server.says(*TWO_STEPS)

    async def agent() -> str:
        return str(await FunctionAgent(tools=[TOOL], llm=llm(server), streaming=streaming).run(TWO_CITIES))

    assert asyncio.run(agent()) == TWO_STEPS[-1]["content"]
    server.check_two_steps(kept=False)


@pytest.mark.parametrize("native", [False, True])
def test_structured(server: Server, native: bool) -> None:
    model = llm(server, should_use_structured_outputs=native).as_structured_llm(City)
    assert model.complete(PEOPLE).raw.city == "Paris"
