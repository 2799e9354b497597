"""Kimi-Vendor-Verifier's suites of checks before a run: parameters, schemas of tools, counts of prompts' tokens."""

from __future__ import annotations

from .params import params
from .tokens import tokens
from .tools import tools

SUITES = {"params": params, "tools": tools, "tokens": tokens}
