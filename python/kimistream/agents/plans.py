"""How a task is split: the plan that is handed in, or that a planner makes; and what each agent is told."""

from __future__ import annotations

from .._values.errors import InvalidRequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_KEYS = ("task", "name", "tools", "max_steps", "budget")
MOST_PLANNED = 1000  # tasks that a planner may name


class Part:
    """A part of the task: what one worker is to do.

    name       for the worker; None: it gets a number
    tools      its own; None: the swarm's
    max_steps  of it alone; None: the swarm's
    budget     of it alone, beside the swarm's
    """

    __slots__ = _KEYS

    def __init__(
        self, task: str, name: str | None = None, tools: Any = None, max_steps: int | None = None, budget: Any = None
    ) -> None:
        if not isinstance(task, str):
            raise TypeError(f"a task is a str, not {type(task).__name__}")
        if not task.strip():
            raise InvalidRequestError("a task of the plan is empty")
        self.task = task
        self.name = name if name else None
        self.tools = tools
        self.max_steps = max_steps
        self.budget = budget


def parts_of(plan: Iterable[Any]) -> list[Part]:
    """A plan that is handed in: texts, or dicts with task, name, tools, max_steps, budget."""
    if isinstance(plan, (str, dict)) or not hasattr(plan, "__iter__"):
        raise TypeError(f"plan must be a list of tasks, not {type(plan).__name__}: put it into [ ]")
    parts = []
    for place, each in enumerate(plan):
        if isinstance(each, dict):
            unknown = [key for key in each if key not in _KEYS]
            if unknown or "task" not in each:
                wrong = f"has no field {unknown[0]!r}" if unknown else "needs a task"
                raise InvalidRequestError(f"plan[{place}] {wrong}; there are: {', '.join(_KEYS)}")
            parts.append(Part(**each))
        else:
            parts.append(Part(each))
    if not parts:
        raise InvalidRequestError("the plan is empty: there is nothing to do")
    return parts


def schema_of_plan(most: int) -> dict[str, Any]:
    """What the planner answers."""
    part = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": "Two or three words that tell this part from the others"},
            "task": {"type": "string", "description": "All that somebody must know who sees nothing but this"},
        },
        "required": ["name", "task"],
        "additionalProperties": False,
    }
    return {
        "title": "plan",
        "type": "object",
        "properties": {"tasks": {"type": "array", "items": part, "minItems": 1, "maxItems": min(most, MOST_PLANNED)}},
        "required": ["tasks"],
        "additionalProperties": False,
    }


def parts_in(answer: Any) -> list[Part]:
    """The planner's answer, which follows its schema. Empty tasks are none."""
    parts = [Part(each["task"], each["name"]) for each in answer["tasks"] if each["task"].strip()]
    if not parts:
        raise InvalidRequestError("the planner has named no task; hand in plan=[...]")
    return parts


def asks_for_plan(task: str, most: int, tools: list[str]) -> str:
    with_tools = f" Each of them has these tools: {', '.join(tools)}." if tools else ""
    return (
        f"Split the task below into parts that can be worked on at the same time by at most {most} assistants, who do "
        f"not see each other's work nor this text.{with_tools} As many parts as are worth it, no more; what can only "
        f"be done when all parts are there is left to the one who puts them together.\n\nThe task:\n{task}"
    )


def asks_worker(part: str, task: str) -> str:
    return f"{part}\n\n(This is one part of a larger task, and others do the other parts. The whole: {task})"


def asks_writer(task: str, reports: list[tuple[str, str]]) -> str:
    said = "\n\n".join(
        f"## Part {place} of {len(reports)}: {part}\n{report}" for place, (part, report) in enumerate(reports, 1)
    )
    return (
        f"{task}\n\nThe task was split into parts, and this is what came of them. Put it together into one answer to "
        f"the task; where parts are not finished or contradict each other, say so.\n\n{said}"
    )


def asks_one(task: str, parts: list[Part]) -> str:
    """Where one agent is all that is allowed."""
    if not parts:
        return task
    return f"{task}\n\nDo it in these parts:\n" + "\n".join(f"- {part.task}" for part in parts)


def task_text(task: Any) -> str:
    """A swarm is given a text: it goes to each agent."""
    if not isinstance(task, str):
        raise TypeError(f"task must be a str, not {type(task).__name__}")
    if not task.strip():
        raise InvalidRequestError("the task is empty: there is nothing to do")
    return task
