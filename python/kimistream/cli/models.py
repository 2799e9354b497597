"""`kimistream models`"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from .connect import Target, connect
from .ending import DONE, guarded
from .failures import explained
from .output import be_lenient, put_json
from .tables import put_table


def _tokens(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else ""


def _yes(value: Any) -> str:
    return "yes" if value is True else ""


# Column: the field of a model that it shows, and how. Providers leave out what they do not know.
_COLUMNS: Mapping[str, tuple[str, Callable[[Any], str]]] = {
    "model": ("id", str),
    "context (tokens)": ("context_length", _tokens),
    "images": ("supports_image_in", _yes),
    "videos": ("supports_video_in", _yes),
    "thinking": ("supports_reasoning", _yes),
}


def run(target: Target, as_json: bool = False) -> int:
    be_lenient()
    return guarded(lambda: _models(target, as_json))


def _models(target: Target, as_json: bool) -> int:
    from kimistream import KimiError

    with connect(target) as connection:
        try:
            models = list(connection.client.models.list())
        except KimiError as error:
            raise explained(error, connection) from error
    if as_json:
        fields = [field for field, _ in _COLUMNS.values()]
        put_json([{**model.model_dump(), **{field: getattr(model, field) for field in fields}} for model in models])
        return DONE
    if not sys.stdout.isatty():
        sys.stdout.writelines(f"{model.id}\n" for model in models)
        sys.stdout.flush()
        return DONE
    rows = [[show(getattr(model, field, None)) for field, show in _COLUMNS.values()] for model in models]
    put_table([*_COLUMNS], rows, whole=[*_COLUMNS][1:])
    return DONE
