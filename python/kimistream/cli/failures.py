"""What went wrong, in words that say what to do; and the exit status that goes with it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .connect import Connection
from .ending import REFUSED, WRONG_USAGE, CommandError

if TYPE_CHECKING:
    from kimistream import APIStatusError, KimiError

_HINTS: Mapping[int, str] = {
    403: "The key may not be allowed to use this model or this address.",
    429: "Too many requests, or no balance left: wait a little, or look at the account.",
}


def explained(error: KimiError, connection: Connection) -> CommandError:
    """The client's error as the end of a command. A key that a server quotes is blotted out."""
    from kimistream import APIConnectionError, APIStatusError, InvalidRequestError

    if isinstance(error, InvalidRequestError):
        status, message = WRONG_USAGE, str(error)
    elif isinstance(error, APIConnectionError):
        status, message = REFUSED, _unreachable(error, connection)
    elif isinstance(error, APIStatusError):
        status, message = REFUSED, _refused(error, connection)
    else:
        status, message = REFUSED, f"{connection.address}: {error}"
    key = os.environ.get(connection.key_variable, "")
    return CommandError(status, message.replace(key, "***") if key else message)


def told_by(error: KimiError, address: str, key_variable: str, advice: str) -> CommandError:
    """The error of a server that was named on the command line, and nothing else is known about."""
    from kimistream import InvalidRequestError

    status = WRONG_USAGE if isinstance(error, InvalidRequestError) else REFUSED
    message = "\n".join([f"{address}: {error}", *([advice] if advice else [])])
    key = os.environ.get(key_variable, "") if key_variable else ""
    return CommandError(status, message.replace(key, "***") if key else message)


def _unreachable(error: KimiError, connection: Connection) -> str:
    host = urlsplit(connection.address).netloc or connection.address
    return (
        f"No connection to {host}: {error}\n"
        "Check the network, the address (--base-url), the proxy (https_proxy) and --timeout; "
        "--simulate works without a network."
    )


def _refused(error: APIStatusError, connection: Connection) -> str:
    """The message has the status and the request id already."""
    kind = f" with {error.type}" if error.type else ""
    message = error.message.replace("client.models.list() tells", "`kimistream models` tells")
    hint = _HINTS.get(error.status_code or 0)
    return "\n".join([f"{connection.address} answered{kind}: {message}", *([hint] if hint else [])])
