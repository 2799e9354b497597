"""What conversations and runs keep in files: JSON objects with a version, written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import threading

from .. import _core
from .._values.errors import InvalidRequestError
from .._values.message import Message, Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Path = str | os.PathLike[str]

VERSION = 1


def write(path: Path, kind: str, kept: dict[str, Any]) -> None:
    """Writes beside the file first, and takes its place when all is on the disk."""
    text = _core.dumps({"kimistream": kind, "version": VERSION, **kept})
    folder, name = os.path.split(os.path.realpath(path))
    beside = os.path.join(folder, f".{name}.{os.getpid()}.{threading.get_ident()}")
    try:
        with open(beside, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, os.path.join(folder, name))
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise


def read(path: Path, kind: str) -> dict[str, Any]:
    """Raises InvalidRequestError, which names the file, for one that is none of this kind or of a newer version."""
    shown = os.fspath(path)
    with open(path, "rb") as file:
        raw = file.read()
    try:
        kept = _core.loads(raw.decode("utf-8"))
    except ValueError as error:
        raise InvalidRequestError(f"{shown}: this is no {kind} of kimistream: {error}") from None
    version = kept.get("version") if isinstance(kept, dict) else None
    if not isinstance(kept, dict) or kept.get("kimistream") != kind or not isinstance(version, int):
        raise InvalidRequestError(f"{shown}: this is no {kind} of kimistream")
    if version > VERSION:
        raise InvalidRequestError(
            f"{shown}: its version is {version}, and this kimistream knows {VERSION}: a newer kimistream wrote it"
        )
    return kept


def broken(path: Path, kind: str, error: Exception) -> InvalidRequestError:
    """For a file whose fields are not what they should be."""
    return InvalidRequestError(f"{os.fspath(path)}: this {kind} is damaged: {type(error).__name__}: {error}")


def plain_message(message: Any) -> Any:
    """A message in plain types: `kept_message` makes it again."""
    if isinstance(message, Message):
        return message.to_dict()
    return _core.loads(_core.dumps(message))


def kept_message(kept: Any) -> Any:
    """The message that `plain_message` was called on."""
    if not isinstance(kept, dict) or not isinstance(kept.get("role"), str):
        raise ValueError("a message is an object with a role")
    return Message.from_dict(kept) if "finish_reason" in kept else kept


def plain_usage(usage: Usage | None) -> dict[str, Any] | None:
    return None if usage is None else {name: getattr(usage, name) for name in Usage._fields}


def kept_usage(kept: Any) -> Usage | None:
    return None if kept is None else Usage(**{name: kept.get(name) for name in Usage._fields})
