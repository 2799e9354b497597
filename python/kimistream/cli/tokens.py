"""`kimistream tokens`"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .connect import Target, connect
from .ending import DONE, WRONG_USAGE, CommandError, guarded
from .failures import explained
from .output import be_lenient, put_json, tell

if TYPE_CHECKING:
    from kimistream import TokenCount


@dataclass(frozen=True)
class Prompt:
    """What to count: words, or a file; `estimate` counts without asking anybody."""

    words: list[str]
    file: str | None
    system: str | None
    model: str | None
    estimate: bool


def run(target: Target, prompt: Prompt, as_json: bool) -> int:
    be_lenient()
    return guarded(lambda: _tokens(target, prompt, as_json))


def _tokens(target: Target, prompt: Prompt, as_json: bool) -> int:
    count = _count(target, prompt, _text(prompt))
    if as_json:
        put_json({"total_tokens": count.total_tokens, "estimated": count.estimated})
    else:
        sys.stdout.write(f"{count.total_tokens}\n")
        sys.stdout.flush()
        if count.estimated:
            tell("estimated here: the provider counts no tokens, or was not asked")
    return DONE


def _text(prompt: Prompt) -> str:
    if prompt.file is not None and prompt.words:
        raise CommandError(WRONG_USAGE, "Either words or --file, not both")
    try:
        if prompt.file not in (None, "-"):
            with open(str(prompt.file), encoding="utf-8", errors="replace") as file:
                return file.read()
    except OSError as error:
        raise CommandError(WRONG_USAGE, f"{prompt.file}: {error.strerror or error}") from error
    piped = prompt.file == "-" or prompt.words == ["-"] or (not prompt.words and not sys.stdin.isatty())
    text = sys.stdin.buffer.read().decode("utf-8", "replace") if piped else " ".join(prompt.words)
    if not text:
        raise CommandError(WRONG_USAGE, 'Nothing to count: kimistream tokens "text", --file PATH, or a text on stdin')
    return text


def _count(target: Target, prompt: Prompt, text: str) -> TokenCount:
    from kimistream import KimiError
    from kimistream._resources.tokens import estimated, token_request

    if prompt.estimate:
        return estimated(token_request(text, prompt.model, prompt.system, None, None, None))
    with connect(target) as connection:
        try:
            return connection.client.count_tokens(text, model=prompt.model, system=prompt.system)
        except KimiError as error:
            raise explained(error, connection) from error
