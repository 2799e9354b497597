"""How a command ends."""

from __future__ import annotations

from collections.abc import Callable

from .output import give_up_stdout, tell

DONE, REFUSED, WRONG_USAGE, STOPPED = 0, 1, 2, 130
"""Exit statuses: done; the server or the network refused; wrong usage; stopped by Ctrl-C."""


class CommandError(Exception):
    """The end of a command: what to tell, and with which status to exit."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def guarded(command: Callable[[], int]) -> int:
    """The command's exit status, whatever happens to it."""
    try:
        return command()
    except CommandError as error:
        tell(error.message)
        return error.status
    except KeyboardInterrupt:
        tell("stopped")
        return STOPPED
    except BrokenPipeError:  # the reader has seen enough: `| head`
        give_up_stdout()
        return DONE
