"""A program on a terminal of its own: keys are pressed, and what it shows is waited for."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fault_server_client import LONG_ENOUGH

posix_only = pytest.mark.skipif(os.name != "posix", reason="terminals as POSIX has them")
PATIENCE = 4 * LONG_ENOUGH  # seconds: an interpreter and a kernel have to start
CTRL_C = b"\x03"
# A session of its own whose terminal is standard input: then Ctrl-C is a signal to whoever reads there.
ON_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.executable, sys.argv[1:])"
)


class Terminal:
    """A Python on a terminal of its own."""

    def __init__(self, *arguments: str) -> None:
        import pty

        self._ours, theirs = pty.openpty()
        command = [sys.executable, "-c", ON_TERMINAL, sys.executable, *arguments]
        environment = {**os.environ, "TERM": "dumb", "PYTHON_BASIC_REPL": "1", "PYTHONUNBUFFERED": "1"}
        self._process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, env=environment
        )
        os.close(theirs)
        self.screen = ""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)

    def type(self, line: str) -> None:
        os.write(self._ours, line.encode() + b"\n")

    def press(self, key: bytes) -> None:
        os.write(self._ours, key)

    def shows(self, text: str) -> str:
        """Waits until the terminal shows this, from the last such wait on. Gives what came before it."""
        import select

        end = time.monotonic() + PATIENCE
        while text not in self.screen:
            ready, _, _ = select.select([self._ours], [], [], max(0, end - time.monotonic()))
            assert ready, f"{text!r} is not on the screen, but {self.screen!r}"
            try:
                self.screen += os.read(self._ours, 65536).decode("utf-8", "replace").replace("\r\n", "\n")
            except OSError:  # how Linux says that the last one has left the terminal
                raise AssertionError(f"it ended, and showed {self.screen!r}") from None
        before, _, self.screen = self.screen.partition(text)
        return before

    def waits(self) -> None:
        """Waits until the program does: what it has shown last may be older than the wait that it comes to next. A key
        that is pressed before that meets the program's own lines."""
        stat = Path(f"/proc/{self._process.pid}/stat")
        asleep = 0
        while asleep < 5:
            time.sleep(0.02)
            state = stat.read_text().rpartition(") ")[2][:1] if stat.exists() else "S"
            asleep = asleep + 1 if state == "S" else 0

    def status(self) -> int:
        return self._process.wait(PATIENCE)
