"""Answers that are recorded once and played again."""

from __future__ import annotations

import os

from .. import _core
from .._values.errors import warn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Mode = Literal["replay", "record", "once", "append"]


class Cassette:
    """A file of recorded exchanges, for `Kimi(cassette=...)` and `AsyncKimi(cassette=...)`.

    path      of the file: a line of JSON for each exchange. No key and no cookie is in it; media above 65,536 bytes are
              named by the SHA-256 of their bytes. Folders that are missing are made when something is recorded
    mode      "once"    records when there is no file as the cassette is made, else "replay"
              "replay"  only plays, and never touches the network; a file that is missing is an InvalidRequestError
              "record"  records anew: the first exchange replaces what the file holds
              "append"  plays what is there, and records the rest behind it
    realtime  pieces come when they came, and pauses between attempts are made; else all of it is played at once
    repeat    the last of equal exchanges answers again and again; else each answers once

    A request is answered by a recorded one of the same method, path and JSON, in whatever order its keys stand; equal
    ones answer in order. One that was not recorded raises CassetteMissError, which shows the nearest and what differs.
    Each attempt of a request is an exchange of its own. Cuts are played as cuts, and a clock that ran out runs out
    again, at once.

    An exchange is written when it has ended, in one piece: there is nothing to close. A cassette that cannot be written
    costs the recording, never the answer: a RuntimeWarning says so, as it does of a line that is torn. A file that is
    no cassette, or of a newer version, is an InvalidRequestError in every mode, and stays as it is.

    One cassette may serve any number of clients and threads: what one has been answered no other is. Two processes may
    play one file.
    """

    __slots__ = ("_core",)

    def __init__(
        self, path: str | os.PathLike[str], mode: Mode = "once", realtime: bool = False, repeat: bool = False
    ) -> None:
        path = os.fspath(path)
        for name, value in (("path", path), ("mode", mode)):
            if not isinstance(value, str):
                raise TypeError(f"{name} must be a str, not {type(value).__name__}")
        for name, switch in (("realtime", realtime), ("repeat", repeat)):
            if not isinstance(switch, bool):
                raise TypeError(f"{name} must be a bool, not {type(switch).__name__}")
        self._core = _core.Cassette(os.fsencode(path), mode, realtime, repeat)
        for line in self._core.take_warnings():
            warn(line, stacklevel=2)

    @property
    def path(self) -> str:
        return os.fsdecode(self._core.path)

    @property
    def mode(self) -> str:
        """As it was given."""
        return self._core.mode

    def __repr__(self) -> str:
        return f"Cassette({self.path!r}, mode={self.mode!r})"


def core_of(cassette: Cassette | str | os.PathLike[str]) -> _core.Cassette:
    """Of what a client was given: a cassette, or the path of one."""
    if isinstance(cassette, (str, os.PathLike)):
        cassette = Cassette(cassette)
    if not isinstance(cassette, Cassette):
        raise TypeError(f"cassette must be a Cassette or a path, not {type(cassette).__name__}")
    return cassette._core
