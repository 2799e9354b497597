"""Answers that follow a schema: how they are asked for, how they are read, what is wrong with them."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
import typing

from .. import _core
from .._values.errors import InvalidRequestError
from .annotations import NoSchema, Reader, is_pydantic
from .kinds import named
from .pydantic_models import told
from .schemas import is_mfjs, wrong_with_schema
from .validation import Validator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

_FENCED = re.compile(r"```[\w-]*[ \t]*\n(.*?)\n?[ \t]*```", re.DOTALL)
_THOUGHT = re.compile(r"\A\s*<think>.*?(?:</think>|\Z)", re.DOTALL)
_OPENING = re.compile(r"[{\[]")
_MOST_PLACES = 50  # in an answer, where JSON may begin


class AnswerSchema:
    """A schema that answers follow: a pydantic model, a dataclass, a TypedDict, or a JSON Schema as a dict.

    Raises InvalidRequestError for what is none.
    """

    def __init__(self, schema: Any) -> None:
        self._model: Any = None
        self._kind: Any = None
        self._plain = False  # whether answers stay plain objects
        self.name = re.sub(r"[^A-Za-z0-9_-]", "_", getattr(schema, "__name__", "answer"))[:64] or "answer"
        if isinstance(schema, dict):
            wrong = wrong_with_schema(schema)
            if wrong:
                raise InvalidRequestError(f"schema: this is no JSON Schema: {wrong}")
            title = schema.get("title")
            if isinstance(title, str) and title:
                self.name = re.sub(r"[^A-Za-z0-9_-]", "_", title)[:64]
            self.wire = schema
            self._validator = Validator(schema)
            return
        self._plain = typing.is_typeddict(schema) or type(schema).__name__ == "_TypedDictMeta"
        if not (is_pydantic(schema) or self._plain or (isinstance(schema, type) and dataclasses.is_dataclass(schema))):
            shown = schema.__name__ if isinstance(schema, type) else named(schema)
            raise InvalidRequestError(
                f"schema must be a pydantic model, a dataclass, a TypedDict or a JSON Schema (a dict), not {shown}"
            )
        try:
            self._kind = Reader().kind(schema)
        except NoSchema as error:
            raise InvalidRequestError(f"schema {schema.__name__}: {error}") from None
        self._model = schema if is_pydantic(schema) else None
        self.wire = self._kind.whole_schema()

    def asked(self, row: dict[str, Any]) -> tuple[dict[str, Any] | None, str | None]:
        """The response_format that this provider takes, None where it takes none, and what the prompt must say."""
        takes = row["json_schema"]
        if takes is None:  # not known: servers of their own speak as OpenAI's does, relays of Moonshot's may not
            takes = row["schema"] == "standard"
        if takes:
            # Strict is Moonshot's constrained decoding, which reads MFJS; elsewhere it means another subset.
            strict = row["schema"] == "mfjs" and is_mfjs(self.wire)
            wanted = {"name": self.name, "strict": strict, "schema": self.wire}
            return {"type": "json_schema", "json_schema": wanted}, None
        words = f"Answer with JSON alone, without any words around it. It must follow this JSON Schema:\n{self._text()}"
        return ({"type": "json_object"} if row["json_schema"] is None else None), words

    def _text(self) -> str:
        return _core.dumps(self.wire)

    def read(self, text: str) -> tuple[Any, list[str]]:
        """The answer as the schema has it, and what is wrong with it. Fences and words around the JSON do not count:
        the first fence that fits is the answer, else the first value that does."""
        first: list[str] | None = None
        for value in _values_in(text):
            parsed, wrong = self._fitted(value)
            if not wrong:
                return parsed, []
            first = first if first is not None else wrong
        return None, first if first is not None else ["the answer is not JSON"]

    def fits(self, value: Any) -> bool:
        """Whether this value, in plain dicts and lists, is right."""
        return not self._fitted(value)[1]

    def _fitted(self, value: Any) -> tuple[Any, list[str]]:
        if self._kind is None:
            return value, self._validator.problems(value)
        if self._model is not None:
            try:
                return self._model.model_validate(value), []
            except ValueError as error:
                return None, told(error, "")
        problems: list[str] = []
        made = self._kind.read(value, "", problems)
        return (value if self._plain else made), problems


def first_json(text: str, fits: Callable[[Any], bool] = lambda value: True) -> list[Any]:
    """The first JSON in an answer that fits, in a list."""
    return list(itertools.islice(filter(fits, _values_in(text)), 1))


def _values_in(text: str) -> Iterator[Any]:
    """JSON values in an answer: all of it, what stands in fences, what begins anywhere. What a model thinks aloud
    before its answer is none of it."""
    text = _THOUGHT.sub("", text, count=1)
    for candidate in (text, *(match[1] for match in _FENCED.finditer(text))):
        try:
            value = _core.loads(candidate.strip())
        except ValueError:
            continue
        yield value
        if candidate is text:
            return  # it is all JSON: nothing within it is an answer of its own
    decoder, end = json.JSONDecoder(), 0
    for place, match in enumerate(_OPENING.finditer(text)):
        if place >= _MOST_PLACES:
            return
        if match.start() < end:
            continue
        try:
            value, end = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            continue
        yield value
