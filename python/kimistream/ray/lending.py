"""The pool of a job, as an actor holds on to it."""

from __future__ import annotations

import asyncio
import sys
import uuid

from .leases import SILENCE, Pool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_TELL = 0.1  # seconds: what has ended meanwhile is told at once
_SIGNS = SILENCE / 4


class Lender:
    """Takes places for rows and gives them back. On one loop.

    call  `call(name, *arguments)` is awaited: a method of the pool
    """

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call
        self._me = uuid.uuid4().hex
        self._ended = [0, 0, 0, 0]
        self._telling: asyncio.Task[None] | None = None

    async def take(self, tokens: list[int]) -> int:
        given: int = await self._call("take", self._me, tokens)
        return given

    def giver_back(self, reserved: int) -> Callable[[int, int | None], None]:
        """What gives one row's place back, when it is told the requests that it took and its tokens."""

        def give_back(requests: int, tokens: int | None) -> None:
            used = tokens if tokens is not None else reserved if requests else 0
            for place, more in enumerate((1, requests, reserved, used)):
                self._ended[place] += more
            if self._telling is None:
                self._telling = asyncio.get_running_loop().create_task(self._tell())

        return give_back

    async def _tell(self) -> None:
        await asyncio.sleep(_TELL)
        ended, self._ended = self._ended, [0, 0, 0, 0]
        self._telling = None
        await self._call("give_back", self._me, *ended)

    async def while_alive(self, work: Any) -> Any:
        """Awaits it, and tells the pool meanwhile that somebody is there."""
        task = asyncio.ensure_future(work)
        try:
            while not (await asyncio.wait({task}, timeout=_SIGNS))[0]:
                await self._call("alive", self._me)
            return await task
        finally:
            if not task.done():
                task.cancel()
            elif self._telling is not None:
                await self._telling


def lender_of_the_job(limits: dict[str, int], of: str) -> Lender | None:
    """A lender for limits that all actors of this Ray job share; None where there is no Ray."""
    ray: Any = sys.modules.get("ray")
    if ray is None or not ray.is_initialized():
        return None
    numbers = "-".join(f"{name}{value}" for name, value in sorted(limits.items()))
    name = f"kimistream-limits-{of}-{numbers}"
    pool: Any = None

    async def call(method: str, *arguments: Any) -> Any:
        nonlocal pool
        for again in (True, False):
            if pool is None:  # who made it first is its owner; where that has died another is made
                kind = ray.remote(num_cpus=0, max_concurrency=1000)(Pool)
                pool = kind.options(name=name, get_if_exists=True).remote(**limits)
            try:
                return await getattr(pool, method).remote(*arguments)
            except ray.exceptions.RayActorError:
                pool = None
                if not again:
                    raise
        return None

    return Lender(call)
