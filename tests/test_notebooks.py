"""The notebooks of examples/ are executed, from first cell to last, in a real kernel. They ask the simulator.

They are kept without outputs: those would change with each execution, and hide in a diff what has changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent.parent / "examples/notebooks"
# What is displayed, among other things, in the cell that has a line which begins so, or is no more; as text.
SHOWN = {
    "bulk": {
        "run = client.map": ("8 of 8 rows: 8 answered", "capitals.jsonl"),
        "for row in": ("The capital of Egypt is Cairo.",),
        "rows +=": ("11 of 11 rows: 3 answered, 8 answered before",),
        "answered =": ("391",),
    },
    "first_steps": {
        "stream = client.stream": ("[Thinking: ", "9.9 is bigger than 9.11.", " tokens (", " · cost "),
        'client.stream("How': ("The **median** is",),
        "for text": ("The capital of Japan is Tokyo.",),
        'client.complete("What': ("The capital of France is Paris.",),
        "chat.send": ("Madrid",),
        "chat": ("[system: 26 characters]", "Rome", "Madrid", "[2 turns · "),
        "    refusal": ("NotFoundError", "HTTP 404"),
        "with Simulator": ("[Thinking: ", "IncompleteStreamError: the stream ended", "kimi-k2.6]"),
        "asynchronous": ("The capital of Egypt is Cairo.",),
    },
    "tools_and_agents": {
        "run = client.run": ('[get_weather({"city":"Paris"}) → {"city":"Paris","degrees":24', "Tokyo"),
        "run.stopped": ("('done', 2, ",),
        "chat.stream": ('[get_weather({"city":"Rome"}) → ',),
        "chat": ("user:\nWhat is the weather in Rome?",),
        "from dataclasses": ("City(name=",),
        "swarm = ": ("worker 4  done", "writer    done", "[done · 5 steps · "),
    },
}


def test_no_notebook_is_forgotten() -> None:
    assert sorted(SHOWN) == sorted(path.stem for path in FOLDER.glob("*.ipynb"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", SHOWN)
def test_a_notebook(name: str, tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    for needed in ("ipykernel", "aiohttp"):
        pytest.importorskip(needed)
    book = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    nbformat.validate(book)
    assert [cell for cell in book.cells if cell.get("outputs") or cell.get("execution_count")] == []
    nbclient.NotebookClient(book, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    cells = [(cell.source, "".join(map(text_of, cell.outputs))) for cell in book.cells if cell.cell_type == "code"]
    for begin, words in SHOWN[name].items():
        (shown,) = [text for source, text in cells if source == begin or (begin != "chat" and has_line(source, begin))]
        assert [each for each in words if each not in shown] == [], shown
    assert not [output for cell in book.cells for output in cell.get("outputs", ()) if output.get("name") == "stderr"]


def has_line(source: str, begin: str) -> bool:
    return any(line.startswith(begin) for line in source.splitlines())


def text_of(output: Any) -> str:
    assert output.output_type != "error", output
    return str(output.text if output.output_type == "stream" else output.data["text/plain"])
