"""`kimistream chat`"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .asking import Ask, prompt_of
from .connect import Connection, Target, connect
from .ending import DONE, REFUSED, WRONG_USAGE, CommandError, guarded
from .failures import explained
from .output import Printer, be_lenient, tell

if TYPE_CHECKING:
    from kimistream import Stream

# What a finish reason means for the reader; the usual ones mean nothing.
_FINISH_NOTES: Mapping[str, str] = {
    "length": "The answer was cut at the token limit: see --max-tokens.",
    "content_filter": "The provider's filter ended the answer.",
}


def run(target: Target, ask: Ask) -> int:
    be_lenient()
    return guarded(lambda: _chat(target, ask))


def _chat(target: Target, ask: Ask) -> int:
    from kimistream import KimiError

    question = question_of(ask.words)
    with connect(target) as connection:
        try:
            _show(connection, prompt_of(connection, question, ask.shown), ask)
            connection.client.files.delete_uploads()  # a question of its own: nothing refers to them any more
        except KimiError as error:
            raise explained(error, connection) from error
    return DONE


def question_of(words: list[str]) -> str:
    piped = words == ["-"] or (not words and not sys.stdin.isatty())
    question = sys.stdin.buffer.read().decode("utf-8", "replace") if piped else " ".join(words)
    if not question.strip():
        raise CommandError(WRONG_USAGE, 'Nothing was asked: kimistream chat "question", or a question on stdin')
    return question


def _show(connection: Connection, question: Any, ask: Ask) -> None:
    settings: dict[str, Any] = {"model": ask.model, "system": ask.system, "max_tokens": ask.max_tokens}
    settings["on_break"] = ask.on_break
    given = {name: value for name, value in settings.items() if value is not None}
    if not ask.thinking:
        given["thinking"] = False
    show(lambda: connection.client.stream(question, **given))


def show(start: Callable[[], Stream]) -> None:
    """Prints an answer as it comes; notes about it follow behind its end."""
    printer = Printer()
    notes: list[str] = []
    try:
        with start() as stream:
            _print(stream, printer, notes)
    finally:  # what has come stays, whatever ended it
        printer.end()
        for note in notes:
            tell(note)


def _restart(printer: Printer, reason: str) -> None:
    """Who reads a pipe cannot be told that what has been read is void: like `Stream.text` that is an error."""
    void = printer.restart()
    if void:
        raise CommandError(
            REFUSED, f"{reason} The answer would have to begin anew, and part of it has gone into the pipe: ask again."
        )
    tell(f"What stands above is void, the answer begins anew: {reason}")


def _print(stream: Stream, printer: Printer, notes: list[str]) -> None:
    """Notes wait until the answer is over, so as not to stand in the middle of a line."""
    for event in stream:
        if event.type == "thinking":
            printer.thinking(event.text)
        elif event.type == "text":
            printer.text(event.text)
        elif event.type == "tool_call":
            printer.text(f"{event.name}({event.arguments})\n")
        elif event.type == "notice":
            notes.append(f"note: {event.message}")
        elif event.type == "restarted":
            _restart(printer, event.reason)
        elif event.type == "finish" and event.reason in _FINISH_NOTES:
            notes.append(_FINISH_NOTES[event.reason])
