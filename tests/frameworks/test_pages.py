"""The programs of docs/frameworks run as they stand there."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kimistream.simulator import Simulator

DOCS = Path(__file__).parents[2] / "docs" / "frameworks"
# A page, the package without which it cannot run, and what its programs say.
PAGES = {
    "autogen": ("autogen_ext", ["sunny in Paris"]),
    "haystack": ("haystack", ["The capital of France is Paris."]),
    "inspect": ("inspect_ai", ["The capital of France is Paris."]),
    "instructor": ("instructor", ["city='Paris'"]),
    "langchain": ("langchain_core", ["I know this one", "sunny in Paris", "city='Paris'", "2 + 3 = 5."]),
    "llama-index": ("llama_index", ["The capital of France is Paris.", "sunny in Paris", "city='Paris'"]),
    "mock-server": ("kimistream", ["It is sunny in Oslo.", "3 requests"]),
    "openai-agents": ("agents", ["sunny in Paris"]),
    "outlines": ("outlines", ['"city": "Paris"']),
    "pydantic-ai": ("pydantic_ai", ["sunny in Paris", "city='Paris'"]),
    "semantic-kernel": ("semantic_kernel", ["The capital of France is Paris."]),
    "smolagents": ("smolagents", ["The capital of France is Paris."]),
}
HERE = [name for name, (package, _) in PAGES.items() if importlib.util.find_spec(package) is not None]


@pytest.mark.parametrize("name", HERE)
def test_a_page(name: str, tmp_path: Path) -> None:
    config = tmp_path / "kimistream.toml"
    with Simulator(pace=0) as sim:
        where = f'provider = "moonshot"\nbase_url = "{sim.base_url}"\nkey_variable = "SIMULATOR_KEY"\n'
        config.write_text(f"[environments.page]\n{where}", "utf-8")
        own = {"KIMISTREAM_CONFIG": str(config), "KIMISTREAM_ENVIRONMENT": "page", "SIMULATOR_KEY": sim.api_key}
        said = [
            subprocess.run(
                [sys.executable, "-c", program],
                capture_output=True,
                text=True,
                timeout=300,
                env={**os.environ, **own},
                check=False,
            )
            for program in re.findall(r"```python\n(.*?)```", (DOCS / f"{name}.md").read_text("utf-8"), re.DOTALL)
        ]
    assert said
    assert [(run.returncode, run.stderr[-2000:]) for run in said if run.returncode] == []
    output = "".join(run.stdout for run in said)
    assert [words for words in PAGES[name][1] if words not in output] == []
