"""The prices that are known, and where each is from."""

from __future__ import annotations

from .. import _core
from .._requests.environments import load_prices
from .._values.errors import InvalidRequestError
from .._values.object import Extra
from .genai import genai_rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def prices() -> list[Extra]:
    """What models cost, for a million tokens each: a list of rows, whose keys are attributes too: `provider`, `model`,
    `input`, `cached`, `output`, `cache_write`, `cache_write_1h`, `batch_input`, `batch_cached`, `batch_output`,
    `currency`, `date` and `source`. None: there is no such price, and those tokens are billed as other input is.

    A row of `[prices."PROVIDER/MODEL"]` in the file of environments comes first, then the library's own, then one of
    the package genai-prices where that is installed (`pip install 'kimistream[prices]'`). What has no row has no cost.
    Changing a row changes nothing. Raises InvalidRequestError for a file that cannot be read.
    """
    rows = [*load_prices(), *_core.prices()]
    for provider in _core.provider_names():
        rows += genai_rows(provider)
    return [Extra(row) for row in _first_of_each(rows)]


def rows_for(provider: str, model: str) -> list[dict[str, Any]]:
    """Those that a client has beside the library's own. genai-prices is looked at where the client's model has no
    price otherwise: to import it takes longer than anything else that a client does.

    model  "" for the provider's default
    """
    try:
        rows = load_prices()
    except InvalidRequestError as error:  # of a file that this client has not asked for
        import logging

        logging.getLogger("kimistream").warning("no prices are taken from the file of environments: %s", error)
        rows = []
    wanted = (provider, (model or _core.provider_row(provider)["default_model"]).lower())
    if any((row["provider"], row["model"].lower()) == wanted for row in [*rows, *_core.prices()]):
        return rows
    own = {row["model"] for row in _core.prices() if row["provider"] == provider}
    return [*rows, *(row for row in genai_rows(provider) if row["model"] not in own)]


def _first_of_each(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    first: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        first.setdefault((row["provider"], row["model"].lower()), dict(row))
    return sorted(first.values(), key=lambda row: (row["provider"], row["model"]))
