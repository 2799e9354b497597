"""What runs elsewhere (workflows, pre-commit) can be read, and calls what is there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pages import ROOT

yaml = pytest.importorskip("yaml")
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
PROJECT = (ROOT / "pyproject.toml").read_text("utf-8")
EXTRAS = set(re.findall(r"^([a-z-]+) = \[", PROJECT, re.MULTILINE))


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def steps(workflow: Path) -> list[dict[str, Any]]:
    return [step for job in read(workflow)["jobs"].values() for step in job["steps"]]


def commands(workflow: Path) -> str:
    return "\n".join(step["run"] for step in steps(workflow) if "run" in step)


def test_there_are_workflows_for_all_that_is_promised() -> None:
    assert {path.stem for path in WORKFLOWS} == {"tests", "sanitizers", "fuzzing", "wheels"}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_what_a_workflow_calls_exists(workflow: Path) -> None:
    called = commands(workflow)
    assert called
    for path in re.findall(r"(?:scripts|tests)/[\w/.-]+", called):
        assert (ROOT / path).exists(), path
    presets = {each["name"] for each in json.loads((ROOT / "CMakePresets.json").read_text("utf-8"))["workflowPresets"]}
    for job in read(workflow)["jobs"].values():
        asked = job.get("strategy", {}).get("matrix", {})
        assert set(asked.get("preset", ())) <= presets
    for extras in re.findall(r"'\.\[([\w,-]+)\]'", called):
        assert set(extras.split(",")) <= EXTRAS


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_have_a_version_and_a_job_no_more_rights_than_it_needs(workflow: Path) -> None:
    used = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert used
    assert [name for name in used if not re.fullmatch(r"[\w-]+/[\w-]+@(v\d+|release/v\d+)", name)] == []
    assert read(workflow)["permissions"] == {"contents": "read"}


def test_each_python_that_is_promised_is_tried() -> None:
    promised = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', PROJECT)
    jobs = read(ROOT / ".github/workflows/tests.yml")["jobs"]
    assert jobs["pythons"]["strategy"]["matrix"]["python"] == promised


def test_hooks_before_a_commit_are_what_the_tests_ask() -> None:
    (local,) = read(ROOT / ".pre-commit-config.yaml")["repos"]
    entries = [hook["entry"] for hook in local["hooks"]]
    asked = (ROOT / "scripts/test").read_text("utf-8")
    for tool in ("ruff check", "ruff format", "mypy", "clang-format"):
        assert any(tool in entry for entry in entries)
        assert tool in asked
