"""A Python program that sends the request again: with this package where it sends the very same JSON, else without."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pprint import pformat

from ... import _core
from ..._clients.base import BaseClient
from ..._requests.arguments import openai_arguments
from ..._values.errors import InvalidRequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..exchange import Origin, Recorded
    from ..store import Entry

_WIDTH = 110

_CREATE = """\
with {client} as client:
    answer = client.chat.completions.create(**request, check="off")
    print(answer.choices[0].message.content)
"""
_CREATE_STREAM = """\
with {client} as client:
    for chunk in client.chat.completions.create(**request, check="off"):
        for choice in chunk.choices:
            print(choice.delta.content or "", end="", flush=True)
print()
"""
# The wire's own shape is no prompt: it is merged over one, key by key, and nothing of that is left.
_MERGED = """\
with {client} as client:
    print(client.complete("", check="off", extra_body=request).text)
"""
_MERGED_STREAM = """\
with {client} as client, client.stream("", check="off", extra_body=request) as stream:
    for text in stream.text:
        print(text, end="", flush=True)
print()
"""
_PLAIN = """\
headers = {headers}
with urlopen(Request({url}, data, headers, method={method})) as answer:
    print(answer.read().decode())
"""


def as_python(entry: Entry) -> str:
    facts = entry.facts
    time = datetime.fromtimestamp(facts["started"], timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    return python_of(entry.recorded, entry.origin, f"Exchange {facts['id']} of {time}, sent again.")


def python_of(recorded: Recorded, origin: Origin, title: str) -> str:
    title = f'"""{title}"""\n\n'
    how = _how_to_send(recorded, origin)
    if how is None:
        return title + _plain_program(recorded, origin)
    client = _client(recorded, origin)
    imports = "import os\n\n" if "os.environ" in client else ""
    request = pformat(recorded.body, width=_WIDTH, sort_dicts=False)
    return f"{title}{imports}from kimistream import Kimi\n\nrequest = {request}\n\n{how.format(client=client)}"


def sends_the_same(body: Any, provider: str, arguments: tuple[Any, ...], stream: bool) -> bool:
    """Whether a request with these arguments has that JSON."""
    try:
        return bool(json.loads(_core.body_of(provider, arguments, stream)) == body)
    except (TypeError, ValueError):  # InvalidRequestError is one
        return False


def merged_arguments(body: Any) -> tuple[Any, ...]:
    """Those of a request that sends a body as it stands."""
    return BaseClient._arguments(None, "", check="off", extra_body=body)  # type: ignore[arg-type, no-any-return]


def _how_to_send(recorded: Recorded, origin: Origin) -> str | None:
    if not recorded.is_chat(origin) or "?" in recorded.request["path"]:
        return None
    try:
        provider, body = origin.known_provider(), recorded.body
    except InvalidRequestError:
        return None
    created = openai_arguments({**body, "check": "off"})[0] if "messages" in body else None
    if created and sends_the_same(body, provider, created, recorded.streams):
        return _CREATE_STREAM if recorded.streams else _CREATE
    if sends_the_same(body, provider, merged_arguments(body), recorded.streams):
        return _MERGED_STREAM if recorded.streams else _MERGED
    return None


def _client(recorded: Recorded, origin: Origin) -> str:
    key = f'os.environ["{origin.key_variable}"]' if origin.key_variable else '""'
    own = {
        name: value for name, value in recorded.own_headers().items() if name.lower() not in ("accept", "content-type")
    }
    for name, value in json.loads(origin.row)["headers"].items():  # those of every request at this provider
        if own.get(name) == value:
            del own[name]
    headers = f", default_headers={own!r}" if own else ""
    return f"Kimi(provider={origin.provider!r}, base_url={origin.base_url!r}, api_key={key}{headers})"


def _plain_program(recorded: Recorded, origin: Origin) -> str:
    headers = [f"    {name!r}: {value!r},\n" for name, value in recorded.own_headers().items()]
    imports = ["from urllib.request import Request, urlopen\n"]
    if origin.key_variable:
        name, scheme = (
            ("x-api-key", "") if json.loads(origin.row)["auth"] == "x_api_key" else ("Authorization", "Bearer ")
        )
        headers.append(f'    "{name}": "{scheme}" + os.environ["{origin.key_variable}"],\n')
        imports.insert(0, "import os\n")
    if recorded.body is None:
        data = "data = None"
    elif recorded.sends_json:
        imports.insert(0, "import json\n")
        data = (
            f"request = {pformat(recorded.body, width=_WIDTH, sort_dicts=False)}\ndata = json.dumps(request).encode()"
        )
    else:
        data = f"data = {pformat(recorded.body_bytes, width=_WIDTH)}"
    send = _PLAIN.format(
        headers="{\n" + "".join(headers) + "}",
        url=repr(recorded.url(origin)),
        method=repr(recorded.request["method"]),
    )
    return f"{''.join(imports)}\n{data}\n{send}"
