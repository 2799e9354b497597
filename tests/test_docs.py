"""The pages of docs/: their links lead somewhere, each is listed, and its programs are tests."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"
PAGES = sorted(DOCS.rglob("*.md"))


def test_links_lead_somewhere() -> None:
    links = [(page, link) for page in PAGES for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8"))]
    assert links
    assert [f"{page.name}: {link}" for page, link in links if not (page.parent / link).exists()] == []


def test_each_page_of_a_framework_is_listed_and_runs_as_a_test() -> None:
    index = (DOCS / "frameworks" / "README.md").read_text("utf-8")
    tests = (Path(__file__).parent / "frameworks" / "test_pages.py").read_text("utf-8")
    names = [page.stem for page in (DOCS / "frameworks").glob("*.md") if page.name != "README.md"]
    assert len(names) > 10
    assert [name for name in names if f"({name}.md)" not in index or f'"{name}": (' not in tests] == []
