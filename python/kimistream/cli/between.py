"""Who and what stands between a server and this machine, as far as an answer shows it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kimistream import Message

_ONE_BY_ONE = 0.05  # seconds from the first event to the last, from which on they came one by one


def sender(headers: Mapping[str, str]) -> str:
    """Who has sent a response, as its headers say."""
    via = headers.get("via")
    return ", ".join([part for part in (headers.get("server"), via and f"via {via}") if part])


def proxy(url: str) -> str:
    """The proxy that the environment names for this address, and by which variable; "" for none."""
    parts = urlsplit(url)
    proxies = getproxies_environment()
    variable = next((f"{name}_proxy" for name in (parts.scheme.lower(), "all") if name in proxies), "")
    if (
        not variable
        or not parts.hostname
        or _is_this_machine(parts.hostname)
        or proxy_bypass_environment(parts.hostname, proxies)
    ):
        return ""
    address = proxies[variable.removesuffix("_proxy")]
    return f"{address.rpartition('@')[2] or address} ({variable})"  # never a password


def _is_this_machine(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost"
    return address.is_loopback or address.is_unspecified


class Pace:
    """Whether events came as they were made."""

    def __init__(self) -> None:
        self._times: list[float] = []

    def came(self) -> None:
        self._times.append(time.monotonic())

    def said(self, message: Message | None) -> str:
        held = [warning.message for warning in message.warnings if warning.code == "held_back"] if message else []
        if held:
            return held[0]
        if len(self._times) > 1 and self._times[-1] - self._times[0] >= _ONE_BY_ONE:
            return "one by one"
        return "all at once, too quickly to tell why"
