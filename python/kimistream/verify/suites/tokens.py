"""Whether a prompt has as many tokens as its maker counts: a template or a tokenizer that differs shows here."""

from __future__ import annotations

from ..._values.errors import InvalidRequestError
from ..run import arguments_of
from .cases import read_cases
from .outcome import Case, report_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MORE = 3  # tokens that a server may add


def tokens(client: Any, path: str | None, model: str | None, extra_body: dict[str, Any]) -> dict[str, Any]:
    """A line of the file is {"id", "description", "request", "expected_prompt_tokens"}."""
    if path is None:
        raise InvalidRequestError("the suite of tokens needs its file of cases: cases.jsonl")
    cases = []
    for number, line in read_cases(path):
        if not isinstance(line, dict) or not isinstance(line.get("request"), dict):
            raise InvalidRequestError(f"{path}: line {number} has no request")
        if not isinstance(line.get("expected_prompt_tokens"), int):
            raise InvalidRequestError(f"{path}: line {number} has no expected_prompt_tokens")
        cases.append(_case(client, model, extra_body, line, number))
    return report_of(client, model, cases)


def _case(client: Any, model: str | None, extra_body: dict[str, Any], line: dict[str, Any], number: int) -> Case:
    expected = line["expected_prompt_tokens"]

    def check() -> str | None:
        request = {**line["request"], "model": model or client._core.model}
        core = client._sender.start(client._core, arguments_of(client, request, extra_body, None), True, False)
        usage = core.message().usage
        counted = None if usage is None else usage.prompt_tokens
        if counted is None:
            return "the server does not count the prompt's tokens"
        if not expected <= counted <= expected + _MORE:
            return f"{counted} tokens, and {expected} to {expected + _MORE} are right"
        return None

    return Case(str(line.get("id", number)), check)
