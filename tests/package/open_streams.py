"""Opens many streams and prints the kB of memory that each of them holds:  open_streams.py BASE_URL"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from kimistream import AsyncKimi

FIRST, MORE = 20, 300


def resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1000


async def main(base_url: str) -> None:
    client = AsyncKimi(api_key="sk-test", base_url=base_url)

    async def begun() -> object:
        stream = client.stream("hi")
        await anext(stream)
        return stream

    streams = await asyncio.gather(*(begun() for _ in range(FIRST)))
    before = resident()
    streams += await asyncio.gather(*(begun() for _ in range(MORE)))
    print((resident() - before) / MORE, flush=True)
    os._exit(0)


asyncio.run(main(sys.argv[1]))
