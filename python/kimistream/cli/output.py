"""Writing to the terminal and to pipes: as it comes, never re-wrapped, and nothing that a model says is a command."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, TextIO

_KEPT = "\n\t"
_CONTROLS = (*range(0x20), 0x7F, *range(0x80, 0xA0))
# Marks that change the direction of text can make a line read differently from what it says.
_DIRECTIONS = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_VISIBLE = {
    **{code: f"\\x{code:02x}" for code in _CONTROLS if chr(code) not in _KEPT},
    **{code: f"\\u{code:04x}" for code in _DIRECTIONS},
}


def harmless(text: str) -> str:
    """The text with control characters spelled out, so that it cannot move the cursor, recolour or rename anything."""
    return text.translate(_VISIBLE)


def put_json(value: Any) -> None:
    """The answer as JSON, for programs."""
    import json

    sys.stdout.write(json.dumps(value, indent=2) + "\n")  # ASCII: nothing in it can command a terminal
    sys.stdout.flush()


def tell(message: str) -> None:
    """A line for the person at the keyboard, on stderr; on a terminal it is broken between words."""
    if sys.stderr is None:  # it was closed
        return
    try:
        sys.stderr.write(f"{_folded(harmless(message)) if sys.stderr.isatty() else harmless(message)}\n")
        sys.stderr.flush()
    except OSError:
        pass  # nobody reads it: no reason to fail


def _folded(text: str) -> str:
    import shutil
    import textwrap

    width = max(shutil.get_terminal_size().columns or 80, 20)  # Python 3.10 says 0 where the terminal does
    fold = textwrap.TextWrapper(width, break_long_words=False, break_on_hyphens=False)  # addresses stay whole
    lines = []
    for line in text.split("\n"):
        fold.subsequent_indent = line[: len(line) - len(line.lstrip())]
        lines += fold.wrap(line) or [""]
    return "\n".join(lines)


def be_lenient() -> None:
    """What the terminal's encoding cannot show becomes "?" and does not end the program."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def give_up_stdout() -> None:
    """After a broken pipe: point stdout at nothing, so that the flush at exit does not complain."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)


class Printer:
    """Thinking and answer as they arrive.

    On a terminal both go to stdout, thinking dimmed and with a blank line behind it. In a pipe stdout gets the answer
    and nothing else; thinking goes to stderr.
    """

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()
        self._thoughts: TextIO = sys.stdout if self._terminal else sys.stderr
        self._thoughts_are_seen = self._thoughts.isatty()
        self._dim = _dimmer(self._thoughts)
        self._last_thought = ""
        self._last_text = ""

    def thinking(self, text: str) -> None:
        if text:
            self._last_thought = text
            self._put_thought(self._dim(harmless(text) if self._thoughts_are_seen else text))

    def text(self, text: str) -> None:
        if text:
            if not self._last_text:
                self._end_thinking("\n" if self._thoughts_are_seen else "")
            self._last_text = text
            self._put(sys.stdout, harmless(text) if self._terminal else text)

    def restart(self) -> bool:
        """The answer begins anew, on a line of its own. True where some of it is in a pipe, and so past recall."""
        self.end()
        void = bool(self._last_text) and not self._terminal
        self._last_thought = self._last_text = ""
        return void

    def end(self) -> None:
        """Finish the line, if one is open."""
        if not self._last_text:
            self._end_thinking("")
        elif not self._last_text.endswith("\n"):
            self._put(sys.stdout, "\n")

    def _end_thinking(self, space: str) -> None:
        if self._last_thought:
            self._put_thought(space if self._last_thought.endswith("\n") else f"\n{space}")

    def _put_thought(self, text: str) -> None:
        try:
            self._put(self._thoughts, text)
        except OSError:
            if self._thoughts is sys.stdout:
                raise
            # stderr was closed: the answer is what matters

    @staticmethod
    def _put(stream: TextIO, text: str) -> None:
        stream.write(text)
        stream.flush()


def _dimmer(stream: TextIO) -> Callable[[str], str]:
    """What makes text dim on this stream: nothing where it is not a terminal, or one that knows no styles."""
    if not stream.isatty() or os.environ.get("TERM") in ("dumb", "unknown"):
        return str
    from rich.style import Style

    return Style(dim=True).render
