"""The public headers as a page: their comments are the manual. What is private in them is left out."""

from __future__ import annotations

import re
from pathlib import Path

from .markdown import ROOT

FOLDER = ROOT / "cpp/include/kimistream"
# What most programs begin with; the rest follows by name.
_FIRST = ("client", "request", "message", "event", "stream", "error", "media", "limits", "timeout", "provider")
_LEFT_OUT = re.compile(
    r"#pragma once\n|#include [^\n]*\n|namespace kimistream \{\n|\}  // namespace kimistream\n|/// @(file|brief).*\n"
)
_PRIVATE = re.compile(r"^( *)private:\n.*?(?=^\1\};)", re.MULTILINE | re.DOTALL)


def headers() -> str:
    paths = sorted(FOLDER.glob("*.hpp"), key=lambda path: (_rank(path.stem), path.stem))
    return "\n\n".join(map(_section, paths))


def _rank(name: str) -> int:
    return _FIRST.index(name) if name in _FIRST else len(_FIRST)


def _section(path: Path) -> str:
    text = path.read_text("utf-8")
    brief = re.search(r"^/// @brief (.*)$", text, re.MULTILINE)
    body = re.sub(r"\n{3,}", "\n\n", _PRIVATE.sub("", _LEFT_OUT.sub("", text))).strip("\n")
    said = f"{brief[1]}\n\n" if brief else ""
    includes = re.findall(r'#include "(kimistream/[^"]+)"', text)
    if not body:
        return f"## {path.name}\n\n{said}Includes " + ", ".join(f"`{name}`" for name in includes) + "."
    return f"## {path.name}\n\n{said}`#include <kimistream/{path.name}>`\n\n```cpp\n{body}\n```"
