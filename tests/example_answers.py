"""What the simulator is ordered to say to the examples whose answers hang on what they ask."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

Answer = Callable[[Mapping[str, Any]], Any]


def calls(name: str, **arguments: Any) -> dict[str, Any]:
    return {"tool_calls": [{"name": name, "arguments": arguments}]}


def text_of(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)


def solves_the_issue(body: Mapping[str, Any]) -> Any:
    """Looks outside first, and is refused; mends only when it has seen the tests fail."""
    sends = "self.send(name, password)"
    late = f"answer = {sends}\n        self.sent = True\n        return answer"
    steps = [
        calls("read_file", path="../../etc/passwd"),
        calls("search_code", text="self.sent"),
        calls("read_file", path="login.py"),
        calls("run_tests"),
        calls("edit_file", path="login.py", old="self.sent", new="self.done"),
        calls("edit_file", path="login.py", old=late, new=f"self.sent = True\n        return {sends}"),
        calls("run_tests"),
    ]
    results = [message for message in body["messages"] if message["role"] == "tool"]
    if len(results) < len(steps):
        return steps[len(results)]
    return "The tests pass." if text_of(results[-1]).rstrip().endswith("OK") else "I could not mend it."


def looks_closer(body: Mapping[str, Any]) -> Any:
    last = body["messages"][-1]
    if last["role"] == "tool":
        return "It is a picture." if any(part["type"] == "image_url" for part in last["content"]) else "It is none."
    if "Look closely" in text_of(last):
        return calls("zoom", left=200, top=40, width=40, height=20)
    return None  # it describes what it was given


def picnics(body: Mapping[str, Any]) -> Any:
    """A plan for whom a plan is asked of, a forecast for each worker, and the writer's words."""
    first, last = text_of(body["messages"][0]), body["messages"][-1]
    if "response_format" in body:
        return {"content": {"tasks": [{"name": city, "task": f"The weather in {city}?"} for city in ("Rome", "Oslo")]}}
    if last["role"] == "tool":
        return text_of(last)
    if not body.get("tools"):
        return "In Oslo." if "22 degrees" in first else "I do not know."
    return calls("forecast", city="Oslo" if "weather in Oslo" in first else "Rome")


def reads_reviews(body: Mapping[str, Any]) -> Any:
    asked = text_of(body["messages"][-1])
    if "response_format" not in body:
        return "Mend the battery." if "battery, angry: 2" in asked else "Mend nothing."
    battery = any(word in asked for word in ("battery", "Akku", "电池"))
    angry = any(word in asked for word in ("money back", "很差"))
    return json.dumps({"mood": "angry" if angry else "neutral", "topics": ["battery"] if battery else []})
