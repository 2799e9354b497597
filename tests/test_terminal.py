"""Ctrl-C where people press it: in an interpreter on a terminal, and in a program there. What had arrived is still
there, and the session goes on. Of notebooks see test_notebook_kernel.py."""

from __future__ import annotations

import signal

import pytest
from fault_server_client import FaultServer
from kit import frame, stalled
from terminal_kit import CTRL_C, Terminal, posix_only

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
        assert terminal.status() in (
            0,
            -signal.SIGINT,
        )  # Python 3.14 ends by the signal that it has shown at its prompt


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
