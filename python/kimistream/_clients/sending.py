"""What is done before a request is sent, by a client that waits for it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._requests.sender import Sender


def ready(sender: Sender, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments as they are sent, after what must be uploaded for them. Waits for that."""
    if sender.is_plain(arguments):
        return arguments
    arguments = sender.completed(arguments)
    if sender.must_upload(arguments):
        from .driver import run

        arguments = run(sender.core, sender.uploads.prepare_steps(arguments))
    return arguments
