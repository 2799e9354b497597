"""Lists that come in pages, to their end."""

from __future__ import annotations

from .._requests.steps import get
from .._requests.totals import begun
from .._values.errors import APIError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._requests.sender import Sender
    from .._requests.steps import Steps
    from .._values.timeout import AnyTimeout

_MAX_PAGES = 10_000  # of a list, by a server that never says that it ends


def all_pages(
    sender: Sender, path: str, asked: dict[str, Any], timeout: AnyTimeout, what: str
) -> Steps[dict[str, Any]]:
    """The list as one page: `data` has all items, each once, whatever the server sends again.

    asked  the query of the first page
    what   is listed, for errors
    """
    from urllib.parse import urlencode

    timeout = begun(timeout, sender.core)
    found: dict[str, Any] = {}
    first: dict[str, Any] = {}
    for _ in range(_MAX_PAGES):
        page = yield get(f"{path}?{urlencode(asked)}" if asked else path, timeout)
        rows = page.get("data") if isinstance(page, dict) else page
        if not isinstance(rows, list):
            raise APIError(f"the list of {what} has no data", body=page)
        new = {row["id"]: row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)}
        first = first or (page if isinstance(page, dict) else {"object": "list"})
        fresh = new.keys() - found.keys()
        found.update(new)
        more = isinstance(page, dict) and page.get("has_more") is True
        if not more or not fresh:  # a server that knows no pages sends its first one again
            break
        asked = {**asked, "after": list(new)[-1]}
    return {**first, "data": list(found.values()), **({"has_more": False} if "has_more" in first else {})}
