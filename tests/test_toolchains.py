"""What the project asks for, and what it is tried with, says the same everywhere. (scripts/matrix does the trying.)"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = (ROOT / "pyproject.toml").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
PYTHONS = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', PROJECT)


def matrix(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "scripts/matrix", *arguments],
        env={**os.environ, "KIMISTREAM_MATRIX_DIR": str(folder)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_one_floor_of_cmake() -> None:
    presets = json.loads((ROOT / "CMakePresets.json").read_text("utf-8"))
    floor = "{major}.{minor}".format(**presets["cmakeMinimumRequired"])
    assert f"cmake_minimum_required(VERSION {floor})" in (ROOT / "CMakeLists.txt").read_text("utf-8")
    assert f'cmake.version = ">={floor}"' in PROJECT
    assert f"CMake {floor}" in README


def test_a_users_preset_makes_no_error_of_a_warning() -> None:
    assert "WARNINGS_AS_ERRORS" not in (ROOT / "CMakePresets.json").read_text("utf-8")
    assert "option(KIMISTREAM_WARNINGS_AS_ERRORS" in (ROOT / "CMakeLists.txt").read_text("utf-8")
    assert "-DKIMISTREAM_WARNINGS_AS_ERRORS=ON" in (ROOT / "scripts/test").read_text("utf-8")


def test_each_python_that_is_let_in_is_a_row_of_the_matrix(tmp_path: Path) -> None:
    assert f'requires-python = ">={PYTHONS[0]}"' in PROJECT
    listed = matrix(tmp_path, "--list")
    assert listed.returncode == 0, listed.stderr
    assert re.findall(r"^python-(\S+)", listed.stdout, re.MULTILINE) == PYTHONS
    assert f"Python {PYTHONS[0]} to {PYTHONS[-1]}" in README


def test_the_matrix_says_what_it_cannot_try(tmp_path: Path) -> None:
    """Where there is nothing but a shell, there is nothing to try, and that is no failure."""
    bare = tmp_path / "bin"
    bare.mkdir()
    for tool in ("sh", "dirname", "mkdir", "nproc", "mktemp", "sed", "rm", "cat", "id", "tail", "tr", "uname", "grep"):
        (bare / tool).symlink_to(f"/usr/bin/{tool}" if Path(f"/usr/bin/{tool}").exists() else f"/bin/{tool}")
    said = subprocess.run(
        ["/bin/sh", ROOT / "scripts/matrix"],
        env={"PATH": str(bare), "HOME": str(tmp_path), "KIMISTREAM_MATRIX_DIR": str(tmp_path / "matrix")},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert said.returncode == 0, said.stderr
    rows = [line for line in said.stdout.splitlines() if line and not line.startswith("logs: ")]
    assert len(rows) > len(PYTHONS)
    assert [row for row in rows if "not tried: " not in row] == []
    assert "debian-13                not tried: " in said.stdout
    assert "clang                    not tried: there is no clang++ on PATH" in said.stdout


@pytest.mark.parametrize("arguments", [["debian-99"], ["--list", "debian-99"], ["--lst"]])
def test_a_name_that_is_none_is_answered_with_those_that_are(arguments: list[str], tmp_path: Path) -> None:
    refused = matrix(tmp_path, *arguments)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "debian-13" in refused.stderr
