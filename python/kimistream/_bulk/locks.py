"""One writer: a lock that goes with its process, however that ends."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import weakref

from .._values.errors import InvalidRequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_held: weakref.WeakSet[Lock] = weakref.WeakSet()


class Lock:
    """Holds a file, which is made where there is none. `descriptor` is open for reading and appending.

    flock, not lockf: a second run of the same process is refused as well, and closing the file elsewhere in the process
    does not give it up. A forked child would hold it on, so it closes its copy.
    """

    def __init__(self, path: str, said: Callable[[], str] = str) -> None:
        self.path = path
        while True:
            self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
            try:
                fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if is_at(path, os.fstat(self.descriptor)):
                    break
                os.close(self.descriptor)  # it was replaced between the two calls
            except OSError as error:
                os.close(self.descriptor)
                if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                    raise
                raise InvalidRequestError(
                    f"{path} is being written by another run{said()}: wait for its end, or choose another out="
                ) from None
            except BaseException:
                os.close(self.descriptor)
                raise
        _held.add(self)

    @property
    def is_there(self) -> bool:
        """Whether its path still names the file that it holds."""
        return is_at(self.path, os.fstat(self.descriptor))

    def replace(self, path: str) -> None:
        """Puts another file in its place, which a link goes on to name; the lock stays held all the while."""
        other = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        try:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.replace(path, os.path.realpath(self.path))
        except BaseException:
            os.close(other)
            raise
        os.close(self.descriptor)
        self.descriptor = other

    def close(self) -> None:
        if self.descriptor >= 0:
            fcntl.flock(self.descriptor, fcntl.LOCK_UN)  # also where a child has not closed its copy yet
            os.close(self.descriptor)
            self.descriptor = -1
        _held.discard(self)


def is_at(path: str, file: os.stat_result) -> bool:
    """Whether the path names this file."""
    try:
        return os.path.samestat(os.stat(path), file)
    except FileNotFoundError:
        return False


def _after_fork() -> None:
    for lock in list(_held):
        with contextlib.suppress(OSError):
            os.close(lock.descriptor)
        lock.descriptor = -1
    _held.clear()


os.register_at_fork(after_in_child=_after_fork)
