"""A text that a regular expression matches, for schemas with a `pattern`."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

MAX_REPEATS = 100  # of one part, whatever the pattern says
_TRIED = "aA0 _-.~é"  # characters of which one is in nearly every set

# Python's own reading of patterns; its module has another name before 3.11.
_PARSER: Any = importlib.import_module("re._parser" if hasattr(re, "_parser") else "sre_parse")


def matching(pattern: str) -> str | None:
    """A short text in which the pattern is found; None where it cannot be made."""
    try:
        text = _text(_PARSER.parse(pattern))
        return text if re.search(pattern, text) else None
    except (re.error, ValueError, RecursionError, OverflowError):
        return None


def _text(parts: Iterable[tuple[Any, Any]]) -> str:
    return "".join(_PARTS.get(str(kind), _nothing)(value) for kind, value in parts)


def _nothing(_: Any) -> str:
    """Anchors and looks ahead or behind take no room; what else there is makes a text that is found not to match."""
    return ""


def _one_of(items: Any) -> str:
    if str(items[0][0]) != "NEGATE":
        return _first(items[0])
    excluded = re.compile(f"[{''.join(map(_within, items[1:]))}]")
    return next((character for character in _TRIED if not excluded.match(character)), "")


def _first(item: tuple[Any, Any]) -> str:
    kind, value = str(item[0]), item[1]
    if kind == "LITERAL":
        return chr(value)
    if kind == "RANGE":
        return chr(value[0])
    return _CATEGORIES.get(str(value), "")


def _within(item: tuple[Any, Any]) -> str:
    kind, value = str(item[0]), item[1]
    if kind == "LITERAL":
        return re.escape(chr(value))
    if kind == "RANGE":
        return f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
    return _CLASSES.get(str(value), "")


def _repeated(value: Any) -> str:
    least, most, inner = value
    return _text(inner) * min(max(int(least), 1 if int(most) else 0), MAX_REPEATS)


_CATEGORIES = {
    "CATEGORY_DIGIT": "0",
    "CATEGORY_NOT_DIGIT": "a",
    "CATEGORY_WORD": "a",
    "CATEGORY_NOT_WORD": "-",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_SPACE": "a",
}
_CLASSES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
}
_PARTS: Mapping[str, Callable[[Any], str]] = {
    "LITERAL": chr,
    "NOT_LITERAL": lambda code: next(one for one in _TRIED if ord(one) != code),
    "ANY": lambda _: "a",
    "IN": _one_of,
    "BRANCH": lambda value: _text(value[1][0]),
    "SUBPATTERN": lambda value: _text(value[-1]),
    "MAX_REPEAT": _repeated,
    "MIN_REPEAT": _repeated,
    "POSSESSIVE_REPEAT": _repeated,
    "CATEGORY": lambda value: _CATEGORIES.get(str(value), ""),
}
