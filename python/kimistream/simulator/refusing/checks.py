"""What the servers refuse, one function for each rule, with Moonshot's sentences where they are known.

A dialect's row lists its checks in the order in which they are made. Source of the rules, where nothing else is said:
Moonshot docs, "Create chat completion" and "Error codes".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..values.failures import invalid
from ..values.tokens import estimate_prompt
from .mfjs import problem

if TYPE_CHECKING:
    from ..values.requests import ChatRequest

Check = Callable[["ChatRequest"], None]

MAX_TOOLS = 128
MAX_STOPS = 5
MAX_STOP_BYTES = 32
_TOOL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_-]{2,63}")
_BUILTINS = frozenset({"$web_search"})
_ANY_NAME = re.compile(r".{1,256}", re.DOTALL)


def sampling_is_fixed(request: ChatRequest) -> None:
    """Temperature and its kin have one value each for a model and mode; null counts as not sent."""
    for name, only in request.model.fixed.get(request.mode, {}).items():
        value = request.body.get(name)
        if value is not None and (isinstance(value, bool) or value != only):
            raise invalid(f"invalid {name}: only {only:g} is allowed for this model")


def thinking_is_an_exact_object(request: ChatRequest) -> None:
    thinking = request.body.get("thinking")
    if thinking is None:
        return
    if not isinstance(thinking, Mapping):
        raise invalid("Invalid request: thinking must be an object")
    unknown = sorted(set(thinking) - {"type", "keep"})
    if unknown:
        raise invalid(f"Invalid request: thinking has an unknown field '{unknown[0]}'")
    if thinking.get("type") not in ("enabled", "disabled"):
        raise invalid("invalid thinking: type must be 'enabled' or 'disabled'")
    if thinking.get("keep") not in ("all", None):
        raise invalid("invalid thinking: keep must be 'all' or null")
    if thinking.get("keep") is not None and not request.model.thinking_keepable:
        raise invalid("invalid thinking: keep is not supported for this model")


def thinking_can_be_switched(request: ChatRequest) -> None:
    if not request.thinking and not request.model.thinking_optional:
        raise invalid("invalid thinking: only type=enabled is allowed for this model")


def limits_fit_the_window(request: ChatRequest) -> None:
    for name in ("max_completion_tokens", "max_tokens"):
        value = request.body.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise invalid(f"Invalid request: {name} must be a positive integer")
    window = request.model.context_length
    prompt = estimate_prompt(request.messages)
    requested = prompt + (request.max_tokens or 0)
    if prompt > window:
        raise invalid("Input token length too long")
    if requested > window:
        raise invalid(f"Invalid request: Your request exceeded model token limit: {window} (requested: {requested})")


def stops_are_texts(request: ChatRequest) -> None:
    stop = request.body.get("stop")
    if stop is None or isinstance(stop, str):
        return
    if not isinstance(stop, list) or not all(isinstance(item, str) for item in stop):
        raise invalid("Invalid request: stop must be a string or an array of strings")


def stops_are_few_and_short(request: ChatRequest) -> None:
    stops = request.stops
    if len(stops) > MAX_STOPS:
        raise invalid(f"Invalid request: stop has {len(stops)} strings, at most {MAX_STOPS} are allowed")
    if any(len(item.encode("utf-8", "replace")) > MAX_STOP_BYTES for item in stops):
        raise invalid(f"Invalid request: each stop string must not exceed {MAX_STOP_BYTES} bytes")


def tools_are_few(request: ChatRequest) -> None:
    tools = request.body.get("tools")
    if isinstance(tools, list) and len(tools) > MAX_TOOLS:
        raise invalid(f"Invalid request: tools has {len(tools)} entries, at most {MAX_TOOLS} are allowed")


def _tools_are_well_formed(request: ChatRequest, name_rule: re.Pattern[str]) -> None:
    tools = request.body.get("tools")
    if tools is None:
        return
    if not isinstance(tools, list):
        raise invalid("Invalid request: tools must be an array")
    seen: set[str] = set()
    for tool in tools:
        name = _tool_name(tool, name_rule)
        if name in seen:
            raise invalid(f"function name {name} is duplicated")
        seen.add(name)


def tools_are_moonshots(request: ChatRequest) -> None:
    _tools_are_well_formed(request, _TOOL_NAME)


def tools_are_tools(request: ChatRequest) -> None:
    _tools_are_well_formed(request, _ANY_NAME)


def _tool_name(tool: Any, rule: re.Pattern[str]) -> str:
    kind = tool.get("type") if isinstance(tool, Mapping) else None
    function = tool.get("function") if isinstance(tool, Mapping) else None
    name = function.get("name") if isinstance(function, Mapping) else None
    if kind == "builtin_function":
        if not isinstance(name, str) or name not in _BUILTINS:
            raise invalid(f"Invalid request: unknown builtin function {name}")
        return name
    if kind != "function" or not isinstance(name, str) or not isinstance(function, Mapping):
        raise invalid(f"Invalid request: tool type '{kind}' is not supported or its function has no name")
    if rule.fullmatch(name) is None:
        raise invalid(
            "Invalid request: function name is invalid, must start with a letter and can contain letters, numbers, "
            f"underscores, and dashes, 3 to 64 characters: {name}"
        )
    parameters = function.get("parameters", {"type": "object"})
    if not isinstance(parameters, Mapping) or parameters.get("type", "object") != "object":
        raise invalid(f"Invalid request: the parameters of function {name} must be a schema of type object")
    return name


def tool_schemas_are_strict(request: ChatRequest) -> None:
    """With `strict`, the default, a tool's schema is Moonshot flavoured JSON Schema."""
    for tool in request.tools:
        function = tool["function"]
        strict = tool["type"] == "function" and function.get("strict") is not False
        wrong = problem(function.get("parameters", {"type": "object"})) if strict else None
        if wrong is not None:
            raise invalid(f"Invalid request: function {function['name']}: {wrong}")


