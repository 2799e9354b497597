"""What answers cost, and budgets that stop."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from fault_server_client import FaultServer, Script
from kit import async_kimi, completion, kimi, registered, run, stream_of

import kimistream
from kimistream import Budget, BudgetExceededError, InvalidRequestError, Kimi, Message, Usage

COUNTS = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100, "cached_tokens": 400}


def price(model: str = "kimi-k2.6", provider: str = "moonshot") -> dict[str, Any]:
    return next(row for row in kimistream.prices() if (row["provider"], row["model"]) == (provider, model))


def expected(row: dict[str, Any]) -> float:
    return (600 * row["input"] + 400 * row["cached"] + 100 * row["output"]) / 1e6


def body(**usage: Any) -> Script:
    return Script().json(200, {**completion(), "usage": {**COUNTS, **usage}})


def serve(server: FaultServer, *scripts: Script) -> str:
    """An address where each request gets the next script, and later ones the last."""
    return server.url("---\n".join(map(str, scripts)))


@pytest.fixture(autouse=True)
def no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file of environments of this machine's user."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("KIMISTREAM_CONFIG", raising=False)


def test_the_table_names_its_dates_and_sources() -> None:
    rows = kimistream.prices()
    assert {"provider", "model", "input", "cached", "output", "currency", "date", "source"} <= set(rows[0])
    assert all(row["date"] and row["source"] and row["currency"] for row in rows)
    assert [row for row in rows if row["provider"] == "moonshot-cn"] == [], "it bills in CNY, and is never in USD"
    assert (rows[0].provider, rows[0].cached) == (rows[0]["provider"], rows[0]["cached"])
    rows[0]["input"] = -1
    assert kimistream.prices()[0]["input"] != -1


@pytest.mark.parametrize("way", ["complete", "stream", "event"])
def test_an_answer_costs_what_the_table_says(fault_server: FaultServer, way: str) -> None:
    url = serve(fault_server, body() if way == "complete" else stream_of("Hi", usage=COUNTS))
    client = kimi(url, provider="moonshot")
    if way == "complete":
        message = client.complete("hi")
    else:
        with client.stream("hi") as stream:
            usages = [event for event in stream if isinstance(event, Usage)]
            message = stream.message
        assert usages[-1].cost == message.usage.cost
        assert stream.usage.cost == message.usage.cost
    row = price()
    assert message.usage.cost == pytest.approx(expected(row))
    assert message.cost == message.usage.cost
    assert message.usage.cost_source == f"prices of {row['date']}"


@pytest.mark.parametrize("told", [0, 0.5])
def test_what_the_provider_tells_comes_first_also_0(fault_server: FaultServer, told: float) -> None:
    message = kimi(serve(fault_server, body(cost=told)), provider="moonshot").complete("hi")
    assert (message.usage.cost, message.usage.cost_source) == (told, "provider")


@pytest.mark.parametrize("options", [{"provider": "moonshot-cn"}, {"provider": "vllm"}, {"model": "kimi-k9"}])
def test_what_is_not_known_stays_unknown(fault_server: FaultServer, options: dict[str, str]) -> None:
    message = kimi(serve(fault_server, body()), **{"provider": "moonshot", **options}).complete("hi", check="off")
    assert (message.usage.cost, message.usage.cost_source, message.cost) == (None, None, None)


def test_costs_are_no_part_of_equality_but_those_that_were_told(fault_server: FaultServer) -> None:
    message = kimi(serve(fault_server, body(), body(cost=1)), provider="moonshot").complete("hi")
    assert message.usage == Usage(1000, 100, 1100, 400)
    assert message.usage != Usage(1000, 100, 1100, 400, cost=1.0, cost_source="provider")
    assert pickle.loads(pickle.dumps(message)).usage.cost == message.usage.cost
    assert Message.from_dict(json.loads(message.to_json())).usage.cost_source == message.usage.cost_source


def test_a_sum_of_usages_is_one_of_costs() -> None:
    both = Usage(1, 2, 3, cost=1.0, cost_source="provider") + Usage(1, cost=0.5, cost_source="prices of 2026-01-01")
    assert (both.prompt_tokens, both.completion_tokens, both.cost) == (2, 2, 1.5)
    assert both.cost_source == "prices of 2026-01-01"
    assert (Usage(1) + Usage(2)).cost is None


def test_a_file_replaces_rows(fault_server: FaultServer, tmp_path: Path) -> None:
    (tmp_path / "kimistream.toml").write_text(
        '[prices."moonshot/kimi-k2.6"]\ninput = 10\ncached = 1.5\noutput = 20.0\ncurrency = "EUR"\n'
        'date = "2026-01-02"\nsource = "the contract"\n[prices."vllm/moonshotai/Kimi-K2.6"]\n'
        'input = 1\noutput = 1\ncurrency = "USD"\n'
    )
    row = price()
    assert (row["input"], row["cached"], row["output"], row["currency"]) == (10, 1.5, 20, "EUR")
    message = kimi(serve(fault_server, body()), provider="moonshot").complete("hi")
    assert message.usage.cost == pytest.approx(expected(row))
    assert message.usage.cost_source == "prices of 2026-01-02"
    own = kimi(serve(fault_server, body()), provider="vllm").complete("hi")
    assert own.cost == pytest.approx(1100 / 1e6)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[prices."moonshot/k"]\ninput = 1\noutput = 1\n', "currency"),
        ('[prices."moonshot/k"]\ninput = -1\noutput = 1\ncurrency = "USD"\n', "cannot be -1"),
        ('[prices."moonshot/k"]\ninput = "1"\noutput = 1\ncurrency = "USD"\n', "input"),
        ('[prices.moonshot]\ninput = 1\noutput = 1\ncurrency = "USD"\n', "PROVIDER/MODEL"),
        ('[prices."moonshot/k"]\nprice = 1\n', "price"),
    ],
)
def test_a_wrong_row_is_named_and_stops_no_client(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "kimistream.toml").write_text(text)
    with pytest.raises(InvalidRequestError, match=words):
        kimistream.prices()
    Kimi(api_key="sk-test-0123456789", base_url="http://127.0.0.1:9/v1").close()


def test_genai_prices_counts_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("genai_prices")
    row = price("moonshotai/kimi-k2.6", "openrouter")
    assert row["input"] > 0
    assert row["source"].startswith("genai-prices")
    assert price()["batch_input"] == pytest.approx(0.57), "what it does not know is the library's own"
    assert [each for each in kimistream.prices() if each["provider"] == "moonshot-cn"] == []


def test_conversation_and_run_know_their_cost(fault_server: FaultServer) -> None:
    client = kimi(serve(fault_server, *[stream_of("Hi", usage=COUNTS)] * 2), provider="moonshot")
    chat = client.conversation()
    chat.stream("a").message  # noqa: B018
    chat.stream("b").message  # noqa: B018
    assert chat.cost == pytest.approx(2 * expected(price()))


# ---- budgets --------------------------------------------------------------------------------------------------------


def test_a_budget_stops_before_the_request_is_sent(fault_server: FaultServer) -> None:
    url = serve(fault_server, body(), body())
    cost = expected(price())
    client = kimi(url, provider="moonshot", budget=1.5 * cost)
    assert client.complete("hi", max_tokens=10).cost == pytest.approx(cost)
    with pytest.raises(BudgetExceededError) as raised:
        client.complete("hi", max_tokens=10)  # the dearest so far is what the next may cost
    assert len(fault_server.requests(url)) == 1
    assert raised.value.spent_cost == pytest.approx(cost)
    assert raised.value.budget == Budget(cost=1.5 * cost)
    assert pickle.loads(pickle.dumps(raised.value)).spent_tokens == 1100


def test_max_tokens_counts_at_its_price_before_anything_is_known(fault_server: FaultServer) -> None:
    url = serve(fault_server, body())
    client = kimi(url, provider="moonshot", budget=0.01)
    with pytest.raises(BudgetExceededError):
        client.complete("hi")  # 32,768 tokens of answer could cost 0.13
    assert fault_server.requests(url) == []
    assert client.complete("hi", max_tokens=100).cost is not None


def test_a_budget_of_tokens(fault_server: FaultServer) -> None:
    client = kimi(serve(fault_server, *[body()] * 3), provider="vllm", budget=Budget(tokens=2500))
    client.complete("hi", max_tokens=10)
    client.chat.completions.create(model="kimi-k2.6", messages=[{"role": "user", "content": "hi"}], max_tokens=10)
    with pytest.raises(BudgetExceededError):
        client.complete("hi", max_tokens=10)


def test_what_a_failed_request_held_is_given_back(fault_server: FaultServer) -> None:
    url = serve(fault_server, Script().json(400, {"error": {"message": "no"}}), body())
    client = kimi(url, provider="moonshot", budget=0.01)
    with pytest.raises(kimistream.BadRequestError):
        client.complete("hi", max_tokens=2000)
    assert client.complete("hi", max_tokens=2000).cost is not None


def test_a_budget_holds_what_is_under_way_and_streams_count_when_they_end(fault_server: FaultServer) -> None:
    client = kimi(
        serve(fault_server, *[stream_of("Hi", usage=COUNTS)] * 3), provider="vllm", budget=Budget(tokens=3000)
    )
    with client.stream("hi", max_tokens=2000) as stream:
        with pytest.raises(BudgetExceededError):
            client.stream("hi", max_tokens=2000)
        stream.message  # noqa: B018
    client.stream("hi", max_tokens=1500).message  # noqa: B018


@pytest.mark.parametrize("provider", ["vllm", "moonshot-cn"])
def test_a_budget_of_money_without_prices_is_refused(provider: str) -> None:
    with pytest.raises(InvalidRequestError, match="price"):
        kimi("http://127.0.0.1:9/v1", provider=provider, budget=1)


def test_a_run_ends_when_the_budget_is_used_up(fault_server: FaultServer) -> None:
    from kit import call_frame
    from kit import frame as make

    calling = Script().event_stream(
        [make("", role="assistant"), call_frame(0, "f:0", "f", "{}"), make(finish_reason="tool_calls", usage=COUNTS)]
    )
    url = serve(fault_server, *[calling] * 5)
    client = kimi(url, provider="vllm", budget=Budget(tokens=3000))

    def f() -> str:
        """A tool."""
        return str(len(fault_server.requests(url)))

    agent = client.run("hi", tools=[f], max_tokens=10)
    for _ in agent:
        pass
    assert agent.stopped == "budget"
    assert len(fault_server.requests(url)) == 2


def test_map_ends_by_the_clients_budget_and_goes_on(fault_server: FaultServer, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    url = serve(fault_server, *[body()] * 5)
    rows = [f"r{number}" for number in range(5)]
    options: dict[str, Any] = {"out": out, "concurrency": 1, "progress": False, "max_tokens": 10}
    first = kimi(url, provider="vllm", budget=Budget(tokens=2500)).map(rows, **options)
    assert (first.stopped, first.done, first.failed) == ("budget", 2, 0)
    rest = kimi(url, provider="vllm").map(rows, **options)
    assert (rest.stopped, rest.done, rest.skipped) == (None, 3, 2)


def test_rows_that_wait_for_the_budget_go_when_there_is_room(fault_server: FaultServer) -> None:
    """What they could cost is more than all of it; what they do cost is not."""
    client = kimi(serve(fault_server, *[body()] * 4), provider="vllm", budget=Budget(tokens=6000))
    rows = client.map([f"r{number}" for number in range(4)], concurrency=4, progress=False, max_tokens=2000)
    assert len(list(rows)) == 4
    assert rows.stopped is None
    client.complete("hi", max_tokens=1500)  # 4,400 are spent, and nothing is held any more


def test_rows_that_are_left_give_back_what_they_held(fault_server: FaultServer) -> None:
    slowly = Script().sleep(300).json(200, {**completion(), "usage": COUNTS})  # the other one has been sent then, too
    url = serve(fault_server, slowly, Script().stall(), body())
    client = kimi(url, provider="vllm", budget=Budget(tokens=4000))
    rows = client.map(["a", "b"], concurrency=2, progress=False, max_tokens=1500)
    next(rows)
    with pytest.raises(BudgetExceededError):
        client.complete("hi", max_tokens=1500)
    rows.close()
    assert client.complete("hi", max_tokens=1500).text


def test_a_copy_of_a_client_spends_the_same_budget(fault_server: FaultServer) -> None:
    client = kimi(serve(fault_server, *[body()] * 3), provider="vllm", budget=Budget(tokens=1500))
    client.with_options(max_retries=0).complete("hi", max_tokens=10)
    for other in (client, client.copy(timeout=5)):
        with pytest.raises(BudgetExceededError):
            other.complete("hi", max_tokens=1000)
    assert client.copy(budget=Budget(tokens=1500)).complete("hi", max_tokens=10).text


def test_raw_responses_are_counted_too(fault_server: FaultServer) -> None:
    client = kimi(serve(fault_server, body()), provider="vllm", budget=Budget(tokens=1500))
    asked: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 1000}
    client.chat.completions.with_raw_response.create(**asked)
    with pytest.raises(BudgetExceededError, match="1,100"):
        client.chat.completions.with_raw_response.create(**asked)


def test_a_schema_is_asked_for_within_the_budget(fault_server: FaultServer) -> None:
    url = serve(fault_server, *[body()] * 5)
    client = kimi(url, provider="vllm", budget=Budget(tokens=1500))
    with pytest.raises(BudgetExceededError):
        client.complete("hi", schema={"type": "object"}, max_tokens=1000)
    assert len(fault_server.requests(url)) == 1


def test_asyncio_has_budgets_too(fault_server: FaultServer) -> None:
    url = serve(fault_server, body(), stream_of("Hi", usage=COUNTS))

    async def ask() -> None:
        async with async_kimi(url, provider="vllm", budget=Budget(tokens=2300)) as client:
            await client.complete("hi", max_tokens=10)
            async for _ in client.stream("hi", max_tokens=10):
                pass
            with pytest.raises(BudgetExceededError):
                await client.complete("hi", max_tokens=10)

    run(ask())
    assert len(fault_server.requests(url)) == 2


def test_a_budget_of_a_run_by_price(fault_server: FaultServer, tmp_path: Path) -> None:
    url = serve(fault_server, *[body()] * 5)
    with registered({"name": "priced", "inherits": "moonshot", "base_url": url}):
        (tmp_path / "kimistream.toml").write_text(
            '[prices."priced/kimi-k2.6"]\ninput = 1000\ncached = 1000\noutput = 1000\ncurrency = "USD"\n'
        )
        client = kimi(url, provider="priced")
        done = client.map([f"r{number}" for number in range(5)], out=tmp_path / "out.jsonl", budget=3.0,
                          concurrency=1, progress=False, max_tokens=10)  # fmt: skip
    assert (done.stopped, done.done) == ("budget", 2)
    assert done.cost == pytest.approx(2 * 1.1)
