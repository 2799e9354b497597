"""From keyword arguments to what the core takes. Shared by the blocking and the asynchronous client."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
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


# The arguments of a request, in the order in which the core takes them (bindings/from_python.cpp). `fields` are those
# of the API that have no name of their own here.
NAMES = (
    *("prompt", "model", "system", "thinking", "tools", "tool_choice", "max_tokens", "timeout", "on_break", "check"),
    *("prefill", "on_upload", "extra_body", "extra_headers", "fields"),
)
_MERGED = ("extra_body", "extra_headers")
_PLAIN = frozenset({str, int, float, bool, list, dict, tuple})


def completed(arguments: tuple[Any, ...], defaults: dict[str, Any] | None) -> tuple[Any, ...]:
    """The arguments, with an environment's own in the place of those that the caller left out."""
    given = dict(zip(NAMES, arguments, strict=True))
    given["fields"] = {key: value for key, value in given["fields"].items() if is_given(value)}
    if defaults:
        for name in NAMES:
            if given[name] is None and name in defaults:
                given[name] = defaults[name]
            elif name in _MERGED and name in defaults:
                given[name] = {**defaults[name], **given[name]}
        given["fields"] = {**{key: value for key, value in defaults.items() if key not in given}, **given["fields"]}
    return tuple(given.values())


def is_given(value: object) -> bool:
    # openai-python's own NOT_GIVEN and omit may come along with code that was written for it.
    return value.__class__ in _PLAIN or (
        value is not None and not isinstance(value, Omit) and type(value).__name__ not in ("NotGiven", "Omit")
    )


_PLACES = {"messages": 0, **{name: place for place, name in enumerate(NAMES[1:-1], 1) if name != "system"}}


def openai_arguments(arguments: dict[str, Any]) -> tuple[tuple[Any, ...], bool, bool]:
    """The arguments of `chat.completions.create`: those of the core, whether to stream, whether usage chunks show."""
    request: list[Any] = [None] * (len(NAMES) - 1)
    fields = {}
    for key, value in arguments.items():
        if is_given(value):
            place = _PLACES.get(key)
            if place is None:
                fields[key] = value
            else:
                request[place] = value
    if request[0] is None:
        raise TypeError("create() needs messages=[...]")
    stream = bool(fields.pop("stream", False))
    if "max_completion_tokens" in fields:  # two names of one argument; the newer one counts
        request[_PLACES["max_tokens"]] = fields.pop("max_completion_tokens")
    options = fields.get("stream_options")
    show_usage = bool(options and options.get("include_usage"))
    return (*request, fields), stream, show_usage
