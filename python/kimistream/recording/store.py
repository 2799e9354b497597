"""What is written to a history and read from it, in SQL. Opening it: schema.py."""

from __future__ import annotations

import json

from .exchange import Origin, Recorded, prompt_of
from .packing import packed, unpacked
from .texts import condition, has_index, index, searched_text, storable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence
    from typing import Any

_EXCERPT = 200  # characters of question and answer that stand in a list
_FACTS = (
    *("id", "started", "seconds", "method", "path", "model", "status", "ended", "finish_reason", "prompt_tokens"),
    *("completion_tokens", "cost", "prompt", "answer", "error"),
)
_COLUMNS = ", ".join([*(f"exchanges.{name}" for name in _FACTS), "clients.provider", "clients.base_url"])


class Draft:
    """An exchange on its way into a history: read and told, so that only writing is left to do."""

    __slots__ = ("columns", "origin", "text")

    def __init__(self, origin: Origin, started: float, seconds: float, line: str) -> None:
        recorded = Recorded(line)
        told = recorded.tell(origin)
        message, error = told.message, told.error
        usage = message.usage if message else None
        written = message.to_json() if message else None
        self.origin = origin
        self.columns: dict[str, Any] = {
            "started": started,
            "seconds": seconds,
            "method": recorded.request["method"],
            "path": recorded.request["path"],
            "model": recorded.model,
            "status": recorded.status,
            "ended": recorded.end,
            "finish_reason": message.finish_reason if message else None,
            "prompt_tokens": usage.prompt_tokens if usage else None,
            "completion_tokens": usage.completion_tokens if usage else None,
            "cost": usage.cost if usage else None,
            "prompt": _excerpt(prompt_of(recorded.body)),
            "answer": _excerpt(_answer_of(message)),
            "error": storable(str(error)) if error else recorded.failure,
            "exchange": packed(storable(line)),
            "message": written and packed(storable(written)),
        }
        self.text = searched_text(recorded, written)


def add(connection: sqlite3.Connection, drafts: Sequence[Draft]) -> None:
    """All of them or none."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        indexed = has_index(connection)
        for draft in drafts:
            columns = {"client": _client(connection, draft.origin), **draft.columns}
            marks = ", ".join("?" * len(columns))
            added = connection.execute(
                f"INSERT INTO exchanges ({', '.join(columns)}) VALUES ({marks})", tuple(columns.values())
            )
            index(connection, added.lastrowid or 0, draft.text, indexed)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _client(connection: sqlite3.Connection, origin: Origin) -> int:
    values = (origin.provider, origin.base_url, origin.key_variable, origin.row)
    connection.execute(
        "INSERT OR IGNORE INTO clients (provider, base_url, key_variable, row) VALUES (?, ?, ?, ?)", values
    )
    ((client_id,),) = connection.execute(
        "SELECT id FROM clients WHERE (provider, base_url, key_variable, row) = (?, ?, ?, ?)", values
    )
    return int(client_id)


class Entry:
    """An exchange of a history, whole. `facts` are those of a list."""

    __slots__ = ("_message", "facts", "origin", "recorded")

    def __init__(self, row: sqlite3.Row) -> None:
        self.facts = _facts(row)
        self.origin = Origin(row["provider"], row["base_url"], row["key_variable"], row["row"])
        self.recorded = Recorded(unpacked(row["exchange"]))
        self._message = row["message"]

    @property
    def message(self) -> dict[str, Any] | None:
        """What the answer amounts to, as `Message.to_dict` has it; None where nothing came."""
        return json.loads(unpacked(self._message)) if self._message else None


def facts(
    connection: sqlite3.Connection,
    *,
    words: Sequence[str] = (),
    before: int | None = None,
    after: int | None = None,
    limit: int | None = None,
) -> Iterator[dict[str, Any]]:
    """What a list shows, the newest first: of those with all the words, with ids below `before` and above `after`."""
    where = ["1"]
    parameters: list[str] = []
    if any(word.strip() for word in words):
        clause, parameters = condition(words, has_index(connection))
        where.append(clause)
    for bound, sign in ((before, "<"), (after, ">")):
        if bound is not None:
            where.append(f"exchanges.id {sign} {int(bound)}")
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM exchanges JOIN clients ON clients.id = client WHERE {' AND '.join(where)} "
        f"ORDER BY exchanges.id DESC LIMIT {-1 if limit is None else int(limit)}",
        parameters,
    )
    return map(_facts, rows)


def entry(connection: sqlite3.Connection, id: str | int) -> Entry | None:
    """The exchange of an id, None where there is none."""
    if not (str(id).isascii() and str(id).isdecimal() and len(str(id)) < 19):
        return None
    row = connection.execute(
        f"SELECT {_COLUMNS}, key_variable, row, exchange, message FROM exchanges JOIN clients ON clients.id = client "
        "WHERE exchanges.id = ?",
        (int(id),),
    ).fetchone()
    return row and Entry(row)


def _facts(row: sqlite3.Row) -> dict[str, Any]:
    return {name: row[name] for name in (*_FACTS, "provider", "base_url")}


def _answer_of(message: Any) -> str:
    if message is None:
        return ""
    calls = ", ".join(f"{call.name}({call.arguments})" for call in message.tool_calls)
    return message.text or calls or message.reasoning or ""


def _excerpt(text: str) -> str:
    """The beginning, in one line."""
    line = " ".join(text[: 4 * _EXCERPT].split())
    return storable(line if len(line) <= _EXCERPT else f"{line[: _EXCERPT - 1]}…")
