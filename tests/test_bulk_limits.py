"""Limits of bulk runs: windows, what is found without them, and who shares them. Clocks are the tests' own."""

from __future__ import annotations

import heapq
import pickle
import random
import threading
from collections import deque
from typing import Any

import pytest
from bulk_server import BulkServer, too_many

from kimistream import Budget, InvalidRequestError, Limits
from kimistream._bulk.limits import Place
from kimistream._bulk.windows import Window


def test_limits_are_their_numbers() -> None:
    limits = Limits(concurrency=5, rpm=100, tpm=1000, tpd=10_000)
    assert pickle.loads(pickle.dumps(limits)) == limits
    assert repr(limits) == "Limits(concurrency=5, rpm=100, tpm=1000, tpd=10000)"
    assert Limits() != limits
    with pytest.raises(InvalidRequestError):
        Limits(rpm=0)
    with pytest.raises(TypeError):
        Limits(1.5)  # type: ignore[arg-type]


def test_a_window_counts_what_is_held_and_what_was_stamped() -> None:
    window = Window(2, 10, of_tokens=False)
    window.hold(0)
    window.hold(0)
    assert window.wait(0, 0) == float("inf")  # not before one is answered
    window.stamp(5, 0)
    assert 10 <= window.wait(5, 0) < 10.1
    window.stamp(6, 0)
    assert window.wait(15.1, 0) == 0
    window.hold(0)
    assert 0 < window.wait(15.1, 0) < 1


def test_tokens_are_corrected() -> None:
    window = Window(1000, 60, of_tokens=True)
    window.hold(900)
    assert window.wait(0, 200) == float("inf")
    grain = window.stamp(0, 900)
    window.correct(grain, 900, 100)
    assert window.wait(1, 900) == 0
    assert window.wait(1, 901) > 0
    assert window.wait(70, 5000) == 0  # more than a window holds goes alone


class Simulated:
    """A server with limits and a client with `Limits`, in a time of their own.

    on_the_way  seconds at most until a request reaches the server, which counts it then
    """

    def __init__(self, limits: Limits, at_once: int, *, takes: float = 1.0, on_the_way: float = 0.3, hint: Any = None,
                 most: int | None = None, rpm: int | None = None, window: float = 60) -> None:  # fmt: skip
        self.now = 0.0
        self.limits = limits
        limits._clock = lambda: self.now  # type: ignore[method-assign]
        self.at_once, self.takes, self.on_the_way, self.hint = at_once, takes, on_the_way, hint
        self.most, self.rpm, self.window = most, rpm, window
        self.events: list[tuple[float, int, str, Place]] = []
        self.number = self.under_way = self.at_server = self.refused = self.answered = 0
        self.times: deque[float] = deque()
        self.answers: list[float] = []
        self.dice = random.Random(7)
        limits.join(self, lambda: None)

    def _later(self, seconds: float, what: str, place: Place) -> None:
        self.number += 1
        heapq.heappush(self.events, (self.now + seconds, self.number, what, place))

    def _fill(self) -> float:
        while self.under_way < self.at_once:
            place = self.limits.take(self, 100)
            if not isinstance(place, Place):
                return place
            self.under_way += 1
            self._later(self.dice.random() * self.on_the_way, "arrives", place)
        return float("inf")

    def run(self, until: float = float("inf"), answers: int = 1 << 60) -> None:
        while self.now < until and self.answered < answers:
            wait = self._fill()
            due = self.events[0][0] if self.events else float("inf")
            self.now = min(max(self.now, min(due, self.now + wait)), until)
            while self.events and self.events[0][0] <= self.now:
                _, _, what, place = heapq.heappop(self.events)
                getattr(self, what)(place)

    def arrives(self, place: Place) -> None:
        while self.times and self.times[0] <= self.now - self.window:
            self.times.popleft()
        full = self.most is not None and self.at_server >= self.most
        if full or (self.rpm is not None and len(self.times) >= self.rpm):
            self.refused += 1
            self._later(0, "comes_back", place)
            return
        self.times.append(self.now)
        self.at_server += 1
        self._later(self.takes * (0.5 + self.dice.random()), "ends", place)

    def comes_back(self, place: Place) -> None:
        self.under_way -= 1
        reason = "rpm" if self.rpm is not None else "concurrency"
        self.limits.refused(place, self.hint, reason, self.dice.random())

    def ends(self, place: Place) -> None:
        self.at_server -= 1
        self.under_way -= 1
        self.limits.accepted(place)
        self.limits.answered(place, 60)
        self.answered += 1
        self.answers.append(self.now)


