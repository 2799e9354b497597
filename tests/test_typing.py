"""What type checkers are told is true: of the public API as users write it, and of the compiled core."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from kimistream import _core

ROOT = Path(__file__).parent.parent


def test_public_api() -> None:
    pytest.importorskip("mypy")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "tests/typing", "examples/python"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


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
