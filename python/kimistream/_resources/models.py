"""The models that a provider serves."""

from __future__ import annotations

from .._requests.steps import get, path_of
from .._values.errors import APIError, NotFoundError
from .._values.resources import Model, ModelList

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .. import _core
    from .._requests.sender import Sender
    from .._requests.steps import Steps
    from .._values.timeout import AnyTimeout


def list_all(sender: Sender, *, timeout: AnyTimeout = None) -> Steps[ModelList]:
    """The models that the provider serves. Iterates, and has them in `.data`; see `Model` for what each can.

    From then on this client checks requests for a model that is newer than the library by what the list says of it.
    """
    body = yield get(path_of(sender.core, "models_path", "lists no models"), timeout)
    sender.core.learn_models(body)
    return _model_list(body)


def check(sender: Sender, model: str | None = None) -> Steps[Model]:
    """The row of one model, that of this client by default: that it is served, and what it can.

    Raises NotFoundError where the provider does not list it, and names those that are near.
    """
    return _find(sender.core, model, (yield from list_all(sender)))


def retrieve(sender: Sender, model: str, *, timeout: AnyTimeout = None) -> Steps[Model]:
    """The row of one model, as openai-python has it. Asks for the list: not every provider has a page of its own for
    each. Raises NotFoundError as `check` does."""
    return _find(sender.core, model, (yield from list_all(sender, timeout=timeout)))


def _model_list(body: Any) -> ModelList:
    if isinstance(body, list):  # some servers leave the envelope out
        body = {"object": "list", "data": body}
    if not isinstance(body, dict) or not isinstance(body.get("data"), list):
        raise APIError("the list of models has no data", body=body)
    body["data"] = [row for row in body["data"] if isinstance(row, dict)]
    return ModelList(body)


def _find(core: _core.Client, wanted: str | None, models: ModelList) -> Model:
    """The row of a model, by the provider's own name for it or by the neutral one."""
    if wanted is not None and not isinstance(wanted, str):
        raise TypeError(f"model must be a str, not {type(wanted).__name__}")
    wanted = wanted or core.model
    own = core.row["models"].get(wanted, wanted)
    for name in (own, wanted):
        for model in models:
            if model.id == name:
                return model
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
