"""The rows of providers, as the library itself has them."""

from __future__ import annotations

from typing import Any

from .markdown import code, codes, table

_RESOURCES = {
    "files": "files_path",
    "batches": "batches_path",
    "balance": "balance_path",
    "tokens": "tokens_path",
}


def _rows() -> list[dict[str, Any]]:
    from kimistream import _core

    return [_core.provider_row(name) for name in _core.provider_names()]


def names() -> str:
    """Their names, in one line."""
    return codes(row["name"] for row in _rows())


def addresses() -> str:
    """Where each is, by which variables its key comes, and what it calls the model."""
    rows = [
        [code(row["name"]), code(row["base_url"]), codes(row["key_variables"]), code(row["default_model"])]
        for row in _rows()
    ]
    return table(["`provider=`", "address", "key from", "default model"], rows)


def resources() -> str:
    """What each can beside chat, and how it is spoken to."""
    head = ["`provider=`", "protocol", *_RESOURCES, "pictures", "videos", "prefill", "thinking off"]
    return table(head, (_abilities(row) for row in _rows()))


def _abilities(row: dict[str, Any]) -> list[str]:
    offers = ["yes" if row[path] else "" for path in _RESOURCES.values()]
    return [
        code(row["name"]),
        row["protocol"].partition("_")[0],
        *offers,
        _forms(row["images"]),
        _forms(row["videos"]),
        "yes" if row["takes_prefill"] else "",
        code(_compact(row["thinking_off"])) if row["thinking_off"] else "",
    ]


def _forms(forms: list[str] | None) -> str:
    """None: it is not known, and tried; empty: not taken."""
    return "not known" if forms is None else ", ".join(forms) or "no"


def _compact(fields: dict[str, Any]) -> str:
    import json

    return json.dumps(fields, separators=(",", ":"))
