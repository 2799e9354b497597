"""Limits of bulk runs against real servers, and budgets. In a time of their own they are tested in C++."""

from __future__ import annotations

import pickle
import threading
import warnings
from typing import Any

import pytest
from bulk_server import BulkServer, Refused, too_many
from kit import python

from kimistream import Budget, InvalidRequestError, Limits, RateLimitError


def test_limits_are_their_numbers() -> None:
    limits = Limits(concurrency=5, rpm=100, tpm=1000, tpd=10_000)
    assert pickle.loads(pickle.dumps(limits)) == limits
    assert repr(limits) == "Limits(concurrency=5, rpm=100, tpm=1000, tpd=10000)"
    assert Limits() != limits
    with pytest.raises(InvalidRequestError):
        Limits(rpm=0)
    with pytest.raises(TypeError):
        Limits(1.5)  # type: ignore[arg-type]


def test_a_window_that_one_request_fills_is_told() -> None:
    with BulkServer() as server:
        client = server.client()
        with pytest.warns(RuntimeWarning, match="tpm=20000: each request .* 32768 tokens of answer.* each minute"):
            client.map(["a"], "{}", tpm=20_000)
        with pytest.warns(RuntimeWarning, match="tpd=99: .* each day"):
            client.map(["a"], "{}", limits=Limits(tpd=99), max_tokens=100)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            client.map(["a"], "{}", tpm=20_000, max_tokens=100)
            client.map(["a"], "{}", tpm=40_000)


def test_a_storm_earns_few_refusals_and_fails_no_row() -> None:
    """200 in 10 s, 100 at once, 600 rows: at most one refusal for each row in flight and window."""
    with BulkServer(per_window=40, window=1.0, hint=1) as server:
        rows = [str(number) for number in range(120)]
        found = list(server.client(max_retries=0).map(rows, "{}", concurrency=20))
        assert [row.error for row in found] == [None] * 120
        assert server.refused <= 20 * 6


def test_given_limits_hold_against_a_real_server() -> None:
    with BulkServer(concurrency=5, delay=0.01) as server:
        found = list(server.client(max_retries=0).map([str(n) for n in range(60)], "{}", limits=Limits(concurrency=5)))
        assert (len(found), server.refused) == (60, 0)


def test_a_refused_row_goes_before_those_that_were_not_sent() -> None:
    def reply(text: str) -> str:
        if text == "0" and server.asked["0"] == 1:
            raise too_many("RPM", headers={"Retry-After": "0.05"})
        return text

    with BulkServer(reply) as server:
        list(server.client().map([str(number) for number in range(30)], "{}", concurrency=1))
        assert server.order[:3] == ["0", "0", "1"]


def test_one_row_that_is_always_refused_holds_nobody_up() -> None:
    rows = [str(number) for number in range(40)]
    answered: set[str] = set()

    def reply(text: str) -> str:
        if text == "0" and len(answered) < 39:
            raise too_many("RPM")
        answered.add(text)
        return text

    with BulkServer(reply) as server:
        found = list(server.client().map(rows, "{}", concurrency=4))
        assert [row.error for row in found] == [None] * 40
        assert found[-1].input == "0"
        assert 2 <= server.asked["0"] < 39, "not once for each row that passes it"


def test_a_row_that_asks_for_more_than_the_limit_is_that_rows_error() -> None:
    words = "Request too large for kimi on tokens per min (TPM): Limit 10000, Requested 30000."

    def reply(text: str) -> str:
        if text == "2":
            raise Refused(429, words, type="rate_limit_reached_error")
        return text

    with BulkServer(reply) as server:
        found = {row.input: row.error for row in server.client().map([str(number) for number in range(6)], "{}")}
        assert {text for text, error in found.items() if error is not None} == {"2"}
        error = found["2"]
        assert isinstance(error, RateLimitError)
        assert (error.reason, error.retryable) == ("too_large", False)
        assert "Requested 30000; no wait helps: make the request smaller, or ask for a higher limit" in str(error)
        assert server.asked["2"] == 1


_FEW_FILES = """
import resource, sys, kimistream
resource.setrlimit(resource.RLIMIT_NOFILE, (64, int(sys.argv[2])))
client = kimistream.Kimi(api_key="sk-test-0123456789", base_url=sys.argv[1], max_retries=0)
rows = client.map(map(str, range(150)), "{}", concurrency=150, progress=False)
errors = [str(row.error) for row in rows if row.error]
print(len(errors), errors[0] if errors else "")
"""


def test_more_connections_than_open_files_are_allowed_raise_the_limit_or_name_it() -> None:
    with BulkServer(delay=0.5) as server:
        done = python(_FEW_FILES, server.url, "512")
        assert done.stdout.split() == ["0"], done.stderr
        failed = python(_FEW_FILES, server.url, "64").stdout
        assert not failed.startswith("0 ")
        assert "too many open files: no connection can be opened, the limit is 64; raise it (ulimit -n)" in failed


