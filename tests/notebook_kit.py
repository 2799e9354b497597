"""What the tests of notebooks share: a cell that keeps what is drawn in it, and a real kernel."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from terminal_kit import PATIENCE

Message = dict[str, Any]
DISPLAYED = ("display_data", "update_display_data", "execute_result")


class DrawnCell:
    """Stands for IPython's display: `drawn` has ("display" or "update", bundle), in order."""

    def __init__(self) -> None:
        self.drawn: list[tuple[str, dict[str, str]]] = []

    def display(self, bundle: dict[str, str], raw: bool, display_id: bool) -> Any:
        self.drawn.append(("display", bundle))
        return SimpleNamespace(update=lambda bundle, raw: self.drawn.append(("update", bundle)))


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> DrawnCell:
    """As if this were a notebook's kernel; of a kind that is made of Jupyter's, as Colab's is."""
    drawn = DrawnCell()
    shell = type("Shell", (type("ZMQInteractiveShell", (), {}),), {})()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=drawn.display))
    return drawn


class Kernel:
    """A real kernel, asked as a notebook asks it."""

    def __init__(self, manager: Any, client: Any) -> None:
        self.manager, self._client = manager, client

    def begin(self, cell: str) -> str:
        return str(self._client.execute(cell))

    def told(self, request: str) -> Iterator[Message]:
        """What the cell's output is made of, as it comes."""
        while True:
            message = self._client.get_iopub_msg(timeout=PATIENCE)
            if message["parent_header"].get("msg_id") == request:
                yield message

    def shows(self, request: str, text: str) -> None:
        """Waits until the cell has printed this."""
        shown = ""
        for message in self.told(request):
            if message["msg_type"] == "stream":
                shown += message["content"]["text"]
            if text in shown:
                return

    def draws(self, request: str, text: str) -> Message:
        """Waits until something is displayed with this in its HTML; gives that message."""
        for message in self.told(request):
            if message["msg_type"] in DISPLAYED and text in message["content"]["data"].get("text/html", ""):
                return message
        raise AssertionError

    def interrupt(self) -> None:
        """Stop."""
        self.manager.interrupt_kernel()

    def reply(self, request: str) -> Message:
        while True:
            message = self._client.get_shell_msg(timeout=PATIENCE)
            if message["parent_header"].get("msg_id") == request:
                content: Message = message["content"]
                return content

    def run(self, cell: str, text: str | None = None) -> list[Message]:
        """Runs a cell, which must not fail. Gives what it displayed; `text` is what it must print."""
        request = self.begin(cell)
        displayed, shown = [], ""
        for message in self.told(request):
            if message["msg_type"] in DISPLAYED:
                displayed.append(message)
            elif message["msg_type"] == "stream":
                shown += message["content"]["text"]
            elif message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                break
        reply = self.reply(request)
        assert reply["status"] == "ok", reply
        assert text is None or text in shown
        return displayed


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    pytest.importorskip("ipykernel")
    jupyter = pytest.importorskip("jupyter_client.manager")
    manager, client = jupyter.start_new_kernel(kernel_name="python3", startup_timeout=PATIENCE)
    try:
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
