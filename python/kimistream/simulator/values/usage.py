"""What an answer used, in tokens and money, and the ways in which dialects write it down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Path = tuple[str, ...]
# (where it stands, a key of Usage.counters, what happens at zero: "keep", "omit", or "null" for null in place of the
# object that it would stand in)
UsageKey = tuple[Path, str, str]

# US dollars for a million tokens of kimi-k2.6 (platform.kimi.ai, pricing): prompt, prompt seen before, answer.
_PROMPT, _CACHED, _COMPLETION = 0.95, 0.16, 4.0
_CREDITS_PER_DOLLAR = 2_000_000

# Where a stream can carry usage; the names are the values of Simulator(usage=...).
USAGE_PLACES: Mapping[str, frozenset[str]] = {
    "choice": frozenset({"choice"}),  # choices[0].usage of the finish frame
    "finish": frozenset({"finish"}),  # top level of the finish frame
    "empty": frozenset({"empty"}),  # a frame of its own with choices: [], when include_usage was asked for
    "both": frozenset({"choice", "empty"}),
    "repeat": frozenset({"repeat"}),  # a frame of its own, which says the finish reason once more; always
    "twice": frozenset({"finish", "repeat"}),
    "none": frozenset(),
}


@dataclass(frozen=True)
class Usage:
    """Tokens. `cached` is part of `prompt`, `reasoning` part of `completion`."""

    prompt: int
    completion: int
    reasoning: int
    cached: int

    @property
    def counters(self) -> Mapping[str, Any]:
        prompt_cost = ((self.prompt - self.cached) * _PROMPT + self.cached * _CACHED) / 1e6
        completion_cost = self.completion * _COMPLETION / 1e6
        cost = prompt_cost + completion_cost
        return {
            "prompt": self.prompt,
            "completion": self.completion,
            "total": self.prompt + self.completion,
            "reasoning": self.reasoning,
            "cached": self.cached,
            "zero": 0,
            "no": False,
            "cost": cost,
            "prompt_cost": prompt_cost,
            "completion_cost": completion_cost,
            "usd_spent": cost,
            "credits_used": round(cost * _CREDITS_PER_DOLLAR),
        }

    def as_json(self, keys: tuple[UsageKey, ...]) -> dict[str, Any]:
        counters = self.counters
        result: dict[str, Any] = {}
        for path, counter, at_zero in keys:
            value = counters[counter]
            if value or at_zero == "keep":
                inner = result
                for key in path[:-1]:
                    inner = inner.setdefault(key, {})
                inner[path[-1]] = value
            elif at_zero == "null":
                result.setdefault(path[0], None)
        return result
