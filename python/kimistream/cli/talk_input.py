"""What somebody types in a chat: several lines, a history, completed commands and paths. Needs prompt_toolkit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings

if TYPE_CHECKING:
    from collections.abc import Iterator


class Reader:
    """Reads one question or command after the other."""

    def __init__(self, commands: list[str]) -> None:
        self._session: PromptSession[str] = PromptSession(
            history=_history(),
            multiline=True,
            key_bindings=_keys(),
            completer=_Words(commands),
            complete_while_typing=False,
            prompt_continuation=lambda width, line, wrapped: "  ",
        )

    def read(self) -> str:
        """Raises EOFError at Ctrl-D, KeyboardInterrupt at Ctrl-C."""
        return self._session.prompt("> ")


def _keys() -> KeyBindings:
    """Enter sends; with Alt (or Escape before it) it begins a line."""
    keys = KeyBindings()

    @keys.add("enter")
    def send(event: Any) -> None:
        event.current_buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def begin_line(event: Any) -> None:
        event.current_buffer.insert_text("\n")

    return keys


class _Words(Completer):
    """Commands, and behind those that take one a path."""

    def __init__(self, commands: list[str]) -> None:
        self._commands = commands
        self._paths = PathCompleter(expanduser=False)

    def get_completions(self, document: Document, complete_event: Any) -> Iterator[Completion]:
        text = document.text_before_cursor
        if not text.startswith("/"):
            return
        name, space, rest = text.partition(" ")
        if space:
            yield from self._paths.get_completions(Document(rest.rpartition(" ")[2]), complete_event)
            return
        for command in self._commands:
            if command.startswith(name):
                yield Completion(command, start_position=-len(name))


def _history() -> FileHistory | InMemoryHistory:
    """Questions of earlier chats, for nobody else's eyes; in memory where no file can be written."""
    folder = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "kimistream"
    path = folder / "chat-history"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600))
    except OSError:
        return InMemoryHistory()
    return FileHistory(str(path))
