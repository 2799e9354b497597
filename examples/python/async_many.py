"""Many streams at once on one event loop. No thread stands behind them."""

from __future__ import annotations

import asyncio

from kimistream import AsyncKimi

COUNTRIES = ["France", "Japan", "Germany", "Italy", "Spain", "Vietnam", "Canada", "Egypt"]


async def ask(client: AsyncKimi, country: str) -> str:
    async with client.stream(f"What is the capital of {country}?", thinking=False) as stream:
        return "".join([text async for text in stream.text])


async def main() -> None:
    async with AsyncKimi() as client:
        for answer in await asyncio.gather(*(ask(client, country) for country in COUNTRIES)):
            print(answer)


asyncio.run(main())
