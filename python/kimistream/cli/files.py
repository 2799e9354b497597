"""`kimistream files`"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from .connect import Connection, Target, connect
from .ending import DONE, WRONG_USAGE, CommandError, guarded
from .failures import explained
from .output import be_lenient, harmless, put_json, tell
from .tables import put_table

if TYPE_CHECKING:
    from kimistream import FileObject


def upload(target: Target, paths: list[str], purpose: str | None, as_json: bool) -> int:
    def command(connection: Connection) -> None:
        from kimistream.progress import Bar

        done: list[Any] = []
        for path in paths:
            with Bar() as bar:
                stored = connection.client.files.create(file=path, purpose=purpose or _purpose(path), on_progress=bar)
            if not as_json:
                _put(f"{stored.id}\n")
            done.append(stored.model_dump(exclude_unset=True))
        if as_json:
            put_json(done)

    return _run(target, command)


def show_all(target: Target, as_json: bool) -> int:
    def command(connection: Connection) -> None:
        files = list(connection.client.files.list())
        if as_json:
            put_json([file.model_dump(exclude_unset=True) for file in files])
        elif sys.stdout.isatty():
            _table(files)
        else:
            _put("".join(f"{file.id}\n" for file in files))

    return _run(target, command)


def show(target: Target, file_id: str, as_json: bool) -> int:
    def command(connection: Connection) -> None:
        file = connection.client.files.retrieve(file_id)
        if as_json:
            put_json(file.model_dump(exclude_unset=True))
            return
        facts = {**file.model_dump(exclude_unset=True), "created_at": _time(file.created_at)}
        width = max(map(len, facts))
        _put(
            "".join(
                f"{name:<{width}}  {harmless(str(value))}\n" for name, value in facts.items() if value not in ("", None)
            )
        )

    return _run(target, command)


def content(target: Target, file_id: str, output: str | None) -> int:
    def command(connection: Connection) -> None:
        held = connection.client.files.content(file_id)
        if output is not None:
            try:
                held.write_to_file(output)
            except OSError as error:
                raise CommandError(WRONG_USAGE, f"{output!r} cannot be written: {error.strerror}") from error
        elif sys.stdout.isatty():
            _put(f"{harmless(held.text)}\n")
        else:
            sys.stdout.flush()
            sys.stdout.buffer.write(held.content)
            sys.stdout.buffer.flush()

    return _run(target, command)


def delete(target: Target, file_ids: list[str]) -> int:
    def command(connection: Connection) -> None:
        for file_id in file_ids:
            connection.client.files.delete(file_id)
            tell(f"deleted {file_id}")

    return _run(target, command)


def _run(target: Target, command: Callable[[Connection], None]) -> int:
    def connected() -> int:
        from kimistream import KimiError

        with connect(target) as connection:
            try:
                command(connection)
            except KimiError as error:
                raise explained(error, connection) from error
        return DONE

    be_lenient()
    return guarded(connected)


def _purpose(path: str) -> str:
    """What a file is most likely uploaded for: its first bytes tell a picture or video, its name a batch."""
    from kimistream._requests.uploads import content_of

    if path.endswith(".jsonl"):
        return "batch"
    kind = content_of(path)[0].mime_type.partition("/")[0]
    return kind if kind in ("image", "video") else "file-extract"


def _put(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _time(seconds: Any) -> str:
    if not isinstance(seconds, int):
        return ""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def _table(files: list[FileObject]) -> None:
    rows = [(file.id, file.filename, f"{file.bytes or 0:,}", file.purpose, file.status) for file in files]
    columns = ["id", "name", "bytes", "purpose", "status"]
    put_table(columns, [[str(cell or "") for cell in row] for row in rows], whole=["id", "bytes"])
