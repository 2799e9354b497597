"""What may be spent, what has been, and what is under way could still cost."""

from __future__ import annotations

import threading

from .. import _core
from .._values.bulk import Budget
from .._values.errors import InvalidRequestError
from .arguments import NAMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._values.message import Usage

USUAL_MAX_TOKENS = 32_768
"""What is reckoned for an answer whose request names no max_tokens: the default limit of the models."""

_MODEL, _MAX_TOKENS, _BODY, _FIELDS = (NAMES.index(name) for name in ("model", "max_tokens", "extra_body", "fields"))
_UNKNOWN = "Use kimistream.Budget(tokens=...), or say the price in the file of environments"


def budget_of(budget: Any, core: _core.Client) -> Budget | None:
    """From what a caller passed. Raises InvalidRequestError for money where no cost can be known."""
    if budget is None:
        return None
    if isinstance(budget, Budget):
        wanted = budget
    elif isinstance(budget, bool) or not isinstance(budget, (int, float)):
        raise TypeError(f"budget must be a number or kimistream.Budget, not {type(budget).__name__}")
    else:
        wanted = Budget(cost=budget)
    if wanted.cost is not None and _core.price_of(core) is None and not _tells_costs(core.row):
        raise InvalidRequestError(
            f"a budget of money cannot be kept: no price of {core.model!r} at {core.provider!r} is known here, and it "
            f"does not tell what an answer cost. {_UNKNOWN}"
        )
    return wanted


def _tells_costs(row: dict[str, Any]) -> bool:
    # A row's currency is that of its balance and of its costs: one without a balance has it for its costs.
    return bool(row["currency"]) and not row["balance_path"]


class Need:
    """What one request could take: the tokens of its prompt, as they are estimated, and of its answer at most."""

    __slots__ = ("answer", "prompt")

    def __init__(self, prompt: int, answer: int) -> None:
        self.prompt = prompt
        self.answer = answer

    @property
    def tokens(self) -> int:
        return self.prompt + self.answer

    def cost(self, price: dict[str, Any] | None) -> float:
        """At most: the dearest of its kinds of input counts. 0 where no price is known."""
        if price is None:
            return 0.0
        dearest = max(price[kind] or 0.0 for kind in ("input", "cached", "cache_write", "cache_write_1h"))
        return float(self.prompt * dearest + self.answer * price["output"]) / 1e6


def need_of(arguments: tuple[Any, ...]) -> Need:
    """What a request could take: its prompt as it is estimated, and what `answer_need` says."""
    return Need(_core.estimate_tokens(arguments), answer_need(arguments))


def answer_need(arguments: tuple[Any, ...]) -> int:
    """The tokens that a request allows: `max_tokens` for each answer that it wants, wherever it says so; the largest
    where it says several."""
    said = {**arguments[_FIELDS], **(arguments[_BODY] or {})}
    limits = [arguments[_MAX_TOKENS], said.get("max_tokens"), said.get("max_completion_tokens")]
    most = max((limit for limit in limits if isinstance(limit, int)), default=USUAL_MAX_TOKENS)
    answers = said.get("n")
    return most * (answers if isinstance(answers, int) and answers > 1 else 1)


def model_of(arguments: tuple[Any, ...]) -> str | None:
    """The model that a request names, if any; what `extra_body` says comes last."""
    said = (arguments[_BODY] or {}).get("model")
    model: str | None = said if isinstance(said, str) else arguments[_MODEL]
    return model


class Spending:
    """Of one budget. Any thread.

    tokens, cost  spent so far
    most_tokens, dearest  by one answer so far: the next may take as much
    first_alone   where no price is known nothing begins beside the first request, which shows what one costs
    """

    def __init__(
        self,
        budget: Budget,
        price: dict[str, Any] | None,
        tokens: int = 0,
        cost: float = 0.0,
        first_alone: bool = False,
        most_tokens: int = 0,
        dearest: float | None = None,
    ) -> None:
        self.budget = budget
        self._first_alone = first_alone and price is None
        self.tokens = tokens
        self.cost = cost
        self._price = price
        self._held_tokens = 0
        self._held_cost = 0.0
        self._under_way = 0
        self._dearest = dearest
        self._most_tokens = most_tokens
        self._lock = threading.Lock()

    def begin(self, need: Need, price: dict[str, Any] | None = None) -> Stake | None:
        """What one request could cost, held until it ends; None where the budget could be passed.

        price  of its model, where that is another than the client's
        """
        with self._lock:
            tokens = max(need.tokens, self._most_tokens)
            budget, cost = self.budget, max(need.cost(price or self._price), self._dearest or 0.0)
            if budget.tokens is not None and self.tokens + self._held_tokens + tokens > budget.tokens:
                return None
            if budget.cost is not None:
                if self._first_alone and self._dearest is None and self._under_way:
                    return None
                spent = self.cost + self._held_cost
                if spent + cost > budget.cost or spent >= budget.cost:
                    return None
            self._under_way += 1
            self._held_tokens += tokens
            self._held_cost += cost
            return Stake(tokens, cost)

    @property
    def waits(self) -> bool:
        """Whether something is under way whose end may make room."""
        return self._under_way > 0

    def end(
        self, stake: Stake, usage: Usage | None, cost: float | None, answered: bool = False
    ) -> InvalidRequestError | None:
        """It has ended, and took this much; None for nothing, or, where it was `answered`, for what nobody told: it is
        taken for what it could have cost, as counts below 0 are. Gives what is wrong where no cost is known."""
        with self._lock:
            self._under_way -= 1
            self._held_tokens -= stake.tokens
            self._held_cost -= stake.cost
            if usage is None and not answered:
                return None
            used = _tokens_of(usage) or stake.tokens
            if self._price is not None and (cost is None or cost < 0):
                cost = stake.cost
            self.tokens += used
            self._most_tokens = max(self._most_tokens, used)
            if cost is None:
                if self.budget.cost is None:
                    return None
                return InvalidRequestError(
                    f"a budget of money cannot be kept: it is not known what this answer cost. {_UNKNOWN}"
                )
            self.cost += cost
            self._dearest = max(self._dearest or 0.0, cost)
            return None


def _tokens_of(usage: Usage | None) -> int:
    """0 where they are not told, or cannot be true."""
    if usage is None:
        return 0
    parts = (usage.prompt_tokens or 0, usage.completion_tokens or 0)
    told = sum(parts) if usage.total_tokens is None else usage.total_tokens
    return told if min(told, *parts) >= 0 else 0


class Stake:
    __slots__ = ("cost", "tokens")

    def __init__(self, tokens: int, cost: float) -> None:
        self.tokens = tokens
        self.cost = cost
