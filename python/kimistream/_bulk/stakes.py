"""What the rows under way may cost, of the run's budget and of the client's."""

from __future__ import annotations

from .._values.errors import BudgetExceededError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._requests.spending import Need, Spending
    from .._values.message import Message
    from .item import Item
    from .options import Plan


class Stakes:
    """Each row's are held from its sending to its end. The thread of the run's steps."""

    def __init__(self, plan: Plan, spending: Spending | None) -> None:
        self._plan = plan
        self._spending = spending
        self._watched: set[Item] = set()  # by the client's budget

    def begin(self, item: Item, need: Need) -> bool:
        """Whether both budgets allow it."""
        if self._spending is not None:
            item.stake = self._spending.begin(need)
            if item.stake is None:
                return False
        budget = self._plan.sender.budget
        if budget is not None:
            try:
                item.watch = budget.begin(self._plan.core, item.arguments, self._plan.streams(item.input))
            except BudgetExceededError:
                self.end(item)
                return False
            self._watched.add(item)
        return True

    def end(
        self, item: Item, said: Message | None = None, error: BaseException | None = None, answered: bool = False
    ) -> Exception | None:
        """A request has ended, and has used what was said with it. Gives why no other may begin, where that is so."""
        used, wrong = None if said is None else said.usage, None
        if item.stake is not None and self._spending is not None:
            wrong = self._spending.end(item.stake, used, None if used is None else used.cost, answered)
            item.stake = None
        watch, item.watch = item.watch, None
        if watch is not None:
            self._watched.discard(item)
            watch.end(said, error, None)
        return wrong

    def close(self) -> None:
        for item in tuple(self._watched):
            self.end(item)
