"""The classes of errors, with what their docstrings say; the cures stand here, by class and by reason."""

from __future__ import annotations

import inspect
import re

from .markdown import code, table

CURES = {
    "APIConnectionError": "It was retried. Is the address right, is a proxy in between, does TLS trust the certificate? The message names host, proxy and variable.",
    "APIError": "The server is none that speaks a chat API, or a gateway answered in its place: look at `.body`, or ask `kimistream probe ADDRESS`.",
    "APIStatusError": "Read `.message`, `.type` and `.code`; quote `.request_id` to the provider.",
    "APITimeoutError": "`.clock` says which ran out; give `Timeout(first_event=...)` more time for long thinking. What had come is `.partial`.",
    "AuthenticationError": "The message says which variable the key came from, and whose keys are taken here.",
    "BadRequestError": "`.param` and `.code` name what is wrong; `check=\"error\"` finds most of it before anything is sent, `check=\"fix\"` mends it.",
    "BudgetExceededError": "Give a larger `budget`, or smaller `max_tokens`: what could be spent counts.",
    "CassetteMissError": "Record anew (`mode=\"record\"`), or add to the cassette (`mode=\"append\"`); the message shows what differs.",
    "ConflictError": "Something of that name is there, or being made: look before making it again.",
    "ContentFilterFinishReasonError": "Ask otherwise; `.completion` has what came.",
    "IncompleteStreamError": "Use `.partial`, or `on_break=\"restart\"` or `\"continue\"`, which mend it.",
    "InternalServerError": "It was retried. Try later, or `max_retries=5`.",
    "InvalidRequestError": "Nothing was sent: the message says what to do instead.",
    "KimiError": "The base of all: catch it where anything may go wrong.",
    "LengthFinishReasonError": "Raise `max_tokens`, which counts reasoning and answer together.",
    "NotFoundError": "The message says what was probably meant; `client.models.list()` tells what is served.",
    "PermissionDeniedError": "The key is right and may not do this: its project, region or model is another.",
    "RateLimitError": "It was retried as `.retry_after` says; `.reason` tells limits from an empty account. Many rows: `client.map` keeps the limits.",
    "SchemaError": "Raise `schema_retries`, or make the schema simpler; `.message` has the answer.",
    "ToolArgumentsError": "In a run the model is told and mends it; by hand, send `str(error)` back as the result.",
    "UnprocessableEntityError": "As for 400: `.param` and `.body` name what is wrong.",
}  # fmt: skip

REASONS = {
    "concurrency": "too many requests at once: fewer, or `Limits(concurrency=...)`",
    "rpm": "too many requests in a minute: `Limits(rpm=...)`",
    "tpm": "too many tokens in a minute: `Limits(tpm=...)`, smaller `max_tokens`",
    "tpd": "the day's tokens are used up: go on tomorrow, a run with `out` goes on where it was",
    "rate_limit": "too much, and the server does not say of what: wait as `.retry_after` says",
    "too_large": "more than the whole limit, so no wait helps: make the request smaller, or ask for a higher limit",
    "overload": "the provider is busy: later, or somewhere else",
    "quota": "the account is empty: charge it; it is never retried",
    "suspended": "the account is closed: ask the provider",
    "content_filter": "the provider does not want this said: ask otherwise",
    "context_overflow": "longer than the model's window: `chat.trim(max_tokens)`, or count first",
    "no_channel": "a gateway has nobody for this model: another model or provider",
    "key": "the key is missing, wrong, or of another platform",
}


def errors() -> str:
    return table(["error", "when", "what to do"], (_row(*pair) for pair in _classes()))


def reasons() -> str:
    return table(["`.reason`", "what it means, and what to do"], ([code(name), said] for name, said in REASONS.items()))


def _classes() -> list[tuple[type, int]]:
    """Each class with its depth, those that are special behind their base."""
    from kimistream import KimiError

    def below(cls: type, depth: int) -> list[tuple[type, int]]:
        ours = [each for each in cls.__subclasses__() if each.__module__ == KimiError.__module__]
        return [(cls, depth), *(pair for each in ours for pair in below(each, depth + 1))]

    return below(KimiError, 0)


def _row(cls: type, depth: int) -> list[str]:
    summary = re.split(r"\n\n|(?<=\.)\s", inspect.getdoc(cls) or "")[0]
    return ["&nbsp;" * 3 * depth + code(cls.__name__), summary, CURES[cls.__name__]]
