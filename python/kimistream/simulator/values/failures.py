"""Refusals: the statuses, types and sentences with which Moonshot says no (Moonshot docs, "Error codes")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Failure:
    """One way to say no: HTTP status, the provider's type, its sentence, and extra response headers.

    `code` is the provider's own, where it has more to say than the status. `html` replaces the JSON envelope:
    Moonshot's 504 comes from the gateway and is a page. `body` replaces it too: some errors have their own shape.
    """

    status: int
    type: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)
    html: str = ""
    code: Any = None
    body: Mapping[str, Any] = field(default_factory=dict)


class Refusal(Exception):  # noqa: N818  (an answer of the server, not an error of ours)
    """Raised anywhere below a handler; the app turns it into the dialect's error envelope."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def invalid(message: str) -> Refusal:
    """The commonest refusal: 400 invalid_request_error."""
    return Refusal(Failure(400, "invalid_request_error", message))


UNAUTHORIZED = Failure(401, "invalid_authentication_error", "Invalid Authentication")
TOO_LARGE = Failure(413, "invalid_request_error", "Request exceeds the maximum size")
CRASHED = Failure(500, "server_error", "The simulator failed to answer; this is a bug in it")

_WAIT = {"Retry-After": "1"}
_ACCOUNT = "Your account org-simulator<ak-simulator>"
_RATE = "rate_limit_reached_error"

# What can be ordered by name with Simulator(error=...) or X-Simulate-Error: a status, or one of the kinds of 400 and
# 429 that a client must tell apart.
FAILURES: Mapping[str, Failure] = {
    "400": Failure(400, "invalid_request_error", "Invalid request: simulated"),
    "content_filter": Failure(400, "content_filter", "The request was rejected because it was considered high risk"),
    "too_long": Failure(400, "invalid_request_error", "Input token length too long"),
    "overflow": Failure(
        400,
        "invalid_request_error",
        "Invalid request: Your request exceeded model token limit: 262144 (requested: 274613)",
    ),
    "401": UNAUTHORIZED,
    "402": Failure(402, "payment_required_error", "Payment required"),
    "403": Failure(403, "permission_denied_error", "The API you are accessing is not open"),
    "404": Failure(404, "resource_not_found_error", "Not found the model simulated or Permission denied"),
    "408": Failure(408, "timeout_error", "Request timeout"),
    "409": Failure(409, "conflict_error", "Conflict"),
    "413": TOO_LARGE,
    "422": Failure(422, "invalid_request_error", "Invalid request: unprocessable"),
    "429": Failure(429, _RATE, f"{_ACCOUNT} request reached organization max RPM: 3, please try again after 1 seconds"),
    "concurrency": Failure(
        429, _RATE, f"{_ACCOUNT} request reached organization max concurrency: 1, please try again after 1 seconds"
    ),
    "rpm": Failure(429, _RATE, f"{_ACCOUNT} request reached organization max RPM: 3, please try again after 1 seconds"),
    "tpm": Failure(429, _RATE, f"{_ACCOUNT} request reached TPM rate limit, current:600000, limit:500000"),
    "tpd": Failure(429, _RATE, f"{_ACCOUNT} request reached TPD rate limit,current:1600000, limit:1500000"),
    "overloaded": Failure(
        429, "engine_overloaded_error", "The engine is currently overloaded, please try again later", _WAIT
    ),
    "quota": Failure(
        429,
        "exceeded_current_quota_error",
        "You exceeded your current token quota: <org-simulator>, please check your account balance",
    ),
    "suspended": Failure(
        429,
        "exceeded_current_quota_error",
        "Your account org-simulator<ak-simulator> is suspended (due to insufficient balance), please recharge your "
        "account or check your plan and billing details",
    ),
    "499": Failure(499, "client_closed_request", "The client closed the request"),
    "500": Failure(500, "server_error", "Internal server error"),
    "502": Failure(502, "server_error", "Bad gateway"),
    "503": Failure(503, "server_unavailable", "The service is under maintenance or scaling", _WAIT),
    "504": Failure(
        504, "server_error", "Gateway timeout", {}, "<html><body><h1>504 Gateway Time-out</h1></body></html>\n"
    ),
    "529": Failure(529, "overloaded_error", "Overloaded"),
}
