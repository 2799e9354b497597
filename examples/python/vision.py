"""A picture goes along with the question, and a tool lets the model look closer at a part of it."""

from __future__ import annotations

import struct
import zlib

from kimistream import Image, Kimi

WIDTH, HEIGHT = 320, 200
BARS = {(220, 60, 50): 150, (60, 160, 80): 90, (50, 90, 200): 152}  # colours and heights


def png(rows: list[bytes]) -> bytes:
    """Rows of RGB pixels as a file."""

    def block(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", len(rows[0]) // 3, len(rows), 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + block(b"IHDR", head) + block(b"IDAT", pixels) + block(b"IEND", b"")


def chart() -> list[bytes]:
    """A bar chart, a row of pixels after another. (A figure of matplotlib can be given to Image as it is.)"""
    white, width = b"\xff\xff\xff", WIDTH // len(BARS)
    return [
        b"".join((bytes(colour) if y >= HEIGHT - tall else white) * width for colour, tall in BARS.items())
        for y in range(HEIGHT)
    ]


def zoom(left: int, top: int, width: int, height: int) -> Image:
    """A part of the chart, four times as large.

    Args:
        left: pixels from the left edge of the chart, which is 320 pixels wide
        top: pixels from its upper edge; it is 200 pixels high
        width: of the part
        height: of the part
    """
    part = [row[3 * left : 3 * (left + width)] for row in chart()[top : top + height]]
    if not part or not part[0]:
        raise ValueError("there is nothing: the chart is 320 x 200 pixels")
    large = [b"".join(row[at : at + 3] * 4 for at in range(0, len(row), 3)) for row in part for _ in range(4)]
    return Image(png(large))


with Kimi() as client:
    chat = client.conversation(tools=[zoom])
    for question in (
        ["Which bar is the tallest?", Image(png(chart()))],
        "By how much? Look closely before you answer.",
    ):
        for event in chat.stream(question):
            if event.type == "text":
                print(event.text, end="", flush=True)
            elif event.type == "tool_call":
                print(f"[{event.name}{event.arguments}]")
        print()
