"""One client, many threads, each with a stream of its own. The GIL is free while they wait."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from kimistream import APIError, Kimi

COUNTRIES = ["France", "Japan", "Germany", "Italy", "Spain", "Vietnam", "Canada", "Egypt"]

client = Kimi(timeout=120)


def ask(country: str) -> str:
    try:
        return client.stream(f"What is the capital of {country}?", thinking=False).message.text
    except APIError as error:
        return f"{error.message} (request id {error.request_id})"


with ThreadPoolExecutor(max_workers=4) as pool:
    for answer in pool.map(ask, COUNTRIES):
        print(answer)
