"""`kimistream map`"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .connect import Connection, Target, connect
from .ending import DONE, REFUSED, STOPPED, WRONG_USAGE, CommandError, guarded
from .failures import explained
from .output import be_lenient, tell

if TYPE_CHECKING:
    from kimistream import Run

SOME_FAILED, OUT_OF_BUDGET = 3, 4

# What the library calls its arguments, and what they are called here. A path may hold "key=1": only what ends there is
# a name.
_WORDS = tuple(
    (re.compile(python), shell)
    for python, shell in (
        (r"\bresume=False\b", "--no-resume"),
        (r"\bout=(?=['\"])", "OUT "),
        (r"\bout=(?=[\s,.:;]|$)", "OUT"),
        (r"\bkey=(?=[\s,.:;]|$)", "--key"),
        (r"\bprompt=('\{text\}')(, or a function of the row)?", r"--prompt \1"),
        (r"\bprompt=(?=[\s,.:;]|$)", "--prompt"),
        (r"\b(Pass (?:a smaller )?)max_tokens\b", r"\1--max-tokens"),
        (r"\b(tpm|tpd)=(?=\d)", r"--\1 "),
        (r"\b(concurrency|rpm|tpm|tpd|poll)=(?=[\s,.:;]|$)", r"--\1"),
        (r"\bvia=['\"](\w+)['\"]", r"--via \1"),
        (r"\bUse kimistream\.Budget\(tokens=\.\.\.\)", "So leave --budget away"),
    )
)


@dataclass(frozen=True)
class Job:
    """What to ask of which rows, and where to; `options` are those of `client.map`."""

    source: str
    out: str
    prompt: str | None
    schema: str | None
    options: dict[str, Any]


def run(target: Target, job: Job) -> int:
    be_lenient()
    return guarded(lambda: _map(target, job))


def _map(target: Target, job: Job) -> int:
    from kimistream import KimiError

    schema = None if job.schema is None else _schema(job.schema)
    with connect(target) as connection, _warnings_told():
        try:
            ended = connection.client.map(job.source, job.prompt, out=job.out, schema=schema, **job.options)
        except KimiError as error:
            told = explained(error, connection)
            raise CommandError(told.status, _in_words_of_the_shell(told.message)) from error
        except OSError as error:
            raise CommandError(REFUSED, f"{error.filename or job.out}: {error.strerror or error}") from error
        except KeyboardInterrupt as stop:
            stopped = getattr(stop, "run", None)
            if stopped is None:
                raise
            tell(f"stopped: {_counts(stopped, connection)}. The same command goes on.")
            return STOPPED
        tell(_counts(ended, connection))
        return _status(ended, job.out)


@contextmanager
def _warnings_told() -> Iterator[None]:
    """The library's warnings as lines of ours, and not with the place in the source that they come from."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: tell(f"warning: {_in_words_of_the_shell(str(message))}")
        yield


def _schema(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            schema = json.load(file)
    except OSError as error:
        raise CommandError(WRONG_USAGE, f"--schema {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise CommandError(WRONG_USAGE, f"--schema {path} is no JSON: {error}") from error
    if not isinstance(schema, dict):
        raise CommandError(WRONG_USAGE, f"--schema {path} holds no JSON Schema: that is an object")
    return schema


def _status(ended: Run, out: str) -> int:
    if ended.stopped == "budget":
        tell("stopped by the budget; with a larger one the same command goes on")
        return OUT_OF_BUDGET
    if not ended.failed:
        return DONE
    first = next(ended.failures())
    tell(f"the first that failed, {first.key!r}: {_in_words_of_the_shell(str(first.error))}")
    tell("the failures are in the .failed.jsonl beside OUT; --retry-failed sends them again")
    return REFUSED if _refuses_every_row(ended) else SOME_FAILED


def _in_words_of_the_shell(text: str) -> str:
    for python, shell in _WORDS:
        text = python.sub(shell, text)
    return text


def _refuses_every_row(ended: Run) -> bool:
    from kimistream import APIError

    if ended.done or ended.skipped:
        return False
    return all(isinstance(row.error, APIError) for row in ended.failures())


def _counts(ended: Run, connection: Connection) -> str:
    told = [
        f"{ended.total} row{'' if ended.total == 1 else 's'}",
        f"{ended.done} answered",
        f"{ended.failed} failed",
        f"{ended.skipped} answered before",
    ]
    if ended.changed:
        told.append(f"{ended.changed} changed")
    if ended.usage.total_tokens:
        told.append(f"{ended.usage.total_tokens} tokens")
    if ended.cost is not None:
        told.append(f"cost {ended.cost:.6g} {ended.usage.currency or connection.client._core.currency}".rstrip())
    return ", ".join(told)
