"""`kimistream batch`"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .connect import Connection, Target, connect
from .ending import DONE, REFUSED, WRONG_USAGE, CommandError, guarded
from .failures import explained
from .output import be_lenient, put_json, tell
from .tables import put_table

if TYPE_CHECKING:
    from kimistream import Batch, BatchJob

SOME_FAILED = 3


@dataclass(frozen=True)
class Rows:
    """What to ask of which rows; `request` are options of `client.complete`."""

    source: str
    prompt: str | None
    key: str | None
    window: str
    request: dict[str, Any]


def submit(target: Target, rows: Rows, as_json: bool) -> int:
    def command(connection: Connection) -> int:
        given = {name: value for name, value in rows.request.items() if value is not None}
        job = connection.client.batches.submit(
            rows.source, rows.prompt, key=rows.key, completion_window=rows.window, **given
        )
        if as_json:
            put_json(job.batch.model_dump(exclude_unset=True))
        else:
            _put(f"{job.id}\n")
        return DONE

    return _run(target, command)


def show_all(target: Target, as_json: bool) -> int:
    def command(connection: Connection) -> int:
        batches = list(connection.client.batches.list())
        if as_json:
            put_json([batch.model_dump(exclude_unset=True) for batch in batches])
        elif sys.stdout.isatty():
            cells = [[batch.id, batch.status, *_counts(batch), batch.completion_window or ""] for batch in batches]
            put_table(["id", "status", "answered", "failed", "in all", "window"], cells, whole=["id", "status"])
        else:
            _put("".join(f"{batch.id}\n" for batch in batches))
        return DONE

    return _run(target, command)


def status(target: Target, batch_id: str, as_json: bool) -> int:
    def command(connection: Connection) -> int:
        batch = connection.client.batches.retrieve(batch_id)
        if as_json:
            put_json(batch.model_dump(exclude_unset=True))
        else:
            _put(f"{_told(batch)}\n")
        return DONE

    return _run(target, command)


def wait(target: Target, batch_id: str, poll: float | None, limit: float | None) -> int:
    def command(connection: Connection) -> int:
        from kimistream import APITimeoutError

        job = connection.client.batches.job(batch_id, poll=poll)
        try:
            job.wait(timeout=limit, progress=_teller())
        except APITimeoutError as error:
            raise CommandError(REFUSED, str(error)) from error
        return DONE if job.status == "completed" and not job.counts.failed else SOME_FAILED

    return _run(target, command)


def results(target: Target, batch_id: str, poll: float | None, output: str | None) -> int:
    def command(connection: Connection) -> int:
        from kimistream._bulk.lines import line_of, text_of

        job = connection.client.batches.job(batch_id, poll=poll)
        job.wait(progress=_teller())
        rows = list(job)
        lines = b"".join(text_of(line_of(row)) for row in rows)
        if output is None:
            sys.stdout.flush()
            sys.stdout.buffer.write(lines)
            sys.stdout.buffer.flush()
        else:
            try:
                with open(output, "wb") as file:
                    file.write(lines)
            except OSError as error:
                raise CommandError(WRONG_USAGE, f"{output!r} cannot be written: {error.strerror}") from error
        failed = [row for row in rows if row.error is not None]
        if failed:
            tell(f"{len(failed)} of {len(rows)} failed; the first, {failed[0].key!r}: {failed[0].error}")
        return SOME_FAILED if failed else DONE

    return _run(target, command)


def cancel(target: Target, batch_id: str) -> int:
    def command(connection: Connection) -> int:
        tell(_told(connection.client.batches.job(batch_id).cancel().batch))
        return DONE

    return _run(target, command)


def _run(target: Target, command: Callable[[Connection], int]) -> int:
    def connected() -> int:
        from kimistream import KimiError

        with connect(target) as connection:
            try:
                return command(connection)
            except KimiError as error:
                raise explained(error, connection) from error

    be_lenient()
    return guarded(connected)


def _teller() -> Callable[[BatchJob], None]:
    """Tells of each look that has something new."""
    said = ""

    def look(job: BatchJob) -> None:
        nonlocal said
        told = _told(job.batch)
        if told != said:
            tell(told)
            said = told

    return look


def _counts(batch: Batch) -> list[str]:
    counts = batch.request_counts
    return ["", "", ""] if counts is None else [str(counts.completed), str(counts.failed), str(counts.total)]


def _told(batch: Batch) -> str:
    completed, failed, total = _counts(batch)
    counts = f": {completed} answered, {failed} failed, {total} in all" if total else ""
    return f"{batch.id} {batch.status}{counts}"


def _put(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
