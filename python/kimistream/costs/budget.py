"""A client's budget: each request is looked at before it is sent, and counted when it has ended."""

from __future__ import annotations

from .. import _core
from .._requests.arguments import NAMES
from .._requests.spending import Spending, model_of, need_of
from .._values.errors import BudgetExceededError
from .._values.message import Usage
from .completions import usage_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._requests.spending import Need, Stake
    from .._values.bulk import Budget
    from .._values.message import Message


class BudgetWatcher:
    """Refuses what could pass the budget. Any thread."""

    def __init__(self, budget: Budget, core: _core.Client) -> None:
        self.spending = Spending(budget, _core.price_of(core))

    def begin(self, core: _core.Client, arguments: tuple[Any, ...], streams: bool, past: Any = None) -> BudgetWatch:
        need, price = need_of(arguments), _core.price_of(core, model_of(arguments))
        stake = self.spending.begin(need, price)
        if stake is None:
            spending = self.spending
            raise BudgetExceededError(
                f"not sent: with up to {need.tokens:,} tokens it could pass {spending.budget!r}, of which "
                f"{spending.cost:.6g} and {spending.tokens:,} tokens are spent",
                spending.budget,
                spending.cost,
                spending.tokens,
            )
        return BudgetWatch(self.spending, stake, need, price)


class BudgetWatch:
    def __init__(self, spending: Spending, stake: Stake, need: Need, price: dict[str, Any] | None) -> None:
        self._spending = spending
        self._stake = stake
        self._need = need
        self._price = price

    def first(self) -> None:
        pass

    def end(self, message: Message | None, error: BaseException | None, completion: Any) -> None:
        usage = None if message is None else message.usage
        if completion is not None:
            usage = usage_of(completion, self._price)
        if usage is None and message is not None and (error is None or message.content or message.reasoning):
            usage = self._left(message)
        cost = None if usage is None else usage.cost
        if cost is None and usage is not None and self._price is not None:
            cost = self._need_cost(self._filled(usage))  # counted in part: what is not told is as was reckoned
        self._spending.end(self._stake, usage, cost)

    def _filled(self, usage: Usage) -> Usage:
        """With what could have been taken in the place of the counters that the provider has left out."""
        prompt, answer = usage.prompt_tokens, usage.completion_tokens
        return Usage(self._need.prompt if prompt is None else prompt, self._need.answer if answer is None else answer)

    def _left(self, message: Message) -> Usage:
        """Of an answer that broke off, or that its reader left: what had come of it was paid for."""
        said: tuple[Any, ...] = (f"{message.reasoning or ''}{message.text}", *((None,) * (len(NAMES) - 2)), {})
        answer = _core.estimate_tokens(said)
        prompt = self._need.prompt
        usage = Usage(prompt, answer, prompt + answer)
        usage.cost = self._need_cost(usage)
        return usage

    def _need_cost(self, usage: Usage) -> float | None:
        return None if self._price is None else _core.cost_of(usage, self._price)
