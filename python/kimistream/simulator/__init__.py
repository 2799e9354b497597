"""Kimi's API on loopback: try the package, or test a program that uses it, without a key and without a network.

    from kimistream.simulator import Simulator

    with Simulator() as sim:
        client = Kimi(base_url=sim.base_url, api_key=sim.api_key)

Answers are made up but deterministic; the wire format, the refusals and the usage numbers follow what Moonshot and the
other servers of Kimi document, one row of DIALECTS for each. QUIRKS are the defects that were met at real servers; each
can be switched on for any dialect. Nothing here uses the compiled core, so the simulator can judge it as a stranger.
"""

from __future__ import annotations

try:
    import aiohttp as _aiohttp  # noqa: F401  (only asked whether it is there)
except ImportError as missing:
    raise ImportError("the simulator needs aiohttp: pip install aiohttp") from missing

from .dialects.table import DIALECTS
from .faults.quirks import QUIRKS
from .saying.scripts import load as load_script
from .serving.server import Simulator
from .values.failures import FAILURES
from .values.records import Request
from .values.usage import USAGE_PLACES

__all__ = ["DIALECTS", "FAILURES", "QUIRKS", "USAGE_PLACES", "Request", "Simulator", "load_script"]
