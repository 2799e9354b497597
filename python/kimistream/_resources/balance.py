"""What is left on an account."""

from __future__ import annotations

from .. import _core
from .._requests.steps import get, path_of
from .._values.errors import APIError
from .._values.resources import Balance

TYPE_CHECKING = False
if TYPE_CHECKING:
    from decimal import Decimal

    from .._requests.sender import Sender
    from .._requests.steps import Steps
    from .._values.timeout import AnyTimeout


def balance(sender: Sender, timeout: AnyTimeout) -> Steps[Balance]:
    path = path_of(sender.core, "balance_path", "has no resource that tells a balance: look at its console")
    return _read((yield get(path, timeout, _core.body_text)), sender.core.currency)


def _read(text: str, currency: str) -> Balance:
    """From the body of the answer, whose envelope is unlike any other's: {"code": 0, "data": {...}, "status": true}."""
    import json
    from decimal import Decimal, InvalidOperation

    try:
        body = json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=str)
    except (ValueError, RecursionError):
        raise APIError("the answer to a balance is not JSON", body=text) from None
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, dict) or body.get("code", 0) not in (0, "0", None):
        message = body.get("message") if isinstance(body, dict) else None
        raise APIError(f"no balance was told: {message or text[:200]}", body=_core.loads(text))

    def amount(name: str) -> Decimal | None:
        try:
            value = Decimal(data[name]) if isinstance(data.get(name), Decimal | str) else None
        except InvalidOperation:
            return None
        return value if value is not None and value.is_finite() else None

    available = amount("available_balance")
    if available is None:
        raise APIError("the answer to a balance has no available_balance", body=_core.loads(text))
    return Balance(available, amount("voucher_balance"), amount("cash_balance"), currency or None)
