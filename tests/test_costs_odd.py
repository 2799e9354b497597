"""Costs and budgets where somebody makes it hard: counters that lie, models and limits in odd places, other money."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import Any

import pytest
from fault_server_client import FaultServer, Script
from kit import completion, kimi, stream_of

import kimistream
from kimistream import Budget, BudgetExceededError, InvalidRequestError

COUNTS = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100, "cached_tokens": 400}


def price(model: str = "kimi-k2.6", provider: str = "moonshot") -> dict[str, Any]:
    return next(row for row in kimistream.prices() if (row["provider"], row["model"]) == (provider, model))


def answering(server: FaultServer, usage: dict[str, Any] | None) -> str:
    body = completion()
    body["usage"] = usage
    return server.url(Script().json(200, body))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One without a file of environments, and no such file of this machine's user."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("KIMISTREAM_CONFIG", raising=False)
    return tmp_path


@pytest.mark.parametrize("told", [-1, "0.5", True, None, {"usd": 1}, 1e400])
@pytest.mark.parametrize("shape", ["native", "openai"])
def test_a_cost_that_is_none_is_not_believed(fault_server: FaultServer, told: Any, shape: str) -> None:
    url = answering(fault_server, {**COUNTS, "cost": told})
    client = kimi(url, provider="moonshot", budget=10)
    row = price()
    expected = (600 * row["input"] + 400 * row["cached"] + 100 * row["output"]) / 1e6
    if shape == "native":
        assert client.complete("hi").usage.cost == pytest.approx(expected)
    else:
        client.chat.completions.create(model="kimi-k2.6", messages=[{"role": "user", "content": "hi"}])
    assert client._sender.budget.spending.cost == pytest.approx(expected)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"cached_tokens": 5000}, lambda row: 1000 * row["cached"] + 100 * row["output"]),  # more than there are
        ({"cached_tokens": -5}, lambda row: 1000 * row["input"] + 100 * row["output"]),
        ({"cached_tokens": None}, lambda row: 1000 * row["input"] + 100 * row["output"]),
        ({"completion_tokens": 0}, lambda row: 600 * row["input"] + 400 * row["cached"]),
    ],
)
def test_counters_that_cannot_be_give_no_cost_that_cannot_be(
    fault_server: FaultServer, counts: dict[str, Any], expected: Any
) -> None:
    usage = kimi(answering(fault_server, {**COUNTS, **counts}), provider="moonshot").complete("hi").usage
    assert usage.cost == pytest.approx(expected(price()) / 1e6)


def test_what_is_written_to_a_cache_has_two_prices(fault_server: FaultServer) -> None:
    row = price("kimi-k3", "moonshot-anthropic")
    assert row["cache_write"] < row["cache_write_1h"]
    body = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "kimi-k3", "stop_reason": "end_turn",
        "content": [{"type": "text", "text": "Hi"}],
        "usage": {
            "input_tokens": 100, "output_tokens": 10, "cache_read_input_tokens": 50, "cache_creation_input_tokens": 300,
            "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
        },
    }  # fmt: skip
    url = fault_server.url(Script().json(200, body), suffix="")
    usage = kimi(url, provider="moonshot-anthropic", model="kimi-k3").complete("hi").usage
    assert (usage.prompt_tokens, usage.cache_write_tokens, usage.cache_write_1h_tokens) == (450, 300, 200)
    paid = 100 * row["input"] + 50 * row["cached"] + 100 * row["cache_write"] + 200 * row["cache_write_1h"]
    assert usage.cost == pytest.approx((paid + 10 * row["output"]) / 1e6)


def test_the_model_that_is_sent_is_the_one_that_is_paid(fault_server: FaultServer) -> None:
    client = kimi(answering(fault_server, COUNTS), provider="moonshot")
    row = price("kimi-k3")
    dear = (600 * row["input"] + 400 * row["cached"] + 100 * row["output"]) / 1e6
    for named in ({"model": "kimi-k3"}, {"model": "KIMI-K3"}, {"extra_body": {"model": "kimi-k3"}}):
        assert client.complete("hi", check="off", **named).usage.cost == pytest.approx(dear)
    unknown = client.complete("hi", check="off", extra_body={"model": "kimi-k9"}).usage
    assert (unknown.cost, unknown.cost_source) == (None, None)


@pytest.mark.parametrize(
    "said",
    [
        {"max_tokens": 100_000},
        {"max_completion_tokens": 100_000},
        {"extra_body": {"max_tokens": 100_000}},
        {"max_tokens": 10, "extra_body": {"max_completion_tokens": 100_000}},
        {"max_tokens": 1000, "n": 100},
        {"max_tokens": 1000, "extra_body": {"n": 100}},
        {"max_tokens": 8000, "extra_body": {"model": "kimi-k3"}},
        {},  # the model's own limit
    ],
)
def test_a_budget_is_not_passed_by_what_stands_elsewhere(fault_server: FaultServer, said: dict[str, Any]) -> None:
    url = answering(fault_server, COUNTS)
    client = kimi(url, provider="moonshot", budget=0.1)
    with pytest.raises(BudgetExceededError):
        client.complete("hi", check="off", **said)
    assert fault_server.requests(url) == []
    assert client.complete("hi", max_tokens=8000).text


@pytest.mark.parametrize("usage", [{"total_tokens": 30_000}, {"completion_tokens": 8000}, None])
def test_a_server_that_counts_badly_uses_a_budget_up_all_the_same(fault_server: FaultServer, usage: Any) -> None:
    url = answering(fault_server, usage)
    client = kimi(url, provider="moonshot", budget=0.1)

    def ask() -> None:
        while len(fault_server.requests(url)) < 200:
            client.complete("word " * 1000, max_tokens=8000)

    with pytest.raises(BudgetExceededError):
        ask()
    assert len(fault_server.requests(url)) >= 1
    assert client._sender.budget.spending.cost <= 0.1


def test_many_threads_do_not_pass_a_budget_together(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, {**completion(), "usage": COUNTS}))
    client = kimi(url, provider="moonshot", budget=Budget(tokens=20_000))
    refused: list[BudgetExceededError] = []

    def ask() -> None:
        for _ in range(10):
            try:
                client.complete("hi", max_tokens=1000)
            except BudgetExceededError as error:
                refused.append(error)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answered = len(fault_server.requests(url))
    assert answered + len(refused) == 80
    assert client._sender.budget.spending.tokens == 1100 * answered
    assert 1 <= answered <= 18, "20,000 tokens are 18 answers"


def test_money_of_china_is_never_dollars(fault_server: FaultServer, folder: Path) -> None:
    url = answering(fault_server, COUNTS)
    assert kimi(url, provider="moonshot-cn").complete("hi").usage.cost is None
    at_its_host = kimistream.Kimi(api_key="sk-0123456789", provider="moonshot", base_url="https://api.moonshot.cn/v1")
    assert kimistream._core.price_of(at_its_host._core) is None, "the address says more than the row"
    assert at_its_host._core.currency == "CNY"
    (folder / "kimistream.toml").write_text(
        '[prices."moonshot-cn/kimi-k2.6"]\ninput = 6.5\ncached = 1.1\noutput = 27\nbatch_input = 3.9\n'
        'batch_output = 16.2\ncurrency = "CNY"\ndate = "2026-11-01"\n'
    )
    client = kimi(url, provider="moonshot-cn", budget=0.3)
    message = client.complete("hi", max_tokens=1000)
    assert message.usage.cost == pytest.approx((600 * 6.5 + 400 * 1.1 + 100 * 27) / 1e6)
    assert message.usage.cost_source == "prices of 2026-11-01"
    (row,) = (row for row in kimistream.prices() if row["provider"] == "moonshot-cn")
    assert row["currency"] == "CNY"


def test_a_batch_of_what_has_no_price_for_batches_has_no_cost() -> None:
    pytest.importorskip("aiohttp")
    from kimistream.simulator import Simulator

    with Simulator(pace=0) as sim:
        client = kimi(sim.base_url, api_key=sim.api_key, provider="moonshot", model="kimi-k2.7-code")
        assert price("kimi-k2.7-code")["batch_input"] is None
        (row,) = client.batches.submit(["hi"], poll=0.01)
    assert row.error is None, row.error
    assert row.usage.total_tokens > 0
    assert (row.cost, row.usage.cost_source) == (None, None)


def test_a_reader_that_leaves_has_paid_for_what_had_come(fault_server: FaultServer) -> None:
    client = kimi(fault_server.url(stream_of(*["word "] * 2000)), provider="moonshot", budget=Budget(tokens=40_000))
    with client.stream("hi", max_tokens=30_000) as stream:
        next(stream)
    spending = client._sender.budget.spending
    assert 0 < spending.tokens < 30_000
    assert spending._held_tokens == 0, "the rest is given back"


@pytest.mark.parametrize(
    "usage", [None, {}, {"prompt_tokens": "a"}, {**COUNTS, "total_tokens": -5}, {**COUNTS, "prompt_tokens": -(10**9)}]
)
@pytest.mark.parametrize("budget", [Budget(tokens=250), 0.0008])
def test_what_is_not_told_counts_as_what_it_could_be(fault_server: FaultServer, usage: Any, budget: Any) -> None:
    """Else a budget would have no end where a server does not count."""
    url = answering(fault_server, usage)
    with contextlib.suppress(InvalidRequestError):  # of a price that is not known
        run = kimi(url, provider="moonshot").map(
            [str(n) for n in range(50)], "{}", max_tokens=50, budget=budget, progress=False
        )
        assert sum(row.error is None for row in run) < 20
    client = kimi(url, provider="moonshot", budget=budget)

    def ask_on() -> None:
        for _ in range(50):
            client.complete("hi", max_tokens=50)

    with pytest.raises(BudgetExceededError):
        ask_on()


@pytest.mark.parametrize(
    "usage", [{"prompt_tokens": "9"}, [], 1e30, {**COUNTS, "prompt_tokens_details": {"cached_tokens": "a"}}]
)
def test_odd_usage_in_the_openai_shape_holds_nothing_back(fault_server: FaultServer, usage: Any) -> None:
    client = kimi(answering(fault_server, usage), provider="moonshot", budget=Budget(tokens=10_000))
    for _ in range(3):
        client.chat.completions.create(model="kimi-k2.6", messages=[{"role": "user", "content": "hi"}], max_tokens=50)
    assert client._sender.budget.spending.waits is False
