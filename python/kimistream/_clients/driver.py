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
    played = False  # the last answer came from a cassette: nothing is waited for
    while True:
        try:
            step = steps.send(result) if error is None else steps.throw(error)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        result, error = None, None
        try:
            if isinstance(step, Step):
                stream = step.start(core)
                result = _read(step, stream)
                played = stream.replayed
            elif step and not played:
                import time

                time.sleep(step)
        except BaseException as failure:  # the steps know what is to be cleaned up
            error = failure


def _read(step: Step, stream: _core.Stream) -> Any:
    try:
        return step.read(stream)
    except BaseException:
        stream.close()  # now, not when the last traceback that holds it goes
        raise
