"""One agent of a swarm: its tasks, and where it stands."""

from __future__ import annotations

from .sums import Sums, added

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._requests.turns import Turn
    from .._values.message import Message, Usage
    from .loop import Loop

WAITING, RUNNING, DONE, STOPPED, FAILED = "waiting", "running", "done", "stopped", "failed"


class Agent(Sums):
    """An agent of a swarm. Read it at any time, from any thread.

    name     no other agent's
    tasks    what it is to do, one after the other: texts
    state    "waiting", "running", "done", "stopped" or "failed"
    stopped  why it has ended, as of a run: "done", "max_steps", "budget", "repeated", "stop_run"; None before, and
             where it failed
    doing    what it does just now, in a word: the name of a tool, "thinking", "writing"; "" where it does not run
    error    the exception that it failed with, or None
    """

    def __init__(self, name: str, tasks: list[tuple[str, Loop]]) -> None:
        self.name = name
        self.tasks = [task for task, _ in tasks]
        self.state = WAITING
        self.doing = ""
        self.error: BaseException | None = None
        self._loops = [loop for _, loop in tasks]

    @property
    def steps(self) -> int:
        """How many it has finished."""
        return sum(loop.steps for loop in self._loops)

    @property
    def usage(self) -> Usage | None:
        """The tokens of its answers; None before the first."""
        usage: Usage | None = None
        for loop in self._loops:
            usage = added(usage, loop.usage)
        return usage

    @property
    def message(self) -> Message | None:
        """Its last answer, or None."""
        return next((loop.message for loop in reversed(self._loops) if loop.message is not None), None)

    @property
    def stopped(self) -> str | None:
        if self.state in (WAITING, RUNNING, FAILED):
            return None
        return next((loop.stopped for loop in self._loops if loop.stopped not in ("done", None)), "done")

    def __repr__(self) -> str:
        return f"<Agent {self.name!r} {self.state}, {self.steps} steps>"

    # ---- what the swarm does with it ----

    def turn(self) -> Turn[None]:
        """One task after the other, until one stops it."""
        for loop in self._loops:
            yield from loop.turn()
            if loop.stopped != "done":
                return

    def sees(self, event: Any) -> None:
        """What it does, as its events tell."""
        self.doing = _DOING.get(event.type, self.doing)
        if event.type == "tool_call":
            self.doing = event.name

    def end(self, error: BaseException | None) -> None:
        self.error = error
        self.doing = ""
        ended = all(loop.stopped == "done" for loop in self._loops)
        self.state = FAILED if error is not None else DONE if ended else STOPPED

    def reports(self) -> list[tuple[str, str]]:
        """Each task, and what came of it: for whoever puts it all together."""
        return [(task, self._report(loop)) for task, loop in zip(self.tasks, self._loops, strict=True)]

    def _report(self, loop: Loop) -> str:
        said = loop.message.text if loop.message is not None else ""
        if loop.stopped == "done":
            return said
        why = type(self.error).__name__ if self.error is not None else loop.stopped or "it was not begun"
        return f"(not finished: {why})" + (f"\n{said}" if said else "")


_DOING = {"step_start": "asking", "thinking": "thinking", "text": "writing", "step_end": ""}
