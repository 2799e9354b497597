"""`kimistream log list` and `search`; and how the others of `kimistream log` find their exchange."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .ending import DONE, REFUSED, WRONG_USAGE, CommandError, guarded
from .output import be_lenient, harmless, put_json

if TYPE_CHECKING:
    import sqlite3

    from kimistream.recording.store import Entry

_WIDEST_MODEL = 24


def run(history: str | None, words: Sequence[str], limit: int | None, as_json: bool) -> int:
    be_lenient()
    return guarded(lambda: _list(history, words, limit, as_json))


@contextmanager
def opened(history: str | None) -> Iterator[sqlite3.Connection]:
    """The history that is named, or the usual one. Raises CommandError where there is none."""
    from kimistream import InvalidRequestError
    from kimistream.recording.places import path_of
    from kimistream.recording.schema import open_to_read

    try:
        path = path_of(True if history is None else history)
        connection = open_to_read(path or "")
    except FileNotFoundError as missing:
        raise CommandError(
            WRONG_USAGE,
            f"There is no history at {missing.filename}. It is written by clients made with history=True (or a path), "
            "or with KIMISTREAM_HISTORY set; --history names another file.",
        ) from missing
    except InvalidRequestError as error:
        raise CommandError(WRONG_USAGE, str(error)) from error
    try:
        yield connection
    finally:
        connection.close()


def found(connection: sqlite3.Connection, exchange: str) -> Entry:
    """The exchange of that id. Raises CommandError where there is none."""
    from kimistream.recording.store import entry

    known = entry(connection, exchange)
    if known is None:
        raise CommandError(REFUSED, f"There is no exchange {exchange!r}: `kimistream log list` shows those that are.")
    return known


def moment(started: float, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """When it began, on the clock of this machine."""
    return datetime.fromtimestamp(started).strftime(form)


def ending(facts: dict[str, Any]) -> str:
    """How an exchange ended, in a word."""
    if facts["ended"] != "clean":
        return str(facts["ended"])
    if facts["status"] is not None and facts["status"] >= 400:
        return str(facts["status"])
    if facts["error"]:
        return "broken"
    return facts["finish_reason"] or str(facts["status"] or "")


def _list(history: str | None, words: Sequence[str], limit: int | None, as_json: bool) -> int:
    from kimistream.recording.store import facts

    with opened(history) as connection:
        listed = facts(connection, words=words, limit=limit)
        if as_json:
            put_json(list(listed))
        else:
            _put_lines(listed)
    return DONE


def _put_lines(listed: Iterable[dict[str, Any]]) -> None:
    """A line for each exchange; on a terminal never longer than that is wide."""
    from rich.cells import set_cell_size
    from rich.console import Console

    terminal = sys.stdout.isatty()
    width = Console().width
    for facts in listed:
        model = str(facts["model"] or "")
        asked = harmless(facts["prompt"] or f"{facts['method']} {facts['path']}")
        answered = harmless(facts["answer"] or facts["error"] or "").partition("\n")[0]
        line = (
            f"{facts['id']:<6} {moment(facts['started'])}  {harmless(model[:_WIDEST_MODEL]):<16}  "
            f"{ending(facts):<10} {facts['seconds']:>7.1f} s  {asked}"
        )
        if answered:
            line += f"  ->  {answered}"
        sys.stdout.write((set_cell_size(line, width).rstrip() if terminal else line) + "\n")
    sys.stdout.flush()
