"""smolagents with our client in its model. Its histories tell calls as text, so that no reasoning is asked back."""

from __future__ import annotations

from typing import Any

from frameworks_kit import CAPITAL, TWO_CITIES, Server, weather
from smolagents import CodeAgent, OpenAIServerModel, ToolCallingAgent, tool

ASK = [{"role": "user", "content": [{"type": "text", "text": CAPITAL}]}]


@tool
def get_weather(city: str) -> str:
    """The weather of a city.

    Args:
        city: the city
    """
    return weather(city)


def model(server: Server, **client: Any) -> OpenAIServerModel:
    return OpenAIServerModel(server.model, client=server.sync(**client))


def test_chat(server: Server) -> None:
    answer = model(server).generate(ASK)
    assert answer.content == "The capital of France is Paris."
    assert answer.token_usage.output_tokens > 0


def test_stream(server: Server) -> None:
    deltas = list(model(server).generate_stream(ASK))
    assert "".join(delta.content or "" for delta in deltas) == "The capital of France is Paris."


def test_two_steps_of_calls(server: Server) -> None:
    """It forces a call at each step, which Moonshot takes without thinking only."""
    server.says(
        {"tool_calls": [{"name": "get_weather", "arguments": {"city": "Paris"}}]},
        {"tool_calls": [{"name": "get_weather", "arguments": {"city": "Tokyo"}}]},
        {"tool_calls": [{"name": "final_answer", "arguments": {"answer": "Sunny in both."}}]},
    )
    agent = ToolCallingAgent(tools=[get_weather], model=model(server, check="fix"), max_steps=4, verbosity_level=0)
    assert agent.run(TWO_CITIES) == "Sunny in both."
    assert server.left == 0
    assert "Sunny in Tokyo" in str(server.bodies[-1]["messages"])


def test_two_steps_of_code(server: Server) -> None:
    server.says(
        "Thought: ask.\n<code>\nprint(get_weather('Paris'))\n</code>",
        "Thought: done.\n<code>\nfinal_answer('Sunny in Paris')\n</code>",
    )
    agent = CodeAgent(tools=[get_weather], model=model(server), max_steps=3, verbosity_level=0)
    assert agent.run("How is the weather in Paris?") == "Sunny in Paris"
    assert server.left == 0


def test_structured(server: Server) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "city", "strict": True, "schema": schema}}
    assert model(server).generate(ASK, response_format=wanted).content.startswith('{"city": ')
