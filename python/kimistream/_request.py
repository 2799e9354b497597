"""From keyword arguments to what the core takes. Shared by the blocking and the asynchronous client."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Literal

    Thinking = bool | Literal["keep"] | None
    Check = Literal["warn", "fix", "error", "off"] | None
    OnBreak = Literal["raise", "restart", "continue"] | None

KEY_VARIABLES = ("MOONSHOT_API_KEY", "KIMI_API_KEY")
PROVIDER_VARIABLE = "KIMISTREAM_PROVIDER"
ENVIRONMENT_VARIABLE = "KIMISTREAM_ENVIRONMENT"


class _Retries(int):
    """A number of retries that nobody asked for, so that an environment's own may take its place."""

    __slots__ = ()


DEFAULT_RETRIES = _Retries(2)


class Omit:
    """Stands for an argument that was not given, where None has a meaning of its own (openai-python's NOT_GIVEN)."""

    def __bool__(self) -> bool:
        return False


class Setup:
    """What a client is made of.

    core          the arguments of the core's client
    environment   the environment of the configuration file that it is for, or None
    key_variable  the variable that the key was taken from, "" where it was passed or there is none
    defaults      what requests say where the caller says nothing, or None
    """

    __slots__ = ("core", "defaults", "environment", "key_variable")

    def __init__(
        self, core: dict[str, Any], environment: str | None, key_variable: str, defaults: dict[str, Any] | None
    ) -> None:
        self.core = core
        self.environment = environment
        self.key_variable = key_variable
        self.defaults = defaults


def client_setup(
    api_key: str | None,
    provider: str | Mapping[str, Any] | None,
    base_url: str | None,
    model: str | None,
    timeout: float | None,
    max_retries: int,
    default_headers: dict[str, str] | None,
    environment: str | None,
) -> Setup:
    """What the caller said, else what the environment of the configuration file says, else the variables."""
    if provider is not None and not isinstance(provider, str) and hasattr(provider, "keys"):
        from ._providers import name_of

        provider = name_of(provider)
    if environment is None and provider is None and base_url is None:
        # A variable of the shell does not mix with an address or a provider that the program names: the key of one
        # would be sent to the other.
        environment = os.environ.get(ENVIRONMENT_VARIABLE) or None
    defaults = None
    key_variables: tuple[str, ...] = KEY_VARIABLES
    if environment is not None:
        from ._environments import load

        settings = load(environment)
        provider = provider if provider is not None else settings.get("provider")
        base_url = base_url if base_url is not None else settings.get("base_url")
        model = model if model is not None else settings.get("model")
        timeout = timeout if timeout is not None else settings.get("timeout")
        if isinstance(max_retries, _Retries):
            max_retries = settings.get("max_retries", max_retries)
        if "headers" in settings:
            default_headers = {**settings["headers"], **(default_headers or {})}
        if "key_variable" in settings:
            key_variables = (settings["key_variable"],)
        defaults = settings.get("options")
    key_variable = ""
    if api_key is None:
        key_variable = next((name for name in key_variables if os.environ.get(name)), "")
        api_key = os.environ.get(key_variable) if key_variable else None
        if not key_variable and key_variables is not KEY_VARIABLES:
            from ._errors import InvalidRequestError

            raise InvalidRequestError(
                f"the environment {environment!r} takes its key from {key_variables[0]}, which is not set"
            )
    core = _core_arguments(api_key, provider, base_url, model, timeout, max_retries, default_headers, environment)
    return Setup(core, environment, key_variable, defaults)


def _core_arguments(
    api_key: str | None,
    provider: str | Mapping[str, Any] | None,
    base_url: str | None,
    model: str | None,
    timeout: float | None,
    max_retries: int,
    default_headers: dict[str, str] | None,
    environment: str | None,
) -> dict[str, Any]:
    for name, value in (("provider", provider), ("base_url", base_url), ("model", model)):
        if value is not None and not isinstance(value, str):
            raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    if isinstance(max_retries, bool) or not isinstance(max_retries, int):
        raise TypeError(f"max_retries must be an int, not {type(max_retries).__name__}")
    if provider is None:
        provider = "" if environment is not None and base_url else os.environ.get(PROVIDER_VARIABLE) or ""
    return {
        "provider": provider,
        "base_url": base_url or "",
        "api_key": api_key,
        "model": model or "",
        "timeout": timeout,
        "max_retries": int(max_retries),
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
    defaults: dict[str, Any] | None = None,
    on_upload: Callable[[int, int], object] | None = None,
) -> tuple[Any, ...]:
    """The arguments of a request, in the order in which the core takes them. `defaults` are the environment's."""
    if fields:
        on_upload = fields.pop("on_upload", on_upload)
        fields = {key: value for key, value in fields.items() if value is not None and not is_omitted(value)}
    if defaults:
        rest = dict(defaults)
        model = model if model is not None else rest.get("model")
        system = system if system is not None else rest.get("system")
        thinking = thinking if thinking is not None else rest.get("thinking")
        tools = tools if tools is not None else rest.get("tools")
        tool_choice = tool_choice if tool_choice is not None else rest.get("tool_choice")
        max_tokens = max_tokens if max_tokens is not None else rest.get("max_tokens")
        timeout = timeout if timeout is not None else rest.get("timeout")
        on_break = on_break if on_break is not None else rest.get("on_break")
        check = check if check is not None else rest.get("check")
        prefill = prefill if prefill is not None else rest.get("prefill")
        if "extra_body" in rest:
            extra_body = {**rest["extra_body"], **(extra_body or {})}
        if "extra_headers" in rest:
            extra_headers = {**rest["extra_headers"], **(extra_headers or {})}
        fields = {**{key: value for key, value in rest.items() if key not in _NAMED}, **fields}
    if tool_choice is not None:
        if tools is not None and not tools:
            tool_choice = None  # an empty list of tools is left out, and a choice among none with it
        elif tools is None or not isinstance(tool_choice, str):
            fields["tool_choice"] = tool_choice
            tool_choice = None
    if isinstance(thinking, dict):
        fields["thinking"] = thinking
        thinking = None
    arguments = (
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
    return arguments if on_upload is None else (*arguments, on_upload)


_NAMED = {
    *("model", "system", "thinking", "tools", "tool_choice", "max_tokens", "timeout", "on_break", "check", "prefill"),
    *("extra_body", "extra_headers"),
}


def is_omitted(value: object) -> bool:
    # openai-python's own NOT_GIVEN and omit may come along with code that was written for it.
    return isinstance(value, Omit) or type(value).__name__ in ("NotGiven", "Omit")


def openai_arguments(
    arguments: dict[str, Any], defaults: dict[str, Any] | None = None
) -> tuple[tuple[Any, ...], bool, bool]:
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
        defaults,
    )
    return request, stream, show_usage
