"""`kimistream balance`"""

from __future__ import annotations

import sys

from .connect import Target, connect
from .ending import DONE, guarded
from .failures import explained
from .output import be_lenient, harmless, put_json

_FIELDS = ("available_balance", "voucher_balance", "cash_balance")


def run(target: Target, as_json: bool) -> int:
    be_lenient()
    return guarded(lambda: _balance(target, as_json))


def _balance(target: Target, as_json: bool) -> int:
    from kimistream import KimiError

    with connect(target) as connection:
        try:
            balance = connection.client.balance()
        except KimiError as error:
            raise explained(error, connection) from error
    amounts = {name: getattr(balance, name) for name in _FIELDS if getattr(balance, name) is not None}
    if as_json:
        put_json({**{name: str(amount) for name, amount in amounts.items()}, "currency": balance.currency})
        return DONE
    width = max(len(str(amount)) for amount in amounts.values())
    for name, amount in amounts.items():
        line = f"{name.removesuffix('_balance'):<10}{amount!s:>{width}} {balance.currency or ''}"
        sys.stdout.write(f"{harmless(line.rstrip())}\n")
    sys.stdout.flush()
    return DONE
