"""The requests of a run: read, prepared and named as K2-Vendor-Verifier does it."""

from __future__ import annotations

import hashlib
import json

from .._bulk.lines import split_lines
from .._values.errors import InvalidRequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class Prepared:
    """One request. `index` is the number of its line, from 1; `raw` stands in the file, `request` is what is sent."""

    __slots__ = ("hash", "index", "raw", "request")

    def __init__(self, index: int, raw: dict[str, Any], request: dict[str, Any]) -> None:
        self.index = index
        self.raw = raw
        self.request = request
        self.hash = hash_of(request)


def hash_of(request: dict[str, Any]) -> str:
    """Theirs, so that files of results interchange."""
    return hashlib.md5(
        json.dumps(request, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass")
    ).hexdigest()


def prepared(path: str, model: str, temperature: float | None, max_tokens: int | None, told: Any) -> Iterator[Prepared]:
    """The requests of a file. Lines that are no request are left out, and `told` is told of them."""
    try:
        file = open(path, "rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise InvalidRequestError(f"{path} cannot be read: {error.strerror or error}") from error
    with file:
        for index, text in enumerate(split_lines(file.read), 1):
            text = text.removeprefix(b"\xef\xbb\xbf") if index == 1 else text
            if not text.strip():
                continue
            try:
                raw = json.loads(text)
            except ValueError as error:
                told(f"line {index} is left out, it is not JSON: {error}")
                continue
            if not isinstance(raw, dict) or not isinstance(raw.get("messages"), list):
                told(f"line {index} is left out: it has no messages")
                continue
            yield Prepared(index, raw, prepare(raw, model, temperature, max_tokens))


def prepare(raw: dict[str, Any], model: str, temperature: float | None, max_tokens: int | None) -> dict[str, Any]:
    """In their order, which the hash depends on only by its values: roles, model, overrides, usage of streams."""
    request = dict(raw)
    request["messages"] = [
        {**each, "role": "system"} if isinstance(each, dict) and each.get("role") == "_input" else each
        for each in raw["messages"]
    ]
    request["model"] = model
    if temperature is not None:
        request["temperature"] = temperature
    if max_tokens is not None:
        request["max_tokens"] = max_tokens
    if request.get("stream"):
        options = request.get("stream_options")
        request["stream_options"] = {"include_usage": True, **(options if isinstance(options, dict) else {})}
    return request
