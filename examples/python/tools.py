"""The model asks for a function to be called, and answers with what it gave."""

from __future__ import annotations

from typing import Any

from kimistream import Kimi

WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


def get_weather(city: str) -> str:
    return f"{city}: 24 degrees, sunny"


client = Kimi()
messages: list[Any] = [{"role": "user", "content": "What is the weather in Paris and in Tokyo?"}]

while True:
    reply = client.complete(messages, tools=[WEATHER])
    messages.append(reply)  # as it is: the reasoning goes back with the calls
    if not reply.tool_calls:
        break
    for call in reply.tool_calls:
        print(f"{call.name}({call.arguments})")
        result = get_weather(**call.parse())
        messages.append({"role": "tool", "tool_call_id": call.id, "content": result})

print(reply.text)
