"""The connection to an MCP server, while its tools are used."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from .._tools.tool import Tool
from .._values.errors import InvalidRequestError, KimiError
from .results import given

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from mcp import Client

_MOST_TOOLS = 10_000
_NO_NAME = re.compile(r"[^A-Za-z0-9_-]")


class Tools:
    """The tools of an MCP server: `with` and `async with` give them as a list of `Tool`s, for `run`, `conversation`,
    `stream` and `complete`.

    command  a program and its arguments, which speaks MCP on stdin and stdout (stdio); it ends with the block
    url      or the address of a server (streamable HTTP)
    headers  for each request to that address, such as an Authorization
    env      for the program, beside the few variables that MCP hands on (PATH, HOME, ...)
    cwd      where it runs
    prefix   stands before the names of the tools, to tell those of several servers apart
    timeout  seconds for the server to be there, and for each call; None: no limit
    logs     a file that gets what the program says on stderr; None: nobody reads it

    Within `with` a thread of its own keeps the connection, and ends with the block; within `async with` the running
    loop does. Raises ImportError where the `mcp` package is missing, InvalidRequestError for a mistake, KimiError where
    the server does not answer as one. A call that the server says has failed is a `ToolError`.
    """

    def __init__(
        self,
        command: Sequence[str] | None = None,
        url: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        prefix: str = "",
        timeout: float | None = 60.0,
        logs: Any = None,
    ) -> None:
        if (command is None) == (url is None):
            raise InvalidRequestError("an MCP server is a command=[program, argument, ...] or a url=: give one of them")
        if command is not None and (isinstance(command, str) or not command):
            raise InvalidRequestError('command is a list, ["program", "argument", ...]: no shell reads it')
        self._command = None if command is None else [os.fspath(each) for each in command]
        self._url = url
        self._headers = dict(headers or {})
        self._env = None if env is None else dict(env)
        self._cwd = None if cwd is None else os.fspath(cwd)
        self._prefix = prefix
        self._timeout = timeout
        self._logs = logs
        self._stack: contextlib.AsyncExitStack | None = None
        self._thread: _Thread | None = None
        _known()

    def __repr__(self) -> str:
        return f"<tools of {self._command[0] if self._command else self._url}>"

    # ---- for a blocking client ----

    def __enter__(self) -> list[Tool]:
        self._thread = _Thread(self._connected)
        client, declared = self._thread.begun()
        loop = self._thread.loop

        def caller(name: str) -> Callable[..., Any]:
            def call(**arguments: Any) -> Any:
                return given(asyncio.run_coroutine_threadsafe(client.call_tool(name, arguments), loop).result())

            return call

        return self._made(declared, caller)

    def __exit__(self, *exception: object) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.end()

    # ---- for an asynchronous one ----

    async def __aenter__(self) -> list[Tool]:
        self._stack = contextlib.AsyncExitStack()
        client, declared = await self._stack.enter_async_context(self._connected())
        home = asyncio.get_running_loop()

        def caller(name: str) -> Callable[..., Any]:
            async def call(**arguments: Any) -> Any:
                asked = client.call_tool(name, arguments)
                if asyncio.get_running_loop() is home:
                    return given(await asked)
                return given(await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asked, home)))

            return call

        return self._made(declared, caller)

    async def __aexit__(self, *exception: Any) -> None:
        stack, self._stack = self._stack, None
        if stack is not None:
            await stack.__aexit__(*exception)

    # ---- both ----

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[Client, list[Any]]]:
        """The client, and what the server declares."""
        from mcp import Client

        async with contextlib.AsyncExitStack() as stack:
            transport = await self._transport(stack)
            try:
                async with _within(self._timeout):
                    client = await stack.enter_async_context(Client(transport, read_timeout_seconds=self._timeout))
                    declared = await _declared(client)
            except TimeoutError:
                raise KimiError(f"{self!r}: no answer within {self._timeout:g} s") from None
            except Exception as error:
                raise KimiError(f"{self!r}: {_first(error)}") from error
            yield client, declared

    async def _transport(self, stack: contextlib.AsyncExitStack) -> Any:
        if self._url is not None:
            if not self._headers:
                return self._url
            import httpx2
            from mcp.client.streamable_http import streamable_http_client

            clocks = httpx2.Timeout(30.0, read=300.0)  # as mcp's own client has them: a stream may be silent for long
            http = await stack.enter_async_context(httpx2.AsyncClient(headers=self._headers, timeout=clocks))
            return streamable_http_client(self._url, http_client=http)
        from mcp import StdioServerParameters
        from mcp.client.stdio import stdio_client

        assert self._command is not None
        program, *arguments = self._command
        logs = self._logs
        if logs is None:  # its own default is our stderr, where a library says nothing
            logs = stack.enter_context(open(os.devnull, "w"))  # noqa: SIM115 - the stack closes it
        begun = StdioServerParameters(command=program, args=arguments, env=self._env, cwd=self._cwd)
        return stdio_client(begun, errlog=logs)

    def _made(self, declared: list[Any], caller: Callable[[str], Callable[..., Any]]) -> list[Tool]:
        return [
            Tool(
                caller(each.name),
                name=_NO_NAME.sub("_", f"{self._prefix}{each.name}"),
                description=each.description or each.title or "",
                parameters=each.input_schema,
            )
            for each in declared
        ]


class _Thread:
    """A loop in a thread, for as long as a connection is needed."""

    def __init__(self, connected: Callable[[], Any]) -> None:
        self._connected = connected
        self._begun: Future[tuple[Client, list[Any]]] = Future()
        self._over: asyncio.Event | None = None
        self._task: Any = None
        self.loop: Any = None
        self._thread = threading.Thread(target=self._run, name="kimistream-mcp", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if not self._begun.done():
                self._begun.set_exception(error)

    async def _serve(self) -> None:
        self.loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._over = asyncio.Event()
        async with self._connected() as connected:
            self._begun.set_result(connected)
            await self._over.wait()

    def begun(self) -> tuple[Client, list[Any]]:
        """What has been connected, when it is."""
        try:
            return self._begun.result()
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        if self._over is not None:
            leave = self._over.set if self._begun.done() else self._task.cancel
            with contextlib.suppress(RuntimeError):  # its loop is over
                self.loop.call_soon_threadsafe(leave)
        self._thread.join()


def _within(seconds: float | None) -> Any:
    """Python 3.10 has none that outlives what is opened in it: there each request has its own time only."""
    return asyncio.timeout(seconds) if sys.version_info >= (3, 11) else contextlib.nullcontext()


async def _declared(client: Client) -> list[Any]:
    tools: list[Any] = []
    cursor: str | None = None
    while True:
        page = await client.list_tools(cursor=cursor)
        tools += page.tools
        cursor = page.next_cursor
        if not cursor or not page.tools:
            return tools
        if len(tools) > _MOST_TOOLS:
            raise KimiError(f"it declares more than {_MOST_TOOLS:,} tools")


def _first(error: BaseException) -> str:
    """The words of what went wrong first, where several things did at once."""
    while getattr(error, "exceptions", None):
        error = error.exceptions[0]  # type: ignore[attr-defined]
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _known() -> None:
    try:
        import mcp.client.stdio  # noqa: F401
        from mcp import Client  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "tools of MCP servers need the mcp package, 2.0 or later: pip install 'kimistream[mcp]'"
        ) from error
