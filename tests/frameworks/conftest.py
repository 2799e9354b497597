"""Which files are collected: those whose framework is installed. The simulator that all of them ask."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NEEDS = {  # file: packages without which it is not collected
    "test_autogen.py": ("autogen_agentchat", "autogen_ext"),
    "test_haystack.py": ("haystack",),
    "test_inspect.py": ("inspect_ai",),
    "test_instructor.py": ("instructor",),
    "test_langchain.py": ("langchain_core",),
    "test_langchain_openai.py": ("langchain_openai",),
    "test_langchain_suite.py": ("langchain_tests",),
    "test_llama_index.py": ("llama_index",),
    "test_llama_index_openai.py": ("llama_index", "openai"),
    "test_openai_agents.py": ("agents", "openai"),
    "test_outlines.py": ("outlines",),
    "test_pydantic_ai.py": ("pydantic_ai",),
    "test_semantic_kernel.py": ("semantic_kernel",),
    "test_smolagents.py": ("smolagents",),
}


def _installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ValueError:
        return False


collect_ignore = [name for name, packages in NEEDS.items() if not all(map(_installed, packages))]
if len(collect_ignore) == len(NEEDS):  # nothing of it is here
    collect_ignore.append("test_pages.py")


def pytest_configure(config: pytest.Config) -> None:
    """langchain-tests bring the plugin, and tests that want it so."""
    if config.pluginmanager.hasplugin("asyncio"):
        config.option.asyncio_mode = "auto"


@pytest.fixture(params=["moonshot", "vllm", "openrouter"])
def server(request: pytest.FixtureRequest) -> Iterator[object]:
    """A simulator in each of the dialects, with the clients that ask it."""
    from frameworks_kit import Server

    with Server(request.param) as running:
        yield running


@pytest.fixture
def moonshot() -> Iterator[object]:
    from frameworks_kit import Server

    with Server("moonshot") as running:
        yield running
