"""What the tests of the history share: what is in a file, once it is there."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any

from fault_server_client import LONG_ENOUGH

from kimistream import _core
from kimistream.recording import schema, store
from kimistream.recording.exchange import Origin
from kimistream.recording.store import Draft, Entry

ROW = json.dumps(_core.provider_row("moonshot"))
ORIGIN = Origin("moonshot", "https://api.moonshot.ai/v1", "MOONSHOT_API_KEY", ROW)


def known(path: Path) -> list[dict[str, Any]]:
    """The facts of what is in a history now, the oldest first."""
    with contextlib.closing(schema.open_to_read(str(path))) as connection:
        return list(store.facts(connection))[::-1]


def entries(path: Path, count: int) -> list[Entry]:
    """So many exchanges, the oldest first; waits for them, and for no more."""
    end = time.monotonic() + LONG_ENOUGH
    while not path.exists() or len(_known_soon(path)) < count:
        assert time.monotonic() < end, f"still not {count} exchanges in {path}"
        time.sleep(0.01)
    with contextlib.closing(schema.open_to_read(str(path))) as connection:
        found = [store.entry(connection, facts["id"]) for facts in store.facts(connection)]
    assert len(found) == count
    return [each for each in reversed(found) if each is not None]


def _known_soon(path: Path) -> list[dict[str, Any]]:
    """Nothing while the file is being made."""
    with contextlib.suppress(Exception):
        return known(path)
    return []


def found(path: Path, *words: str) -> list[str]:
    """The questions of those with all the words, the oldest first."""
    with contextlib.closing(schema.open_to_read(str(path))) as connection:
        return [facts["prompt"] for facts in store.facts(connection, words=words)][::-1]


def frame_text(finish: str | None = None, **delta: Any) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return f"data: {json.dumps({'id': 'c', 'model': 'kimi-k2.6', 'choices': [choice]})}\n\n"


def line(
    prompt: str = "Why?",
    pieces: list[Any] | None = None,
    *,
    status: int | None = 200,
    end: str = "clean",
    clock: str | None = None,
    type: str = "text/event-stream",
    **body: Any,
) -> str:
    """A line of a cassette: a question that was streamed, and two fragments of an answer."""
    if pieces is None:
        pieces = [[0.25, frame_text(reasoning_content="Hm.")], [0.5, frame_text(content="Because ")]]
        pieces.append([1.0, frame_text(content="it is.") + frame_text(finish="stop") + "data: [DONE]\n\n"])
    asked = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": prompt}], "stream": True}
    asked["stream_options"] = {"include_usage": True}
    kept = {
        "request": {
            "method": "POST",
            "path": "/v1/chat/completions",
            "headers": {"Content-Type": "application/json", "Accept": "text/event-stream"},
            "body": {**asked, **body},
        },
        "response": None if status is None else {"status": status, "headers": {"Content-Type": type}},
        "pieces": pieces,
        "end": end,
        "clock": clock,
    }
    return json.dumps(kept)


def write(path: Path, *lines: str, origin: Origin = ORIGIN, started: float = 1779980001.25) -> None:
    """Puts exchanges into a history, as the writer does."""
    with contextlib.closing(schema.open_to_write(str(path), 5.0)) as connection:
        store.add(connection, [Draft(origin, started, 1.5, each) for each in lines])
