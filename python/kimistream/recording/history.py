"""A client's history: what `history=` means, and where the exchanges go."""

from __future__ import annotations

from .. import _core
from .._requests.keys import FOR_ANYBODY
from .places import check, path_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from typing import Any

    from .._requests.keys import Key


def kept(history: bool | str | os.PathLike[str] | None, core: dict[str, Any], key: Key) -> dict[str, Any]:
    """What the core's client takes so that its exchanges are kept; nothing where they are not to be. The file is made
    with the first of them.

    Raises TypeError for what is no path, InvalidRequestError for a file that is no history or a newer one.
    """
    path = path_of(history)
    if path is None:
        return {}
    check(path)
    from .exchange import Origin
    from .writing import writer_of

    row = _core.provider_row(core["provider"])
    variable = key.variable
    if key.value and not variable:  # passed: where it would be looked for
        variable = next(iter(row["key_variables"]), FOR_ANYBODY)
    writer = writer_of(path)
    origin = Origin(core["provider"], core["base_url"], variable, _core.dumps(row))
    return {"history": writer.queue, "history_label": writer.label(origin)}
