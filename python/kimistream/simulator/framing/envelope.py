"""A refusal as a dialect says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..dialects.dialect import Dialect
from ..values.failures import FAILURES, Failure
from ..values.shapes import fill


def envelope(dialect: Dialect, template: Mapping[str, Any], failure: Failure, **more: Any) -> Mapping[str, Any]:
    """The JSON body of a failure in a dialect: its template filled in, its own type and code where it has them."""
    if failure.body:
        return failure.body
    code = dialect.error_codes.get(failure.status, failure.status) if failure.code is None else failure.code
    own = {"message": failure.message, "type": dialect.error_types.get(failure.status, failure.type), "code": code}
    return fill(template, {**more, **own, "error_type": failure.type, "http_status": failure.status})


def named_failure(dialect: Dialect, name: str) -> Failure:
    """A row of FAILURES as this dialect says it. KeyError where there is none."""
    return dialect.failures.get(name) or FAILURES[name]
