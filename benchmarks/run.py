"""Measures kimistream against floors and peers: ``python benchmarks/run.py [NAME...] [--quick] [--save]``."""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

import bulk  # noqa: F401 - these two register themselves
import concurrency  # noqa: F401
from benchmarks import BENCHMARKS
from measuring import HERE, Table, build, load_server

PACKAGES = ["kimistream", "openai", "httpx", "aiohttp", "orjson", "pycurl", "uvloop", "vcrpy"]


def cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return str(value)


def rendered(table: Table) -> str:
    """A Markdown table that is also readable as it stands."""
    rows = [table.columns, *([cell(value) for value in row] for row in table.rows)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(table.columns))]
    lines = [
        "| "
        + " | ".join(
            text.rjust(width) if i else text.ljust(width)
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 1) + (":" if i else "-") for i, width in enumerate(widths)) + "|"
    notes = "".join(f"\n* {note}" for note in table.notes)
    return "\n".join([f"## {table.title}", "", lines[0], rule, *lines[1:]]) + ("\n" + notes if notes else "")


def version(package: str) -> str:
    try:
        return f"{package} {importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        return f"{package} missing"


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def machine() -> str:
    return "\n".join(
        [
            f"{processor()}, {os.cpu_count()} cores",
            f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
            ", ".join(version(package) for package in PACKAGES),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all where none is given")
    parser.add_argument("--quick", action="store_true", help="fewer rounds: a look, not a result")
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/<date>.md")
    parser.add_argument(
        "--only", action="append", default=[], metavar="CLIENT", help="only this client; may be repeated"
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    build()
    parts = [machine()]
    print(parts[0])
    for name in arguments.names or BENCHMARKS:
        with load_server(arguments.quick, arguments.only) as bench:
            table = BENCHMARKS[name](bench)
            table.notes += bench.notes()
        parts.append(rendered(table))
        print("\n" + parts[-1], flush=True)
    if arguments.save:
        now = datetime.datetime.now(datetime.timezone.utc)
        path = HERE / "results" / f"{now:%Y-%m-%d}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"# Benchmarks, {now:%Y-%m-%d}\n\n" + "\n\n".join(parts) + "\n")
        print(f"\nsaved to {path}")


if __name__ == "__main__":
    main()
