"""Tools of MCP servers (the extra `kimistream[mcp]`).

import kimistream.mcp

with kimistream.mcp.tools(command=["npx", "-y", "@modelcontextprotocol/server-filesystem", "."]) as tools:
    print(client.run("What is in this folder?", tools).message.text)

async with kimistream.mcp.tools(url="http://127.0.0.1:8000/mcp") as tools:
    print((await client.run("What is new?", tools).message).text)
"""

from __future__ import annotations

from .results import ToolError
from .server import Tools

tools = Tools

__all__ = ["ToolError", "Tools", "tools"]
