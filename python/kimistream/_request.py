"""From keyword arguments to what the core takes. Shared by the blocking and the asynchronous client."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    Thinking = bool | Literal["keep"] | None
    Check = Literal["warn", "fix", "error", "off"] | None
    OnBreak = Literal["raise", "restart", "continue"] | None

KEY_VARIABLES = ("MOONSHOT_API_KEY", "KIMI_API_KEY")
PROVIDER_VARIABLE = "KIMISTREAM_PROVIDER"


class Omit:
    """Stands for an argument that was not given, where None has a meaning of its own (openai-python's NOT_GIVEN)."""

    def __bool__(self) -> bool:
        return False


def client_arguments(
    api_key: str | None,
    provider: str | None,
    base_url: str | None,
    model: str | None,
    timeout: float | None,
    max_retries: int,
    default_headers: dict[str, str] | None,
) -> dict[str, Any]:
    """The arguments of the core's client, with what the environment says where the caller said nothing."""
    if api_key is None:
        api_key = next((value for name in KEY_VARIABLES if (value := os.environ.get(name))), None)
    for name, value in (("provider", provider), ("base_url", base_url), ("model", model)):
        if value is not None and not isinstance(value, str):
            raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    if isinstance(max_retries, bool) or not isinstance(max_retries, int):
        raise TypeError(f"max_retries must be an int, not {type(max_retries).__name__}")
    if provider is None:
        provider = os.environ.get(PROVIDER_VARIABLE) or ""
    return {
        "provider": provider,
        "base_url": base_url or "",
        "api_key": api_key,
        "model": model or "",
        "timeout": timeout,
        "max_retries": max_retries,
        "default_headers": default_headers,
    }


def native_arguments(
    prompt: Any,
    model: str | None,
    system: str | None,
    thinking: Thinking,
    tools: list[Any] | None,
    tool_choice: Any,
    max_tokens: int | None,
    timeout: float | None,
    on_break: OnBreak,
    check: Check,
    prefill: str | None,
    extra_body: dict[str, Any] | None,
    extra_headers: dict[str, str] | None,
    fields: dict[str, Any],
) -> tuple[Any, ...]:
    """The arguments of a request, in the order in which the core takes them."""
    if fields:
        fields = {key: value for key, value in fields.items() if value is not None and not is_omitted(value)}
    if tool_choice is not None:
        if tools is not None and not tools:
            tool_choice = None  # an empty list of tools is left out, and a choice among none with it
        elif tools is None or not isinstance(tool_choice, str):
            fields["tool_choice"] = tool_choice
            tool_choice = None
    if isinstance(thinking, dict):
        fields["thinking"] = thinking
        thinking = None
    return (
        prompt,
        model,
        system,
        thinking,
        tools or None,
        tool_choice,
        max_tokens,
        timeout,
        on_break,
        check,
        prefill,
        extra_body,
        extra_headers,
        fields or None,
    )


def is_omitted(value: object) -> bool:
    # openai-python's own NOT_GIVEN and omit may come along with code that was written for it.
    return isinstance(value, Omit) or type(value).__name__ in ("NotGiven", "Omit")


def openai_arguments(arguments: dict[str, Any]) -> tuple[tuple[Any, ...], bool, bool]:
    """The arguments of `chat.completions.create`: those of the core, whether to stream, whether usage chunks show."""
    given = {key: value for key, value in arguments.items() if not is_omitted(value)}
    if "messages" not in given:
        raise TypeError("create() needs messages=[...]")
    messages = given.pop("messages")
    stream = bool(given.pop("stream", False) or False)
    max_tokens = given.pop("max_tokens", None)
    most = given.pop("max_completion_tokens", None)  # two names of one argument; the newer one counts
    options = given.get("stream_options")
    show_usage = bool(options and options.get("include_usage"))
    request = native_arguments(
        messages,
        given.pop("model", None),
        None,
        given.pop("thinking", None),
        given.pop("tools", None),
        given.pop("tool_choice", None),
        max_tokens if most is None else most,
        given.pop("timeout", None),
        given.pop("on_break", None),
        given.pop("check", None),
        given.pop("prefill", None),
        given.pop("extra_body", None),
        given.pop("extra_headers", None),
        given,
    )
    return request, stream, show_usage
