"""How many tokens a prompt has."""

from __future__ import annotations

from .. import _core
from .._requests.arguments import completed
from .._requests.steps import Step
from .._values.errors import APIStatusError
from .._values.resources import TokenCount

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._requests.sender import Sender
    from .._requests.steps import Steps
    from .._values.timeout import AnyTimeout


def count(sender: Sender, request: tuple[Any, ...]) -> Steps[TokenCount]:
    if not sender.core.row["tokens_path"]:
        return estimated(request)
    try:
        answer = yield Step(lambda starter: starter.count_tokens(sender.core, request), _core.body_text)
    except APIStatusError as error:
        if _has_no_such_resource(error):
            return estimated(request)
        raise
    return _counted(answer, request)


def token_request(
    prompt: Any,
    model: str | None,
    system: str | None,
    tools: list[Any] | None,
    timeout: AnyTimeout,
    defaults: dict[str, Any] | None,
) -> tuple[Any, ...]:
    kept = {key: value for key, value in (defaults or {}).items() if key in ("model", "system", "tools", "timeout")}
    return completed((prompt, model, system, None, tools, None, None, timeout, *(None,) * 7, {}), kept)


def estimated(request: tuple[Any, ...]) -> TokenCount:
    return TokenCount(_core.estimate_tokens(request), True)


def _counted(answer: str, request: tuple[Any, ...]) -> TokenCount:
    """The provider's count, and the tools beside it, which it has no field for."""
    tools = _core.estimate_tokens(request, tools_only=True)
    return TokenCount(_core.read_token_count(answer) + tools, bool(tools))


def _has_no_such_resource(error: APIStatusError) -> bool:
    # A 404 may also be about the model: "Not found the model X or Permission denied".
    return error.status_code in (405, 501) or (error.status_code == 404 and "model" not in error.message)
