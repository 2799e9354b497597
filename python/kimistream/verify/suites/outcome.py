"""What a suite's cases come to: the report of Kimi-Vendor-Verifier."""

from __future__ import annotations

from datetime import datetime, timezone

from ..._values.errors import APIError, APIStatusError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

PASSED, FAILED, INFRA = "passed", "failed", "infra_error"


class Case:
    """One case: `check` gives why it fails, or None."""

    def __init__(self, id: str, check: Callable[[], str | None], mode: str = "") -> None:
        self.id = id
        self.check = check
        self.mode = mode

    def run(self) -> dict[str, Any]:
        try:
            why = self.check()
        except APIStatusError as error:  # what is the server's state says nothing of how it serves
            status = error.status_code
            infra = status is None or status == 429 or status >= 500
            return self._told(INFRA if infra else FAILED, str(error))
        except APIError as error:
            return self._told(INFRA, str(error))
        return self._told(PASSED if why is None else FAILED, why or "")

    def _told(self, status: str, why: str) -> dict[str, Any]:
        return {"id": self.id, "mode": self.mode, "status": status, "why": why}


def report_of(client: Any, model: str | None, cases: list[Case], **more: Any) -> dict[str, Any]:
    """Runs the cases, one after the other."""
    results = [case.run() for case in cases]
    by_status: dict[str, int] = {}
    by_mode: dict[str, dict[str, int]] = {}
    for result in results:
        by_status[result["status"]] = by_status.get(result["status"], 0) + 1
        mode = by_mode.setdefault(result["mode"], {})
        mode[result["status"]] = mode.get(result["status"], 0) + 1
    return {
        "generated_at": datetime.now(timezone.utc).isoformat(),
        "model": model or client._core.model,
        "base_url": client.base_url,
        **more,
        "selected_cases": len(cases),
        "summary": {"total": len(cases), "by_status": by_status, "by_mode": by_mode},
        "results": results,
    }
