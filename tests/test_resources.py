"""Models, balance and the count of tokens, as a server on loopback tells them."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest
from fault_server_client import FaultServer, Script
from kit import KEY

from kimistream import (
    APIError,
    APIStatusError,
    AsyncKimi,
    AuthenticationError,
    Balance,
    InvalidRequestError,
    Kimi,
    Model,
    NotFoundError,
    TokenCount,
)

MODELS = {
    "object": "list",
    "data": [
        {
            "id": "kimi-k2.6",
            "object": "model",
            "created": 1788143653,
            "owned_by": "moonshot",
            "supports_image_in": True,
            "supports_video_in": True,
            "supports_reasoning": True,
            "supports_dynamic_tools": False,
            "context_length": 262144,
        },
        {"id": "kimi-k2.7-code", "object": "model"},
        {"id": "kimi-k3", "object": "model", "max_model_len": 1000},
    ],
}
BALANCE = '{"code":0,"data":{"available_balance":49.58894000000000001,"voucher_balance":46.58893,"cash_balance":-3},"scode":"0x0","status":true}'  # fmt: skip  # noqa: E501


class Blocking:
    """The calls of a client, blocking or asynchronous, under one set of names."""

    def __init__(self, asynchronous: bool, url: str, **options: Any) -> None:
        self.asynchronous = asynchronous
        self.options = {"api_key": KEY, "base_url": url, "max_retries": 0, **options}

    def __call__(self, name: str, *arguments: Any, **named: Any) -> Any:
        if not self.asynchronous:
            with Kimi(**self.options) as client:
                return _find(client, name)(*arguments, **named)

        async def call() -> Any:
            async with AsyncKimi(**self.options) as client:
                return await _find(client, name)(*arguments, **named)

        return asyncio.run(call())


def _find(client: Any, name: str) -> Any:
    for part in name.split("."):
        client = getattr(client, part)
    return client


@pytest.fixture(params=[False, True], ids=["Kimi", "AsyncKimi"])
def asynchronous(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def text(body: str, status: int = 200) -> Script:
    return Script().respond(status, body, "application/json")


# ---- models ---------------------------------------------------------------------------------------------------------


def test_models_say_what_they_can(fault_server: FaultServer, asynchronous: bool) -> None:
    models = Blocking(asynchronous, fault_server.url(Script().json(200, MODELS)))("models.list")
    first, second, third = models
    assert isinstance(first, Model)
    assert (first.id, first.context_length) == ("kimi-k2.6", 262144)
    assert (first.supports_image_in, first.supports_video_in, first.supports_reasoning) == (True, True, True)
    assert first.supports_dynamic_tools is False
    assert first.model_dump(exclude_unset=True) == MODELS["data"][0]
    assert (second.context_length, second.supports_image_in, second.supports_reasoning) == (None, None, None)
    assert third.context_length == 1000
    with pytest.raises(AttributeError):
        _ = second.supports_dynamic_tools


def test_capabilities_in_other_words() -> None:
    model = Model(
        {
            "id": "moonshotai/kimi-k2.6",
            "architecture": {"input_modalities": ["text", "image"]},
            "supported_parameters": ["tools", "reasoning"],
        }
    )
    assert (model.supports_image_in, model.supports_video_in, model.supports_reasoning) == (True, False, True)
    odd = Model({"id": "x", "architecture": "odd", "supported_parameters": None})
    assert (odd.supports_image_in, odd.supports_reasoning) == (None, None)


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": {"id": "x"}}, {"object": "list"}])
def test_an_answer_that_is_no_list_of_models(fault_server: FaultServer, asynchronous: bool, body: Any) -> None:
    with pytest.raises(APIError, match="models"):
        Blocking(asynchronous, fault_server.url(Script().json(200, body)))("models.list")


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_model_newer_than_the_library_is_checked_by_the_list(fault_server: FaultServer, asynchronous: bool) -> None:
    rows = [{"id": "kimi-k3.9", "object": "model", "context_length": 4096}]
    url = fault_server.url(Script().json(200, {"data": rows}))
    asked = {"model": "kimi-k3.9", "max_tokens": 5000, "check": "error"}
    if asynchronous:

        async def ask() -> None:
            async with AsyncKimi(api_key=KEY, base_url=url, provider="moonshot", max_retries=0) as client:
                await client.models.list()
                await client.complete("hi", **asked)

        with pytest.raises(InvalidRequestError, match="4096"):
            asyncio.run(ask())
    else:
        with Kimi(api_key=KEY, base_url=url, provider="moonshot", max_retries=0) as client:
            client.models.list()
            with pytest.raises(InvalidRequestError, match="4096"):
                client.complete("hi", **asked)
    assert len(fault_server.requests(url)) == 1


def test_odd_rows_are_left_out(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, {"data": [{"id": "a"}, None, "b", 3]}))
    assert [model.id for model in Kimi(KEY, base_url=url).models.list()] == ["a"]


def test_a_model_is_checked(fault_server: FaultServer, asynchronous: bool) -> None:
    client = Blocking(asynchronous, fault_server.url(Script().json(200, MODELS)))
    assert client("models.check").context_length == 262144
    assert client("models.check", "kimi-k3").id == "kimi-k3"


def test_a_neutral_name_is_checked_as_the_providers_own(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, {"data": [{"id": "moonshotai/Kimi-K2.6"}]}))
    with Kimi(provider="vllm", base_url=url) as client:
        assert client.models.check("kimi-k2.6").id == "moonshotai/Kimi-K2.6"
        assert client.models.check().id == "moonshotai/Kimi-K2.6"
        with pytest.raises(NotFoundError, match=r"moonshotai/Kimi-K2\.6"):
            client.models.check("kimi-k2")


def test_a_model_that_is_not_served_names_those_near(fault_server: FaultServer, asynchronous: bool) -> None:
    client = Blocking(asynchronous, fault_server.url(Script().json(200, MODELS)))
    with pytest.raises(NotFoundError) as error:
        client("models.check", "kimi-k2.6-thinking")
    assert "'kimi-k2.6-thinking'" in str(error.value)
    assert "Near to it are kimi-k2.6" in str(error.value)
    assert error.value.status_code is None
    with pytest.raises(NotFoundError, match=r"It serves kimi-k2\.6, kimi-k2\.7-code, kimi-k3"):
        client("models.check", "zzzzzzzz")
    with pytest.raises(TypeError, match="model must be a str"):
        client("models.check", 5)


# ---- balance --------------------------------------------------------------------------------------------------------


def test_a_balance_is_exact(fault_server: FaultServer, asynchronous: bool) -> None:
    url = fault_server.url(text(BALANCE))
    balance = Blocking(asynchronous, url)("balance")
    assert balance == Balance(Decimal("49.58894000000000001"), Decimal("46.58893"), Decimal(-3), "USD")
    assert fault_server.requests(url)[0]["target"].endswith("/v1/users/me/balance")


def test_the_currency_is_the_platforms(fault_server: FaultServer) -> None:
    url = fault_server.url(text(BALANCE))
    assert Kimi(KEY, provider="moonshot-cn", base_url=url).balance().currency == "CNY"
    # The address says more than the row whose dialect was asked for.
    assert Kimi(KEY, provider="moonshot", base_url="https://api.moonshot.cn/v1")._core.currency == "CNY"
    own = {"base_url": url, "balance_path": "/balance"}
    assert Kimi(KEY, provider=own).balance().currency is None


def test_amounts_may_be_texts_or_missing(fault_server: FaultServer) -> None:
    url = fault_server.url(text('{"data":{"available_balance":"0.10","cash_balance":"NaN"}}'))
    assert Kimi(KEY, base_url=url).balance() == Balance(Decimal("0.10"), None, None, "USD")


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '{"code":0,"data":null}',
        '{"code":0,"data":{}}',
        '{"code":0,"data":{"available_balance":null}}',
        '{"code":0,"data":{"available_balance":NaN}}',
        '{"code":0,"data":{"available_balance":[1]}}',
        '{"code":7,"data":{"available_balance":1},"message":"suspended"}',
    ],
)
def test_an_answer_without_a_balance_is_an_error(fault_server: FaultServer, asynchronous: bool, body: str) -> None:
    with pytest.raises(APIError) as error:
        Blocking(asynchronous, fault_server.url(text(body)))("balance")
    assert ("suspended" in str(error.value)) == ("suspended" in body)


def test_a_provider_without_a_balance_is_told_before_anything_is_sent(asynchronous: bool) -> None:
    with pytest.raises(InvalidRequestError, match="'vllm' has no resource that tells a balance"):
        Blocking(asynchronous, "http://127.0.0.1:1/v1", provider="vllm")("balance")


def test_a_refused_balance(fault_server: FaultServer, asynchronous: bool) -> None:
    with pytest.raises(AuthenticationError):
        Blocking(asynchronous, fault_server.url(Script().json(401, {"error": {"message": "no"}})))("balance")


# ---- tokens ---------------------------------------------------------------------------------------------------------

COUNTED = {"data": {"total_tokens": 80}}


def test_the_provider_counts(fault_server: FaultServer, asynchronous: bool) -> None:
    url = fault_server.url(Script().json(200, COUNTED))
    count = Blocking(asynchronous, url)("count_tokens", "hello", system="Be terse.", model="kimi-k3")
    assert count == TokenCount(80, False)
    assert int(count) == 80
    (seen,) = fault_server.requests(url)
    assert seen["method"] == "POST"
    assert seen["target"].endswith("/v1/tokenizers/estimate-token-count")
    assert json.loads(seen["body"]) == {
        "model": "kimi-k3",
        "messages": [{"role": "system", "content": "Be terse."}, {"role": "user", "content": "hello"}],
    }


def test_prompts_of_every_kind_are_counted(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, COUNTED))
    with Kimi(KEY, base_url=url) as client:
        client.count_tokens([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}])
        client.count_tokens(["a", {"type": "image_url", "image_url": {"url": "ms://1"}}])
        with pytest.raises(TypeError):
            client.count_tokens(5)
        with pytest.raises(InvalidRequestError):
            client.count_tokens([])
    first, second = (json.loads(each["body"])["messages"] for each in fault_server.requests(url))
    assert [message["role"] for message in first] == ["user", "assistant"]
    assert second[0]["content"][1]["image_url"] == {"url": "ms://1"}


def test_tools_are_estimated_beside_the_count(fault_server: FaultServer, asynchronous: bool) -> None:
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
    url = fault_server.url(Script().json(200, COUNTED))
    count = Blocking(asynchronous, url)("count_tokens", "hello", tools=[tool])
    assert count.estimated
    assert count.total_tokens > 80
    assert "tools" not in json.loads(fault_server.requests(url)[0]["body"])


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_server_that_counts_nothing_is_estimated(fault_server: FaultServer, asynchronous: bool, status: int) -> None:
    url = fault_server.url(Script().json(status, {"detail": "Not Found"}))
    assert Blocking(asynchronous, url)("count_tokens", "abcd") == TokenCount(5, True)


def test_a_provider_that_counts_nothing_is_not_asked(asynchronous: bool) -> None:
    client = Blocking(asynchronous, "http://127.0.0.1:1/v1", provider="vllm")
    assert client("count_tokens", "abcd") == TokenCount(5, True)
    assert client("count_tokens", "你好吗") == TokenCount(6, True)
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 100_000}}
    assert client("count_tokens", [image]) == TokenCount(1028, True)


def test_an_unknown_model_is_no_missing_resource(fault_server: FaultServer, asynchronous: bool) -> None:
    refusal = {"error": {"message": "Not found the model x or Permission denied", "type": "resource_not_found_error"}}
    with pytest.raises(NotFoundError):
        Blocking(asynchronous, fault_server.url(Script().json(404, refusal)))("count_tokens", "abcd", model="x")


@pytest.mark.parametrize("body", [{}, {"data": {}}, {"data": {"total_tokens": "80"}}])
def test_an_answer_without_a_count_is_an_error(fault_server: FaultServer, asynchronous: bool, body: Any) -> None:
    with pytest.raises(APIError, match="total_tokens") as error:
        Blocking(asynchronous, fault_server.url(Script().json(200, body)))("count_tokens", "abcd")
    assert not isinstance(error.value, APIStatusError)
