"""What pages of the site are made of, by the name in `<!-- made: NAME -->`: functions that give Markdown."""

from __future__ import annotations

from .changes import changelog
from .errors import errors, reasons
from .headers import headers
from .models import prices
from .plot import chunk_cost
from .providers import addresses, names, resources

MAKERS = {
    "changelog": changelog,
    "chunk-cost": chunk_cost,
    "errors": errors,
    "headers": headers,
    "prices": prices,
    "provider-addresses": addresses,
    "provider-names": names,
    "provider-resources": resources,
    "reasons": reasons,
}
