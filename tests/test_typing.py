"""What type checkers are told is true: of the public API as users write it, and of the compiled core.

The stub is written by hand, since the core takes and gives plain objects whose types only people know, and held against
the core by mypy's stubtest, which wants each name, member and signature that can be seen.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from kimistream import _core

ROOT = Path(__file__).parent.parent


def check(tool: str, *arguments: str) -> None:
    """A checker finds nothing. It is skipped where it is not installed."""
    pytest.importorskip(tool.partition(".")[0])
    done = subprocess.run(
        [sys.executable, "-m", tool, *arguments],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_public_api() -> None:
    check("mypy", "tests/typing", "examples/python")


def test_public_api_by_pyright() -> None:
    check("pyright")


def test_the_stub_is_what_the_core_is() -> None:
    exceptions = ("--allowlist", "tests/typing/stub_exceptions.txt")
    check("mypy.stubtest", "kimistream._core", "--mypy-config-file", "pyproject.toml", *exceptions)


def _names(body: list[ast.stmt]) -> set[str]:
    names = set()
    for statement in body:
        if isinstance(statement, ast.ClassDef | ast.FunctionDef):
            names.add(statement.name)
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            names.add(statement.target.id)
        elif isinstance(statement, ast.Assign):
            names.update(target.id for target in statement.targets if isinstance(target, ast.Name))
    return names


def _public(names: set[str]) -> set[str]:
    return {name for name in names if not name.startswith("_")}


def test_stub_names_what_the_core_has() -> None:
    stub = ast.parse((ROOT / "python/kimistream/_core.pyi").read_text("utf-8"))
    assert _public(_names(stub.body)) == _public(set(vars(_core)))
    for statement in stub.body:
        if isinstance(statement, ast.ClassDef):
            there = set(vars(getattr(_core, statement.name)))
            assert _public(_names(statement.body)) == _public(there), statement.name
