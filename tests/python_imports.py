"""Who imports whom in a Python package: read from the source, annotations and bodies of functions included."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Arrow(NamedTuple):
    """`source` imports `target`; `when_called`: within a function; `for_types`: for annotations only. Modules by their
    dotted names, "" the root."""

    source: str
    target: str
    line: int
    when_called: bool
    for_types: bool = False

    def __str__(self) -> str:
        return f"{self.source or '__init__'}:{self.line} imports {self.target or 'the package itself'}"


def module_names(package: Path) -> dict[str, Path]:
    """The modules of a package by their names within it; what is compiled by its stub."""
    named = {}
    for path in [*package.rglob("*.py"), *package.glob("_core.pyi")]:
        parts = path.relative_to(package).with_suffix("").parts
        named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return named


def arrows(package: Path) -> list[Arrow]:
    modules = module_names(package)
    # The stub names the classes that the core is told of (_values/registered.py); the core itself imports nothing.
    return [
        arrow
        for name, path in modules.items()
        if path.suffix == ".py"
        for arrow in _arrows_of(name, path, modules, package.name)
        if arrow.target != name
    ]


def _arrows_of(name: str, path: Path, modules: dict[str, Path], package: str) -> Iterator[Arrow]:
    tree = ast.parse(path.read_text("utf-8"))
    inner = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for node in ast.walk(function)
    }
    typed = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    folder = name.split(".") if name and path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(tree):
        for target in _targets(node, folder, package):
            known = target if target in modules else target.rpartition(".")[0]  # a name of a module, or a module
            if known in modules:
                yield Arrow(name, known, getattr(node, "lineno", 0), id(node) in inner, id(node) in typed)


def _targets(node: ast.AST, folder: list[str], package: str) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom):
        module = node.module.split(".") if node.module else []
        if node.level:
            base = folder[: len(folder) - node.level + 1] + module
        elif module[0] == package:
            base = module[1:]
        else:
            return
        for alias in node.names:
            yield ".".join([*base, alias.name])
    elif isinstance(node, ast.Import):
        for alias in node.names:
            first, *rest = alias.name.split(".")
            if first == package:
                yield ".".join(rest)


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The groups of modules that reach one another."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            for target in graph.get(waiting.pop(), ()):
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
        return seen

    reach = {name: reached(name) for name in graph}
    groups = {tuple(sorted(other for other in reach[name] if name in reach.get(other, ()))) for name in graph}
    return sorted(list(group) for group in groups if group)
