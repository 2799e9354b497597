"""Where the history is, and whether a file may be one. Reads the first bytes of the file and needs no database."""

from __future__ import annotations

import os

from .._requests.setup import HISTORY_VARIABLE
from .._values.errors import InvalidRequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

APPLICATION_ID = 0x4B494D49
"""What marks an SQLite file as a history of ours: "KIMI"."""
VERSION = 2
"""Of the schema. A file of an older one is brought up to it, a newer one is left alone."""

_MAGIC = b"SQLite format 3\0"
_VERSION_AT, _ID_AT, _HEADER = 60, 68, 100  # https://www.sqlite.org/fileformat.html#the_database_header


def path_of(history: bool | str | os.PathLike[str] | None) -> str | None:
    """The file that a client's `history=` means, absolute; None where there is to be none.

    True is the one that KIMISTREAM_HISTORY names, else the usual place; None is the variable's, or none.
    Raises TypeError, and InvalidRequestError for an empty path.
    """
    if history is False:
        return None
    if history is None or history is True:
        named = os.environ.get(HISTORY_VARIABLE)
        if named:
            return _absolute(named)
        return usual_place() if history else None
    path = os.fspath(history) if isinstance(history, (str, os.PathLike)) else None
    if not isinstance(path, str):
        raise TypeError(f"history must be True, False or a path, not {type(history).__name__}")
    if not path or "\0" in path:
        raise InvalidRequestError("history is no path: pass one, or True for the usual place")
    return _absolute(path)


def usual_place() -> str:
    """~/.local/share/kimistream/history.sqlite3, below XDG_DATA_HOME where that is set."""
    folder = os.environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local", "share")
    return os.path.join(os.path.abspath(folder), "kimistream", "history.sqlite3")


def check(path: str) -> None:
    """Raises InvalidRequestError for a file that is no history, or one of a newer version. What cannot be read may be
    one: that costs entries, and is told when they cannot be written."""
    if os.path.isdir(path):
        no_history(path, "it is a folder")
    try:
        with open(path, "rb") as file:
            header = file.read(_HEADER)
    except OSError:
        return
    if not header:  # somebody has made room for it
        return
    if len(header) < _HEADER or not header.startswith(_MAGIC):
        no_history(path, "it is another kind of file")
    check_numbers(path, _number(header, _ID_AT), _number(header, _VERSION_AT))


def check_numbers(path: str, application_id: int, version: int) -> None:
    """The same of what a database says of itself."""
    if application_id != APPLICATION_ID:
        no_history(path, "it is another program's database")
    if version > VERSION:
        raise InvalidRequestError(
            f"{path} is a history of a newer kimistream (version {version}, this one knows {VERSION}): update "
            f"kimistream, or name another file with history=... or {HISTORY_VARIABLE}"
        )


def no_history(path: str, why: str) -> NoReturn:
    raise InvalidRequestError(
        f"{path} is no history of kimistream, {why}, and stays as it is: name another file with history=... or "
        f"{HISTORY_VARIABLE}"
    )


def _absolute(path: str) -> str:
    return os.path.abspath(os.path.expanduser(path))


def _number(header: bytes, at: int) -> int:
    return int.from_bytes(header[at : at + 4], "big")
