"""How an answer looks in a chat: thinking dimmed, Markdown drawn block by block as the blocks end."""

from __future__ import annotations

import os
import re
import sys
from typing import Any

from .output import Printer, harmless, tell

_MOST_SHOWN = 200  # characters of a tool's result
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")


class Writer:
    """Takes the events of a turn. A block is drawn when it has ended: a paragraph, a list, a table, a whole fence."""

    def __init__(self) -> None:
        self._printer = Printer()
        self._draws = os.environ.get("TERM") not in ("dumb", "unknown", None) and "NO_COLOR" not in os.environ
        self._block: list[str] = []  # whole lines of it
        self._line = ""
        self._fence = ""
        self._has_thought = False

    def show(self, event: Any) -> None:
        if event.type == "thinking":
            self._has_thought = True
            self._printer.thinking(event.text)
        elif event.type == "text":
            self._text(event.text)
        elif event.type == "tool_call":
            self.end()
            self._aside(f"{event.name}({event.arguments})")
        elif event.type == "tool_result":
            said = event.content if isinstance(event.content, str) else "[pictures]"
            self._aside(f"{event.name}: {said[:_MOST_SHOWN]}{'...' if len(said) > _MOST_SHOWN else ''}")
        elif event.type == "restarted":
            self.end()
            tell(f"What stands above is void, the answer begins anew: {event.reason}")

    def _aside(self, text: str) -> None:
        self._printer.thinking(text.replace("\n", " ") + "\n")
        self._printer.end()

    def _text(self, text: str) -> None:
        if not self._draws:
            self._printer.text(text)
            return
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self._take(line)

    def _take(self, line: str) -> None:
        fence = _FENCE.match(line)
        self._block.append(line)
        if fence and not self._fence:
            self._fence = fence[1]
        elif fence and fence[1].startswith(self._fence) and not line.strip().strip(self._fence[0]):
            self._fence = ""
            self._draw()
        elif not self._fence and not line.strip():
            self._draw()

    def _draw(self) -> None:
        text, self._block = "\n".join(self._block), []
        if not text.strip():
            return
        from rich.console import Console
        from rich.markdown import Markdown

        if self._has_thought:
            self._printer.end()
            sys.stdout.write("\n")
            self._printer, self._has_thought = Printer(), False
        # Addresses stay to be read: a link that says one thing and leads to another is no friend.
        Console(file=sys.stdout).print(Markdown(harmless(text), hyperlinks=False))
        sys.stdout.write("\n")
        sys.stdout.flush()

    def end(self) -> None:
        """Draws what is there, whole or not."""
        if self._line:
            self._block.append(self._line)
        self._line = self._fence = ""
        if self._block:
            self._draw()
        self._printer.end()
