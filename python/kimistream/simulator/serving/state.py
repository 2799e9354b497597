"""What a running simulator knows: how it was set up, and what it remembers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from multidict import CIMultiDict

from ..dialects.dialect import Dialect
from ..faults.orders import Orders
from ..saying.scripts import Script
from ..values.cache import PrefixCache
from ..values.records import RequestLog
from .batches import BatchStore
from .files import FileStore


@dataclass
class State:
    """Lives in the server's thread, but for the log, which locks itself.

    places    where streams carry usage, a value of USAGE_PLACES
    max_body  bytes of a JSON request, max_file of an uploaded file; None: as large as it comes
    standing  orders for every request, as the headers that order the same for one
    """

    dialect: Dialect
    api_key: str
    pace: float
    places: frozenset[str]
    script: Script | None
    log: RequestLog
    orders: Orders
    max_body: int
    max_file: int | None = None
    standing: Mapping[str, str] = field(default_factory=dict)
    cache: PrefixCache = field(default_factory=PrefixCache)
    files: FileStore = field(default_factory=FileStore)
    batches: BatchStore = field(default_factory=lambda: BatchStore(FileStore()))
    number: int = 0

    def orders_for(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """A request's headers over the standing orders."""
        merged: CIMultiDict[str] = CIMultiDict(self.standing)
        merged.update(headers)
        return merged
