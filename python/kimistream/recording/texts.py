"""What is searched of an exchange, and how: every word must be in it, wherever in a word it stands, small or large."""

from __future__ import annotations

import json
import sqlite3

from .exchange import texts_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .exchange import Recorded

_LONGEST_VALUE = 1 << 20  # of one text; base64 of a picture is no text at all
_NOT_SAID = frozenset(
    {"role", "type", "object", "id", "tool_call_id", "finish_reason", "signature", "code", "warnings"}
)
_MOST_TRIGRAMS = 200  # that the index is asked for; each word is looked for whole in what it gives


def searched_text(recorded: Recorded, message: str | None) -> str:
    """Everything that was said, in small letters, of an exchange and the JSON of its message."""
    said = texts_in(recorded.body, _NOT_SAID)
    if message:
        said += texts_in(json.loads(message), _NOT_SAID)
    else:
        said += [piece for _, piece in recorded.pieces if isinstance(piece, str)]
    return folded("\n".join(text for text in said if len(text) <= _LONGEST_VALUE and not _is_data(text)))


def index(connection: sqlite3.Connection, id: int, text: str, indexed: bool) -> None:
    connection.execute("INSERT INTO texts (id, text) VALUES (?, ?)", (id, text))
    if indexed:
        connection.execute("INSERT INTO texts_index (rowid, text) VALUES (?, ?)", (id, text))


def condition(words: Iterable[str], indexed: bool) -> tuple[str, list[str]]:
    """What SQL asks of `exchanges.id`, and its parameters."""
    words = [folded(word) for word in words if word.strip()]
    clauses, parameters = [], []
    trigrams = list(dict.fromkeys(word[at : at + 3] for word in words for at in range(len(word) - 2)))[:_MOST_TRIGRAMS]
    if indexed and trigrams:
        clauses.append(
            "(id IN (SELECT rowid FROM texts_index WHERE texts_index MATCH ?) "
            "OR id NOT IN (SELECT id FROM texts_index_docsize))"
        )
        parameters.append(" ".join('"' + each.replace('"', '""') + '"' for each in trigrams))
    for word in words:
        clauses.append("instr(text, ?)")
        parameters.append(word)
    return f"exchanges.id IN (SELECT id FROM texts WHERE {' AND '.join(clauses) or '1'})", parameters


def _is_data(text: str) -> bool:
    return text.startswith("data:") and ";base64," in text[:256]


def folded(text: str) -> str:
    return storable(text.casefold().replace("\0", " "))


def storable(text: str) -> str:
    """Half of a surrogate pair is no text for a database."""
    return text.encode("utf-8", "replace").decode()


def make_index(connection: sqlite3.Connection) -> None:
    """An index of three letters in a row, where this SQLite can have one."""
    try:
        connection.execute(
            "CREATE VIRTUAL TABLE IF NOT EXISTS texts_index USING fts5(text, content='texts', content_rowid='id', "
            "tokenize='trigram', detail=none)"
        )
    except sqlite3.OperationalError:  # no FTS5, or before 3.34, which brought the trigrams
        return


def has_index(connection: sqlite3.Connection) -> bool:
    """Whether the file has one, and this SQLite can use it."""
    try:
        connection.execute("SELECT 1 FROM texts_index WHERE texts_index MATCH 'abc' LIMIT 1").fetchall()
    except sqlite3.OperationalError:
        return False
    return True
