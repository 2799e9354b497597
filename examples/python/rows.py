"""One prompt for many rows, into a file. Killed and started again it goes on: nothing is asked, or paid for, twice."""

import tempfile
from pathlib import Path

from kimistream import Kimi

COUNTRIES = ["France", "Japan", "Germany", "Italy", "Spain", "Vietnam", "Canada", "Egypt"]
rows = [{"id": country, "country": country} for country in COUNTRIES]

with tempfile.TemporaryDirectory() as folder, Kimi() as client:
    out = Path(folder) / "capitals.jsonl"
    prompt = "What is the capital of {country}?"
    run = client.map(rows, prompt, out=out, key="id", concurrency=4, ordered=True)
    for row in run.rows():
        if row.message:
            print(row.key, "-", row.message.text)
    for row in run.failures():
        print(row.key, "failed:", row.error)
    again = client.map(rows, prompt, out=out, key="id")
    print(again.skipped, "were answered before,", again.done, "asked again")
