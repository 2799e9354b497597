"""What is done before a request is sent, by a client for asyncio."""

from __future__ import annotations

from .async_driver import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._requests.sender import Sender
    from .reactors import Reactors


async def ready(sender: Sender, reactors: Reactors, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments as they are sent, after what must be uploaded for them. Awaits that."""
    arguments = sender.completed(arguments)
    if sender.must_upload(arguments):
        arguments = await run(reactors, sender.uploads.prepare_steps(arguments))
    return arguments
