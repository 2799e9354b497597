"""Against the openai package itself, where it is installed: what its models, clients and errors have."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from fault_server_client import FaultServer
from kit import KEY, Script, answer, completion, kimi

import kimistream
from kimistream import AsyncKimi, Kimi
from kimistream._values import completion_events, completions
from kimistream._values.passing import counterpart

openai = pytest.importorskip("openai")

ASKED: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}]}
SHAPES = [kind for kind in vars(completions).values() if isinstance(kind, type) and getattr(kind, "_like", ())]
EVENTS = [kind for kind in vars(completion_events).values() if isinstance(kind, type) and getattr(kind, "_like", ())]

LEFT_OUT = {
    **dict.fromkeys(("auth_headers", "custom_auth", "platform_headers", "user_agent", "qs"), "parts of its HTTP"),
    **dict.fromkeys(
        ("request", "get", "post", "put", "patch", "delete", "get_api_list"), "the same: methods for paths"
    ),
    "batches": "a resource of its own, see client.batches where it is there",
}
LEFT_OUT_OF_COMPLETIONS = dict.fromkeys(("list", "retrieve", "update", "delete", "messages"), "of stored completions")


@pytest.mark.parametrize("kind", [*SHAPES, *EVENTS], ids=lambda kind: kind.__name__)
def test_each_class_has_its_counterpart(kind: Any) -> None:
    for path in kind._like:
        try:
            importlib.import_module(path.rpartition(".")[0])
        except ImportError:
            assert len(kind._like) > 1  # an older name of it
    assert counterpart(kind) is not kind
    assert counterpart(kind).__module__.startswith("openai.")


@pytest.mark.parametrize("kind", SHAPES, ids=lambda kind: kind.__name__)
def test_each_field_of_its_models_is_there(kind: Any) -> None:
    importlib.import_module(kind._like[0].rpartition(".")[0])
    theirs: Any = counterpart(kind)
    assert set(theirs.model_fields) <= set(kind._known) == set(kind.model_fields) & set(kind._known)
    assert set(kind._known) <= set(theirs.model_fields)  # what it does not know is an extra
    for name in theirs.model_fields:
        getattr(kind({}), name)


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_each_field_of_its_events_is_there(kind: Any) -> None:
    importlib.import_module(kind._like[0].rpartition(".")[0])
    theirs: Any = counterpart(kind)
    assert set(theirs.model_fields) == {*kind.__annotations__, "type"}


@pytest.mark.parametrize(("ours", "theirs"), [(Kimi, "OpenAI"), (AsyncKimi, "AsyncOpenAI")])
def test_each_attribute_of_its_clients_is_there(ours: Any, theirs: str) -> None:
    client, their = ours(KEY), getattr(openai, theirs)(api_key=KEY)
    public = {name for name in dir(type(their)) if not name.startswith("_")} | {"api_key", "timeout", "max_retries"}
    assert {name for name in public if not hasattr(client, name)} <= set(LEFT_OUT)
    public = {name for name in dir(type(their.chat.completions)) if not name.startswith("_")}
    missing = {name for name in public if not hasattr(client.chat.completions, name)}
    assert missing <= set(LEFT_OUT_OF_COMPLETIONS)
    assert isinstance(client.chat.completions, type(their.chat.completions))


def test_errors_are_its_own() -> None:
    kimistream.KimiError()
    for name in ("APIError", "APIStatusError", "APIConnectionError", "APITimeoutError", "RateLimitError",
                 "BadRequestError", "AuthenticationError", "PermissionDeniedError", "NotFoundError", "ConflictError",
                 "UnprocessableEntityError", "InternalServerError", "LengthFinishReasonError",
                 "ContentFilterFinishReasonError"):  # fmt: skip
        assert issubclass(getattr(kimistream, name), getattr(openai, name)), name
    assert issubclass(kimistream.InvalidRequestError, openai.OpenAIError)


def test_its_own_models_take_our_answers(fault_server: FaultServer) -> None:
    import pydantic

    chat = importlib.import_module("openai.types.chat")
    url = fault_server.url(Script().json(200, completion("x", reasoning="Hm.", details=[{"a": 1}])))
    answered = kimi(url).chat.completions.create(**ASKED)
    assert chat.ChatCompletion.model_validate(answered.model_dump()).model_dump() == answered.model_dump()
    assert isinstance(answered, chat.ChatCompletion)
    assert isinstance(answered, openai.BaseModel)
    holder = pydantic.create_model("Holder", raw=(Any, None), typed=(chat.ChatCompletion, ...))
    dumped = holder(raw=answered, typed=answered).model_dump(exclude_unset=True)
    assert dumped["raw"] == dumped["typed"] == answered.to_dict()
    assert answered != chat.ChatCompletion.model_construct(id="other")
    url = fault_server.url(Script().event_stream(answer("x")))
    for chunk in kimi(url).chat.completions.create(stream=True, **ASKED):
        again = chat.ChatCompletionChunk.model_validate(chunk.model_dump())
        assert again.to_dict(exclude_unset=False) == chunk.model_dump()
        assert isinstance(chunk, chat.ChatCompletionChunk)
