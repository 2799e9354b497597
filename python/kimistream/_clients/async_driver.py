"""The asynchronous client's driver of steps."""

from __future__ import annotations

import asyncio

from .._requests.steps import Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    from .._requests.steps import Steps
    from .reactors import Reactors

    T = TypeVar("T")


async def run(reactors: Reactors, steps: Steps[T]) -> T:
    """Takes the steps one after the other, awaiting each."""
    result: Any = None
    error: BaseException | None = None
    while True:
        try:
            step = steps.send(result) if error is None else steps.throw(error)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        result, error = None, None
        try:
            result = await _perform(reactors, step)
        except BaseException as failure:  # the steps know what is to be cleaned up
            error = failure


async def _perform(reactors: Reactors, step: Step | float) -> Any:
    if not isinstance(step, Step):
        return await asyncio.sleep(step)
    return await reactors.read(step.start, step.read)
