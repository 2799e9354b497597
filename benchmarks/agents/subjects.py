"""A tool loop in one process: ``python subjects.py NAME PORT STEPS KILOBYTES ROUNDS`` prints its own CPU a step, in us.

Everyone gets ten functions, a history of so many kilobytes in messages of 2 kB, and calls one function a step.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any

TEXT = "Words that have been said before, and now go out again. " * 36  # about 2 kB
QUESTION = "Call the tools, one after the other."


def functions() -> list[Callable[..., str]]:
    """Ten of them; what one answers is about 400 bytes."""

    def made(place: int) -> Callable[..., str]:
        def tool(number: int, text: str) -> str:
            """Does something with a number and a text.

            Args:
                number: the number
                text: the text
            """
            return f"{number}: " + "a result of the tool. " * 18

        tool.__name__ = tool.__qualname__ = f"tool_{place}"
        return tool

    return [made(place) for place in range(10)]


def history(kilobytes: int) -> list[dict[str, str]]:
    roles = ("user", "assistant")
    return [{"role": roles[place % 2], "content": TEXT} for place in range(kilobytes // 4 * 2)]


def kimistream(url: str, kilobytes: int, steps: int) -> Callable[[], int]:
    from kimistream import Kimi

    client = Kimi(api_key="sk-x", provider="openai-compatible", base_url=url, model="kimi-k2.6")
    tools = functions()

    def run() -> int:
        messages = [*history(kilobytes), {"role": "user", "content": QUESTION}]
        done = client.run(messages, tools, max_steps=steps + 10)
        assert done.message.text == "It is done."
        return done.steps

    return run


def kimistream_async(url: str, kilobytes: int, steps: int) -> Callable[[], Coroutine[Any, Any, int]]:
    from kimistream import AsyncKimi

    client = AsyncKimi(api_key="sk-x", provider="openai-compatible", base_url=url, model="kimi-k2.6")
    tools = functions()

    async def run() -> int:
        messages = [*history(kilobytes), {"role": "user", "content": QUESTION}]
        done = client.run(messages, tools, max_steps=steps + 10)
        assert (await done.message).text == "It is done."
        return done.steps

    return run


def openai_agents(url: str, kilobytes: int, steps: int) -> Callable[[], Coroutine[Any, Any, int]]:
    from agents import Agent, OpenAIChatCompletionsModel, Runner, function_tool, set_tracing_disabled
    from openai import AsyncOpenAI

    set_tracing_disabled(True)
    model = OpenAIChatCompletionsModel(model="kimi-k2.6", openai_client=AsyncOpenAI(api_key="sk-x", base_url=url))
    agent = Agent(name="a", model=model, tools=[function_tool(each) for each in functions()])

    async def run() -> int:
        items: Any = [*history(kilobytes), {"role": "user", "content": QUESTION}]
        done = await Runner.run(agent, items, max_turns=steps + 10)
        assert done.final_output == "It is done."
        return len(done.raw_responses)

    return run


def pydantic_ai(url: str, kilobytes: int, steps: int) -> Callable[[], Coroutine[Any, Any, int]]:
    from pydantic_ai import Agent, UsageLimits
    from pydantic_ai.messages import ModelRequest, ModelResponse, TextPart, UserPromptPart
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    model = OpenAIChatModel("kimi-k2.6", provider=OpenAIProvider(base_url=url, api_key="sk-x"))
    agent = Agent(model, tools=functions())

    async def run() -> int:
        earlier = [
            ModelRequest(parts=[UserPromptPart(content=each["content"])])
            if each["role"] == "user"
            else ModelResponse(parts=[TextPart(content=each["content"])])
            for each in history(kilobytes)
        ]
        done = await agent.run(QUESTION, message_history=earlier, usage_limits=UsageLimits(request_limit=None))
        assert done.output == "It is done."
        return sum(isinstance(each, ModelResponse) for each in done.new_messages())

    return run


SUBJECTS: dict[str, Callable[[str, int, int], Callable[[], Any]]] = {
    each.__name__: each for each in (kimistream, kimistream_async, openai_agents, pydantic_ai)
}


def measured(name: str, port: int, steps: int, kilobytes: int, rounds: int) -> float:
    """The round that was disturbed least, after one that warms up."""
    run = SUBJECTS[name](f"http://127.0.0.1:{port}/{steps}/v1", kilobytes, steps)
    loop = asyncio.new_event_loop()
    best = float("inf")
    for turn in range(rounds + 1):
        begin = time.process_time()
        outcome = run()
        taken = loop.run_until_complete(outcome) if asyncio.iscoroutine(outcome) else outcome
        used = time.process_time() - begin
        assert taken == steps + 1, f"{taken} steps"
        if turn:
            best = min(best, used)
    return best / (steps + 1) * 1e6


if __name__ == "__main__":
    _, subject, *numbers = sys.argv
    print(json.dumps(measured(subject, *map(int, numbers))))
