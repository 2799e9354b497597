"""`kimistream providers`"""

from __future__ import annotations

import sys
from typing import Any

from .ending import DONE, WRONG_USAGE, CommandError, guarded
from .output import be_lenient, harmless, put_json
from .tables import put_table
from .toml import table

_COLUMNS = ("name", "base_url", "protocol", "default_model")


def run(name: str | None, as_json: bool) -> int:
    be_lenient()
    return guarded(lambda: _providers(name, as_json))


def _providers(name: str | None, as_json: bool) -> int:
    from kimistream import InvalidRequestError, _core, providers

    if name is None:
        _show_all(list(providers().values()), as_json)
        return DONE
    try:
        row = _core.provider_row(name)
    except InvalidRequestError as unknown:
        raise CommandError(WRONG_USAGE, str(unknown)) from unknown
    if as_json:
        put_json(row)
    else:
        sys.stdout.write(harmless(table(f"providers/{row.pop('name')}", row)))
        sys.stdout.flush()
    return DONE


def _show_all(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        put_json(rows)
    elif not sys.stdout.isatty():
        sys.stdout.writelines(f"{row['name']}\n" for row in rows)
        sys.stdout.flush()
    else:
        shown = ([str(row[column]) for column in _COLUMNS] for row in rows)
        put_table(["provider", "address", "protocol", "model"], shown, whole=["provider", "protocol"])
