"""Values that the model fixes: its own are taken, any other is refused with a 400."""

from __future__ import annotations

from ..._values.errors import APIStatusError
from .outcome import Case, report_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_QUESTION = "Say the word ready."
_OTHERS = {"temperature": 0.5, "top_p": 0.8, "presence_penalty": 0.5, "frequency_penalty": 0.5, "n": 2}
_OWN = {"top_p": 0.95, "presence_penalty": 0, "frequency_penalty": 0, "n": 1}
_TEMPERATURE = {True: 1.0, False: 0.6}


def params(client: Any, path: str | None, model: str | None, extra_body: dict[str, Any]) -> dict[str, Any]:
    """With thinking and without: a request without parameters passes, the fixed values pass, others are a 400."""
    cases = []
    for thinking in (True, False):
        mode = "thinking" if thinking else "instant"
        cases.append(_takes(client, model, extra_body, thinking, mode, {}))
        for name, value in {"temperature": _TEMPERATURE[thinking], **_OWN}.items():
            cases.append(_takes(client, model, extra_body, thinking, mode, {name: value}))
        for name, value in _OTHERS.items():
            cases.append(_refuses(client, model, extra_body, thinking, mode, {name: value}))
    return report_of(client, model, cases)


def _ask(client: Any, model: str | None, extra_body: dict[str, Any], thinking: bool, fields: dict[str, Any]) -> None:
    client.complete(_QUESTION, model=model, thinking=thinking, check="off", extra_body={**fields, **extra_body})


def _takes(
    client: Any, model: str | None, extra_body: dict[str, Any], thinking: bool, mode: str, fields: dict[str, Any]
) -> Case:
    def check() -> str | None:
        _ask(client, model, extra_body, thinking, fields)
        return None

    return Case(f"{mode}: takes {_said(fields)}", check, mode)


def _refuses(
    client: Any, model: str | None, extra_body: dict[str, Any], thinking: bool, mode: str, fields: dict[str, Any]
) -> Case:
    def check() -> str | None:
        try:
            _ask(client, model, extra_body, thinking, fields)
        except APIStatusError as error:
            if error.status_code == 400:
                return None
            raise
        return "it is taken, and must be a 400"

    return Case(f"{mode}: refuses {_said(fields)}", check, mode)


def _said(fields: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in fields.items()) or "no parameters"
