"""How far an upload is: see `Bar`."""

from __future__ import annotations

from .display.bar import Bar

__all__ = ["Bar"]
