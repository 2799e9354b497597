"""`kimistream probe`"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from .ending import DONE, WRONG_USAGE, CommandError, guarded
from .failures import told_by
from .output import be_lenient, harmless, put_json, tell
from .toml import table

if TYPE_CHECKING:
    from kimistream import KimiError


def run(url: str, variable: str | None, model: str | None, name: str, timeout: float | None, as_json: bool) -> int:
    be_lenient()
    return guarded(lambda: _probe(url, variable, model, name, timeout, as_json))


def _probe(url: str, variable: str | None, model: str | None, name: str, timeout: float | None, as_json: bool) -> int:
    from kimistream import InvalidRequestError, KimiError, _core

    from .probing import probe

    key = os.environ.get(variable, "") if variable else ""
    if variable and not key:
        raise CommandError(WRONG_USAGE, f"{variable} is not set")
    try:
        _core.destination("openai-compatible", url)
    except InvalidRequestError as error:  # before the address is shown: it may hold a password
        raise CommandError(WRONG_USAGE, str(error)) from error
    tell(f"asking {url}: a short streamed answer, a short plain one, and a request that it will refuse")
    try:
        findings, nearest, row = probe(url, key, model, timeout)
    except KimiError as error:
        raise told_by(error, url, variable or "", _advice(error, url, variable)) from error
    if as_json:
        put_json({"nearest": nearest, "findings": findings.summary(), "row": {"name": name, **row}})
        return DONE
    summary = {"nearest row": nearest, **findings.summary()}
    width = max(map(len, summary))
    lines = [f"# {title:<{width}}  {' '.join(text.split())}\n" for title, text in summary.items()]
    text = "".join([*lines, "\n", table(f"providers/{name}", row)])
    sys.stdout.write(harmless(text))
    sys.stdout.flush()
    return DONE


def _advice(error: KimiError, url: str, variable: str | None) -> str:
    status = getattr(error, "status_code", None)
    if status in (401, 403) and not variable:
        return "No key was sent: name the variable that holds one with --api-key-variable."
    if status == 404 and not url.rstrip("/").endswith("/v1"):
        return f"Is the address {url.rstrip('/')}/v1?"
    return ""
