"""From options and environment to a client, or to the reason why there can be none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .ending import WRONG_USAGE, CommandError
from .output import tell

_NO_KEY = "none-0123456789abcdef"  # never sent; long enough to be known for a key, and left out as one is

if TYPE_CHECKING:
    from kimistream import Kimi
    from kimistream._requests.keys import NoKeyError


@dataclass(frozen=True)
class Target:
    """Whom to ask, as the options say it. `timeout` in seconds; None is the client's own."""

    provider: str | None
    base_url: str | None
    timeout: float | None
    simulate: bool
    environment: str | None = None


@dataclass(frozen=True)
class Connection:
    """A client, and what messages about it need: its address, and the variable that its key came from (or "")."""

    client: Kimi
    address: str
    key_variable: str


@contextmanager
def connect(target: Target, key_needed: bool = True) -> Iterator[Connection]:
    """`key_needed`: False where nothing is sent. Without a key the variable of one stands in its place."""
    with ExitStack() as stack:
        yield _simulated(target, stack) if target.simulate else _real(target, stack, key_needed)


def _real(target: Target, stack: ExitStack, key_needed: bool) -> Connection:
    from kimistream import InvalidRequestError, Kimi
    from kimistream._requests.keys import NoKeyError

    options: dict[str, Any] = {"provider": target.provider, "base_url": target.base_url, "timeout": target.timeout}
    options["environment"] = target.environment
    try:
        client = stack.enter_context(Kimi(**options))
    except NoKeyError as error:
        if key_needed:
            return _without_key(target, stack, error)
        client = stack.enter_context(Kimi(api_key=_NO_KEY, **options))
        client._setup.key_variable = error.variable
    except InvalidRequestError as error:
        raise CommandError(WRONG_USAGE, str(error)) from error
    return Connection(client, _address(client, target), client._setup.key_variable)


def _without_key(target: Target, stack: ExitStack, missing: NoKeyError) -> Connection:
    if not missing.withheld and sys.stdin.isatty() and sys.stderr.isatty():
        sys.stderr.write("No key is set. Use the built-in simulator instead? [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() in ("y", "yes"):
            return _simulated(Target(target.provider, None, target.timeout, True), stack)
    raise CommandError(
        WRONG_USAGE,
        f"{missing}\n"
        "Put one into the environment:\n"
        f"    export {missing.variable}=...\n"
        "or try the command without a key:\n"
        "    kimistream ... --simulate",
    ) from missing


def _simulated(target: Target, stack: ExitStack) -> Connection:
    if target.base_url or target.environment:
        option = "--base-url" if target.base_url else "--environment"
        raise CommandError(WRONG_USAGE, f"--simulate brings its own address: leave out {option}")
    from kimistream import Kimi

    try:
        from kimistream.simulator import DIALECTS, Simulator
    except ImportError as error:
        raise CommandError(WRONG_USAGE, str(error)) from error
    provider = target.provider or "moonshot"
    if provider not in DIALECTS:
        known = ", ".join(DIALECTS)
        raise CommandError(WRONG_USAGE, f"the simulator cannot imitate {provider!r}, only {known}")
    running = stack.enter_context(Simulator(dialect=provider))
    client = Kimi(api_key=running.api_key, provider=provider, base_url=running.base_url, timeout=target.timeout)
    tell(f"simulated: made-up answers from {running.base_url}")
    return Connection(stack.enter_context(client), running.base_url, "")


def _address(client: Kimi, target: Target) -> str:
    return str(getattr(client, "base_url", None) or target.base_url or target.provider or "the server")
