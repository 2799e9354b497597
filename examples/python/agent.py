"""A run of tools: functions that the model calls until it can answer, and what it is told when a call is wrong."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Annotated

from kimistream import Kimi, StepEnd, StepStart, Text, ToolCall, ToolResult


class Unit(enum.Enum):
    CELSIUS = "celsius"
    FAHRENHEIT = "fahrenheit"


@dataclass
class Weather:
    city: str
    degrees: float
    unit: Unit


async def get_weather(city: Annotated[str, "its name, in English"], unit: Unit = Unit.CELSIUS) -> Weather:
    """The weather in a city, now."""
    return Weather(city, 24.0 if unit is Unit.CELSIUS else 75.2, unit)


client = Kimi()
run = client.run("What is the weather in Paris and in Tokyo?", [get_weather], max_steps=10, tool_timeout=30)
for event in run:
    match event:
        case StepStart(step):
            print(f"\n-- step {step}")
        case Text(text):
            print(text, end="", flush=True)
        case ToolCall(name=name, arguments=arguments):
            print(f"{name}({arguments})")
        case ToolResult(content=content, error=None):
            print(f"   gave {content}")
        case ToolResult(error=error):
            print(f"   failed: {error}")
        case StepEnd(message=message) if message.usage is not None:
            print(f"\n   {message.usage.total_tokens} tokens")
print(f"{run.stopped} after {run.steps} steps")
