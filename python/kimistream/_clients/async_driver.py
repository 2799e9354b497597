"""The asynchronous client's driver of steps."""

from __future__ import annotations

import asyncio

from .._notebook.waking import waking
from .._requests.steps import Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from .. import _core
    from .._requests.steps import Steps
    from .reactors import Reactors

    T = TypeVar("T")


async def run(reactors: Reactors, steps: Steps[T]) -> T:
    """Takes the steps one after the other, awaiting each."""
    result: Any = None
    error: BaseException | None = None
    played = False  # the last answer came from a cassette: nothing is waited for
    while True:
        try:
            step = steps.send(result) if error is None else steps.throw(error)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        result, error = None, None
        try:
            if isinstance(step, Step):
                result, played = await reactors.read(step.start, _reading(step.read))
            else:
                with waking(asyncio.get_running_loop()):
                    await asyncio.sleep(0 if played else step)
        except BaseException as failure:  # the steps know what is to be cleaned up
            error = failure


def _reading(read: Callable[[_core.Stream], Any]) -> Callable[[_core.Stream], tuple[Any, bool]]:
    """What is read, and whether it came from a cassette."""
    return lambda stream: (read(stream), stream.replayed)
