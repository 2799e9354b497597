"""Whether arguments of calls follow the tool's schema, whatever that is: a schema a case, asked whole and streamed."""

from __future__ import annotations

import copy
import json
import os

from ..._values.errors import InvalidRequestError
from ..schemas import Validators
from .cases import read_cases
from .outcome import Case, report_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

TOOL = "kvv_walle_case"
_LONGEST = 1000  # characters: a schema that wants more is left out


def tools(client: Any, path: str | None, model: str | None, extra_body: dict[str, Any]) -> dict[str, Any]:
    """A file of schemas, one a line; or a folder of suites, each with a valid.jsonl."""
    if path is None:
        raise InvalidRequestError("the suite of tools needs its file of schemas: valid.jsonl, or the folder of suites")
    validators = Validators()
    cases = [
        _case(client, model, extra_body, validators, name, schema, streams)
        for name, schema in _schemas(path)
        for streams in (False, True)
    ]
    return report_of(client, model, cases, tool_name=TOOL, modes=["whole", "stream"])


def wrapped(schema: Any) -> dict[str, Any] | None:
    """The schema as the property `value` of an object; None for one that is left out."""
    schema = _without_defaults(copy.deepcopy(schema))
    if not isinstance(schema, dict) or _is_left_out(schema):
        return None
    definitions = schema.pop("$defs", {})
    schema.pop("$id", None)
    if '"$ref": "#"' in json.dumps(schema) or '"$ref": "#"' in json.dumps(definitions):
        text = json.dumps({"schema": schema, "defs": definitions}).replace('"$ref": "#"', '"$ref": "#/$defs/root"')
        made = json.loads(text)
        schema, definitions = {"$ref": "#/$defs/root"}, {**made["defs"], "root": made["schema"]}
    whole: dict[str, Any] = {
        "type": "object", "properties": {"value": schema}, "required": ["value"], "additionalProperties": False,
    }  # fmt: skip
    return {**whole, "$defs": definitions} if definitions else whole


def _schemas(path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    files = [path]
    if os.path.isdir(path):
        files = [os.path.join(path, suite, "valid.jsonl") for suite in sorted(os.listdir(path))]
    for file in filter(os.path.exists, files):
        for number, schema in read_cases(file):
            whole = wrapped(schema)
            if whole is not None:
                yield f"{os.path.basename(os.path.dirname(file)) or os.path.basename(file)}:{number}", whole


def _case(
    client: Any, model: str | None, extra_body: dict[str, Any], validators: Validators, name: str,
    schema: dict[str, Any], streams: bool,
) -> Case:  # fmt: skip
    function = {"name": TOOL, "description": "Takes a value.", "parameters": schema, "strict": True}
    asked = {
        "model": model, "tools": [{"type": "function", "function": function}], "tool_choice": "required",
        "max_tokens": 2048, "check": "off", "extra_body": extra_body,
    }  # fmt: skip
    question = f"Call {TOOL} once, with any value that its schema allows."

    def check() -> str | None:
        message = client.stream(question, **asked).message if streams else client.complete(question, **asked)
        if not message.tool_calls:
            return f"nothing is called (finish_reason {message.finish_reason!r})"
        try:
            value = json.loads(message.tool_calls[0].arguments)
        except ValueError as error:
            return f"the arguments are not JSON: {error}"
        wrong = next(validators.of(schema).iter_errors(value), None)
        return None if wrong is None else f"{wrong.json_path}: {wrong.message[:200]}"

    return Case(name, check, "stream" if streams else "whole")


def _without_defaults(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_defaults(item) for item in node]
    if not isinstance(node, dict):
        return node
    properties = node.get("properties")
    made = {key: _without_defaults(item) for key, item in node.items() if key != "default"}
    if isinstance(properties, dict):  # a property may have that name
        made["properties"] = {key: _without_defaults(item) for key, item in properties.items()}
    return made


def _is_left_out(node: Any) -> bool:
    if isinstance(node, list):
        return any(map(_is_left_out, node))
    if not isinstance(node, dict):
        return False
    return (isinstance(node.get("minLength"), int) and node["minLength"] > _LONGEST) or any(
        map(_is_left_out, node.values())
    )
