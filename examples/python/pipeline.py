"""A pipeline: reviews in words become typed rows, Python counts them, and one answer more writes the report."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kimistream import Kimi

REVIEWS = [
    "The battery died after two days. I want my money back.",
    "Lovely screen, and it arrived early!",
    "Das Display ist toll, aber der Akku hält nicht lange.",
    "It does what it should.",
    "电池很差，客服也不回复。",
]


@dataclass
class Review:
    mood: Literal["glad", "neutral", "angry"]
    topics: list[Literal["battery", "screen", "delivery", "service"]]


with tempfile.TemporaryDirectory() as folder, Kimi() as client:
    rows = [{"id": number, "review": review} for number, review in enumerate(REVIEWS)]
    # Where this is a file that stays, a pipeline that was killed goes on from it: no row is asked, or paid for, twice.
    out = Path(folder) / "reviews.jsonl"
    prompt = "What does this review of a phone say?\n\n{review}"
    run = client.map(rows, prompt, out=out, key="id", schema=Review, concurrency=4, thinking=False, progress=False)

    read: list[Review] = [row.parsed for row in run.rows() if row.parsed]
    moods = Counter(review.mood for review in read)
    topics = Counter((topic, review.mood) for review in read for topic in review.topics)
    table = "\n".join(f"{topic}, {mood}: {count}" for (topic, mood), count in sorted(topics.items()))
    print(f"{dict(moods)}\n{table}\n")

    question = f"What should we mend first? Two sentences.\n\n{dict(moods)}\n{table}"
    for text in client.stream(question, system="You advise the maker of a phone.").text:
        print(text, end="", flush=True)
    print()
