"""`kimistream env`"""

from __future__ import annotations

import os
import sys
from typing import Any

from .ending import DONE, WRONG_USAGE, CommandError, guarded
from .output import be_lenient, put_json, tell
from .tables import put_table

_COLUMNS = ("in_use", "name", "provider", "base_url", "model", "key_variable", "key_is_set")


def run(name: str | None, as_json: bool) -> int:
    be_lenient()
    return guarded(lambda: _list(as_json) if name is None else _switch(name))


def _list(as_json: bool) -> int:
    path, found = _environments()
    if as_json:
        put_json({"file": path, "environments": found})
        return DONE
    if path is None:
        tell("there is no file of environments: write kimistream.toml, or name one in KIMISTREAM_CONFIG")
        return DONE
    tell(f"from {path}")
    if sys.stdout.isatty():
        cells = [["*" if row["in_use"] else "", *(str(row[name] or "") for name in _COLUMNS[1:-1]),
                  "set" if row["key_is_set"] else ""] for row in found]  # fmt: skip
        put_table(["", "name", "provider", "address", "model", "key from", ""], cells, whole=["name"])
    else:
        sys.stdout.writelines(f"{row['name']}\n" for row in found)
        sys.stdout.flush()
    return DONE


def _switch(name: str) -> int:
    from kimistream._requests.setup import ENVIRONMENT_VARIABLE

    if name == "":
        sys.stdout.write(f"unset {ENVIRONMENT_VARIABLE}\n")
    else:
        _, found = _environments()
        if name not in [row["name"] for row in found]:
            known = ", ".join(row["name"] for row in found) or "none"
            raise CommandError(WRONG_USAGE, f"there is no environment {name!r}; there are: {known}")
        quoted = name.replace("'", "'\\''")
        sys.stdout.write(f"export {ENVIRONMENT_VARIABLE}='{quoted}'\n")
        if sys.stdout.isatty():
            tell(f'to use it in this shell: eval "$(kimistream env {name})"')
    sys.stdout.flush()
    return DONE


def _environments() -> tuple[str | None, list[dict[str, Any]]]:
    from kimistream import InvalidRequestError
    from kimistream._requests.environments import listed
    from kimistream._requests.setup import ENVIRONMENT_VARIABLE

    try:
        path, tables = listed()
    except InvalidRequestError as error:
        raise CommandError(WRONG_USAGE, str(error)) from error
    in_use = os.environ.get(ENVIRONMENT_VARIABLE)
    rows = []
    for name, settings in tables.items():
        variable = settings.get("key_variable")
        told = {key: settings.get(key) for key in ("provider", "base_url", "model")}
        rows.append({"name": name, "in_use": name == in_use, **told, "key_variable": variable,
                     "key_is_set": bool(variable and os.environ.get(variable))})  # fmt: skip
    return path, rows
