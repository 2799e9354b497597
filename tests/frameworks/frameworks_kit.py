"""What the tests with frameworks share: a server that plays a run of two steps, and a look at what was sent back."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from kimistream import AsyncKimi, Kimi
from kimistream.simulator import Simulator

MODELS = {"moonshot": "kimi-k2.6", "vllm": "moonshotai/Kimi-K2.6", "openrouter": "moonshotai/kimi-k2.6"}
CAPITAL = "What is the capital of France?"
PEOPLE = "How many people live in Paris? Say 2100000 if you are not sure."
TWO_CITIES = "How is the weather in Paris, and then in Tokyo?"
# The same tests with openai's own clients show what is the frameworks' own doing.
OPENAI = bool(os.environ.get("KIMISTREAM_FRAMEWORKS_OPENAI"))


def call(city: str, thought: str) -> dict[str, Any]:
    return {"reasoning": thought, "tool_calls": [{"name": "get_weather", "arguments": {"city": city}}]}


TWO_STEPS = (
    call("Paris", "First I need Paris."),
    call("Tokyo", "Now I need Tokyo."),
    {"reasoning": "Both are known.", "content": "Sunny in Paris and in Tokyo."},
)


def weather(city: str) -> str:
    """What the tests' tool says."""
    return f"Sunny in {city}"


class Server:
    """A simulator in one dialect, and clients for it."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self.model = MODELS[dialect]
        self._answers: list[Any] = []
        self.sim = Simulator(pace=0, dialect=dialect, answer=self._next)

    def __enter__(self) -> Server:
        self.sim.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.sim.close()

    def _next(self, _body: Any) -> Any:
        return self._answers.pop(0) if self._answers else None

    def says(self, *answers: Any) -> None:
        """What it answers next; then its own words again."""
        self._answers = list(answers)
        self.sim.reset()

    @property
    def left(self) -> int:
        """Answers that nobody has asked for."""
        return len(self._answers)

    def sync(self, **options: Any) -> Any:
        return self._client("OpenAI", Kimi, options)

    def awaited(self, **options: Any) -> Any:
        return self._client("AsyncOpenAI", AsyncKimi, options)

    def _client(self, name: str, kind: Any, options: dict[str, Any]) -> Any:
        where = {"base_url": self.sim.base_url, "api_key": self.sim.api_key, "max_retries": 0}
        if OPENAI:
            import openai

            return getattr(openai, name)(**where)
        return kind(provider=self.dialect, **where, **options)

    @property
    def bodies(self) -> list[Any]:
        return [request.body for request in self.sim.requests if request.body and "messages" in request.body]

    def check_two_steps(self, kept: bool) -> None:
        """Both calls were made, their results went back, and so did what was thought, whole where the framework keeps
        it, else as the placeholder without which Moonshot refuses the turn."""
        assert self.left == 0
        assert len(self.bodies) == 3
        messages = self.bodies[-1]["messages"]
        calls = [message for message in messages if message.get("tool_calls")]
        cities = [json.loads(turn["tool_calls"][0]["function"]["arguments"])["city"] for turn in calls]
        assert cities == ["Paris", "Tokyo"]
        results = [str(message["content"]) for message in messages if message["role"] == "tool"]
        assert ["Sunny in Paris" in results[0], "Sunny in Tokyo" in results[1]] == [True, True]
        thoughts = [reasoning_of(turn) for turn in calls]
        if kept:
            assert thoughts == ["First I need Paris.", "Now I need Tokyo."]
        elif self.dialect == "moonshot":
            assert all(thoughts)


def reasoning_of(message: Any) -> str | None:
    """What a message that was sent says of its reasoning, in any of the places."""
    details: Sequence[Any] = message.get("reasoning_details") or ()
    whole = message.get("reasoning_content") or message.get("reasoning")
    return whole or "".join(str(detail.get("text") or "") for detail in details) or None
