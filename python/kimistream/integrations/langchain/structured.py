"""Answers that follow a schema, in LangChain's three ways."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.output_parsers import BaseOutputParser, JsonOutputParser, PydanticOutputParser
from langchain_core.output_parsers.openai_tools import JsonOutputKeyToolsParser, PydanticToolsParser
from langchain_core.runnables import Runnable, RunnableMap, RunnablePassthrough
from langchain_core.utils.function_calling import convert_to_json_schema, convert_to_openai_tool
from langchain_core.utils.pydantic import is_basemodel_subclass

from ..._tools.annotations import is_pydantic

METHODS = ("json_schema", "function_calling", "json_mode")


def structured(
    model: BaseChatModel, schema: Any, method: str, include_raw: bool, strict: bool | None, options: dict[str, Any]
) -> Runnable[Any, Any]:
    """The model, and what makes an object of its answer."""
    if method not in METHODS:
        raise ValueError(f"method is one of {', '.join(METHODS)}, not {method!r}")
    if schema is None and method != "json_mode":
        raise ValueError(f"method {method!r} needs a schema")
    pydantic = isinstance(schema, type) and is_basemodel_subclass(schema)
    said = {"ls_structured_output_format": {"kwargs": {"method": method, "strict": strict}, "schema": None}}
    if schema is not None:
        said["ls_structured_output_format"]["schema"] = convert_to_json_schema(schema)
    parser: BaseOutputParser[Any] | Any
    if method == "function_calling":
        name = convert_to_openai_tool(schema)["function"]["name"]
        asked = model.bind_tools([schema], tool_choice=name, strict=strict, **options, **said)
        parser = (
            PydanticToolsParser(tools=[schema], first_tool_only=True)
            if pydantic
            else JsonOutputKeyToolsParser(key_name=name, first_tool_only=True)
        )
    else:
        how = {"response_format": {"type": "json_object"}} if method == "json_mode" else {"schema": _wire(schema)}
        asked = model.bind(**how, **options, **said, keep_wrong_answers=include_raw)
        parser = PydanticOutputParser(pydantic_object=schema) if pydantic else JsonOutputParser()
    if not include_raw:
        return asked | parser
    parsed = RunnablePassthrough.assign(parsed=itemgetter("raw") | parser, parsing_error=lambda _: None)
    failed = RunnablePassthrough.assign(parsed=lambda _: None)
    return RunnableMap(raw=asked) | parsed.with_fallbacks([failed], exception_key="parsing_error")


def _wire(schema: Any) -> Any:
    """What the client's `schema=` takes: a pydantic model as it is, for its validators, all else as JSON Schema."""
    if isinstance(schema, type) and is_pydantic(schema):
        return schema
    if isinstance(schema, Mapping) and not {"function", "parameters", "input_schema"} & set(schema):
        return dict(schema)
    return convert_to_json_schema(schema)
