"""What a run may cost."""

from __future__ import annotations

from .._values.bulk import Budget
from .._values.errors import InvalidRequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .. import _core
    from .._values.message import Usage

USUAL_MAX_TOKENS = 32_768
"""What is reckoned for an answer whose request names no max_tokens."""


def budget_of(budget: Any, core: _core.Client) -> Budget | None:
    if budget is None:
        return None
    if isinstance(budget, Budget):
        wanted = budget
    elif isinstance(budget, bool) or not isinstance(budget, (int, float)):
        raise TypeError(f"budget must be a number or kimistream.Budget, not {type(budget).__name__}")
    else:
        wanted = Budget(cost=budget)
    if wanted.cost is not None and not _tells_costs(core.row):
        raise InvalidRequestError(
            f"a budget of money cannot be kept: no price of {core.provider!r} is known here, and it does not tell what "
            "an answer cost. Use kimistream.Budget(tokens=...)"
        )
    return wanted


def _tells_costs(row: dict[str, Any]) -> bool:
    # A row's currency is that of its balance and of its costs: one without a balance has it for its costs.
    return bool(row["currency"]) and not row["balance_path"]


class Spending:
    """What has been spent, and what is under way could still cost. One thread."""

    def __init__(self, budget: Budget, tokens: int, cost: float) -> None:
        self._budget = budget
        self._tokens = tokens
        self._cost = cost
        self._held_tokens = 0
        self._held_cost = 0.0
        self._under_way = 0
        self._dearest: float | None = None
        self._most_tokens = 0

    def begin(self, tokens: int) -> Stake | None:
        """What one request could cost, held until it ends; None where the budget could be passed."""
        tokens = max(tokens, self._most_tokens)
        budget, cost = self._budget, self._dearest or 0.0
        if budget.tokens is not None and self._tokens + self._held_tokens + tokens > budget.tokens:
            return None
        if budget.cost is not None:
            if self._dearest is None and self._under_way:
                return None  # the first goes alone, and shows what one costs
            spent = self._cost + self._held_cost
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

    def end(self, stake: Stake, usage: Usage | None, cost: float | None) -> InvalidRequestError | None:
        """It has ended, and took this much. Gives what is wrong where no cost was told."""
        self._under_way -= 1
        self._held_tokens -= stake.tokens
        self._held_cost -= stake.cost
        if usage is None:
            return None
        used = usage.total_tokens
        if used is None:
            used = (usage.prompt_tokens or 0) + (usage.completion_tokens or 0) or stake.tokens
        self._tokens += used
        self._most_tokens = max(self._most_tokens, used)
        if cost is None:
            if self._budget.cost is None:
                return None
            return InvalidRequestError(
                "a budget of money cannot be kept: this answer does not tell what it cost. "
                "Use kimistream.Budget(tokens=...)"
            )
        self._cost += cost
        self._dearest = max(self._dearest or 0.0, cost)
        return None


class Stake:
    __slots__ = ("cost", "tokens")

    def __init__(self, tokens: int, cost: float) -> None:
        self.tokens = tokens
        self.cost = cost
