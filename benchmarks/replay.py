"""Reads a stream from memory in a Python loop; prints nanoseconds of CPU per frame: ``replay.py events < BODY``."""

from __future__ import annotations

import sys
import time

from kimistream import _core


def read_events(stream: _core.Stream) -> int:
    characters = 0
    for event in stream.events():
        if event.type in ("text", "thinking"):
            characters += len(event.text)
    return characters


def read_chunks(stream: _core.Stream) -> int:
    characters = 0
    for chunk in stream.chunks():
        text = chunk.choices[0].delta.content
        if text:
            characters += len(text)
    return characters


def main() -> None:
    shape = sys.argv[1]
    read = {"events": read_events, "chunks": read_chunks}[shape]
    body = sys.stdin.buffer.read()
    frames = body.count(b"data: {")
    best = float("inf")
    for _ in range(31):
        stream = _core.replay("moonshot", body, chunks=shape == "chunks")  # copies the body: not what is measured
        before = time.process_time()
        read(stream)
        best = min(best, time.process_time() - before)
    print(best / frames * 1e9)


if __name__ == "__main__":
    main()
