"""Prompts: from a row to what is asked. Fields and positions only; what is put in is never looked at again."""

from __future__ import annotations

import re

from .._values.errors import InvalidRequestError
from .plain import is_missing, plain_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_NAME = r"\w+(?:[ \-]+\w+)*"
_FIELD = re.compile(rf"(?!\d+(?:[.\[]|$)){_NAME}(?:\.{_NAME}|\[\d+\])*")
_STEP = re.compile(r"\[(\d+)\]|\.?([^.\[\]]+)")
_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


def prompt_maker(prompt: Any) -> Callable[[Any], Any]:
    """What makes a prompt of a row. Raises InvalidRequestError for a template that is empty, or has anything but fields
    in braces.

    What it gives raises InvalidRequestError for a row that lacks a field, and what the caller's own function raises.
    """
    if prompt is None:
        return _itself
    if isinstance(prompt, str):
        if not prompt.strip():
            raise InvalidRequestError(
                "the prompt is empty, and so would that of every row be: give a template, such as prompt='{text}'; "
                "leave prompt= away where rows are prompts themselves"
            )
        return Template(prompt)
    if callable(prompt):
        return _called(prompt)
    raise TypeError(
        f"prompt must be a template, a function of the row, or None, not {type(prompt).__name__}; "
        "a template is a text with fields in braces: 'Translate: {text}'"
    )


def _called(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def made(row: Any) -> Any:
        try:
            prompt = function(row)
        except Exception as error:
            raise InvalidRequestError(f"the prompt's function raised {type(error).__name__}: {error}") from error
        if hasattr(prompt, "__await__"):
            close = getattr(prompt, "close", None)
            if close is not None:
                close()
            raise InvalidRequestError("the prompt's function is a coroutine: it must give the prompt itself")
        return prompt

    return made


def _itself(row: Any) -> Any:
    if isinstance(row, (str, list)):
        return row
    messages = row.get("messages") if isinstance(row, dict) else None
    if isinstance(messages, str) and messages.lstrip().startswith("["):
        from .lines import parse

        messages = parse(messages)
    if isinstance(messages, list):
        return messages
    raise InvalidRequestError(
        "without a prompt a row must be a text, a list of messages, or a dict with `messages`: give a template, "
        "such as prompt='{text}', or a function of the row"
    )


class Template:
    """pieces  texts, and paths to the fields between them"""

    def __init__(self, template: str) -> None:
        self.pieces: list[str | list[str | int]] = []
        at = 0
        for found in _PIECE.finditer(template):
            self.pieces.append(template[at : found.start()])
            at = found.end()
            self.pieces.append(found[0][0] if found[0] in ("{{", "}}") else _path(found, template))
        self.pieces.append(template[at:])

    def __call__(self, row: Any) -> str:
        return "".join([piece if isinstance(piece, str) else _value(row, piece) for piece in self.pieces])


def _path(found: re.Match[str], template: str) -> list[str | int]:
    inside = found[1]
    if inside == "":
        return []
    if inside is None or not _FIELD.fullmatch(inside):
        shown = found[0] if inside is not None else f"a single {found[0]!r}"
        raise InvalidRequestError(
            f"the template has {shown} at {found.start()}: in braces stands a field of the row, as in {{text}}, "
            "{a.b} or {a[0]}, or nothing for a row that is itself a text; {{ and }} stand for braces"
        )
    return [int(step[1]) if step[1] else step[2] for step in _STEP.finditer(inside)]


def _value(row: Any, path: list[str | int]) -> str:
    if not path:
        if not isinstance(row, str):
            raise InvalidRequestError(
                f"{{}} stands for a row that is itself a text, and this one is a {type(row).__name__}: name a field"
            )
        return row
    value = row
    for step in path:
        try:
            if isinstance(step, str):
                value = value[step] if isinstance(value, dict) else _NOTHING
            else:
                value = value[step] if isinstance(value, (list, tuple)) else _NOTHING
        except (KeyError, IndexError):
            value = _NOTHING
        if value is _NOTHING:
            raise InvalidRequestError(f"the row has no {_shown(path)!r}{known(row)}")
        if is_missing(value):
            raise InvalidRequestError(f"the row's {_shown(path)!r} is empty ({value})")
    return value if isinstance(value, str) else plain_json(value)


_NOTHING = object()


def _shown(path: list[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)[1:]


def known(row: Any) -> str:
    """What it is instead, behind "the row has no"."""
    if isinstance(row, list):
        return ": it is a list. A file that is one JSON list of rows must be named .json"
    if not isinstance(row, dict):
        return f": it is a {type(row).__name__}"
    names = [str(name) for name in row]
    return f"; it has {', '.join(names[:12])}{', ...' if len(names) > 12 else ''}"
