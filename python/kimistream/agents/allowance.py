"""What the answers of a run may take: a budget, and with several agents so many answers of all together."""

from __future__ import annotations

import threading

from .. import _core
from .._requests.arguments import NAMES
from .._requests.spending import Spending, budget_of, need_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._clients.base import BaseClient
    from .._requests.spending import Stake
    from .._values.message import Usage

_MODEL = NAMES.index("model")


class ExhaustedError(Exception):
    """The next answer could pass what is allowed. `reason`: what a run says in `.stopped`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Allowance:
    """Shared by loops in as many threads as there are. What an answer could take is held while it is under way.

    budget   a number (the provider's currency) or a `Budget`; None: no limit
    answers  so many of them; None: no limit
    spent    what counts as spent already

    `left`: of the answers; None: no limit. `budget`: the `Budget`, or None.
    """

    def __init__(self, client: BaseClient, budget: Any = None, answers: int | None = None, spent: Any = None) -> None:
        self._client = client
        self._lock = threading.Lock()
        self.left = answers
        self.budget = budget_of(budget, client._core)
        self._spending: Spending | None = None
        if self.budget is not None:
            used: Usage | None = spent
            tokens, cost = (0, 0.0) if used is None else (used.total_tokens or 0, used.cost or 0.0)
            self._spending = Spending(self.budget, _core.price_of(client._core), tokens, cost, first_alone=True)

    def begin(self, messages: list[Any], options: dict[str, Any]) -> Stake | None:
        """Holds what an answer to this could take. Raises ExhaustedError."""
        with self._lock:
            if self.left is not None and self.left < 1:
                raise ExhaustedError("max_steps")
            stake = None
            if self._spending is not None:
                asked = self._client._sender.completed(self._client._arguments(messages, **options))
                stake = self._spending.begin(need_of(asked), _core.price_of(self._client._core, asked[_MODEL]))
                if stake is None:
                    raise ExhaustedError("budget")
            if self.left is not None:
                self.left -= 1
            return stake

    def end(self, stake: Stake | None, usage: Usage | None) -> None:
        """It has come to its end, or failed (None). Raises InvalidRequestError where a budget of money cannot be
        kept, for the answer does not tell what it cost."""
        if stake is None or self._spending is None:
            return
        wrong = self._spending.end(stake, usage, None if usage is None else usage.cost)
        if wrong is not None:
            raise wrong
