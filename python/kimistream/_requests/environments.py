"""Environments from a TOML file: dev, staging, prod. Nothing is read unless one is asked for by name.

    # kimistream.toml
    [environments.dev]
    provider = "mine"
    key_variable = "DEV_KEY"            # the variable that holds the key; never the key itself
    options = { thinking = false, max_tokens = 500 }

    [environments.prod]
    base_url = "https://api.moonshot.ai/v1"
    model = "kimi-k2.6"
    timeout = { first_event = 300, idle = 60, total = 1800 }    # or seconds for connect, first event and idle each
    max_retries = 5
    on_break = "continue"

    [providers.mine]
    inherits = "vllm"
    base_url = "http://gpu-7:8000/v1"

    [prices."mine/kimi-k2.6"]           # for a million tokens; these come before the library's own, without being named
    input = 0.5
    cached = 0.1
    output = 2.0
    currency = "EUR"
    date = "2026-11-01"

The file is the one that KIMISTREAM_CONFIG names, else ./kimistream.toml, else ~/.config/kimistream/config.toml (below
XDG_CONFIG_HOME where that is set). The first that exists is the only one that is read.

A file that is merely found in the current folder may be anybody's, of a repository that was cloned: it does not say
that a provider's key goes to another's host.
"""

from __future__ import annotations

import os

from .. import _core
from .._values.errors import InvalidRequestError
from .keys import KEY_HEADERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, NoReturn

    Kinds = dict[str, tuple[type, ...]]

CONFIG_VARIABLE = "KIMISTREAM_CONFIG"
_LOCAL = "kimistream.toml"
_MAX_BYTES = 1 << 20

_KINDS: Kinds = {
    "provider": (str,),
    "base_url": (str,),
    "key_variable": (str,),
    "model": (str,),
    "timeout": (object,),  # see _timeout_of
    "max_retries": (int,),
    "on_break": (str,),
    "max_breaks": (int,),
    "continue_on_length": (int,),
    "headers": (dict,),
    "options": (dict,),
}
_PRICES: Kinds = {
    **dict.fromkeys(
        ("input", "output", "cached", "cache_write", "cache_write_1h", "batch_input", "batch_cached", "batch_output"),
        (int, float),
    ),
    **dict.fromkeys(("currency", "date", "source"), (str,)),
}
_KEYS_OF_KEYS = ("api_key", "key", "token", "secret")


def load(name: str) -> dict[str, Any]:
    """The settings of an environment, checked, with its provider registered, and `is_trusted`: whether the file is one
    that the user has named or keeps at home. Raises InvalidRequestError."""
    if not isinstance(name, str):
        raise TypeError(f"environment must be a str, not {type(name).__name__}")
    path = _find()
    if path is None:
        raise InvalidRequestError(
            f"the environment {name!r} is asked for, but there is no file of environments: write {_LOCAL}, or "
            f"{_home_file()}, or name one in {CONFIG_VARIABLE}"
        )
    content = _read(path)
    environments, rows = _tables(content, "environments", path), _tables(content, "providers", path)
    settings = environments.get(name)
    if settings is None:
        _refuse(path, f"there is no [environments.{name}] in it{_near(name, environments)}")
    _check(settings, f"environments.{name}", path)
    for table, where in ((settings, ""), (settings.get("options", {}), "options.")):
        if "timeout" in table:
            table["timeout"] = _timeout_of(table["timeout"], f"environments.{name}.{where}timeout", path)
    if settings.get("provider") in rows:
        _register(str(settings["provider"]), rows, path, ())
    return {**settings, "is_trusted": not _is_found_here(path)}


def listed() -> tuple[str | None, dict[str, dict[str, Any]]]:
    """The path of the file, or None where there is none, and its environments as they stand in it. Raises
    InvalidRequestError."""
    path = _find()
    return path, {} if path is None else _tables(_read(path), "environments", path)


def load_prices() -> list[dict[str, Any]]:
    """The rows of the file's `[prices."PROVIDER/MODEL"]`, as `kimistream.prices()` gives them. None where there is no
    file. Raises InvalidRequestError."""
    path = _find()
    if path is None:
        return []
    rows = []
    for name, row in _tables(_read(path), "prices", path).items():
        provider, slash, model = name.partition("/")
        if not (provider and slash and model):
            _refuse(path, f'prices.{name!r}: name a provider\'s model: [prices."PROVIDER/MODEL"]')
        _check(row, f'prices."{name}"', path, _PRICES)
        for needed in ("input", "output", "currency"):
            if needed not in row:
                _refuse(path, f'prices."{name}" says no {needed}')
        for key, amount in row.items():
            if isinstance(amount, (int, float)) and not 0 <= amount < float("inf"):
                _refuse(path, f'prices."{name}".{key} cannot be {amount}')
        told = {key: float(amount) if isinstance(amount, int) else amount for key, amount in row.items()}
        told.setdefault("date", "the configuration file")
        told.setdefault("source", os.path.abspath(path))
        rows.append({**dict.fromkeys(_PRICES), "provider": provider, "model": model, **told})
    return rows


def _home_file() -> str:
    folder = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return os.path.join(folder, "kimistream", "config.toml")


