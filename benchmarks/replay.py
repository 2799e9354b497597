"""Reads a stream from memory in a Python loop; prints nanoseconds of CPU per frame: ``replay.py events < BODY``."""

from __future__ import annotations

import sys
import time

from kimistream import _core


def read_events(body: bytes) -> int:
    characters = 0
    for event in _core.replay("moonshot", body).events():
        if event.type in ("text", "thinking"):
            characters += len(event.text)
    return characters


def read_chunks(body: bytes) -> int:
    characters = 0
    for chunk in _core.replay("moonshot", body, chunks=True).chunks():
        text = chunk.choices[0].delta.content
        if text:
            characters += len(text)
    return characters


def main() -> None:
    read = {"events": read_events, "chunks": read_chunks}[sys.argv[1]]
    body = sys.stdin.buffer.read()
    frames = body.count(b"data: {")
    best = float("inf")
    for _ in range(31):
        before = time.process_time()
        read(body)
        best = min(best, time.process_time() - before)
    print(best / frames * 1e9)


if __name__ == "__main__":
    main()
