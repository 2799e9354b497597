"""What a provider tells beside its answers: models, balance, the number of tokens. Shared by both clients."""

from __future__ import annotations

from . import _core
from ._errors import APIError, APIStatusError, InvalidRequestError, NotFoundError
from ._message import _Value
from ._object import Model, ModelList
from ._request import completed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from decimal import Decimal
    from typing import Any, NoReturn


class Balance(_Value):
    """What is left on an account. Amounts are exact, as they were sent; None where the provider does not say.

    available_balance  what can be spent: vouchers and cash together; requests are refused at 0 and below
    voucher_balance    never negative
    cash_balance       negative for a debt
    currency           of the platform, e.g. "USD"; None where it is not known
    """

    __slots__ = _fields = __match_args__ = ("available_balance", "voucher_balance", "cash_balance", "currency")

    def __init__(
        self,
        available_balance: Decimal,
        voucher_balance: Decimal | None = None,
        cash_balance: Decimal | None = None,
        currency: str | None = None,
    ) -> None:
        self.available_balance = available_balance
        self.voucher_balance = voucher_balance
        self.cash_balance = cash_balance
        self.currency = currency


class TokenCount(_Value):
    """How many tokens a prompt has. `int(count)` is `total_tokens`.

    estimated  True: all of it, or the part of the tools, is a guess made here; False: the provider counted
    """

    __slots__ = _fields = __match_args__ = ("total_tokens", "estimated")

    def __init__(self, total_tokens: int, estimated: bool = False) -> None:
        self.total_tokens = total_tokens
        self.estimated = estimated

    def __int__(self) -> int:
        return self.total_tokens


# ---- models ---------------------------------------------------------------------------------------------------------


def models_path(core: _core.Client) -> str:
    return _path(core, "models_path", "lists no models")


def model_list(body: Any) -> ModelList:
    if isinstance(body, list):  # some servers leave the envelope out
        body = {"object": "list", "data": body}
    if not isinstance(body, dict) or not isinstance(body.get("data"), list):
        raise APIError("the list of models has no data", body=body)
    body["data"] = [row for row in body["data"] if isinstance(row, dict)]
    return ModelList(body)


def find_model(core: _core.Client, wanted: str | None, models: ModelList) -> Model:
    """The row of a model, by the provider's own name for it or by the neutral one."""
    if wanted is not None and not isinstance(wanted, str):
        raise TypeError(f"model must be a str, not {type(wanted).__name__}")
    wanted = wanted or core.model
    own = core.row["models"].get(wanted, wanted)
    for name in (own, wanted):
        for model in models:
            if model.id == name:
                return model  # type: ignore[no-any-return]
    served = [str(model.id) for model in models if model.id]
    raise NotFoundError(f"{core.base_url} does not serve the model {own!r}. {_instead(own, served)}")


def _instead(wanted: str, served: list[str]) -> str:
    import difflib

    if not served:
        return "It lists no model at all"
    by_lower = {name.lower(): name for name in served}
    by_last = {name.lower().rsplit("/", 1)[-1]: name for name in served}
    last = wanted.lower().rsplit("/", 1)[-1]
    near = [by_lower[name] for name in difflib.get_close_matches(wanted.lower(), by_lower)]
    near += [by_last[name] for name in difflib.get_close_matches(last, by_last) if by_last[name] not in near]
    if near:
        return f"Near to it are {', '.join(near)}"
    shown = 20
    more = f" and {len(served) - shown} more" if len(served) > shown else ""
    return f"It serves {', '.join(served[:shown])}{more}"


class Models:
    """`client.models`."""

    __slots__ = ("_core",)

    def __init__(self, core: _core.Client) -> None:
        self._core = core

    def list(self) -> ModelList:
        """The models that the provider serves. Iterates, and has them in `.data`; see `Model` for what each can."""
        return model_list(self._core.send(models_path(self._core)).json())

    def check(self, model: str | None = None) -> Model:
        """The row of one model, that of this client by default: that it is served, and what it can.

        Raises NotFoundError where the provider does not list it, and names those that are near.
        """
        return find_model(self._core, model, self.list())


# ---- balance --------------------------------------------------------------------------------------------------------


def balance_path(core: _core.Client) -> str:
    return _path(core, "balance_path", "has no resource that tells a balance: look at its console")


def balance(text: str, currency: str) -> Balance:
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


# ---- tokens ---------------------------------------------------------------------------------------------------------


def token_request(
    prompt: Any,
    model: str | None,
    system: str | None,
    tools: list[Any] | None,
    timeout: float | None,
    defaults: dict[str, Any] | None,
) -> tuple[Any, ...]:
    kept = {key: value for key, value in (defaults or {}).items() if key in ("model", "system", "tools", "timeout")}
    return completed((prompt, model, system, None, tools, None, None, timeout, *(None,) * 6, {}), kept)


def counts_tokens(core: _core.Client) -> bool:
    return bool(core.row["tokens_path"])


def estimated(request: tuple[Any, ...]) -> TokenCount:
    return TokenCount(_core.estimate_tokens(request), True)


def counted(answer: str, request: tuple[Any, ...]) -> TokenCount:
    """The provider's count, and the tools beside it, which it has no field for."""
    tools = _core.estimate_tokens(request, tools_only=True)
    return TokenCount(_core.read_token_count(answer) + tools, bool(tools))


def has_no_such_resource(error: APIStatusError) -> bool:
    # A 404 may also be about the model: "Not found the model X or Permission denied".
    return error.status_code in (405, 501) or (error.status_code == 404 and "model" not in error.message)


def _path(core: _core.Client, field: str, otherwise: str) -> str:
    path: str = core.row[field]
    if not path:
        _refuse(f"the provider {core.provider!r} {otherwise}")
    return path


def _refuse(message: str) -> NoReturn:
    raise InvalidRequestError(message)
