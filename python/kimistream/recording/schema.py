"""The tables of a history, and how a file gets them: made anew, or brought up from an older version."""

from __future__ import annotations

import errno
import os
import sqlite3

from .._values.errors import InvalidRequestError
from . import places
from .exchange import Recorded
from .packing import unpacked
from .places import APPLICATION_ID, VERSION
from .texts import has_index, index, make_index, searched_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def open_to_write(path: str, patience: float) -> sqlite3.Connection:
    """The history at a path, made where it is missing, with the tables of this version.

    patience  seconds that one statement waits for somebody else's lock

    Raises InvalidRequestError for what is no history, sqlite3.Error and OSError for what cannot be written.
    """
    make_private(path)
    connection = _connected(path, "rw", patience)
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def open_to_read(path: str) -> sqlite3.Connection:
    """The same for those who look. An older file is brought up to this version here, too.

    Raises FileNotFoundError, and InvalidRequestError for what is no history, or cannot be read.
    """
    places.check(path)
    if not os.path.exists(path):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    try:
        connection = _connected(path, "rw", 5.0)
        try:
            _prepare(connection, path)
        except sqlite3.OperationalError:  # read-only, or locked for long: it may be read all the same
            connection.close()
            connection = _readable(path)
    except sqlite3.Error as error:
        raise InvalidRequestError(f"the history {path} cannot be read: {error}") from error
    connection.row_factory = sqlite3.Row
    return connection


def make_empty(path: str) -> None:
    """A history without exchanges where there is no file. Raises OSError, InvalidRequestError."""
    if not os.path.exists(path):
        try:
            open_to_write(path, 1.0).close()
        except sqlite3.Error as error:
            raise OSError(str(error)) from error


def _readable(path: str) -> sqlite3.Connection:
    """Without any right to write; without even a -shm file where the folder cannot be written."""
    for mode in ("ro", "ro&immutable=1"):
        connection = _connected(path, mode, 5.0)
        try:
            version = _numbers(connection)[1]
        except sqlite3.OperationalError:
            connection.close()
            continue
        if version < VERSION:
            connection.close()
            raise sqlite3.OperationalError("it is of an older version and must be writable once, to be brought up")
        return connection
    raise sqlite3.OperationalError("it is locked, or not readable")


def make_private(path: str) -> None:
    """What was said is for nobody else on the machine: the file is its owner's alone."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _connected(path: str, mode: str, patience: float) -> sqlite3.Connection:
    from urllib.parse import quote

    return sqlite3.connect(
        f"file:{quote(path)}?mode={mode}", timeout=patience, isolation_level=None, check_same_thread=False, uri=True
    )


def _numbers(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """The application's number, the schema's version, the tables: of one moment, others may be making them."""
    own = not connection.in_transaction
    if own:
        connection.execute("BEGIN")
    try:
        ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_master")
        ((application_id,),) = connection.execute("PRAGMA application_id")
        ((version,),) = connection.execute("PRAGMA user_version")
    finally:
        if own and connection.in_transaction:
            connection.execute("ROLLBACK")
    return application_id, version, tables


def _prepare(connection: sqlite3.Connection, path: str) -> None:
    try:
        application_id, version, tables = _numbers(connection)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        places.no_history(path, str(error))
    if application_id or version or tables:
        places.check_numbers(path, application_id, version)
    if version < VERSION:
        _bring_up(connection)
    # A whole answer is lost by a power cut at most; a broken file would lose all.
    connection.execute("PRAGMA synchronous = NORMAL")
    if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        connection.execute("PRAGMA journal_mode = WAL")


def _bring_up(connection: sqlite3.Connection) -> None:
    """All steps or none, whoever else has the same idea."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _numbers(connection)[1]
        for step in STEPS[version:]:
            step(connection)
        if version < VERSION:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _exchanges(connection: sqlite3.Connection) -> None:
    """Version 1. `exchange` is a line of a cassette, `message` what it amounts to (`Message.to_json`): texts, or zlib's
    bytes of a long one."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS clients (id INTEGER PRIMARY KEY, provider TEXT NOT NULL, base_url TEXT NOT NULL, "
        "key_variable TEXT NOT NULL, row TEXT NOT NULL, UNIQUE (provider, base_url, key_variable, row))"
    )
    connection.execute(
        "CREATE TABLE IF NOT EXISTS exchanges (id INTEGER PRIMARY KEY AUTOINCREMENT, "
        "client INTEGER NOT NULL REFERENCES clients, started REAL NOT NULL, seconds REAL NOT NULL, "
        "method TEXT NOT NULL, path TEXT NOT NULL, model TEXT, "
        "status INTEGER, ended TEXT NOT NULL, finish_reason TEXT, prompt_tokens INTEGER, completion_tokens INTEGER, "
        "cost REAL, prompt TEXT NOT NULL, answer TEXT NOT NULL, error TEXT, exchange NOT NULL, message)"
    )


def _texts(connection: sqlite3.Connection) -> None:
    """Version 2. What is searched, in small letters. The index says which exchanges may hold three letters in a row; a
    Python whose SQLite has no FTS5 with trigrams does without, and those it writes are looked through."""
    connection.execute("CREATE TABLE IF NOT EXISTS texts (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
    make_index(connection)
    indexed = has_index(connection)
    known = connection.execute("SELECT id FROM exchanges WHERE id NOT IN (SELECT id FROM texts)").fetchall()
    for (exchange_id,) in known:
        ((exchange, message),) = connection.execute(
            "SELECT exchange, message FROM exchanges WHERE id = ?", (exchange_id,)
        )
        index(
            connection, exchange_id, searched_text(Recorded(unpacked(exchange)), message and unpacked(message)), indexed
        )


STEPS: tuple[Callable[[sqlite3.Connection], None], ...] = (_exchanges, _texts)
