"""`kimistream providers`"""

from __future__ import annotations

import difflib
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
    from kimistream import providers

    rows = providers()
    if name is None:
        _show_all(list(rows.values()), as_json)
    elif name not in rows:
        near = difflib.get_close_matches(name, rows) or list(rows)
        raise CommandError(WRONG_USAGE, f"There is no provider {name!r}: {', '.join(near)}")
    elif as_json:
        put_json(rows[name])
    else:
        row = {key: value for key, value in rows[name].items() if key != "name"}
        sys.stdout.write(harmless(table(f"providers/{name}", row)))
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
