"""Tools of MCP servers: over stdio and HTTP, for both clients."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from agents_kit import Side, call, calling, saying, script_of, side
from fault_server_client import FaultServer
from kit import sent

import kimistream
from kimistream import Image, InvalidRequestError, KimiError, ToolArgumentsError

pytest.importorskip("mcp.server.mcpserver", reason="mcp 2.0 or later is not installed")

import kimistream.mcp

__all__ = ["side"]

# mcp and what it stands on; nothing of it is ours to mend
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

SERVER = '''
import base64, os, sys
from mcp.server.mcpserver import Image, MCPServer

server = MCPServer("test", log_level="ERROR")
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc000000301010018dd8db0"
    "0000000049454e44ae426082"
)

@server.tool()
def add(a: int, b: int = 1) -> int:
    """Adds two numbers."""
    return a + b

@server.tool()
def picture() -> list:
    return ["A pixel.", Image(data=PIXEL, format="png")]

@server.tool()
def fails() -> str:
    raise ValueError("no")

@server.tool()
def place() -> str:
    print("a word on stderr", file=sys.stderr)
    return f"{os.getpid()} {os.environ.get('GIVEN')} {os.getcwd()}"

@server.tool(name="odd/name")
def odd() -> str:
    return "odd"
'''


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    path = tmp_path_factory.mktemp("mcp") / "server.py"
    path.write_text(SERVER + "\nserver.run('stdio')\n")
    return [sys.executable, str(path)]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    import uvicorn

    names: dict[str, Any] = {}
    exec(SERVER, names)
    server = uvicorn.Server(uvicorn.Config(names["server"].streamable_http_app(), log_level="error"))
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
    server.should_exit = True
    thread.join(30)


@contextlib.contextmanager
def opened(side: Side, made: Any) -> Iterator[list[kimistream.Tool]]:
    if not side.is_async:
        with made as tools:
            yield tools
        return
    # Entered and left in one task, as anyio wants it.
    ready, over = asyncio.Event(), asyncio.Event()
    found: list[kimistream.Tool] = []

    async def hold() -> None:
        try:
            async with made as tools:
                found.extend(tools)
                ready.set()
                await over.wait()
        finally:
            ready.set()

    async def begin() -> asyncio.Task[None]:
        task = asyncio.ensure_future(hold())
        await ready.wait()
        if task.done():
            await task
        return task

    task = side.wait(begin())
    try:
        yield found
    finally:
        over.set()
        side.wait(task)


def called(side: Side, tool: kimistream.Tool, arguments: str = "{}") -> Any:
    return side.wait(tool.call(arguments))


def test_tools_over_stdio(side: Side, command: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    made = kimistream.mcp.tools(command=command, env={"GIVEN": "yes"}, cwd=tmp_path)
    with opened(side, made) as tools:
        assert [tool.name for tool in tools] == ["add", "picture", "fails", "place", "odd_name"]
        told = tools[0].schema["function"]
        assert told["description"] == "Adds two numbers."
        assert told["parameters"]["required"] == ["a"]
        assert called(side, tools[0], '{"a": 2, "b": 3}') == "5"
        with pytest.raises(ToolArgumentsError, match="a: must be an integer"):
            called(side, tools[0], '{"a": "x"}')
        text, picture = called(side, tools[1])
        assert text == "A pixel."
        assert isinstance(picture, Image)
        with pytest.raises(kimistream.mcp.ToolError, match="fails"):
            called(side, tools[2])
        process, given, place = called(side, tools[3]).split()
        assert (given, place) == ("yes", str(tmp_path))
        assert called(side, tools[4]) == "odd"
    with pytest.raises(ProcessLookupError):  # it ended with the block
        os.kill(int(process), 0)
    assert capfd.readouterr() == ("", ""), "a library says nothing"


def test_tools_over_http(side: Side, address: str) -> None:
    with opened(side, kimistream.mcp.tools(url=address, prefix="far_")) as tools:
        assert tools[0].name == "far_add"
        assert called(side, tools[0], '{"a": 2}') == "3"
    with opened(side, kimistream.mcp.tools(url=address, headers={"X-Mine": "1"})) as tools:
        assert called(side, tools[0], '{"a": 2}') == "3"


def test_a_run_calls_them(fault_server: FaultServer, side: Side, command: list[str]) -> None:
    asks = calling(call("add", {"a": 2, "b": 3}, "1"), call("fails", {}, "2"), call("picture", {}, "3"))
    url = fault_server.url(script_of(asks, saying("5.")))
    with opened(side, kimistream.mcp.tools(command=command)) as tools:
        assert side.message(side.client(url).run("2 + 3?", tools)).text == "5."
    results = [message["content"] for message in sent(fault_server, url)["messages"] if message["role"] == "tool"]
    assert results[0] == "5"
    assert results[1].startswith("ToolError: ")
    assert [part["type"] for part in results[2]] == ["text", "image_url"]


def test_what_is_no_server_is_told(side: Side, tmp_path: Path) -> None:
    for options, words in (
        ({"command": [str(tmp_path / "missing")]}, "No such file"),
        ({"command": [sys.executable, "-c", ""]}, "closed"),
        ({"url": "http://127.0.0.1:9/mcp"}, "connect"),
    ):
        with pytest.raises(KimiError, match=words), opened(side, kimistream.mcp.tools(**options)):
            pass
    assert not [each for each in threading.enumerate() if each.name == "kimistream-mcp"]


def test_mistakes_are_told_before_anything_is_begun() -> None:
    for options in ({}, {"command": ["a"], "url": "http://x"}, {"command": "a b"}, {"command": []}):
        with pytest.raises(InvalidRequestError):
            kimistream.mcp.tools(**options)


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)
    monkeypatch.setitem(sys.modules, "mcp.client.stdio", None)
    with pytest.raises(ImportError, match=r"kimistream\[mcp\]"):
        kimistream.mcp.tools(command=["true"])
