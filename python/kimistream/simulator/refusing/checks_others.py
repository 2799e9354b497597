"""What servers other than Moonshot's refuse, in their own words where those are known.

Each function is one rule, or makes one from the numbers and names that a dialect's row gives it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..values.failures import Failure, Refusal, invalid
from ..values.tokens import estimate_prompt

if TYPE_CHECKING:
    from ..values.requests import ChatRequest

Check = Callable[["ChatRequest"], None]

_RANGES = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
}
_MESSAGE_KEYS: Mapping[str, frozenset[str]] = {
    "system": frozenset({"role", "content", "name"}),
    "user": frozenset({"role", "content", "name"}),
    "tool": frozenset({"role", "content", "tool_call_id", "name"}),
}


def temperature_is(only: float) -> Check:
    """One temperature, whatever the mode and the model."""

    def check(request: ChatRequest) -> None:
        value = request.body.get("temperature")
        if value is not None and (isinstance(value, bool) or value != only):
            raise invalid(f"invalid temperature: only {only:g} is allowed")

    return check


def sampling_is_in_range(request: ChatRequest) -> None:
    for name, (low, high) in _RANGES.items():
        value = request.body.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise invalid(f"{name} must be in [{low}, {high}], got {value}.")


def params_are_allowed(*names: str) -> Check:
    """LiteLLM takes parameters that its provider is not known to have only where the request allows them by name."""

    def check(request: ChatRequest) -> None:
        allowed = request.body.get("allowed_openai_params")
        for name in names:
            if name in request.body and name not in (allowed if isinstance(allowed, list) else ()):
                words = f"litellm.UnsupportedParamsError: does not support parameters: ['{name}']"
                raise Refusal(Failure(400, "None", words, code="400"))

    return check


def tool_choice_is_one_of(*choices: str, sentence: str, code: Any = None) -> Check:
    """No tool can be named, and of the words only these are known; `sentence` may quote the {choice}."""

    def check(request: ChatRequest) -> None:
        choice = request.body.get("tool_choice")
        if choice is not None and choice not in choices:
            words = sentence.format(choice=choice if isinstance(choice, str) else "named")
            raise Refusal(Failure(400, "invalid_request_error", words, code=code))

    return check


def tool_is_not_named_while_thinking(request: ChatRequest) -> None:
    if request.thinking and request.names_a_tool:
        raise invalid("tool_choice 'specified' is incompatible with thinking enabled")


def stops_are_at_most(most: int) -> Check:
    def check(request: ChatRequest) -> None:
        if len(request.stops) > most:
            raise invalid(f"stop: array must contain at most {most} element(s)")

    return check


def messages_are_strict(request: ChatRequest) -> None:
    """The published schema has additionalProperties: false on these messages, and knows text parts only."""
    for index, message in enumerate(request.messages):
        known = _MESSAGE_KEYS.get(message.role)
        unknown = sorted(set(message.raw) - known) if known else []
        if unknown:
            raise invalid(f"Body validation error: messages[{index}]: Unrecognized key(s) in object: '{unknown[0]}'")
        if message.content.media:
            raise invalid(f"Body validation error: messages[{index}].content: Invalid input, expected text")


def stream_options_are_complete(request: ChatRequest) -> None:
    options = request.body.get("stream_options")
    if options is not None and not (isinstance(options, Mapping) and isinstance(options.get("include_usage"), bool)):
        raise invalid("Body validation error: stream_options.include_usage: Required")


def arguments_are_objects(request: ChatRequest) -> None:
    """The chat template renders the arguments of earlier calls, and wants an object for that."""
    for message in request.messages:
        for call in message.calls:
            function = call.get("function")
            arguments = function.get("arguments") if isinstance(function, Mapping) else None
            if not _is_object(arguments):
                raise invalid(f"Invalid tool call arguments: expected a JSON object, got {str(arguments)[:80]!r}")


def _is_object(arguments: Any) -> bool:
    try:
        return isinstance(json.loads(arguments), dict)
    except (TypeError, ValueError, RecursionError):
        return isinstance(arguments, Mapping)


def generation_prompt_is_off(request: ChatRequest) -> None:
    """continue_final_message and add_generation_prompt exclude each other, and the latter is on unless switched off."""
    if request.body.get("continue_final_message") is not True:
        return
    if request.body.get("add_generation_prompt") is not False:
        raise invalid("Cannot set both `continue_final_message` and `add_generation_prompt` to True.")
    if request.messages[-1].role != "assistant":
        raise invalid("continue_final_message is set but the final message is not from the assistant")


def no_videos(request: ChatRequest) -> None:
    if any(media.kind == "video" for message in request.messages for media in message.content.media):
        raise invalid("At most 0 video(s) may be provided in one prompt.")


def prompt_fits(sentence: str) -> Check:
    """The engines' words for a request over the window: {window}, {prompt}, {limit}, {requested}."""

    def check(request: ChatRequest) -> None:
        window, prompt, limit = request.model.context_length, estimate_prompt(request.messages), request.max_tokens or 0
        if prompt + limit > window:
            values = {"window": window, "prompt": prompt, "limit": limit, "requested": prompt + limit}
            raise invalid(sentence.format(**values))

    return check


def effort_or_budget(request: ChatRequest) -> None:
    reasoning = request.body.get("reasoning")
    if isinstance(reasoning, Mapping) and reasoning.get("effort") and reasoning.get("max_tokens"):
        raise invalid('Only one of "reasoning.effort" and "reasoning.max_tokens" can be specified')


def endpoints_take_it(*providers: str) -> Check:
    """Routing: `only` names someone who serves the model, and strict schemas find no endpoint where all must fit."""

    def check(request: ChatRequest) -> None:
        routing = request.body.get("provider")
        if not isinstance(routing, Mapping):
            return
        only = routing.get("only")
        if isinstance(only, list) and only and not {str(name).lower() for name in only} & set(providers):
            raise Refusal(Failure(404, "not_found", "No allowed providers are available for the selected model."))
        wanted = request.body.get("response_format")
        named = wanted.get("json_schema") if isinstance(wanted, Mapping) else None
        if routing.get("require_parameters") is True and isinstance(named, Mapping) and named.get("strict") is True:
            raise Refusal(Failure(404, "not_found", "No endpoints found that can handle the requested parameters."))

    return check


def upstream(provider: str, *checks: Check) -> Check:
    """What stands behind a gateway refuses, and its words arrive as text inside the gateway's own error."""

    def check(request: ChatRequest) -> None:
        for inner in checks:
            try:
                inner(request)
            except Refusal as refusal:
                failure = refusal.failure
                raw = json.dumps({"error": {"message": failure.message, "type": failure.type}})
                metadata = {"raw": raw, "provider_name": provider}
                error = {"message": "Provider returned error", "code": failure.status, "metadata": metadata}
                raise Refusal(Failure(failure.status, failure.type, failure.message, body={"error": error})) from None

    return check
