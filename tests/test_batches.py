"""Batches: openai-python's names, jobs that are waited for, and runs by them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fault_server_client import FaultServer, Script
from kit import async_kimi, kimi, run

import kimistream
from kimistream import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    Budget,
    BudgetExceededError,
    InvalidRequestError,
    Kimi,
    Limits,
    NotFoundError,
    SchemaError,
)

pytest.importorskip("aiohttp")

from kimistream.simulator import Simulator

ROWS = [{"id": number, "text": f"What is {number} + 1?"} for number in range(5)]
POLL = 0.01


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(pace=0, record=100_000) as running:
        yield running


def client_of(sim: Simulator, **options: Any) -> Kimi:
    return kimi(sim.base_url, api_key=sim.api_key, provider="moonshot", **options)


def posts(sim: Simulator, path: str = "/v1/batches") -> int:
    return sum((request.method, request.path) == ("POST", path) for request in sim.requests)


def uploaded(client: Kimi, *bodies: dict[str, Any]) -> str:
    lines = (
        json.dumps({"custom_id": f"r{number}", "method": "POST", "url": "/v1/chat/completions", "body": each})
        for number, each in enumerate(bodies)
    )
    return client.files.create(file=("in.jsonl", "\n".join(lines).encode()), purpose="batch").id


def asking(text: str = "hi") -> dict[str, Any]:
    return {"model": "kimi-k2.6", "messages": [{"role": "user", "content": text}]}


# ---- openai-python's names ------------------------------------------------------------------------------------------


def test_create_retrieve_list_and_cancel(sim: Simulator) -> None:
    client = client_of(sim)
    file = uploaded(client, asking())
    batch = client.batches.create(
        input_file_id=file, endpoint="/v1/chat/completions", completion_window="24h", metadata={"a": "b"}
    )
    assert (batch.object, batch.status, batch.metadata.a) == ("batch", "validating", "b")
    assert client.batches.retrieve(batch.id).status == "in_progress"
    assert client.batches.cancel(batch.id).status == "cancelling"
    assert client.batches.retrieve(batch.id).status == "cancelled"
    with pytest.raises(kimistream.BadRequestError):
        client.batches.cancel(batch.id)
    with pytest.raises(NotFoundError):
        client.batches.retrieve("batch_none")


def test_a_list_goes_to_its_end_over_all_pages(sim: Simulator) -> None:
    client = client_of(sim)
    file = uploaded(client, asking())
    made = [client.batches.create(input_file_id=file).id for _ in range(45)]
    assert [batch.id for batch in client.batches.list()] == made[::-1]
    assert len(client.batches.list(limit=7).data) == 45
    assert [batch.id for batch in client.batches.list(after=made[2])] == made[1::-1]


@pytest.mark.parametrize("provider", ["vllm", "moonshot-anthropic", "openrouter"])
def test_a_row_without_batches_is_refused_before_anything_is_sent(provider: str) -> None:
    client = kimi("http://127.0.0.1:9/v1", provider=provider)
    with pytest.raises(InvalidRequestError, match="batches"):
        client.batches.list()
    with pytest.raises(InvalidRequestError, match="batches"):
        client.batches.submit(["hi"])
    with pytest.raises(InvalidRequestError, match="batches"):
        list(client.map(["hi"], via="batch", progress=False))


# ---- jobs -----------------------------------------------------------------------------------------------------------


def test_rows_come_in_the_inputs_order_with_their_keys(sim: Simulator) -> None:
    client = client_of(sim)
    job = client.batches.submit(ROWS, "{text}", key="id", poll=POLL, metadata={"run": "a"})
    looks: list[str] = []
    assert job.wait(progress=lambda at: looks.append(at.status)) is job
    assert looks[-1] == "completed"
    rows = list(job)
    assert [(row.key, row.index, row.input) for row in rows] == [(row["id"], row["id"], row) for row in ROWS]
    assert all(row.error is None and row.message.text and row.attempts == 1 for row in rows)
    assert (job.counts.completed, job.counts.failed, job.counts.total) == (5, 0, 5)
    assert (posts(sim), posts(sim, "/v1/files"), posts(sim, "/v1/chat/completions")) == (1, 1, 0)


def test_they_cost_the_price_of_batches(sim: Simulator) -> None:
    (row,) = client_of(sim).batches.submit(["hi"], poll=POLL)
    price = next(each for each in kimistream.prices() if each["model"] == "kimi-k2.6" and each["batch_input"])
    usage = row.usage
    paid = (usage.prompt_tokens - (usage.cached_tokens or 0)) * price["batch_input"]
    paid += (usage.cached_tokens or 0) * price["batch_cached"] + usage.completion_tokens * price["batch_output"]
    assert row.cost == pytest.approx(paid / 1e6)
    assert usage.cost_source == f"prices of {price['date']}"
    assert usage.currency == price["currency"]


def test_another_process_knows_order_and_keys(sim: Simulator) -> None:
    job = client_of(sim).batches.submit(ROWS, "{text}", key="id", poll=POLL)
    rows = list(client_of(sim).batches.job(job.id, poll=POLL))
    assert [row.key for row in rows] == ["0", "1", "2", "3", "4"]
    assert rows[3].input["messages"][0]["content"] == ROWS[3]["text"]


def test_a_batch_of_somebody_else_has_its_own_names(sim: Simulator) -> None:
    client = client_of(sim)
    batch = client.batches.create(input_file_id=uploaded(client, asking("a"), asking("b")))
    assert [row.key for row in client.batches.job(batch.id, poll=POLL)] == ["r0", "r1"]


def test_requests_that_fail_are_errors_beside_the_others() -> None:
    with Simulator(pace=0, batch="error@2") as sim:
        rows = list(client_of(sim).batches.submit(ROWS, "{text}", key="id", poll=POLL))
    assert [type(row.error) for row in rows[:2]] == [kimistream.InternalServerError] * 2
    assert (rows[0].error.status_code, rows[0].error.request_id) == (500, "req-0")
    assert all(row.message is not None for row in rows[2:])


@pytest.mark.parametrize(("order", "words"), [("expire@2", "expired"), ("fail", "simulated: the file is not taken")])
def test_rows_without_a_line_say_what_became_of_the_batch(order: str, words: str) -> None:
    with Simulator(pace=0, batch=order) as sim:
        rows = list(client_of(sim).batches.submit(ROWS, "{text}", key="id", poll=POLL))
    wrong = [row for row in rows if row.error is not None]
    assert len(wrong) == (3 if order == "expire@2" else 5)
    assert all(words in str(row.error) and isinstance(row.error, APIError) for row in wrong)
    assert [row.key for row in rows] == [0, 1, 2, 3, 4]


def test_cancelling_twice_or_too_late_does_no_harm(sim: Simulator) -> None:
    client = client_of(sim)
    job = client.batches.submit(ROWS, "{text}", poll=POLL)
    job.cancel().cancel()
    client.batches.job(job.id).cancel()
    assert job.wait().status == "cancelled"
    assert all("cancelled" in str(row.error) for row in job)
    job.cancel()
    ended = client.batches.submit(["hi"], poll=POLL).wait()
    client.batches.job(ended.id).cancel()
    assert ended.status == "completed"


def test_a_wait_that_is_over_leaves_the_batch_alone() -> None:
    with Simulator(pace=0, batch_pace=1000) as sim:
        client = client_of(sim)
        job = client.batches.submit(["hi"], poll=POLL)
        with pytest.raises(APITimeoutError, match=job.id) as raised:
            job.wait(timeout=0.05)
        assert raised.value.clock == "total"
        assert client.batches.retrieve(job.id).status == "in_progress"


def test_a_look_that_fails_is_made_again() -> None:
    with Simulator(pace=0) as sim:
        client = client_of(sim)
        job = client.batches.submit(["hi"], poll=POLL)
        sim._state.orders._errors["X-Simulate-Error"] = "503*3"
        assert job.wait().status == "completed"


@pytest.mark.parametrize(
    ("rows", "options", "words"),
    [
        ([], {}, "no rows"),
        ([{"id": 1}], {"prompt": "{text}"}, "text"),
        ([{"id": 1, "text": "a"}, {"id": 1, "text": "b"}], {"prompt": "{text}", "key": "id"}, "same key"),
        ([{"text": "a"}], {"prompt": "{text}", "key": "id"}, "id"),
        ([7], {}, "row 0"),
        (["a"], {"poll": 0}, "poll"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_uploaded(
    sim: Simulator, rows: Any, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidRequestError, match=words):
        client_of(sim).batches.submit(rows, **options)
    assert sim.requests == []


def test_what_makes_something_is_sent_once_also_behind_another_request(fault_server: FaultServer) -> None:
    """On a kept connection that ends without an answer, libcurl would send it once more."""
    for make in (
        lambda client: client.batches.create(input_file_id="f"),
        lambda client: client.files.create(file=("a.jsonl", b"{}"), purpose="batch"),
    ):
        url = fault_server.url(Script().json(200, {"data": []}).attempt().close())
        client = kimi(url, provider="moonshot", max_retries=2)
        client.batches.list()
        with pytest.raises(APIConnectionError):
            make(client)
        assert [request["method"] for request in fault_server.requests(url)] == ["GET", "POST"]


@pytest.mark.parametrize(("status", "deleted"), [(400, True), (504, False)])
def test_the_file_of_a_batch_that_may_have_been_made_stays(
    fault_server: FaultServer, status: int, deleted: bool
) -> None:
    made = {"id": "f-1", "object": "file", "bytes": 1, "filename": "a", "purpose": "batch"}
    script = Script().json(200, made).attempt().json(status, {"error": {"message": "no"}}).attempt().json(200, {})
    url = fault_server.url(script)
    with pytest.raises(APIError):
        kimi(url, provider="moonshot", max_retries=0).batches.submit(["hi"])
    assert [each["method"] for each in fault_server.requests(url)] == ["POST", "POST", "DELETE"][: 2 + deleted]


def test_asyncio_has_the_same(sim: Simulator) -> None:
    async def ask() -> None:
        async with async_kimi(sim.base_url, api_key=sim.api_key, provider="moonshot") as client:
            job = await client.batches.submit(ROWS, "{text}", key="id", poll=POLL)
            assert [row.key async for row in job] == [0, 1, 2, 3, 4]
            again = await client.batches.job(job.id, poll=POLL)
            assert (await again.wait()).status == "completed"
            assert [batch.id async for batch in client.batches.list()] == [job.id]
            await again.cancel()

    run(ask())


# ---- runs -----------------------------------------------------------------------------------------------------------


def lines_of(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.read_text("utf-8").splitlines()]


def test_map_by_batches_has_the_same_lines_and_ledger(sim: Simulator, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    options: dict[str, Any] = {"key": "id", "out": out, "progress": False}
    client = client_of(sim)
    done = client.map(ROWS, "{text}", via="batch", poll=POLL, **options)
    assert (done.total, done.done, done.failed, done.skipped, done.stopped) == (5, 5, 0, 0, None)
    assert [line["key"] for line in lines_of(out)] == [0, 1, 2, 3, 4]
    assert all(line["cost"] for line in lines_of(out))
    again = client.map(ROWS, "{text}", **options)  # by single requests: all are answered
    assert (again.skipped, posts(sim, "/v1/chat/completions")) == (5, 0)
    more = [*ROWS, {"id": 9, "text": "new"}]
    assert client.map(more, "{text}", via="batch", poll=POLL, **options).done == 1
    assert posts(sim) == 2
    single = client.map([*more, {"id": 10, "text": "single"}], "{text}", **options)
    assert (single.done, single.skipped) == (1, 6)
    last = client.map([*more, {"id": 10, "text": "single"}], "{text}", via="batch", poll=POLL, **options)
    assert (last.skipped, posts(sim)) == (7, 2)


@pytest.mark.parametrize("pace", [{"concurrency": 5}, {"rpm": 5}, {"tpm": 5}, {"tpd": 5}, {"limits": Limits(rpm=5)}])
def test_a_pace_of_a_batch_is_refused_as_it_would_have_no_effect(tmp_path: Path, pace: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError, match=f'{next(iter(pace))}= has no effect with via="batch"'):
        kimi("http://127.0.0.1:9/v1").map(ROWS, "{text}", via="batch", out=tmp_path / "out.jsonl", **pace)


def test_started_again_it_waits_for_the_batch_that_is_under_way(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    options: dict[str, Any] = {"key": "id", "out": out, "via": "batch", "poll": POLL}

    class Stop(BaseException):
        pass

    def stop(run: Any) -> None:
        raise Stop

    with Simulator(pace=0, batch_pace=1000) as sim:
        client = client_of(sim)
        with pytest.raises(Stop):
            client.map(ROWS, "{text}", progress=stop, **options)
        assert posts(sim) == 1
        sim._state.batches._pace = 0.0
        done = client.map([*ROWS, {"id": 9, "text": "new"}], "{text}", progress=False, **options)
        assert (done.done, done.stopped, posts(sim)) == (6, None, 2)
        assert sorted(line["key"] for line in lines_of(out)) == [0, 1, 2, 3, 4, 9]


def test_a_batch_whose_id_was_never_written_down_is_found_again(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kimistream._bulk.batches import run as runs

    options: dict[str, Any] = {"key": "id", "out": tmp_path / "out.jsonl", "via": "batch", "poll": POLL}

    def killed(*arguments: Any) -> Any:
        yield from real(*arguments)
        raise KeyboardInterrupt  # as a kill right behind the request

    real = runs.submit
    monkeypatch.setattr(runs, "submit", killed)
    client = client_of(sim)
    with pytest.raises(KeyboardInterrupt) as raised:
        client.map(ROWS, "{text}", progress=False, **options)
    assert raised.value.run.stopped == "interrupted"
    monkeypatch.setattr(runs, "submit", real)
    assert client.map(ROWS, "{text}", progress=False, **options).done == 5
    assert posts(sim) == 1


def test_a_batch_that_is_not_known_any_more_is_paid_again_only_when_asked(tmp_path: Path) -> None:
    options: dict[str, Any] = {"key": "id", "out": tmp_path / "out.jsonl", "via": "batch", "poll": POLL}

    def stop(run: Any) -> None:
        raise KeyboardInterrupt

    with Simulator(pace=0, batch_pace=1000, record=100_000) as sim:
        with pytest.raises(KeyboardInterrupt):
            client_of(sim).map(ROWS, "{text}", progress=stop, **options)
        assert posts(sim) == 1
    with Simulator(pace=0, record=100_000) as other:  # as with another account's key
        client = client_of(other)
        for _ in range(2):
            with pytest.raises(NotFoundError, match=r"the batch \S+ .* with 5 rows, .*retry_failed=True") as raised:
                client.map(ROWS, "{text}", progress=False, **options)
            assert raised.value.status_code == 404
        assert posts(other) == 0
        again = client.map(ROWS, "{text}", progress=False, retry_failed=True, **options)
        assert (again.done, again.failed, posts(other)) == (5, 0, 1)
        more = client.map([*ROWS, {"id": 9, "text": "new"}], "{text}", progress=False, **options)
        assert (more.done, more.skipped) == (1, 5)
    assert len((tmp_path / "out.jsonl").read_text("utf-8").splitlines()) == 6


def test_a_batch_that_no_row_needs_is_not_asked_for(tmp_path: Path) -> None:
    options: dict[str, Any] = {"key": "id", "out": tmp_path / "out.jsonl", "progress": False}
    batch: dict[str, Any] = {"via": "batch", "poll": POLL, **options}

    def stop(run: Any) -> None:
        raise KeyboardInterrupt

    with Simulator(pace=0, batch_pace=1000, record=100_000) as sim:
        client = client_of(sim)
        with pytest.raises(KeyboardInterrupt):
            client.map(ROWS, "{text}", **{**batch, "progress": stop})
        other = [{"id": 9, "text": "new"}]
        sim._state.batches._pace = 0.0
        assert client.map(other, "{text}", **batch).done == 1
        assert client.map(ROWS, "{text}", **batch).done == 5  # it was not forgotten over the other rows
        assert posts(sim) == 2
        sim._state.batches._pace = 1000.0
        with pytest.raises(KeyboardInterrupt):
            client.map(ROWS, "Again: {text}", **{**batch, "progress": stop})
    with Simulator(pace=0, record=100_000) as sim:
        client = client_of(sim)
        assert client.map(ROWS, "Again: {text}", **options).done == 5  # by single requests
        assert client.map(ROWS, "Again: {text}", **batch).skipped == 5
        assert posts(sim) == 0


def test_failed_rows_stay_until_they_are_wanted_again(tmp_path: Path) -> None:
    options: dict[str, Any] = {"key": "id", "out": tmp_path / "out.jsonl", "via": "batch", "poll": POLL}
    with Simulator(pace=0, batch="error@2") as sim:
        client = client_of(sim)
        first = client.map(ROWS, "{text}", progress=False, **options)
        assert (first.done, first.failed) == (3, 2)
        again = client.map(ROWS, "{text}", progress=False, **options)
        assert (again.done, again.failed, again.skipped, posts(sim)) == (0, 2, 3, 1)
        sim._state.batches._order = None
        last = client.map(ROWS, "{text}", progress=False, retry_failed=True, **options)
        assert (last.done, last.failed, last.skipped) == (2, 0, 3)


def test_without_out_rows_come_in_order_and_bad_ones_are_errors(sim: Simulator) -> None:
    rows = list(client_of(sim).map([*ROWS, {"id": 7}], "{text}", key="id", via="batch", poll=POLL, progress=False))
    by_key = {row.key: row for row in rows}
    assert set(by_key) == {0, 1, 2, 3, 4, 7}
    assert by_key[7].attempts == 0
    assert by_key[0].message.text


SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def counted(body: Any) -> str:
    """An answer that follows SCHEMA, but to what is bad."""
    asked = json.dumps(body["messages"])
    return '{"n": "one"}' if "bad" in asked else '{"n": 1}'


@pytest.mark.parametrize("way", ["map", "submit"])
def test_answers_follow_a_schema_or_are_errors(way: str) -> None:
    rows = [{"id": 0, "text": "good"}, {"id": 1, "text": "bad"}]
    with Simulator(pace=0, answer=counted) as sim:
        client = client_of(sim)
        if way == "map":
            given = client.map(rows, "{text}", key="id", schema=SCHEMA, via="batch", poll=POLL, progress=False)
        else:
            given = client.batches.submit(rows, "{text}", key="id", schema=SCHEMA, poll=POLL)
        right, wrong = given
    assert (right.parsed, right.message.parsed, right.error) == ({"n": 1}, {"n": 1}, None)
    assert isinstance(wrong.error, SchemaError)
    assert (wrong.message, wrong.parsed, wrong.error.message.text) == (None, None, '{"n": "one"}')
    assert wrong.usage.total_tokens == wrong.error.message.usage.total_tokens > 0


def test_rows_of_a_schema_are_kept_with_what_they_say(tmp_path: Path) -> None:
    out, rows = tmp_path / "out.jsonl", [{"id": 0, "text": "good"}, {"id": 1, "text": "bad"}]
    options: dict[str, Any] = {"key": "id", "out": out, "schema": SCHEMA, "via": "batch", "poll": POLL}
    with Simulator(pace=0, answer=counted) as sim:
        done = client_of(sim).map(rows, "{text}", progress=False, **options)
        assert (done.done, done.failed) == (1, 1)
        assert [line["parsed"] for line in lines_of(out)] == [{"n": 1}]
        assert [row.parsed for row in done.rows()] == [{"n": 1}]
        assert [type(row.error) for row in done.failures()] == [SchemaError]
        with pytest.raises(InvalidRequestError, match="schema_retries"):
            client_of(sim).map(rows, "{text}", progress=False, schema_retries=1, **options)


def test_the_clients_budget_holds_for_batches_too(sim: Simulator) -> None:
    client = client_of(sim, budget=Budget(tokens=1000))
    options: dict[str, Any] = {"key": "id", "poll": POLL, "max_tokens": 300}
    with pytest.raises(BudgetExceededError):
        client.batches.submit(ROWS, "{text}", **options)
    assert posts(sim, "/v1/files") == 0
    few = client.map(ROWS, "{text}", via="batch", progress=False, **options)
    assert 1 <= len(list(few)) < 5, "what the refused ones held is given back"
    assert few.stopped == "budget"
    assert client._sender.budget.spending.tokens == few.usage.total_tokens
    assert client.complete("hi", max_tokens=100).text
    none = client.map(ROWS, "{text}", via="batch", progress=False, key="id", poll=POLL)
    with pytest.warns(RuntimeWarning, match=r"32768 tokens of answer\. Pass a smaller max_tokens"):
        assert (list(none), none.stopped) == ([], "budget")


def test_a_thousand_rows(sim: Simulator, tmp_path: Path) -> None:
    rows = [{"id": number, "text": f"n{number}"} for number in range(1000)]
    done = client_of(sim).map(
        rows, "{text}", key="id", out=tmp_path / "o.jsonl", via="batch", poll=POLL, progress=False
    )
    assert done.done == 1000
    assert [line["key"] for line in lines_of(tmp_path / "o.jsonl")] == list(range(1000))


def test_asyncio_runs_by_batches_too(sim: Simulator, tmp_path: Path) -> None:
    async def ask() -> None:
        options: dict[str, Any] = {"key": "id", "via": "batch", "poll": POLL, "progress": False}
        async with async_kimi(sim.base_url, api_key=sim.api_key, provider="moonshot") as client:
            assert [row.key async for row in client.map(ROWS, "{text}", **options)] == [0, 1, 2, 3, 4]
            done = await client.map(ROWS, "{text}", out=tmp_path / "out.jsonl", **options)
            assert done.done == 5

    run(ask())


def test_the_shell(sim: Simulator, tmp_path: Path) -> None:
    pytest.importorskip("typer")
    import os
    import subprocess
    import sys

    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in ROWS))

    def command(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "kimistream.cli", "batch", *words, "--base-url", sim.base_url],
            env={**os.environ, "MOONSHOT_API_KEY": sim.api_key, "NO_PROXY": "127.0.0.1"},
            capture_output=True, encoding="utf-8", timeout=120, check=False,
        )  # fmt: skip

    begun = command("submit", str(source), "--prompt", "{text}", "--key", "id", "--model", "kimi-k2.6")
    assert begun.returncode == 0, begun.stderr
    name = begun.stdout.strip()
    assert command("list").stdout.split() == [name]
    waited = command("wait", name, "--poll", "0.01")
    assert (waited.returncode, waited.stdout) == (0, "")
    assert "completed" in waited.stderr
    results = command("results", name)
    assert [json.loads(line)["key"] for line in results.stdout.splitlines()] == ["0", "1", "2", "3", "4"]
    assert json.loads(command("status", name, "--json").stdout)["status"] == "completed"
    assert command("cancel", name).returncode == 0
