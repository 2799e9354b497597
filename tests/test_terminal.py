"""Ctrl-C where people press it: in an interpreter on a terminal, in a program there, in a notebook's kernel. What had
arrived is still there, and the session goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fault_server_client import FaultServer
from kit import frame, stalled
from terminal_kit import CTRL_C, PATIENCE, Terminal, posix_only

STALLED = stalled(frame("One "), frame("two"))
START = "import kimistream; client = kimistream.Kimi('sk-x', base_url='{url}', max_retries=0)"


@posix_only
@pytest.mark.parametrize(
    "read",
    [
        "for each in stream: print(each.text, end='|', flush=True)",
        "for text in stream.text: print(text, end='|', flush=True)",
    ],
)
def test_in_an_interpreter(read: str, fault_server: FaultServer) -> None:
    url = fault_server.url(STALLED)
    with Terminal("-i", "-q") as terminal:
        terminal.shows(">>> ")
        terminal.type(START.format(url=url) + "; stream = client.stream('hi')")
        terminal.shows(">>> ")
        terminal.type(read + "\n")
        terminal.shows("One |two|")
        terminal.waits()
        terminal.press(CTRL_C)
        terminal.shows("KeyboardInterrupt\n")
        terminal.shows(">>> ")
        fault_server.wait_closed(url=url)
        terminal.type("print('kept:', stream.partial.text, stream.partial.finish_reason)")
        terminal.shows("kept: One two None\n")
        terminal.type("exit()")
        assert terminal.status() == 0


PROGRAMS = {
    "stream": """
stream = client.stream("hi")
try:
    for each in stream: print(each.text, end="|", flush=True)
except KeyboardInterrupt:
    print("kept:", stream.partial.text)
""",
    "message": """
stream = client.stream("hi")
print(next(stream).text, next(stream).text, sep="|", end="|", flush=True)
try: stream.message
except KeyboardInterrupt: print("kept:", stream.partial.text)
""",
    "asyncio": """
import asyncio
async def main():
    global stream
    stream = kimistream.AsyncKimi('sk-x', base_url=client.base_url).stream("hi")
    async for each in stream: print(each.text, end="|", flush=True)
try: asyncio.run(main())
except KeyboardInterrupt: print("kept:", stream.partial.text)
""",
}


@posix_only
@pytest.mark.parametrize("way", PROGRAMS)
def test_in_a_program(way: str, fault_server: FaultServer) -> None:
    url = fault_server.url(STALLED)
    with Terminal("-c", START.format(url=url) + PROGRAMS[way]) as terminal:
        terminal.shows("One |two|")
        terminal.waits()
        terminal.press(CTRL_C)
        terminal.shows("kept: One two\n")
        assert terminal.status() == 0
    fault_server.wait_closed(url=url)


# ---- a notebook's kernel --------------------------------------------------------------------------------------------


class Kernel:
    """A real kernel, asked as a notebook asks it."""

    def __init__(self, manager: Any, client: Any) -> None:
        self.manager, self._client = manager, client

    def begin(self, cell: str) -> str:
        return str(self._client.execute(cell))

    def shows(self, request: str, text: str) -> None:
        """Waits until the cell has printed this."""
        shown = ""
        while text not in shown:
            message = self._client.get_iopub_msg(timeout=PATIENCE)
            if message["parent_header"].get("msg_id") == request and message["msg_type"] == "stream":
                shown += message["content"]["text"]

    def reply(self, request: str) -> dict[str, Any]:
        while True:
            message = self._client.get_shell_msg(timeout=PATIENCE)
            if message["parent_header"].get("msg_id") == request:
                content: dict[str, Any] = message["content"]
                return content

    def run(self, cell: str, text: str | None = None) -> None:
        request = self.begin(cell)
        if text is not None:
            self.shows(request, text)
        reply = self.reply(request)
        assert reply["status"] == "ok", reply


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


CELLS = {
    "stream": "stream = client.stream('hi')\nfor each in stream: print(each.text, end='|', flush=True)",
    "chunks": "stream = client.chat.completions.create(model='m', messages=[{'role': 'user', 'content': 'hi'}], "
    "stream=True)\nfor each in stream: print(each.choices[0].delta.content, end='|', flush=True)",
    "asyncio": "stream = loops.stream('hi')\nasync for each in stream: print(each.text, end='|', flush=True)",
}


@posix_only
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("way", CELLS)
def test_stop_in_a_notebook(way: str, kernel: Kernel, fault_server: FaultServer) -> None:
    url = fault_server.url(STALLED)
    kernel.run(START.format(url=url) + f"; loops = kimistream.AsyncKimi('sk-x', base_url='{url}', max_retries=0)")
    request = kernel.begin(CELLS[way])
    kernel.shows(request, "One |two|")
    kernel.manager.interrupt_kernel()
    reply = kernel.reply(request)
    assert reply["status"] == "error"
    assert reply["ename"] in ("KeyboardInterrupt", "CancelledError")
    kernel.run("print('kept:', stream.partial.text, stream.partial.finish_reason)", "kept: One two None")
    if way != "asyncio":  # what a loop has left open stays so until it is dropped
        fault_server.wait_closed(url=url)
    kernel.run("del stream\nimport gc; _ = gc.collect()")
