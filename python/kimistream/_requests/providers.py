"""Rows registered by the user. The table itself is the core's."""

from __future__ import annotations

from .. import _core
from .._values.errors import InvalidRequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_NAMELESS: dict[str, str] = {}  # what a row without a name says, and the name that it got


def providers() -> dict[str, dict[str, Any]]:
    """The rows by their names: those that come with the library, then those that were registered.

    Each is a dict of the fields that `register_provider` takes. Changing it changes nothing.
    """
    return {name: _core.provider_row(name) for name in _core.provider_names()}


def register_provider(row: Mapping[str, Any], /, **fields: Any) -> str:
    """Adds a row: how one provider serves Kimi. It replaces one of the same name for clients that are made from now on.

        kimistream.register_provider({"name": "mine", "inherits": "vllm", "base_url": "http://gpu-7:8000/v1"})
        client = Kimi(provider="mine")

    name           what `Kimi(provider=...)` calls it
    inherits       the row to start from, else "openai-compatible"; what is not said here is as it is there
    base_url       the address, without the path of a resource
    key_variables  the variables of the environment that may hold its key. Those of another host's row are not inherited

    Every other field by its own name: `kimistream.providers()["moonshot"]` shows them all, `kimistream providers NAME`
    prints them, and cpp/include/kimistream/provider.hpp says what each means. `None` stands for "not known". A key has
    no place in a row. Rows live as long as the process; any thread.

    Returns the name. Raises InvalidRequestError for a row that cannot be, and names the fields that are wrong.
    """
    return _core.register_provider({**row, **fields})


def name_of(row: Mapping[str, Any]) -> str:
    """Registers a row that was given in place of a name. One without a name of its own gets one, the same each time."""
    row = dict(row)
    if row.get("name"):
        return _core.register_provider(row)
    if not row.get("base_url") and not row.get("inherits"):
        raise InvalidRequestError("provider={...} needs at least a base_url, or the row that it inherits from")
    text = _core.dumps(row)
    if text not in _NAMELESS:
        _NAMELESS[text] = _core.register_provider({**row, "name": f"custom-{len(_NAMELESS) + 1}"})
    return _NAMELESS[text]
