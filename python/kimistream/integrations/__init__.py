"""Kimi in other people's frameworks. Each module needs the extra of its name, and says so where it is missing.

from kimistream.integrations.langchain import ChatKimi
from kimistream.integrations.llama_index import Kimi
"""
