"""A plot of the first table of docs/benchmarks.md: bars on a logarithmic scale. Its numbers are the table's."""

from __future__ import annotations

import math
import re
from html import escape

from .markdown import ROOT

_WIDTH, _LABELS, _BAR, _GAP = 720, 230, 20, 10


def chunk_cost() -> str:
    page = (ROOT / "docs/benchmarks.md").read_text("utf-8")
    row = next(line for line in page.splitlines() if line.startswith("| CPU per chunk"))
    head = next(line for line in page.splitlines() if line.startswith("| what |"))
    title, *cells = _cells(row)
    return bars(title, [bar for name, cell in zip(_cells(head)[1:], cells, strict=True) for bar in _values(name, cell)])


def bars(title: str, values: list[tuple[str, float]]) -> str:
    """An SVG in the page, in the colours of the page."""
    scale = (_WIDTH - _LABELS - 60) / math.log10(max(value for _, value in values) * 1.1)
    step = _BAR + _GAP
    places = enumerate(values)
    drawn = [_bar(name, value, _GAP + step * at, scale * math.log10(value)) for at, (name, value) in places]
    size = f'viewBox="0 0 {_WIDTH} {step * len(values) + _GAP}" style="width:100%;font-size:13px"'
    svg = f'<svg {size} role="img" aria-label="{escape(title)}">{"".join(drawn)}</svg>'
    return f"<figure>{svg}<figcaption>{escape(title)}; logarithmic</figcaption></figure>"


def _bar(name: str, value: float, top: float, width: float) -> str:
    ours = name.startswith("kimistream")
    colour = "var(--md-primary-fg-color)" if ours else "var(--md-default-fg-color--lighter)"
    middle = top + _BAR * 0.72
    return (
        f'<text x="{_LABELS - 8}" y="{middle:.0f}" text-anchor="end" fill="currentColor">{escape(name)}</text>'
        f'<rect x="{_LABELS}" y="{top}" width="{width:.0f}" height="{_BAR}" fill="{colour}"/>'
        f'<text x="{_LABELS + width + 6:.0f}" y="{middle:.0f}" fill="currentColor">{value:g}</text>'
    )


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("| \n").split("|")]


def _values(name: str, cell: str) -> list[tuple[str, float]]:
    """'**1.3** text, **1.7** events' are two bars, '21' is one."""
    found = re.findall(r"\**([\d.]+)\**\s*([^,*]*)", cell)
    return [(f"{name} {said.strip()}".strip(), float(number)) for number, said in found]