def tool_choice_is_known(request: ChatRequest) -> None:
    choice = request.body.get("tool_choice")
    if choice in (None, "auto", "none"):
        return
    if choice == "required":
        if not request.tools:
            raise invalid("Invalid request: tool_choice 'required' needs tools")
        return
    function = choice.get("function") if isinstance(choice, Mapping) else None
    name = function.get("name") if isinstance(function, Mapping) else None
    if name not in [tool["function"]["name"] for tool in request.tools]:
        raise invalid(f"Invalid request: tool_choice names the unknown function '{name}'")


def tool_choice_is_free_while_thinking(request: ChatRequest) -> None:
    choice = request.body.get("tool_choice")
    if choice == "required" and request.model.required_while_thinking:
        return
    if request.thinking and choice not in (None, "auto", "none"):
        kind = choice if isinstance(choice, str) else "specified"
        raise invalid(f"tool_choice '{kind}' is incompatible with thinking enabled")


def tool_results_have_calls(request: ChatRequest) -> None:
    """Every call is answered right after its message, and every answer has its call."""
    open_calls: set[str] = set()
    known: set[str] = set()
    for message in request.messages:
        if message.role == "tool":
            call_id = str(message.raw.get("tool_call_id") or "")
            if call_id not in known:
                raise invalid(f"tool_call_id {call_id} is not found")
            open_calls.discard(call_id)
            continue
        _refuse_unanswered(open_calls)
        known = {str(call.get("id")) for call in message.calls}
        open_calls = set(known)
    _refuse_unanswered(open_calls)


def _refuse_unanswered(calls: set[str]) -> None:
    if calls:
        raise invalid(
            "Invalid request: an assistant message with 'tool_calls' must be followed by tool messages responding "
            "to each 'tool_call_id'. The following tool_call_ids did not have response messages: "
            + ", ".join(sorted(calls))
        )


def calls_keep_their_reasoning(request: ChatRequest) -> None:
    """An empty text counts as missing, one space does not: the strict one of two readings that are both reported."""
    if not request.thinking:
        return
    for index, message in enumerate(request.messages):
        if message.calls and not request.reasoning_of(message):
            raise invalid(
                f"thinking is enabled but reasoning_content is missing in assistant tool call message at index {index}"
            )


def response_format_is_known(request: ChatRequest) -> None:
    wanted = request.body.get("response_format")
    if wanted is None:
        return
    kind = wanted.get("type") if isinstance(wanted, Mapping) else None
    if kind not in ("text", "json_object", "json_schema"):
        raise invalid(f"Invalid request: unsupported response_format type: {kind}")
    if kind == "json_object" and request.prefix is not None:
        raise invalid("Invalid request: response_format json_object cannot be used with Partial Mode")
    if kind == "json_schema":
        _schema_is_an_object(wanted.get("json_schema"))


def _schema_is_an_object(named: Any) -> None:
    if not isinstance(named, Mapping) or not isinstance(named.get("name"), str):
        raise invalid("Invalid request: the `response_format.json_schema.name` field is required")
    schema = named.get("schema")
    if not isinstance(schema, Mapping) or not ({"type", "$ref", "anyOf"} & set(schema)):
        raise invalid("Invalid request: the `response_format.json_schema.schema` field is illegal")


def strict_formats_are_strict(request: ChatRequest) -> None:
    """A response format is strict unless it says otherwise, and then its schema is MFJS."""
    wanted = request.body.get("response_format")
    named = wanted.get("json_schema") if isinstance(wanted, Mapping) else None
    if isinstance(named, Mapping) and named.get("strict") is not False:
        wrong = problem(named.get("schema"))
        if wrong is not None:
            raise invalid(f"Invalid request: the `response_format.json_schema.schema` field is illegal: {wrong}")


def partial_is_last(request: ChatRequest) -> None:
    for position, message in enumerate(request.messages):
        last = position == len(request.messages) - 1
        if message.raw.get("partial") is True and not (last and message.role == "assistant"):
            raise invalid("Invalid request: partial is only allowed on the last message with role 'assistant'")


COMMON: tuple[Check, ...] = (
    limits_fit_the_window,
    stops_are_texts,
    tools_are_tools,
    tool_choice_is_known,
    response_format_is_known,
)

MOONSHOT: tuple[Check, ...] = (
    thinking_is_an_exact_object,
    thinking_can_be_switched,
    sampling_is_fixed,
    tools_are_few,
    tools_are_moonshots,
    tool_schemas_are_strict,
    tool_choice_is_free_while_thinking,
    tool_choice_is_known,
    calls_keep_their_reasoning,
    tool_results_have_calls,
    stops_are_texts,
    stops_are_few_and_short,
    response_format_is_known,
    strict_formats_are_strict,
    partial_is_last,
    limits_fit_the_window,
)
