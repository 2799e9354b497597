"""Records a stream, and plays it again: ``cassettes.py kimistream|vcrpy URL ROUNDS``.

Prints, as JSON, seconds of the recorded stream, the median of seconds to play it again, the cassette opened anew each
time, and the characters that were read.
"""

from __future__ import annotations

import contextlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BODY = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}], "stream": True}


def kimistream(url: str, path: Path) -> Callable[[], int]:
    from kimistream import Cassette, Kimi, Text, Thinking

    def ask() -> int:
        client = Kimi(api_key="sk-benchmark", base_url=url, cassette=Cassette(path))
        return sum(len(event.text) for event in client.stream("hi") if isinstance(event, (Text, Thinking)))

    return ask


def vcrpy(url: str, path: Path) -> Callable[[], int]:
    """As its documentation has it: `use_cassette` round an httpx client."""
    import httpx
    import vcr

    def ask() -> int:
        characters = 0
        with (
            vcr.use_cassette(str(path), match_on=["method", "path", "body"]),
            httpx.Client() as client,
            client.stream("POST", url + "/chat/completions", json=BODY, timeout=60) as response,
        ):
            for line in response.iter_lines():
                if not line.startswith("data: {"):
                    continue
                for choice in json.loads(line[6:])["choices"]:
                    delta = choice["delta"]
                    characters += len(delta.get("content") or "") + len(delta.get("reasoning_content") or "")
        return characters

    return ask


def main() -> None:
    name, url, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with tempfile.TemporaryDirectory() as folder:
        try:
            ask = {"kimistream": kimistream, "vcrpy": vcrpy}[name](url, Path(folder) / "cassette")
        except ImportError as missing:
            print(json.dumps({"skipped": str(missing)}))
            return

        def timed() -> tuple[float, int]:
            before = time.perf_counter()
            characters = ask()
            return time.perf_counter() - before, characters

        recorded, characters = timed()
        played: list[Any] = [timed() for _ in range(rounds)]
    result = {"recorded": recorded, "played": statistics.median(seconds for seconds, _ in played)}
    if {read for _, read in played} != {characters}:
        result = {"skipped": "what was played is not what was recorded"}
    print(json.dumps({**result, "characters": characters}))


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main()