def test_runs_that_share_limits_are_served_in_turn() -> None:
    limits = Limits(concurrency=4)
    order: list[str] = []
    with BulkServer(lambda text: order.append(text[0]) or text, delay=0.005) as server:  # type: ignore[func-returns-value]
        client = server.client()

        def work(name: str) -> None:
            list(client.map([f"{name}{number}" for number in range(80)], "{}", limits=limits, progress=False))

        threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert server.most <= 4
    both = order[10 : max(order.index("a"), order.index("b")) + 100]
    assert both.count("a") >= len(both) / 5
    assert both.count("b") >= len(both) / 5


def test_one_that_is_not_read_holds_nobody_up() -> None:
    limits = Limits(concurrency=2)
    with BulkServer() as server:
        client = server.client()
        left = client.map([str(number) for number in range(20)], "{}", limits=limits)
        next(left)
        assert len(list(client.map(["a", "b", "c"], "{}", limits=limits))) == 3
        assert len(list(left)) == 19


# ---- budgets --------------------------------------------------------------------------------------------------------


def test_a_budget_of_tokens_stops_the_run_and_counts_what_was_paid_before(tmp_path: Any) -> None:
    out = tmp_path / "a.jsonl"
    rows = [{"text": str(number)} for number in range(100)]
    with BulkServer() as server:  # 22 tokens an answer

        def start(tokens: int) -> Any:
            budget = Budget(tokens=tokens)
            return server.client().map(rows, "{text}", out=out, budget=budget, max_tokens=20, concurrency=4, key="text")

        run = start(500)
        assert run.stopped == "budget"
        assert 15 <= run.done <= 500 // 22
        paid = sum(server.paid.values())
        assert start(500).done == 0
        assert sum(server.paid.values()) == paid
        run = start(10_000)
        assert (run.stopped, run.done + run.skipped) == (None, 100)


def test_without_max_tokens_a_whole_answer_is_reckoned() -> None:
    with BulkServer() as server:
        found = server.client().map(["a"], "{}", budget=Budget(tokens=1000))
        with pytest.warns(RuntimeWarning, match=r"32768 tokens of answer\. Pass a smaller max_tokens"):
            assert list(found) == []
        assert (found.stopped, server.asked) == ("budget", {})
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("kimistream._bulk.limits.warn", lambda *said, **_: pytest.fail(str(said)))
            some = server.client().map(["a", "b"], "{}", budget=Budget(tokens=60), max_tokens=40, concurrency=1)
            assert (len(list(some)), some.stopped) == (1, "budget")


def test_a_budget_of_money_where_the_provider_tells_costs() -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10, "cost": 0.01}
    with BulkServer(usage=usage) as server:
        client = server.client(provider="openrouter")
        found = client.map([str(number) for number in range(100)], "{}", budget=0.105, concurrency=8)
        costs = [row.cost for row in found]
        assert costs == [0.01] * 10
        assert found.stopped == "budget"
        assert found.cost == pytest.approx(0.1)
        assert server.order[0] == "0"


def test_a_later_start_knows_what_an_answer_cost_in_an_earlier_one(tmp_path: Any) -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10, "cost": 0.01}
    with BulkServer(usage=usage) as server:
        client = server.client(provider="openrouter")

        def start(budget: float) -> Any:
            rows = [str(number) for number in range(100)]
            return client.map(rows, "{}", out=tmp_path / "a.jsonl", budget=budget, concurrency=8)

        assert start(0.105).done == 10
        assert (start(0.105).done, start(0.105).stopped) == (0, "budget")
        assert start(0.115).done == 1
        assert sum(server.paid.values()) == 11


def test_budgets_are_values() -> None:
    assert Budget(cost=1) == Budget(cost=1)
    assert Budget(tokens=5) != Budget(tokens=6)
    with pytest.raises(InvalidRequestError):
        Budget()
    with pytest.raises(TypeError):
        Budget(tokens=1.5)  # type: ignore[arg-type]


@pytest.mark.parametrize("content", [{1, 2}, float("nan"), 5])
@pytest.mark.parametrize("reckoning", ["budget", "tpm", "client", "none"])
def test_a_row_whose_tokens_cannot_be_counted_is_a_failed_row(reckoning: str, content: Any, tmp_path: Any) -> None:
    """Its request cannot be written; whoever is to reckon what it may take meets that first."""
    rows = ["one", [{"role": "user", "content": content}], "two"]
    options: dict[str, Any] = {"budget": {"budget": 9.0}, "tpm": {"tpm": 10**6}}.get(reckoning, {})
    with BulkServer() as server:

        def failed(client: Any, **more: Any) -> list[int]:
            found = client.map(rows, max_tokens=20, **options, **more)
            each = [*found.rows(), *found.failures()] if more else list(found)
            assert (len(each), found.done, found.failed, found.stopped) == (3, 2, 1, None)
            return [row.index for row in each if row.error is not None]

        with server.client(**({"budget": 9.0} if reckoning == "client" else {})) as client:
            assert failed(client) == [1]
            assert failed(client, out=tmp_path / "a.jsonl") == [1]
        assert set(server.paid) == {"one", "two"}
