"""Semantic Kernel's OpenAIChatCompletion with our client."""

from __future__ import annotations

import asyncio
from typing import Any

from frameworks_kit import CAPITAL, PEOPLE, TWO_CITIES, TWO_STEPS, Server, weather
from pydantic import BaseModel
from semantic_kernel import Kernel
from semantic_kernel.connectors.ai import FunctionChoiceBehavior
from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion, OpenAIChatPromptExecutionSettings
from semantic_kernel.contents import ChatHistory
from semantic_kernel.functions import kernel_function


class City(BaseModel):
    city: str
    population: int


class Weather:
    @kernel_function(name="get_weather", description="The weather of a city.")
    def get_weather(self, city: str) -> str:
        return weather(city)


def service(server: Server) -> OpenAIChatCompletion:
    return OpenAIChatCompletion(ai_model_id=server.model, async_client=server.awaited())


def asked(question: str) -> ChatHistory:
    history = ChatHistory()
    history.add_user_message(question)
    return history


def answer(server: Server, question: str, **settings: Any) -> str:
    kernel = Kernel()
    kernel.add_plugin(Weather(), "weather")
    made = OpenAIChatPromptExecutionSettings(**settings)
    return str(asyncio.run(service(server).get_chat_message_content(asked(question), made, kernel=kernel)))


def test_chat(server: Server) -> None:
    assert answer(server, CAPITAL) == "The capital of France is Paris."


def test_stream(server: Server) -> None:
    async def streamed() -> str:
        settings = OpenAIChatPromptExecutionSettings()
        pieces = service(server).get_streaming_chat_message_contents(asked(CAPITAL), settings)
        return "".join([str(piece) async for several in pieces for piece in several])

    assert asyncio.run(streamed()) == "The capital of France is Paris."


def test_two_steps(server: Server) -> None:
    steps = [dict(step) for step in TWO_STEPS]
    for step in steps[:-1]:
        step["tool_calls"] = [{**step["tool_calls"][0], "name": "weather-get_weather"}]
    server.says(*steps)
    final = answer(server, TWO_CITIES, function_choice_behavior=FunctionChoiceBehavior.Auto())
    assert final == TWO_STEPS[-1]["content"]
    server.check_two_steps(kept=False)


def test_structured(server: Server) -> None:
    assert City.model_validate_json(answer(server, PEOPLE, response_format=City)).city == "Paris"
