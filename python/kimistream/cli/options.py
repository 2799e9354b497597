"""Options that commands share: whom to ask, and what is said in the same words everywhere."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any

import typer

from .connect import Target

AsJson = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]
Model = Annotated[str | None, typer.Option(help="Model, by its name at the provider.")]
Timeout = Annotated[
    float | None,
    typer.Option(help="Seconds for connect, first event and silence, each.", min=0.001),
]


class OnBreak(str, Enum):
    """The words of `Kimi(on_break=...)`."""

    RAISE = "raise"
    RESTART = "restart"
    CONTINUE = "continue"


def _target(
    provider: Annotated[
        str | None,
        typer.Option(help="Who serves Kimi: moonshot (the default), moonshot-cn, openrouter, vllm, sglang, ..."),
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="Address of the API, in place of the provider's own.")] = None,
    environment: Annotated[
        str | None,
        typer.Option(help="An environment of kimistream.toml: its address, key variable, model and options."),
    ] = None,
    timeout: Timeout = None,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Ask the built-in simulator: no key, no network.")
    ] = False,
) -> Target:
    return Target(provider, base_url, timeout, simulate, environment)


def asks(command: Callable[..., int]) -> Callable[..., None]:
    """Gives a command the options that say whom to ask, in place of its parameter `target`, and ends with what it
    returns as exit code."""
    whom = inspect.signature(_target, eval_str=True).parameters
    own = dict(inspect.signature(command, eval_str=True).parameters)
    del own["target"]
    last = [own.pop("as_json")] if "as_json" in own else []

    @functools.wraps(command)
    def run(**given: Any) -> None:
        target = _target(**{name: given.pop(name) for name in whom})
        raise typer.Exit(command(target, **given))

    parameters = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in (*own.values(), *whom.values(), *last)
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run
