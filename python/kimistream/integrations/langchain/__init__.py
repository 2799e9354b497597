"""Kimi as a chat model of LangChain.

from kimistream.integrations.langchain import ChatKimi

ChatKimi().invoke("Why is the sky blue?").content
"""

from __future__ import annotations

from ..extras import missing

try:
    import langchain_core as _langchain_core  # noqa: F401  (only asked whether it is there)
except ImportError as _error:
    raise missing("langchain", _error) from _error

from .chat import ChatKimi

__all__ = ["ChatKimi"]
