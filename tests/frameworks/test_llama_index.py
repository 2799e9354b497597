"""Kimi of LlamaIndex: its ThinkingBlock goes back, structured answers, tools, agents, both ways to wait."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from frameworks_kit import CAPITAL, PEOPLE, TWO_CITIES, TWO_STEPS, Server, weather
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ImageBlock, TextBlock, ThinkingBlock, ToolCallBlock
from llama_index.core.llms import ChatMessage
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel

from kimistream import InvalidRequestError, RateLimitError, SchemaError
from kimistream.integrations.llama_index import Kimi


class City(BaseModel):
    city: str
    population: int


def get_weather(city: str) -> str:
    """The weather of a city."""
    return weather(city)


TOOL = FunctionTool.from_defaults(get_weather)
ASK = [ChatMessage(role="user", content=CAPITAL)]


def llm(server: Any, **options: Any) -> Kimi:
    where = {"base_url": server.sim.base_url, "api_key": server.sim.api_key, "provider": server.dialect}
    return Kimi(**{"model": server.model, "max_retries": 0, **where, **options})


def test_thinking_is_a_block(server: Server) -> None:
    response = llm(server).chat(ASK)
    thinking, text = response.message.blocks
    assert isinstance(thinking, ThinkingBlock)
    assert "capital of France" in (thinking.content or "")
    assert isinstance(text, TextBlock)
    assert response.message.content == text.text == "The capital of France is Paris."
    assert response.additional_kwargs["total_tokens"] > 0
    assert llm(server).complete(CAPITAL).text == text.text


def test_a_stream_grows(server: Server) -> None:
    responses = list(llm(server).stream_chat(ASK))
    last = responses[-1]
    assert "".join(response.delta or "" for response in responses) == last.message.content
    thoughts = "".join(response.additional_kwargs.get("thinking_delta", "") for response in responses)
    assert thoughts == last.message.blocks[0].content
    assert last.message.content == "The capital of France is Paris."
    assert [response for response in responses if "total_tokens" in response.additional_kwargs] == [last]
    assert "".join(part.delta or "" for part in llm(server).stream_complete(CAPITAL)) == last.message.content


def test_awaited(server: Server) -> None:
    async def all_of_them() -> set[str]:
        model = llm(server)
        chat = (await model.achat(ASK)).message.content
        streamed = "".join([response.delta or "" async for response in await model.astream_chat(ASK)])
        completed = (await model.acomplete(CAPITAL)).text
        parts = "".join([part.delta or "" async for part in await model.astream_complete(CAPITAL)])
        return {chat or "", streamed, completed, parts}

    assert asyncio.run(all_of_them()) == {"The capital of France is Paris."}


@pytest.mark.parametrize("streaming", [False, True])
def test_an_agent_of_two_steps_writes_the_thinking_back(server: Server, streaming: bool) -> None:
    server.says(*TWO_STEPS)

    async def agent() -> str:
        return str(await FunctionAgent(tools=[TOOL], llm=llm(server), streaming=streaming).run(TWO_CITIES))

    assert asyncio.run(agent()) == TWO_STEPS[-1]["content"]
    server.check_two_steps(kept=True)


def test_tools(server: Server) -> None:
    model = llm(server)
    assert str(model.predict_and_call([TOOL], "How is the weather in Paris?")) == "Sunny in Paris"
    response = model.chat_with_tools([TOOL], "weather in Paris and Tokyo?", allow_parallel_tool_calls=True)
    assert [made.tool_kwargs for made in model.get_tool_calls_from_response(response)] == [
        {"city": "Paris"},
        {"city": "Tokyo"},
    ]
    single = model.chat_with_tools([TOOL], "weather in Paris and Tokyo?")
    assert len(model.get_tool_calls_from_response(single)) == 1
    forced = model.chat_with_tools([TOOL], "hi", tool_required=True)
    assert len(model.get_tool_calls_from_response(forced)) == 1
    assert not any(isinstance(block, ThinkingBlock) for block in forced.message.blocks)
    with pytest.raises(ValueError, match="at least one tool call"):
        model.get_tool_calls_from_response(model.chat_with_tools([TOOL], "hi"))


def test_streamed_calls_grow(server: Server) -> None:
    *_, last = llm(server).stream_chat_with_tools([TOOL], "How is the weather in Paris?")
    [block] = [block for block in last.message.blocks if isinstance(block, ToolCallBlock)]
    assert (block.tool_name, block.tool_kwargs) == ("get_weather", '{"city":"Paris"}')


@pytest.mark.parametrize("streaming", [False, True])
def test_an_agent_runs_no_call_that_was_cut(moonshot: Server, streaming: bool) -> None:
    """Not without its arguments either, as it would run one whose arguments are no JSON."""
    run: list[str] = []

    def note(city: str = "everything") -> str:
        """Notes a city."""
        run.append(city)
        return city

    arguments = json.dumps({"city": "Llanfairpwllgwyngyll on the island of Anglesey"})
    moonshot.says({"tool_calls": [{"name": "note", "arguments": arguments}]}, {"content": "done"})
    model = llm(moonshot, max_tokens=8, thinking=False)
    agent = FunctionAgent(tools=[FunctionTool.from_defaults(note)], llm=model, streaming=streaming)

    async def ask() -> Any:
        return await agent.run("hi")

    asyncio.run(ask())
    assert run == []


def test_structured(server: Server) -> None:
    prompt = PromptTemplate("How many people live in {city}?")
    assert isinstance(llm(server).structured_predict(City, prompt, city="Paris"), City)
    assert isinstance(asyncio.run(llm(server).astructured_predict(City, prompt, city="Paris")), City)
    model = llm(server).as_structured_llm(City)
    assert model.complete(PEOPLE).raw.city == "Paris"
    *_, last = model.stream_chat([ChatMessage(role="user", content=PEOPLE)])
    assert last.raw.city == "Paris"
    server.says(*["no"] * 3)
    with pytest.raises(SchemaError):
        llm(server).structured_predict(City, prompt, city="Paris")


def test_pictures(moonshot: Server) -> None:
    asked = ChatMessage(role="user", blocks=[TextBlock(text="What is it?"), ImageBlock(image=b"\x89PNG\r\n\x1a\n" * 4)])
    assert "image" in (llm(moonshot).chat([asked]).message.content or "")


def test_errors_and_keys(moonshot: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    moonshot.says({"error": 429})
    with pytest.raises(RateLimitError):
        llm(moonshot).chat(ASK)
    moonshot.says({"error": 429})
    with pytest.raises(RateLimitError):
        llm(moonshot).stream_chat(ASK)
    for variable in ("MOONSHOT_API_KEY", "KIMI_API_KEY", "KIMISTREAM_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(InvalidRequestError, match="MOONSHOT_API_KEY"):
        Kimi()
    model = Kimi(api_key="sk-very-secret")
    assert "very-secret" not in f"{model!r} {model.to_json()} {model.to_payload()}"
