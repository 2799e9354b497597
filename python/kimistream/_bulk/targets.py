"""What a run is about to write, beside what it must not: its source, and files of others."""

from __future__ import annotations

import contextlib
import os

from .._values.errors import InvalidRequestError
from .lines import KEYS, parse, split_lines
from .parquet import library

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_FAILED = ".failed.jsonl"
_TABLE = ".parquet"
_SUFFIXES = (".jsonl", _TABLE)


def failures_path(out: str) -> str:
    return f"{os.path.splitext(out)[0]}{_FAILED}"


def ledger_path(out: str) -> str:
    return f"{out}.ledger"


def journal_path(out: str) -> str:
    """Where the lines of a table are while a run writes it."""
    return f"{out}.journal.jsonl"


def parts_path(out: str) -> str:
    """The folder of what is a table already."""
    return f"{out}.parts"


def is_table(out: str) -> bool:
    return os.path.splitext(out)[1].lower() == _TABLE


def check_path(out: Any) -> str:
    """The path as a text. Raises InvalidRequestError for one that cannot be written to."""
    path = os.fspath(out)
    if not isinstance(path, str):
        raise TypeError("out must be a str or a path")
    if os.path.splitext(path)[1].lower() not in _SUFFIXES:
        raise InvalidRequestError(f"out={path!r} must end with .jsonl or .parquet")
    if is_table(path):
        library()
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise InvalidRequestError(f"out={path!r}: there is no folder {folder!r}, make it first")
    if os.path.isdir(path):
        raise InvalidRequestError(f"out={path!r} is a folder")
    return path


def check_source(out: str, source: str) -> None:
    """Raises InvalidRequestError where a run would write to the file that its rows come from ("": none). Touches
    nothing."""
    for what, path in _written(out) if source else ():
        if _same(path, source):
            raise InvalidRequestError(
                f"{what} {path!r} is the same file as the source {source!r}, which would be lost: choose another out="
            )


def check_failures(out: str) -> None:
    """Raises InvalidRequestError where `out` or the failures file would be another's. Touches nothing."""
    _check_not_failures(out)
    _check_failures(out)


def _written(out: str) -> Iterator[tuple[str, str]]:
    failures, ledger = failures_path(out), ledger_path(out)
    yield "out", out
    yield "the ledger", ledger
    yield "the failures file", failures
    if is_table(out):
        yield "the run's own file", journal_path(out)
    for path in (f"{os.path.realpath(out)}.new", f"{os.path.realpath(failures)}.new"):
        yield "the run's own file", path
    for beside in ("-wal", "-shm", "-journal"):
        yield "the ledger's own file", ledger + beside


def _same(path: str, other: str) -> bool:
    if os.path.realpath(path) == os.path.realpath(other):
        return True
    try:
        return os.path.samefile(path, other)  # one file by two names
    except OSError:
        return False


def _check_not_failures(out: str) -> None:
    """`out` must not be what another run writes its failures to."""
    if not out.endswith(_FAILED):
        return
    for suffix in _SUFFIXES:
        other = f"{out.removesuffix(_FAILED)}{suffix}"
        if os.path.lexists(ledger_path(other)):
            raise InvalidRequestError(
                f"out={out!r} is the failures file of the run that writes {other!r}: choose another out="
            )


def _check_failures(out: str) -> None:
    """The failures file is written anew at the end: what stands there must be one already."""
    path = failures_path(out)
    if os.path.lexists(ledger_path(path)):
        raise _not_ours(path, out, "which is the out of another run (its ledger is beside it)")
    for suffix in _SUFFIXES:
        other = f"{os.path.splitext(out)[0]}{suffix}"
        if os.path.basename(other) != os.path.basename(out) and os.path.lexists(ledger_path(other)):
            raise _not_ours(path, out, f"where those of the run that writes {other!r} go")
    try:
        file = open(path, "rb")  # noqa: SIM115 - closed below
    except FileNotFoundError:
        return
    except OSError as error:
        raise _not_ours(path, out, f"which cannot be read ({error.strerror or error})") from error
    with contextlib.closing(file):
        for number, text in enumerate(split_lines(file.read), 1):
            if not _is_failure(text):
                raise _not_ours(path, out, f"whose line {number} is no failure of a run")


def _is_failure(text: bytes) -> bool:
    try:
        line = parse(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(line, dict) and tuple(line) == KEYS and isinstance(line["error"], dict)


def _not_ours(path: str, out: str, why: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"the failures of out={out!r} would go to {path!r}, {why}, and would replace it: move it away, or choose "
        "another out="
    )
