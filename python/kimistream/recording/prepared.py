"""A request that is looked at and not sent."""

from __future__ import annotations

import json

from .._requests.keys import KEY_HEADERS
from .exchange import Origin, Recorded
from .exports.curl import curl_of
from .exports.program import python_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike
    from typing import Any

    from .. import _core

_KEY = "[key]"  # stands where a header held one
_SECRET = KEY_HEADERS | {"x-goog-api-key", "x-auth-token"}  # whoever sets them


class PreparedRequest:
    """What a client would send. No key is in it, and none in what it becomes: they name the variable of it.

    method, url, headers   headers that hold keys are left out
    body                   the JSON as Python objects
    """

    def __init__(self, core: _core.Client, key_variable: str, arguments: tuple[Any, ...], stream: bool) -> None:
        url, headers, body = core.prepare(arguments, stream)
        self.method = "POST"
        self.url = url
        self.headers = {name: value for name, value in headers if _KEY not in value and name.lower() not in _SECRET}
        self.body: dict[str, Any] = json.loads(body)
        row = core.row
        if not key_variable and any(_KEY in value for _, value in headers):
            # one was passed: the row's own variable stands for it
            key_variable = next(iter(row["key_variables"]), "KIMISTREAM_API_KEY")
        self._origin = Origin(core.provider, core.base_url, key_variable, json.dumps(row))
        path = f"/{url.partition('://')[2].partition('/')[2]}"
        asked = {"method": self.method, "path": path, "headers": self.headers, "body": self.body}
        kept: dict[str, Any] = {"request": asked, "response": None, "pieces": [], "end": "left", "clock": None}
        self._recorded = Recorded(json.dumps(kept))

    def to_curl(self) -> str:
        """A command that can be pasted into a shell or a file, whatever the text holds and however long it is."""
        return curl_of(self._recorded, self._origin)

    def to_python(self) -> str:
        """A program that sends it: with this package where that sends the very same JSON."""
        return python_of(self._recorded, self._origin, "A request to Kimi.")

    def to_json(self) -> str:
        """The body, indented."""
        return json.dumps(self.body, indent=2, ensure_ascii=False)

    def validate(self, openapi: str | PathLike[str] | dict[str, Any]) -> list[str]:
        """What is wrong with it by an OpenAPI file (JSON; YAML with PyYAML), "path: what is wrong"; [] where nothing.
        Raises InvalidRequestError for a file that does not describe this request."""
        from .openapi import Description

        return Description.of(openapi).request_errors(self.method, self.url, self.body)

    def __repr__(self) -> str:
        return f"<PreparedRequest {self.method} {self.url}, {len(json.dumps(self.body)):,} bytes>"
