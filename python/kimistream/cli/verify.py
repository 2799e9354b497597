"""`kimistream verify`"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .connect import Connection, Target, connect
from .ending import DONE, WRONG_USAGE, CommandError, guarded
from .failures import explained
from .output import be_lenient, tell

if TYPE_CHECKING:
    from collections.abc import Callable

SOME_FAILED = 3


@dataclass(frozen=True)
class Job:
    """What to ask, where to write it, and how to tell of it."""

    requests: str | None
    out: str | None
    reference: str | None
    suite: str | None
    model: str | None
    concurrency: int
    max_tokens: int | None
    temperature: float | None
    extra_body: str | None
    report: str


def run(target: Target, job: Job) -> int:
    be_lenient()
    return guarded(lambda: _verify(target, job))


def _verify(target: Target, job: Job) -> int:
    from kimistream import KimiError
    from kimistream.verify.report import FORMS
    from kimistream.verify.suites import SUITES

    if job.report not in FORMS:
        raise CommandError(WRONG_USAGE, f"There is no report {job.report!r}: --report takes {', '.join(FORMS)}.")
    if job.suite is not None and job.suite not in SUITES:
        raise CommandError(WRONG_USAGE, f"There is no suite {job.suite!r}: --suite takes {', '.join(SUITES)}.")
    if job.suite is None and (job.requests is None or job.out is None):
        raise CommandError(WRONG_USAGE, "Name the file of requests, and --out for their results; or a --suite.")
    extra_body = _object(job.extra_body)
    with connect(target) as connection:
        try:
            if job.suite is not None:
                return _suite(connection, job, extra_body)
            return _requests(connection, target, job, extra_body)
        except KimiError as error:
            raise explained(error, connection) from error
        except OSError as error:
            raise CommandError(WRONG_USAGE, f"{error.filename}: {error.strerror or error}") from error


def _requests(connection: Connection, target: Target, job: Job, extra_body: dict[str, Any]) -> int:
    from kimistream.verify.report import FORMS
    from kimistream.verify.run import verify

    assert job.requests is not None
    assert job.out is not None
    summary = verify(
        connection.client, job.requests, job.out, job.reference, job.model, job.concurrency, job.max_tokens,
        job.temperature, extra_body, target.timeout, _teller(), tell,
    )  # fmt: skip
    sys.stdout.write(FORMS[job.report](summary))
    sys.stdout.flush()
    return SOME_FAILED if summary["failure_count"] else DONE


def _suite(connection: Connection, job: Job, extra_body: dict[str, Any]) -> int:
    from kimistream.verify.report import FORMS
    from kimistream.verify.suites import SUITES

    report = SUITES[job.suite or ""](connection.client, job.requests, job.model, extra_body)
    if job.report == "table":
        for case in report["results"]:
            sys.stdout.write(f"{case['status']:<12} {case['id']}{': ' + case['why'] if case['why'] else ''}\n")
    else:
        sys.stdout.write(FORMS["json"](report))
    sys.stdout.flush()
    return DONE if report["summary"]["by_status"].get("passed", 0) == report["summary"]["total"] else SOME_FAILED


def _object(text: str | None) -> dict[str, Any]:
    try:
        value = {} if text is None else json.loads(text)
    except ValueError as error:
        raise CommandError(WRONG_USAGE, f"--extra-body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise CommandError(WRONG_USAGE, "--extra-body takes a JSON object")
    return value


def _teller() -> Callable[[int, int], None] | None:
    """A line that counts, on a terminal."""
    if not sys.stderr.isatty():
        return None

    def look(ended: int, total: int) -> None:
        sys.stderr.write(f"\r{ended} of {total}" + ("\n" if ended == total else ""))
        sys.stderr.flush()

    return look