def _find() -> str | None:
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        if not os.path.isfile(named):
            raise InvalidRequestError(f"{CONFIG_VARIABLE} names {named}, which is no file")
        return named
    if os.path.isfile(_LOCAL):
        _refuse_a_strangers(_LOCAL)
        return _LOCAL
    home = _home_file()
    return home if os.path.isfile(home) else None


def _is_found_here(path: str) -> bool:
    return path == _LOCAL and not os.environ.get(CONFIG_VARIABLE)


def _refuse_a_strangers(path: str) -> None:
    """A file that somebody else may have put into this folder would decide where a key is sent: it must be named."""
    if not hasattr(os, "geteuid"):
        return
    state = os.stat(path)
    if state.st_uid not in (0, os.geteuid()):
        why = "it belongs to another user"
    elif state.st_mode & 0o002:
        why = "everybody may write to it"
    else:
        return
    _refuse(os.path.abspath(path), f"{why}: if it can be trusted, name it in {CONFIG_VARIABLE}")


def _read(path: str) -> dict[str, Any]:
    loads = _toml_reader()
    try:
        with open(path, "rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except OSError as error:
        _refuse(path, f"it cannot be read: {error.strerror or error}")
    if len(raw) > _MAX_BYTES:
        _refuse(path, "it is larger than 1 MiB")
    try:
        content: dict[str, Any] = loads(raw.decode())
    except (ValueError, RecursionError) as error:  # of the encoding, or of TOML
        _refuse(path, f"it is not TOML: {error}")
    return content


def _toml_reader() -> Any:
    from importlib import import_module

    for module in ("tomllib", "tomli"):  # the second for Python 3.10
        try:
            return import_module(module).loads
        except ImportError:
            continue
    raise InvalidRequestError("files of environments need Python 3.11, or the package tomli: pip install tomli")


def _tables(content: dict[str, Any], name: str, path: str) -> dict[str, dict[str, Any]]:
    _refuse_unknown(content, ("environments", "prices", "providers"), "the file", path)
    tables = content.get(name, {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        _refuse(path, f"{name} must be tables: [{name}.some-name]")
    return tables


def _check(settings: dict[str, Any], where: str, path: str, known: Kinds = _KINDS) -> None:
    for key in _KEYS_OF_KEYS:
        if key in settings:
            _refuse(path, f"{where}.{key}: a key has no place in this file; put it into a variable of the "
                          f"environment and name that: key_variable = ...")  # fmt: skip
    _refuse_unknown(settings, known, where, path)
    for key, value in settings.items():
        kinds = known[key]
        if not isinstance(value, kinds) or (isinstance(value, bool) and kinds != (object,)):
            _refuse(path, f"{where}.{key} must be a {kinds[-1].__name__}, not {type(value).__name__}")
    for name in settings.get("headers", ()):
        if name.lower() in KEY_HEADERS:
            _refuse(path, f"{where}.headers: {name} carries a key, which has no place in this file")


def _timeout_of(said: Any, where: str, path: str) -> Any:
    """A number of seconds, or a table of clocks."""
    from .._values.timeout import Timeout

    if isinstance(said, dict):
        _refuse_unknown(said, Timeout._fields, where, path)
    try:
        return Timeout(**said) if isinstance(said, dict) else _core.seconds(said, "timeout")
    except (TypeError, InvalidRequestError) as error:
        _refuse(path, f"{where}: {error}")


def _register(name: str, rows: dict[str, dict[str, Any]], path: str, heirs: tuple[str, ...]) -> None:
    """Registers a row of the file and those that it inherits from. They never replace a row of another origin."""
    if name in heirs:
        _refuse(path, f"providers inherit from each other in a circle: {' <- '.join((*heirs, name))}")
    row = rows[name]
    if row.get("inherits") in rows:
        _register(str(row["inherits"]), rows, path, (*heirs, name))
    if "name" in row:
        _refuse(path, f"providers.{name}.name: the name is the table's own")
    try:
        whole = _core.check_provider({**row, "name": name})
    except InvalidRequestError as error:
        _refuse(path, f"providers.{name}: {error}")
    if _is_found_here(path):
        _refuse_others_keys(name, whole, path)
    if name in _core.provider_names():
        if _core.provider_row(name) != whole:
            _refuse(path, f"providers.{name}: there is another provider of this name; choose a name of its own")
        return
    _core.register_provider({**row, "name": name})


def _refuse_others_keys(name: str, row: dict[str, Any], path: str) -> None:
    """A registered row's word would count for its variables."""
    for variable in filter(None, (*row["key_variables"], row["account_variable"])):
        for address in (row["base_url"], *row["other_addresses"]):
            if not _core.key_may_go(variable, address):
                why = f"what is in {variable} is not for {address}: use a variable of its own, or name the file in"
                _refuse(path, f"providers.{name}: {why} {CONFIG_VARIABLE} if it can be trusted")


def _refuse_unknown(given: dict[str, Any], known: Iterable[str], where: str, path: str) -> None:
    unknown = [key for key in given if key not in known]
    if unknown:
        _refuse(path, f"{where} has the unknown key {unknown[0]!r}{_near(unknown[0], known)}")


def _near(word: str, known: Iterable[str]) -> str:
    import difflib

    known = list(known)
    near = difflib.get_close_matches(word, known, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known are {', '.join(known)}" if known else ""


def _refuse(path: str, why: str) -> NoReturn:
    raise InvalidRequestError(f"{path}: {why}")
