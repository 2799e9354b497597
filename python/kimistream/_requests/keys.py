"""Which key a client takes: what it was given, else what a variable holds that may go to whom it asks."""

from __future__ import annotations

import os

from .. import _core
from .._values.errors import InvalidRequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KEY_HEADERS = frozenset({"authorization", "proxy-authorization", "x-api-key", "api-key", "cookie"})

FOR_ANYBODY = "KIMISTREAM_API_KEY"
"""The variable of a key for whoever is asked. Those of a provider are in its row."""
_PLACE = "{account_id}"


class Key:
    """A key and the variable that it came from, "" where it was passed. Tracebacks that show locals show no key."""

    __slots__ = ("value", "variable")

    def __init__(self, value: str | None, variable: str = "") -> None:
        self.value = value
        self.variable = variable

    def __repr__(self) -> str:
        return f"Key({self.variable})"


class NoKeyError(InvalidRequestError):
    """`.variable` is one that would do; `.withheld` one that has a key, which is not for whom is asked, else ""."""

    def __init__(self, message: str, variable: str = "", withheld: str = "") -> None:
        super().__init__(message)
        self.variable = variable
        self.withheld = withheld


def key_for(asked: dict[str, Any], given: Key) -> Key:
    """The key for a destination of the core: the one that was given, else the first that is set of the row's own
    variables and that of anybody. Raises NoKeyError, in place of sending one provider's key to another's host."""
    if given.value is None:
        own = [name for name in (*asked["key_variables"], FOR_ANYBODY) if os.environ.get(name)]
        for name in own:
            if _core.key_may_go(name, asked["base_url"]):
                return Key(os.environ[name], name)
        if own or asked["needs_key"]:
            raise _no_key(asked, next(iter(own), ""))
    elif not given.value and asked["needs_key"] and asked["at_home"]:
        raise _no_key(asked, "")
    return given


def _no_key(asked: dict[str, Any], withheld: str) -> NoKeyError:
    address, provider = asked["base_url"], f'provider "{asked["provider"]}"'
    usable = [name for name in asked["key_variables"] if _core.key_may_go(name, address)]
    variable = usable[0] if usable else FOR_ANYBODY
    if usable or not asked["key_variables"]:
        others = "".join(f" (or {name})" for name in usable[1:])
        said = f"no API key for {provider}: pass api_key, or set {variable}{others}"
        if another := _another_providers(usable):
            said += f". {another} is not sent to other providers"
    else:
        host = _host(address)
        reason = f": {withheld} is for the hosts of {provider} and is not sent there" if withheld else ""
        if withheld and asked["at_home"]:
            reason = f": {withheld} is not sent there unencrypted, use https"
        said = f'no API key for {host}{reason}. Pass api_key (api_key="" if the server wants none), or set {variable}'
    return NoKeyError(said, variable, withheld)


def key_of_environment(environment: str, settings: dict[str, Any], asked: dict[str, Any]) -> Key:
    """The key in the variable that an environment's file names. It is for the environment's own address; elsewhere, or
    where the file was merely found in the current folder, it goes where the rows allow. Raises NoKeyError."""
    variable, address = settings["key_variable"], asked["base_url"]
    if not os.environ.get(variable):
        raise NoKeyError(f"the environment {environment!r} takes its key from {variable}, which is not set", variable)
    own = _core.destination(settings.get("provider", ""), settings.get("base_url", ""))["base_url"]
    says_where = "provider" in settings or "base_url" in settings
    elsewhere = says_where and _host(own) != _host(address)
    if says_where and not elsewhere and settings["is_trusted"]:
        return Key(os.environ[variable], variable)
    if _core.key_may_go(variable, address) and not (elsewhere and _is_of_no_row(variable)):
        return Key(os.environ[variable], variable)
    said = f"the environment {environment!r} takes its key from {variable}, which is not sent to {_host(address)}"
    if elsewhere:
        said += f": it is for {_host(own)}"
    said += '. Pass api_key (api_key="" if the server wants none)'
    if says_where and not elsewhere:
        said += ", or name the file in KIMISTREAM_CONFIG if it can be trusted"
    raise NoKeyError(said, FOR_ANYBODY, variable)


def _host(address: str) -> str:
    """With its port, where one is written."""
    return address.split("://", 1)[-1].split("/", 1)[0].lower()


def _is_of_no_row(variable: str) -> bool:
    return all(variable not in _core.provider_row(name)["key_variables"] for name in _core.provider_names())


def _another_providers(own: list[str]) -> str:
    """A variable of another row that is set: its key may have been meant."""
    rows = (_core.provider_row(name) for name in _core.provider_names())
    named = (name for row in rows for name in row["key_variables"])
    return next((name for name in named if name not in own and os.environ.get(name)), "")


def with_account(asked: dict[str, Any]) -> str:
    """The destination's address; where an account is to be filled in, that of the row's variable."""
    address: str = asked["base_url"]
    variable = asked["account_variable"]
    if _PLACE not in address or not variable:
        return address
    account = os.environ.get(variable, "")
    if not account:
        raise InvalidRequestError(
            f"the address {address} has a place to fill in: set {variable}, or pass base_url with your own value for "
            f"{_PLACE}"
        )
    if not (account.isascii() and account.replace("-", "").replace("_", "").isalnum()):
        raise InvalidRequestError(f"{variable} is no account id: it has other characters than a to z, digits, - and _")
    return address.replace(_PLACE, account)
