"""`kimistream curl`"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from .chat import question_of
from .connect import Connection, Target, connect
from .ending import DONE, WRONG_USAGE, CommandError, guarded
from .failures import explained
from .output import be_lenient, tell

FORMS = {"curl": "to_curl", "python": "to_python", "json": "to_json"}
NOT_AS_DESCRIBED = 3


@dataclass(frozen=True)
class Ask:
    """The question in the words of the command line, and how to ask it."""

    words: list[str]
    thinking: bool
    model: str | None
    system: str | None
    max_tokens: int | None
    images: list[str]
    videos: list[str]


def run(target: Target, ask: Ask, form: str, stream: bool, openapi: str | None) -> int:
    be_lenient()
    return guarded(lambda: _curl(target, ask, form, stream, openapi))


def _curl(target: Target, ask: Ask, form: str, stream: bool, openapi: str | None) -> int:
    from kimistream import KimiError

    if form not in FORMS:
        raise CommandError(WRONG_USAGE, f"There is no form {form!r}: --as takes {', '.join(FORMS)}.")
    question = question_of(ask.words)
    with connect(target, key_needed=False) as connection:
        try:
            request = _prepared(connection, question, ask, stream)
            text = getattr(request, FORMS[form])()
            wrong = [] if openapi is None else request.validate(openapi)
        except KimiError as error:
            raise explained(error, connection) from error
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
    sys.stdout.flush()
    for each in wrong:
        tell(f"not as {openapi} says: {each}")
    return NOT_AS_DESCRIBED if wrong else DONE


def _prepared(connection: Connection, question: str, ask: Ask, stream: bool) -> Any:
    from kimistream import Image, Video

    media = [*(Image(path, send="inline") for path in ask.images), *(Video(path, send="inline") for path in ask.videos)]
    options = {"model": ask.model, "system": ask.system, "max_tokens": ask.max_tokens}
    thinking = None if ask.thinking else False
    return connection.client.request([question, *media] if media else question, thinking=thinking, stream=stream,
                                     **options)  # fmt: skip
