"""An answer in the format that was asked for: by the request's response_format, or in the prompt's own words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..values.shapes import dig
from .schemas import Hints, instance

MAX_TRIES = 200  # braces of a prompt at which an object may begin
MAX_PROMPT = 200_000  # characters of a message that are looked through

_ASKED = re.compile(
    r"\b(?:answer|format|generate|give|output|produce|provide|reply|respond|return|write)\w*\b[^.!?\n]{0,80}\bjson\b"
    r"|\bjson\b[^.!?\n]{0,40}\b(?:only|object|format|schema|keys?|fields?)\b|\b(?:in|as)(?: an?)?(?: valid)? json\b"
    r"|(?:返回|输出|回答|回复|给出|生成)[^。！？\n]{0,40}json|json\s*(?:格式|对象)",
    re.IGNORECASE,
)
_KEY = r"[\"'`“]?[A-Za-z_]\w*[\"'`”]?"
_LIST = rf"({_KEY}(?:\s*(?:,|、|;|\band\b|和|&)+\s*(?:and\s+)?{_KEY})*)"
_QUOTED_LIST = r"([\"'`“][A-Za-z_]\w*[\"'`”](?:\s*(?:,|、|;|\band\b|和|&)+\s*(?:and\s+)?[\"'`“][A-Za-z_]\w*[\"'`”])*)"
_KEYS = re.compile(
    rf"{_QUOTED_LIST}\s*(?:as\s+)?(?:keys?|fields?|properties|键|字段)"
    rf"|(?:keys|fields|properties|字段|键)\s*(?:named|called|are|of|为|是|有)?\s*[:：]?\s*{_LIST}"
    rf"|(?:key|field|property)\s*(?:named|called|:)?\s*([\"'`“][A-Za-z_]\w*[\"'`”])",
    re.IGNORECASE,
)
_NAME = re.compile(r"[\"'`“]?\b[A-Za-z_]\w*")
_NO_KEYS = frozenset({"a", "an", "and", "as", "the"})  # unless they stand in quotes
_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


def formatted(wanted: Mapping[str, Any], prompt: Sequence[str], question: str, text: str) -> str:
    """What is answered where `text` is the answer in words. `prompt`: the texts that may ask for a format."""
    kind = wanted.get("type", "text")
    schema = wanted["json_schema"]["schema"] if kind == "json_schema" else _asked_for(prompt, kind == "json_object")
    if schema is not None:
        value = instance(schema, Hints.of(question, answer=text), optional=True)
    elif kind == "json_object":
        value = {"question": question, "answer": text}
    else:
        return text
    return json.dumps(value, ensure_ascii=False)


def _asked_for(prompt: Sequence[str], json_mode: bool) -> Any:
    """The schema that a prompt gives, or that its named keys or its example amount to; None where there is none.

    The first text that gives one counts, and of that its last: prompts explain schemas by an example before.
    """
    shapes = [text[:MAX_PROMPT] for text in prompt if "json" in text.lower() or (json_mode and "{" in text)]
    for text in shapes:
        schemas = [schema for value in _objects(text) if (schema := _schema_of(value)) is not None]
        if schemas:
            return schemas[-1]
    for text in shapes:
        if json_mode or _ASKED.search(text):
            keys = _named_keys(text)
            if keys:
                return {"type": "object", "properties": {key: {"type": "string"} for key in keys}, "required": keys}
            examples = [value for value in _objects(text) if value]
            if examples:
                return _shape(examples[-1])
    return None


def _objects(text: str) -> Iterator[Mapping[str, Any]]:
    """The JSON objects that stand in a text."""
    decoder, at = json.JSONDecoder(), text.find("{")
    for _ in range(MAX_TRIES):
        if at < 0:
            return
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            yield value
        at = text.find("{", end)


def _schema_of(value: Any) -> Any:
    """The schema that an object is, or holds under "schema"; None where it is none."""
    inner = dig(value, ("json_schema", "schema")) or dig(value, ("schema",))
    if isinstance(inner, Mapping):
        return _schema_of(inner)
    properties = dig(value, ("properties",))
    if isinstance(properties, Mapping) and properties and all(isinstance(one, Mapping) for one in properties.values()):
        return value
    is_list = dig(value, ("type",)) == "array" and isinstance(dig(value, ("items",)), Mapping)
    return value if is_list or isinstance(dig(value, ("$defs",)), Mapping) else None


def _named_keys(text: str) -> list[str]:
    found = [next(filter(None, groups)) for groups in _KEYS.findall(text)]
    names = [name for words in found for name in _NAME.findall(words) if name.lower() not in _NO_KEYS]
    return list(dict.fromkeys(name.lstrip("\"'`“") for name in names))


def _shape(value: Any) -> dict[str, Any]:
    """The schema of which the value is an example."""
    if isinstance(value, Mapping):
        return {
            "type": "object",
            "properties": {key: _shape(one) for key, one in value.items()},
            "required": list(value),
        }
    if isinstance(value, list):
        return {"type": "array", "items": _shape(value[0]) if value else {"type": "string"}}
    return {"type": _TYPES.get(type(value), "string")}