@pytest.mark.parametrize("on_the_way", [0.0, 0.3])
def test_with_rpm_given_nothing_is_refused_and_little_is_lost(on_the_way: float) -> None:
    world = Simulated(Limits(rpm=100), 50, rpm=100, on_the_way=on_the_way)
    world.run(answers=400)
    assert world.refused == 0
    assert world.now <= 180 * 1.15  # 100 at once, and three more windows


def test_with_concurrency_given_nothing_is_refused() -> None:
    world = Simulated(Limits(concurrency=20), 100, most=20)
    world.run(until=60)
    assert world.refused == 0
    assert world.answered > 700


def test_the_tokens_of_a_minute_are_kept() -> None:
    world = Simulated(Limits(tpm=6000), 50)
    world.run(until=600)
    assert 0.8 * 1000 <= world.answered <= 1000 + 100  # 60 tokens each of 6,000 a minute


@pytest.mark.parametrize("hint", [1.0, None])
def test_without_limits_it_settles_where_the_server_is_full(hint: float | None) -> None:
    """Within 10 %, in two minutes; and again after the server's limit changes."""
    world = Simulated(Limits(), 500, most=40, hint=hint)
    world.run(until=120)
    for most in (40, 80, 25):
        world.most = most
        world.run(until=world.now + 120)
        begin, before = world.now, world.answered
        world.run(until=begin + 60)
        rate = (world.answered - before) / 60  # each takes a second, and 0.15 on the way
        assert rate >= 0.75 * most / (1 + world.on_the_way / 2)
        ceiling = world.limits._ceiling
        assert ceiling is not None
        assert 0.9 * most - 1 <= ceiling <= 1.1 * most + 1


@pytest.mark.parametrize("hint", [1.0, 10.0])
def test_requests_of_a_window_are_found_by_few_refusals(hint: float) -> None:
    """200 in any 10 s, 100 at once, 600 rows: ideal are 20 s, and one refusal for each row in flight and window."""
    world = Simulated(Limits(), 100, rpm=200, window=10, hint=hint, takes=0.05, on_the_way=0.02)
    world.run(answers=600)
    assert world.refused <= 200
    assert world.now <= 20 * 1.15


@pytest.mark.parametrize("hint", [None, 1.0])
def test_a_minutes_limit_is_used_up_without_being_known(hint: float | None) -> None:
    """Within 10 %, in two minutes; and again after it has changed."""
    world = Simulated(Limits(), 50, rpm=100, hint=hint)
    world.run(until=119)
    for rpm in (100, 300):
        world.rpm = rpm
        world.run(until=world.now + 120)
        before, asked = world.answered, world.refused
        world.run(until=world.now + 600)
        assert world.answered - before >= 0.9 * rpm * 10
        assert world.refused - asked <= 130 * 10  # in each minute about those that were out, then one for each pause


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
        assert list(found) == []
        assert (found.stopped, server.asked) == ("budget", {})


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


def test_budgets_are_values() -> None:
    assert Budget(cost=1) == Budget(cost=1)
    assert Budget(tokens=5) != Budget(tokens=6)
    with pytest.raises(InvalidRequestError):
        Budget()
    with pytest.raises(TypeError):
        Budget(tokens=1.5)  # type: ignore[arg-type]
