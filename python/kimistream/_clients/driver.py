"""The blocking client's driver of steps."""

from __future__ import annotations

from .._requests.steps import Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    from .. import _core
    from .._requests.steps import Steps

    T = TypeVar("T")


def run(core: _core.Client, steps: Steps[T]) -> T:
    """Takes the steps one after the other, waiting for each."""
    result: Any = None
    error: BaseException | None = None
    while True:
        try:
            step = steps.send(result) if error is None else steps.throw(error)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        result, error = None, None
        try:
            result = _perform(core, step)
        except BaseException as failure:  # the steps know what is to be cleaned up
            error = failure


def _perform(core: _core.Client, step: Step | float) -> Any:
    if not isinstance(step, Step):
        import time

        return time.sleep(step) if step else None
    stream = step.start(core)
    try:
        return step.read(stream)
    except BaseException:
        stream.close()  # now, not when the last traceback that holds it goes
        raise
