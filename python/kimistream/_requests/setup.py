"""What a client is made of: from its arguments, the environments of a file, and variables."""

from __future__ import annotations

import os

from .. import _core
from .keys import Key, NoKeyError, key_for, key_of_environment, with_account

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .._values.timeout import AnyTimeout

PROVIDER_VARIABLE = "KIMISTREAM_PROVIDER"
ENVIRONMENT_VARIABLE = "KIMISTREAM_ENVIRONMENT"
HISTORY_VARIABLE = "KIMISTREAM_HISTORY"


class _Retries(int):
    """A number of retries that nobody asked for, so that an environment's own may take its place."""

    __slots__ = ()


DEFAULT_RETRIES = _Retries(2)


class Setup:
    """What a client is made of.

    core          the arguments of the core's client, but for the key, which is kept nowhere
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
    key: Key,
    provider: str | Mapping[str, Any] | None,
    base_url: str | None,
    model: str | None,
    timeout: AnyTimeout,
    max_retries: int,
    default_headers: dict[str, str] | None,
    environment: str | None,
    mending: dict[str, Any],
    key_needed: bool = True,
) -> tuple[Setup, Key]:
    """What the caller said, else what the environment of the configuration file says, else the variables.

    mending     what becomes of answers that break, by the names of the core's arguments; None where nothing was said
    key_needed  False where nothing is sent: then a word takes the place of a key that is missing
    """
    if provider is not None and not isinstance(provider, str) and hasattr(provider, "keys"):
        from .providers import name_of

        provider = name_of(provider)
    if environment is None and provider is None and base_url is None:
        # A variable of the shell does not mix with an address or a provider that the program names: the key of one
        # would be sent to the other.
        environment = os.environ.get(ENVIRONMENT_VARIABLE) or None
    settings: dict[str, Any] = {}
    if environment is not None:
        from .environments import load

        settings = load(environment)
        provider = provider if provider is not None else settings.get("provider")
        base_url = base_url if base_url is not None else settings.get("base_url")
        model = model if model is not None else settings.get("model")
        if "timeout" in settings:
            from .._values.timeout import over

            timeout = over(timeout, settings["timeout"])
        if isinstance(max_retries, _Retries):
            max_retries = settings.get("max_retries", max_retries)
        mending = {name: settings.get(name) if said is None else said for name, said in mending.items()}
        if "headers" in settings:
            default_headers = {**settings["headers"], **(default_headers or {})}
    core = _core_arguments(provider, base_url, model, timeout, max_retries, default_headers, environment)
    asked = _core.destination(core["provider"], core["base_url"])
    core["provider"], core["base_url"] = asked["provider"], with_account(asked)
    if environment is not None and "key_variable" in settings and key.value is None:
        key = key_of_environment(environment, settings, asked)
    try:
        key = key_for(asked, key)
    except NoKeyError:
        if key_needed:
            raise
        key = Key("none")
    core["key_origin"] = key.variable
    core["certificates"] = certificates()
    core.update(mending)
    return Setup(core, environment, key.variable, settings.get("options")), key


def certificates() -> str:
    """The file of certifi, where neither a variable nor the system names certificates to trust and it is installed."""
    if _core.trusted_certificates():
        return ""
    try:
        import certifi
    except ImportError:
        return ""
    return certifi.where()


def _core_arguments(
    provider: str | Mapping[str, Any] | None,
    base_url: str | None,
    model: str | None,
    timeout: AnyTimeout,
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
        "model": model or "",
        "timeout": timeout,
        "max_retries": int(max_retries),
        "default_headers": default_headers,
    }
