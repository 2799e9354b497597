"""An exchange in other forms: a command, a program, an archive, a cassette. None of them holds a key."""

from __future__ import annotations

from .curl import as_curl
from .har import as_har
from .program import as_python

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..store import Entry


def as_cassette(entry: Entry) -> str:
    """A file for `Kimi(cassette=...)`."""
    return f'{{"kimistream_cassette": 1}}\n{entry.recorded.line}\n'


FORMS: Mapping[str, Callable[[Entry], str]] = {
    "curl": as_curl,
    "python": as_python,
    "har": as_har,
    "cassette": as_cassette,
}
