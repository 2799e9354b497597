"""The thread that writes a history: one for a process and a file, behind the answers and never on their path."""

from __future__ import annotations

import atexit
import logging
import os
import sqlite3
import sys
import threading
import time

from .._values.errors import InvalidRequestError
from .schema import open_to_write
from .store import Draft, add

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .. import _core
    from .exchange import Origin

_LOG = logging.getLogger("kimistream.history")
_TURN = 0.2  # seconds that one statement waits for somebody else's lock; a fork waits as long at most
_PATIENCE, _PATIENCE_AT_EXIT = 5.0, 2.0  # that an exchange waits for it in all
_IDLE = 5.0  # after which the file is closed, so that it can be moved, and no -wal file lies about
_QUIET = 60.0  # after a loss was told
_BATCH = 64


class Writer:
    """Takes exchanges from the core's queue and writes them. Any thread; after a fork the child has a thread, a
    connection and a queue of its own. What cannot be written is lost, and told in the log "kimistream.history": once,
    and not again before something could be written and a minute has passed."""

    def __init__(self, path: str, queue: _core.ExchangeQueue) -> None:
        self.path = path
        self.queue = queue
        self._origins: list[Origin] = []
        self._labels: dict[tuple[str, ...], str] = {}
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._using = threading.Lock()  # the connection; held at a fork, so that none is inherited
        self._quiet, self._quiet_since = False, 0.0
        self._dropped = 0
        self._is_seen_by_pools = False
        self._start()

    def label(self, origin: Origin) -> str:
        """What the queue is to write beside the exchanges of a client."""
        key = (origin.provider, origin.base_url, origin.key_variable, origin.row)
        if key not in self._labels:
            self._origins.append(origin)
            self._labels[key] = str(len(self._origins) - 1)
        return self._labels[key]

    def close(self) -> None:
        """Writes what is left, streams that are still open too, for as long as one may wait at the end of a process."""
        from .. import _core

        _core.tell_open_exchanges()
        self.queue.close()
        if self._thread is not threading.current_thread():
            self._thread.join(_PATIENCE_AT_EXIT + 2 * _TURN)

    def before_fork(self) -> None:
        self.see_to_workers()
        self._using.acquire()
        self._disconnect()

    def after_fork(self) -> None:
        self._using.release()

    def after_fork_in_child(self) -> None:
        self._using = threading.Lock()
        self._start()

    def see_to_workers(self) -> None:
        """A worker of multiprocessing ends without atexit's functions, and forgets at its beginning what was to be done
        at its end."""
        util = sys.modules.get("multiprocessing.util")
        if util is not None and not self._is_seen_by_pools:
            self._is_seen_by_pools = True
            util.register_after_fork(self, Writer._close_with_worker)
            self._close_with_worker()

    def _close_with_worker(self) -> None:
        sys.modules["multiprocessing.util"].Finalize(None, self.close, exitpriority=0)

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="kimistream-history", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            drafts = self._take()
            if drafts:
                self._write(drafts)
            elif self.queue.closed:
                break
            else:
                with self._using:
                    self._disconnect()
        with self._using:
            self._disconnect()

    def _take(self) -> list[Draft]:
        """What is there, as a batch; waits for the first of it. None when there is nothing for a while."""
        drafts: list[Draft] = []
        while len(drafts) < _BATCH:
            taken = self.queue.take(0.0 if drafts else _IDLE)
            if taken is None:
                break
            label, started, seconds, line = taken
            try:
                drafts.append(Draft(self._origins[int(label)], started, seconds, line))
            except Exception as error:  # whatever a server has sent: the next one may be read
                self._tell(1, error)
        if self.queue.dropped != self._dropped:
            self._tell(self.queue.dropped - self._dropped, "they came faster than they could be written")
            self._dropped = self.queue.dropped
        return drafts

    def _write(self, drafts: list[Draft]) -> None:
        begin = time.monotonic()
        while True:
            try:
                with self._using:
                    add(self._connected(), drafts)
            except (sqlite3.Error, OSError, InvalidRequestError) as error:
                with self._using:
                    self._disconnect()
                patience = _PATIENCE_AT_EXIT if self.queue.closed else _PATIENCE
                if _is_locked(error) and time.monotonic() - begin < patience:
                    continue
                if len(drafts) > 1 and not _is_locked(error):  # one of them may be too large for what is left
                    for draft in drafts:
                        self._write([draft])
                else:
                    self._tell(len(drafts), error)
                return
            if time.monotonic() > self._quiet_since + _QUIET:
                self._quiet = False
            return

    def _connected(self) -> sqlite3.Connection:
        if self._connection is not None and not self._is_still_there():
            self._disconnect()
        if self._connection is None:
            self._connection = open_to_write(self.path, _TURN)
            self._inode = os.stat(self.path).st_ino
        return self._connection

    def _is_still_there(self) -> bool:
        try:
            return os.stat(self.path).st_ino == self._inode
        except OSError:
            return False

    def _disconnect(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            try:
                connection.close()
            except sqlite3.Error as error:  # a full disk may show as late as this
                _LOG.debug("closing the history %s: %s", self.path, error)

    def _tell(self, count: int, why: object) -> None:
        log = _LOG.debug if self._quiet else _LOG.warning
        if not self._quiet:
            self._quiet, self._quiet_since = True, time.monotonic()
        log("%d exchange%s could not be written to the history %s: %s", count, "s" * (count != 1), self.path, why)


def _is_locked(error: Exception) -> bool:
    return isinstance(error, sqlite3.OperationalError) and ("locked" in str(error) or "busy" in str(error))


_writers: dict[str, Writer] = {}
_making = threading.Lock()


def writer_of(path: str) -> Writer:
    """The process's writer of this file."""
    path = os.path.realpath(path)
    with _making:
        if path not in _writers:
            if not _writers:
                _watch_the_process()
            _writers[path] = _new_writer(path)
        _writers[path].see_to_workers()
        return _writers[path]


def _new_writer(path: str) -> Writer:
    from .. import _core

    return Writer(path, _core.ExchangeQueue())


def _watch_the_process() -> None:
    atexit.register(_for_all, Writer.close)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=lambda: _for_all(Writer.before_fork),
            after_in_parent=lambda: _for_all(Writer.after_fork),
            after_in_child=lambda: _for_all(Writer.after_fork_in_child),
        )


def _for_all(action: object) -> None:
    for writer in list(_writers.values()):
        action(writer)  # type: ignore[operator]
