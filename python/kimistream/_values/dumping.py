"""Objects as dicts and lists, and what of them is wanted: `include` and `exclude` as pydantic has them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_WHOLE = (True, ...)


class Dump:
    """How to dump.

    exclude_none      leaves out what is None
    exclude_unset     leaves out known fields that did not come
    exclude_defaults  leaves out known fields that are None
    """

    __slots__ = ("_defaults", "_none", "_unset")

    def __init__(
        self, *, exclude_none: bool = False, exclude_unset: bool = False, exclude_defaults: bool = False
    ) -> None:
        self._none = exclude_none
        self._unset = exclude_unset
        self._defaults = exclude_defaults

    def __call__(self, value: Any, include: Any = None, exclude: Any = None) -> Any:
        kind = type(value)
        known = getattr(kind, "_known", None)
        if known is not None:  # an `Object`
            pairs = value._fields(unset=not self._unset)
            if self._defaults:
                pairs = ((key, field) for key, field in pairs if field is not None or key not in known)
        elif issubclass(kind, list):
            size = len(value)
            return [item for _, item in self._chosen(enumerate(value), include, exclude, size)]
        elif issubclass(kind, dict):
            return dict(self._chosen(value.items(), include, exclude))
        else:
            return value.model_dump() if hasattr(value, "model_dump") and not isinstance(value, type) else value
        return {
            key: dumped for key, dumped in self._chosen(pairs, include, exclude) if dumped is not None or not self._none
        }

    def _chosen(self, pairs: Any, include: Any, exclude: Any, size: int | None = None) -> Any:
        for key, value in pairs:
            wanted, unwanted = _below(include, key, size), _below(exclude, key, size)
            if unwanted in _WHOLE or (include is not None and wanted is None):
                continue
            yield key, self(value, None if wanted in _WHOLE else wanted, unwanted)


def _below(selection: Any, key: Any, size: int | None) -> Any:
    """What a selection says of a key: True of the whole, another selection of what is in it, None of nothing."""
    if selection is None:
        return None
    others = () if size is None else (key - size, "__all__")
    for name in (key, *others):
        if name in selection:
            said = selection[name] if hasattr(selection, "keys") else True
            return None if said is False else said
    return None
