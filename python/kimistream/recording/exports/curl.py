"""A command that sends the request again, fit to be pasted into a shell whatever the text holds."""

from __future__ import annotations

import base64
import json
import textwrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..exchange import Origin, Recorded
    from ..store import Entry

_LONGEST_LINE = 4000  # a terminal takes 4,095 bytes of a line, and drops the rest
_END = "END_OF_BODY"


def as_curl(entry: Entry) -> str:
    return curl_of(entry.recorded, entry.origin)


def curl_of(recorded: Recorded, origin: Origin) -> str:
    url = recorded.url(origin)
    words = [f"curl {quoted(url)}"]
    if any(each in url for each in "[]{}"):
        words.append("--globoff")
    if recorded.request["method"] != ("GET" if recorded.body is None else "POST"):
        words.append(f"--request {quoted(recorded.request['method'])}")
    if recorded.streams:
        words.append("--no-buffer")
    if origin.key_variable:
        header = "x-api-key: " if json.loads(origin.row)["auth"] == "x_api_key" else "Authorization: Bearer "
        words.append(f'--header "{header}${origin.key_variable}"')
    words += [f"--header {quoted(f'{name}: {value}')}" for name, value in recorded.own_headers().items()]
    if recorded.body is None:
        return " \\\n  ".join(words) + "\n"
    words.append("--data-binary @-")
    return _with_body(
        " \\\n  ".join(words), recorded.body_bytes, json_text(recorded.body) if recorded.sends_json else ""
    )


def quoted(text: str) -> str:
    """One word of a shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def json_text(value: object) -> str:
    """JSON in printable ASCII and without the "!" for which an interactive shell looks into its history."""
    return json.dumps(value, indent=2).replace("!", "\\u0021")


def _with_body(command: str, body: bytes, text: str) -> str:
    if text and max(map(len, text.splitlines())) <= _LONGEST_LINE:
        return f"{command} <<'{_END}'\n{text}\n{_END}\n"
    lines = "\n".join(textwrap.wrap(base64.b64encode(body).decode(), 76))
    return f"base64 -d <<'{_END}' | {command}\n{lines}\n{_END}\n"
