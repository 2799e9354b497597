"""CHANGELOG.md as a page."""

from __future__ import annotations

from .markdown import ROOT


def changelog() -> str:
    return (ROOT / "CHANGELOG.md").read_text("utf-8")
