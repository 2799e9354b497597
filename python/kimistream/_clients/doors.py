"""Doors: the methods of both clients, made from what stands once.

A door's signature and docstring are those of what it is made from: `inspect.signature`, and so `help`, finds `Face`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import inspect
    from collections.abc import Callable, Coroutine
    from typing import Any, Concatenate, ParamSpec, TypeVar

    from .._requests.sender import Sender
    from .._requests.steps import Steps

    P = ParamSpec("P")
    T = TypeVar("T")
    Door = TypeVar("Door", bound=Callable[..., Any])


def blocking(steps: Callable[Concatenate[Sender, P], Steps[T]]) -> Callable[Concatenate[Any, P], T]:
    """A method that takes the steps one after the other and waits for each."""

    def door(self: Any, /, *arguments: P.args, **named: P.kwargs) -> T:
        from .driver import run

        return run(self._sender.core, steps(self._sender, *arguments, **named))

    return dressed(door, steps)


def awaiting(
    steps: Callable[Concatenate[Sender, P], Steps[T]],
) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]:
    """The same method, awaited."""

    async def door(self: Any, /, *arguments: P.args, **named: P.kwargs) -> T:
        from .async_driver import run

        return await run(self._reactors, steps(self._sender, *arguments, **named))

    return dressed(door, steps)


def takes(source: Callable[Concatenate[Any, P], Any]) -> Callable[[Callable[..., T]], Callable[Concatenate[Any, P], T]]:
    """A method that hands its arguments on to `source`, and so takes the same."""

    def signed(door: Callable[..., T]) -> Callable[Concatenate[Any, P], T]:
        door.__wrapped__ = Face(source, door.__annotations__["return"])  # type: ignore[attr-defined]
        return door

    return signed


def dressed(door: Door, steps: Any) -> Door:
    """The door with the name and the words of what it is made from."""
    returns = steps.__annotations__["return"].removeprefix("Steps[").removesuffix("]")
    door.__wrapped__ = Face(steps, returns)  # type: ignore[attr-defined]
    door.__name__ = door.__qualname__ = steps.__name__.removesuffix("_all")
    door.__doc__ = steps.__doc__
    return door


class Face:
    """What `inspect` sees of a door: the parameters of what it is made from, as a method. Made when somebody looks."""

    __slots__ = ("_returns", "_source")

    def __init__(self, source: Callable[..., Any], returns: str) -> None:
        self._source = source
        self._returns = returns

    @property
    def __signature__(self) -> inspect.Signature:
        import inspect

        signature = inspect.signature(self._source)
        _, *others = signature.parameters.values()
        first = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
        return signature.replace(parameters=[first, *others], return_annotation=self._returns)
