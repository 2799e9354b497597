"""Conversations, runs and swarms as a notebook shows them."""

from __future__ import annotations

import time

from .._notebook.counts import money, seconds, tokens
from .._notebook.sheet import Sheet
from .._notebook.story import Story
from .._requests.roles import role_of
from .._values.message import Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._values.message import Usage
    from .agent import Agent
    from .loop import Loop
    from .swarm import Team

_MOST_TURNS = 20
_MOST_AGENTS = 24
HEADER = ("agent", "state", "steps", "tokens", "")
_FIRST = ("running", "failed", "stopped", "waiting", "done")  # who is shown where not all can be


def story_of(loop: Loop, currency: str) -> Story:
    """What has come of a loop so far; of an answer that comes just now nothing, for that is still to be read."""
    story = Story(lambda: loop.usage, currency)
    came = len(loop.messages)
    while came and role_of(loop.messages[came - 1]) in ("assistant", "tool"):
        came -= 1
    for message in loop.messages[came:]:
        _add(story, message)
    if loop.pending is not None:
        story.add(loop.pending)
        for place, content in list(loop.results.items()):
            story.result(loop.pending.tool_calls[place].id, content)
    elif loop.partial is not None:
        story.add(loop.partial)
    story.whole()
    return story


def _add(story: Story, message: Any) -> None:
    if isinstance(message, Message):
        story.add(message)
    elif role_of(message) == "tool":
        story.result(str(message.get("tool_call_id")), message.get("content"))
    elif message.get("content"):
        story.add(Message("assistant", message["content"], finish_reason="stop"))


def sheet_of(system: str | None, turns: list[list[Any]], usage: Usage | None, currency: str) -> Sheet:
    """A conversation: its last turns."""
    sheet = Sheet()
    if system is not None:
        sheet.folded(f"system: {len(system):,} characters", system)
    if len(turns) > _MOST_TURNS:
        sheet.line(f"{len(turns) - _MOST_TURNS} turns before these")
    for turn in turns[-_MOST_TURNS:]:
        story: Story | None = None
        for message in turn:
            if role_of(message) in ("assistant", "tool"):
                story = story or Story()
                _add(story, message)
                continue
            if story is not None:
                sheet.add(story.sheet(live=True))
            story = None
            sheet.heading(role_of(message) or "")
            _put_content(sheet, message)
        if story is not None:
            sheet.add(story.sheet(live=True))
    told = (f"{len(turns)} turn{'' if len(turns) == 1 else 's'}", tokens(usage), money(usage, currency))
    sheet.line(" · ".join(each for each in told if each))
    return sheet


def _put_content(sheet: Sheet, message: Any) -> None:
    content = message.content if isinstance(message, Message) else message.get("content")
    for part in [content] if isinstance(content, str) else content or []:
        bundle = part._repr_mimebundle_() if hasattr(part, "_repr_mimebundle_") else {}
        picture = next((kind for kind in bundle if kind.startswith("image/")), None)
        if picture is not None:
            sheet.picture(picture, bundle[picture])
        elif isinstance(part, dict):
            sheet.text(part.get("text") or f"({part.get('type')})")
        else:
            sheet.text(part if isinstance(part, str) else repr(part))


class TeamShown:
    """A swarm while it works: who does what, and the answer. As a `Story` is told and drawn."""

    def __init__(self, team: Team) -> None:
        self._team = team
        self._error: BaseException | None = None
        self._seconds: float | None = None
        self._began = time.monotonic()
        self._stopped = False

    def take(self, event: Any) -> None:
        """The team knows. What it draws by itself is left out from now on."""
        if self._team.draws_itself:
            self._team.tell = lambda: None

    def ended(self, error: BaseException | None = None) -> None:
        self._seconds = time.monotonic() - self._began
        self._error = error if isinstance(error, Exception) else None
        self._stopped = error is not None and self._error is None

    def sheet(self, live: bool = False) -> Sheet:
        sheet = Sheet()
        rows, more = rows_of(self._team.agents, _MOST_AGENTS)
        if rows:
            sheet.table(HEADER, rows)
        if more:
            sheet.line(f"and {more} more")
        if self._error is not None:
            sheet.failure(type(self._error).__name__, str(self._error))
        message = self._team.message
        if not live and message is not None:
            sheet.words(message.text)
        stopped = "stopped" if self._stopped else self._team.stopped
        usage = self._team.usage
        cost = money(usage, self._team.currency)
        told = (stopped or "", f"{self._team.steps} steps", tokens(usage), seconds(self._seconds), cost)
        sheet.line(" · ".join(each for each in told if each))
        return sheet


def rows_of(agents: list[Agent], most: int) -> tuple[list[tuple[str, ...]], int]:
    """Who does what, those first whom one wants to see, and how many are left out."""
    rows: list[tuple[str, ...]] = []
    for agent in sorted(agents, key=lambda agent: _FIRST.index(agent.state))[:most]:
        doing = agent.doing if agent.error is None else type(agent.error).__name__
        rows.append((agent.name, agent.state, f"{agent.steps}", total_of(agent.usage), doing))
    return rows, len(agents) - len(rows)


def total_of(usage: Usage | None) -> str:
    return f"{usage.total_tokens:,}" if usage is not None and usage.total_tokens else ""
