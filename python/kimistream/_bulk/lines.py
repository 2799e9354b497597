"""JSON Lines, read and written: what comes out is read the same by every reader, what goes in is taken as it stands."""

from __future__ import annotations

import json
import operator
import re

from .. import _core
from .._values import errors
from .._values.bulk import Row
from .._values.message import Message, Notice, ToolCall, Usage
from .plain import parsed_json, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

KEYS = (
    *("key", "index", "input", "text", "reasoning", "tool_calls", "parsed", "finish_reason", "usage", "cost"),
    *("model", "request_id", "attempts", "warnings", "error"),
)
"""The keys of a line, in their order."""

# str.splitlines, and readers that are made like it, break a line at these.
_BREAKS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}
_HALVES = re.compile("[\ud800-\udfff]")
_COUNTS = tuple(name for name in Usage._fields if name != "cost")
_counts_of = operator.attrgetter(*_COUNTS)
_WORDS = ("type", "message", "status_code", "code", "request_id")
_ERROR_CLASSES = {
    name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.KimiError)
}


def parse(text: str | bytes) -> Any:
    """One JSON value. Raises ValueError for what readers of JSON do not agree on: NaN, half a surrogate pair, a key
    that comes twice."""
    value = _DECODER.decode(text if isinstance(text, str) else text.decode())
    if (b"\\u" if isinstance(text, bytes) else "\\u") in text and has_half(value):  # type: ignore[operator]
        raise ValueError("half of a surrogate pair, which UTF-8 cannot say")
    return value


def _refused_number(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{digits} is too large a number")
    return number


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r} comes twice")
    return made


_DECODER = json.JSONDecoder(parse_constant=_refused_number, parse_float=_finite, object_pairs_hook=_distinct)


def has_half(value: Any) -> bool:
    """Whether a text in it holds half of a surrogate pair, which UTF-8 cannot say."""
    if isinstance(value, str):
        return _HALVES.search(value) is not None
    if isinstance(value, dict):
        return any(has_half(item) for pair in value.items() for item in pair)
    return isinstance(value, list) and any(map(has_half, value))


def text_of(line: dict[str, Any]) -> bytes:
    """The line as bytes, with its line break."""
    text = _core.dumps(line)
    if not text.isascii():
        text = _HALVES.sub("\ufffd", text.translate(_BREAKS))
    return text.encode() + b"\n"


def _as_deep_as_goes(write: Callable[[Any], Any], value: Any) -> Any:
    """What `write` makes of the value; no row and no answer is nested so deeply that it ends a run."""
    try:
        return write(value)
    except errors.InvalidRequestError:
        return "(nested too deeply to be written)"


def line_of(row: Row) -> dict[str, Any]:
    message, error = row.message, row.error
    said = message
    if said is None:  # an answer that is not what its schema says is worth reading
        said = error.message if isinstance(error, errors.SchemaError) else Message()
    usage = dict(zip(_COUNTS, _counts_of(row.usage), strict=True))
    return {
        "key": row.key,
        "index": row.index,
        "input": _as_deep_as_goes(plain, row.input),
        "text": said.text if message is not None or said.content is not None else None,
        "reasoning": said.reasoning,
        "tool_calls": [call._to_dict(place) for place, call in enumerate(said.tool_calls)],
        "parsed": None if row.parsed is None else _as_deep_as_goes(parsed_json, row.parsed),
        "finish_reason": said.finish_reason,
        "usage": usage,
        "cost": row.cost,
        "model": said.model,
        "request_id": said.request_id if error is None else getattr(error, "request_id", said.request_id),
        "attempts": row.attempts,
        "warnings": [{"code": warning.code, "message": warning.message} for warning in said.warnings],
        "error": None if error is None else _error_of(error),
    }


def _error_of(error: errors.KimiError) -> dict[str, Any]:
    told: dict[str, Any] = {"type": type(error).__name__, "message": str(error)}
    for name in _WORDS[2:]:
        told[name] = plain(getattr(error, name, None))
    return told


def row_of(line: dict[str, Any]) -> Row:
    """The row of a line. Its seconds are not kept there."""
    usage = Usage(**(line["usage"] or {}), cost=line["cost"])
    message, error = None, None
    if line["text"] is not None:
        message = Message(
            content=line["text"],
            reasoning=line["reasoning"],
            tool_calls=[ToolCall._from_dict(call, place) for place, call in enumerate(line["tool_calls"] or [])],
            finish_reason=line["finish_reason"],
            usage=usage,
            warnings=[Notice(**warning) for warning in line["warnings"] or []],
            model=line["model"],
            request_id=line["request_id"],
        )
    if line["error"] is not None:
        error, message = _raised(line["error"], message), None
    attempts, cost = line["attempts"], line["cost"]
    return Row(line["key"], line["index"], line["input"], message, line["parsed"], error, attempts, usage, cost)


def answer_of(text: bytes) -> Row | None:
    """The row of a whole line of `out`; None for what is no such line, whatever it is."""
    try:
        line = parse(text)
        if not isinstance(line, dict) or tuple(line) != KEYS or line["error"] is not None:
            return None
        row = row_of(line)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    numbers = (row.usage.prompt_tokens, row.usage.completion_tokens, row.usage.total_tokens)
    if not all(number is None or type(number) is int for number in numbers):
        return None
    if not (row.cost is None or type(row.cost) in (int, float)):
        return None
    is_ours = type(row.key) in (str, int) and type(row.index) is int and type(row.attempts) is int
    return row if is_ours else None


def _raised(told: dict[str, Any], said: Message | None) -> errors.KimiError:
    kind = _ERROR_CLASSES.get(told["type"], errors.KimiError)
    if issubclass(kind, errors.SchemaError):
        return kind(told["message"], said or Message(), [told["message"]])
    if not issubclass(kind, errors.APIError):
        return kind(told["message"])
    return kind(told["message"], status_code=told["status_code"], code=told["code"], request_id=told["request_id"])


def split_lines(read: Callable[[int], bytes], block: int = 1 << 18) -> Any:
    """The lines of a file, whole, each with its `\\n`; the last one may lack it. Split at `\\n` only."""
    pieces: list[bytes] = []
    while data := read(block):
        *whole, rest = data.split(b"\n")
        for line in whole:
            if pieces:
                pieces.append(line)
                line = b"".join(pieces)
                pieces.clear()
            yield line + b"\n"
        if rest:
            pieces.append(rest)
    if pieces:
        yield b"".join(pieces)
