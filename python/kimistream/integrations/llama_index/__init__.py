"""Kimi as an LLM of LlamaIndex.

from kimistream.integrations.llama_index import Kimi

Kimi().complete("Why is the sky blue?").text
"""

from __future__ import annotations

from ..extras import missing

try:
    import llama_index.core as _llama_index_core  # noqa: F401  (only asked whether it is there)
except ImportError as _error:
    raise missing("llama-index", _error) from _error

from .llm import Kimi

__all__ = ["Kimi"]
