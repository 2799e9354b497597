"""`kimistream log replay`"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from .chat import show
from .connect import Connection, Target, connect
from .ending import DONE, REFUSED, WRONG_USAGE, CommandError, guarded
from .failures import explained
from .log import found, opened
from .output import Printer, be_lenient, put_json

if TYPE_CHECKING:
    from kimistream import Message
    from kimistream.recording.store import Entry

_OURS = frozenset({"accept", "content-type"})


def run(target: Target, history: str | None, exchange: str) -> int:
    be_lenient()
    return guarded(lambda: _replay(target, history, exchange))


def _replay(target: Target, history: str | None, exchange: str) -> int:
    from kimistream import KimiError

    with opened(history) as connection:
        entry = found(connection, exchange)
    if entry.recorded.missing_media():
        raise CommandError(
            REFUSED,
            "It cannot be sent again: some of its media were too large for a history, which names them by their "
            "SHA-256 only. `kimistream log export` gives a program to put them back into.",
        )
    with connect(_whom(target, entry)) as asked:
        try:
            _ask(asked, entry)
        except KimiError as error:
            raise explained(error, asked) from error
    return DONE


def _whom(target: Target, entry: Entry) -> Target:
    """As it was, where nothing else is said. The key is looked for as ever: a file does not say where a key goes."""
    if target.simulate or target.environment or target.base_url:
        return target
    from kimistream import InvalidRequestError

    try:
        provider = entry.origin.known_provider()
    except InvalidRequestError as error:
        raise CommandError(WRONG_USAGE, f"{error}\n--provider and --base-url say whom to ask instead.") from error
    if target.provider not in (None, provider):
        return target
    return dataclasses.replace(target, provider=provider, base_url=entry.origin.base_url)


def _ask(asked: Connection, entry: Entry) -> None:
    recorded, client = entry.recorded, asked.client
    if not recorded.is_chat(entry.origin):
        _ask_resource(asked, entry)
        return
    headers = {name: value for name, value in recorded.own_headers().items() if name.lower() not in _OURS}
    query = dict(parse_qsl(urlsplit(recorded.request["path"]).query, keep_blank_values=True))
    # The body as it stands: it is merged over an empty prompt, and nothing of that is left.
    given: dict[str, Any] = {
        "check": "off",
        "extra_body": recorded.body,
        "extra_headers": headers,
        "extra_query": query,
    }
    if recorded.streams:
        show(lambda: client.stream("", **given))
    else:
        _put(client.complete("", **given))


def _ask_resource(asked: Connection, entry: Entry) -> None:
    recorded = entry.recorded
    if recorded.body is not None and not recorded.sends_json:
        raise CommandError(REFUSED, "It cannot be sent again: what was uploaded is not in the history.")
    path = recorded.request["path"].removeprefix(urlsplit(entry.origin.base_url).path)
    body = None if recorded.body is None else recorded.body_bytes.decode()
    stream = asked.client._core.send(path, recorded.request["method"], body)
    put_json(stream.json())


def _put(message: Message) -> None:
    printer = Printer()
    printer.thinking(message.reasoning or "")
    printer.text(message.text)
    for call in message.tool_calls:
        printer.text(f"{call.name}({call.arguments})\n")
    printer.end()
