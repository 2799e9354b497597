"""client.map without a file: rows in, rows out, and what becomes of those that fail."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from bulk_server import BulkServer, Refused, too_many
from kit import KEY, run, turns_of_the_loop, until, wait_until
from test_files_uploads import PNG

import kimistream
from kimistream import AsyncKimi, Image, InvalidRequestError, Kimi, Row
from kimistream._bulk.options import check_names

if TYPE_CHECKING:
    from kimistream.simulator import Simulator


def rows(count: int) -> list[dict[str, Any]]:
    return [{"id": number, "text": f"t{number}"} for number in range(count)]


def test_each_row_is_asked_once_and_given_with_its_answer() -> None:
    with BulkServer() as server:
        found = list(server.client().map(rows(50), "Say {text}", key="id", concurrency=10))
    assert sorted((row.key, row.index, row.message.text) for row in found) == [
        (number, number, f"answer to Say t{number}") for number in range(50)
    ]
    assert set(server.paid.values()) == {1}
    assert server.most <= 10
    row = found[0]
    assert isinstance(row, Row)
    assert row.input == {"id": row.key, "text": f"t{row.key}"}
    assert (row.error, row.parsed, row.attempts) == (None, None, 1)
    assert row.cost == row.usage.cost > 0
    assert row.usage.total_tokens == 22
    assert row.seconds > 0


def test_the_iterator_has_the_fields_of_a_run() -> None:
    with BulkServer() as server:
        found = server.client().map(rows(3), "{text}")
        assert (found.total, found.done, found.stopped) == (0, 0, None)
        list(found)
        assert (found.total, found.done, found.failed, found.skipped, found.changed) == (3, 3, 0, 0, 0)
        assert found.usage.total_tokens == 66
        assert found.seconds > 0
        assert list(found) == []
        with pytest.raises(InvalidRequestError, match="out="):
            found.rows()


def test_nothing_is_sent_before_the_first_next() -> None:
    with BulkServer() as server:
        found = server.client().map(rows(3), "{text}")
        assert not server.asked
        next(found)
        assert server.asked
        found.close()


def test_rows_come_in_order_of_completion_or_of_the_input() -> None:
    class Backwards(BulkServer):
        async def _answer(self, body: dict[str, Any]) -> Any:
            answer = await super()._answer(body)
            number = int(body["messages"][-1]["content"][1:])
            while len(self.ended) < 2 - number:
                await asyncio.sleep(0.001)
            self.ended.append(number)
            return answer

    for ordered, order in ((False, [2, 1, 0]), (True, [0, 1, 2])):
        with Backwards() as server:
            found = server.client().map(rows(3), "{text}", ordered=ordered, concurrency=3)
            if ordered:
                assert [row.index for row in found] == order
            else:  # answers of one moment come in any order
                assert sorted(row.index for row in found) == sorted(order)


def test_ordered_rows_wait_behind_a_slow_one_and_not_without_bound() -> None:
    """At most 4 x concurrency, and at least 256."""
    release = threading.Event()

    class Slow(BulkServer):
        async def _answer(self, body: dict[str, Any]) -> Any:
            if body["messages"][-1]["content"] == "t0":
                while not release.is_set():
                    await asyncio.sleep(0.01)
            return await super()._answer(body)

    with Slow() as server:
        found = server.client().map(rows(2000), "{text}", ordered=True, concurrency=8)
        given: list[int] = []
        reader = threading.Thread(target=lambda: given.extend(row.index for row in found), daemon=True)
        reader.start()
        wait_until(lambda: len(server.asked) >= 255)
        wait_until(lambda: len(server.paid) >= 255)
        assert len(server.asked) <= 256 + 8
        assert given == []
        release.set()
        reader.join(60)
    assert given == list(range(2000))


def test_a_row_is_sent_when_it_is_taken() -> None:
    with BulkServer() as server:

        def source() -> Iterator[str]:
            yield "first"
            wait_until(lambda: server.asked["first"] == 1)  # nothing waits for the second one
            yield "second"

        assert len(list(server.client().map(source(), "{}"))) == 2


def slowly(counts: Callable[[], int], seen: list[int]) -> Iterator[str]:
    """Ten rows, each a while after the one before it was sent; sees what was done by then."""
    for number in range(10):
        time.sleep(0.03)
        seen.append(counts())
        yield str(number)


def test_while_a_source_is_slow_what_has_ended_is_given_and_written(tmp_path: Path) -> None:
    seen: list[int] = []
    given: list[Row] = []
    out = tmp_path / "out.jsonl"
    with BulkServer() as server:
        for row in server.client().map(slowly(lambda: len(given), seen), "{}", concurrency=100):
            given.append(row)
        assert len(given) == 10
        assert seen[-1] > 0
        seen.clear()
        written = slowly(lambda: out.read_bytes().count(b"\n"), seen)
        assert server.client().map(written, "{}", concurrency=100, out=out, progress=False).done == 10
        assert seen[-1] > 0


def test_other_tasks_have_their_turn_while_a_source_is_slow(tmp_path: Path) -> None:
    async def main(server: BulkServer) -> None:
        seen: list[int] = []
        async with turns_of_the_loop() as turns:
            source, out = slowly(turns, seen), tmp_path / "out.jsonl"
            await server.async_client().map(source, "{}", concurrency=100, out=out, progress=False)
        assert len(set(seen)) > 5

    with BulkServer() as server:
        run(main(server))


def test_rows_are_taken_as_places_become_free() -> None:
    taken = []

    def source() -> Iterator[str]:
        for number in range(1000):
            taken.append(number)
            yield str(number)

    with BulkServer() as server:
        found = server.client().map(source(), "{}", concurrency=5)
        for given in range(1, 200):
            next(found)
            assert len(taken) - given <= 64
        found.close()


def test_an_early_end_closes_what_is_under_way() -> None:
    with BulkServer(held=True) as server:
        found = server.client().map(rows(100), "{text}", concurrency=10)
        threading.Thread(
            target=lambda: (wait_until(lambda: server.waiting == 10), server.let_go(1)), daemon=True
        ).start()
        next(found)
        found.close()
        assert list(found) == []
        assert found.stopped == "interrupted"
    assert len(server.asked) <= 11


def test_what_the_source_raises_is_passed_on_after_what_is_under_way() -> None:
    def source() -> Iterator[str]:
        yield "a"
        yield "b"
        raise RuntimeError("the file is gone")

    with BulkServer() as server:
        found = server.client().map(source(), "{}")
        given: list[Row] = []
        with pytest.raises(RuntimeError, match="the file is gone"):
            given.extend(found)
    assert sorted(row.message.text for row in given) == ["answer to a", "answer to b"]


# ---- what fails -----------------------------------------------------------------------------------------------------


def test_one_bad_row_is_its_own_error_and_is_asked_once() -> None:
    def reply(text: str) -> str:
        if text == "t7":
            raise Refused(400, "the input is not allowed")
        return text

    with BulkServer(reply) as server:
        found = list(server.client().map(rows(20), "{text}", key="id"))
    (bad,) = [row for row in found if row.error is not None]
    assert bad.key == 7
    assert isinstance(bad.error, kimistream.BadRequestError)
    assert (bad.message, bad.attempts, server.asked["t7"]) == (None, 1, 1)
    assert len(found) == 20


def test_what_cannot_be_sent_has_no_attempts() -> None:
    given: list[Any] = [{"text": "good"}, {"other": 1}, {"text": None}, {"text": float("nan")}, 5]
    with BulkServer() as server:
        found = {row.index: row for row in server.client().map(given, "{text}")}
    assert found[0].error is None
    for index in (1, 2, 3, 4):
        assert isinstance(found[index].error, InvalidRequestError)
        assert found[index].attempts == 0
    assert "text" in str(found[1].error)
    assert "other" in str(found[1].error)
    assert dict(server.asked) == {"good": 1}


def test_a_server_error_is_tried_again_and_then_is_the_rows() -> None:
    def reply(text: str) -> str:
        if text == "t1" or (text == "t2" and server.asked["t2"] == 1):
            raise Refused(500, "broken", {"Retry-After": "0.01"})
        return text

    with BulkServer(reply) as server:
        found = {row.index: row for row in server.client(max_retries=2).map(rows(4), "{text}")}
    assert isinstance(found[1].error, kimistream.InternalServerError)
    assert (found[1].attempts, found[2].attempts, found[2].error) == (3, 2, None)
    assert server.asked["t1"] == 3


def test_a_refusal_for_too_much_is_no_retry() -> None:
    def reply(text: str) -> str:
        if server.asked[text] <= 3:
            raise too_many("RPM", headers={"Retry-After": "0.01"})
        return text

    with BulkServer(reply) as server:
        found = list(server.client(max_retries=0).map(rows(3), "{text}"))
    assert [row.error for row in found] == [None] * 3


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (Refused(401, "Invalid Authentication"), kimistream.AuthenticationError),
        (Refused(403, "The API you are accessing is not open"), kimistream.PermissionDeniedError),
        (Refused(404, "Not found the model kimi-x or Permission denied"), kimistream.NotFoundError),
        (Refused(429, "check your account balance", type="exceeded_current_quota_error"), kimistream.RateLimitError),
    ],
)
def test_what_every_row_would_meet_ends_the_run(refusal: Refused, kind: type[Exception]) -> None:
    def reply(text: str) -> str:
        if text == "t5":
            raise refusal
        return text

    with BulkServer(reply) as server:
        found = server.client().map(rows(500), "{text}", concurrency=3)
        given: list[Row] = []
        with pytest.raises(kind):
            given.extend(found)
    assert all(row.error is None for row in given)
    assert len(given) == len(server.paid)  # what was under way is kept
    assert len(server.asked) < 20
    assert found.failed == 0


def test_a_filtered_row_is_its_own_error_whatever_its_status() -> None:
    def reply(text: str) -> str:
        if text == "t1":
            raise Refused(403, "The request was rejected because it was considered high risk", type="content_filter")
        return text

    with BulkServer(reply) as server:
        found = list(server.client().map(rows(3), "{text}"))
    assert [row.index for row in found if row.error is not None] == [1]


# ---- mistakes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"concurrency": 0}, InvalidRequestError),
        ({"concurrency": 1.5}, TypeError),
        ({"rpm": -1}, InvalidRequestError),
        ({"tpm": "5"}, TypeError),
        ({"budget": -1}, InvalidRequestError),
        ({"budget": 1.0, "provider": "vllm"}, InvalidRequestError),  # nobody tells what an answer costs
        ({"budget": "1"}, TypeError),
        ({"ordered": 1}, TypeError),
        ({"limits": 5}, TypeError),
        ({"limits": kimistream.Limits(rpm=3), "rpm": 3}, InvalidRequestError),
        ({"key": 5}, TypeError),
        ({"progress": 5}, TypeError),
        ({"via": "post"}, InvalidRequestError),
        ({"poll": 3}, InvalidRequestError),  # of via="batch"
        ({"via": "batch", "poll": 0}, InvalidRequestError),
        ({"via": "batch", "schema": {"type": "object"}, "schema_retries": 1}, InvalidRequestError),
        ({"stream": True}, InvalidRequestError),
        ({"thinking": "maybe"}, InvalidRequestError),
        ({"max_tokens": 0}, InvalidRequestError),
        ({"out": "answers.csv"}, InvalidRequestError),
        ({"out": "no/such/folder/a.jsonl"}, InvalidRequestError),
    ],
)
def test_mistakes_are_found_before_anything_is_sent(options: dict[str, Any], kind: type[Exception]) -> None:
    options = dict(options)
    client = Kimi(api_key=KEY, base_url="http://127.0.0.1:9/v1", provider=options.pop("provider", None))
    with pytest.raises(kind):
        client.map(["a"], "{}", **options)


@pytest.mark.parametrize("source", [5, b"a", {"a": 1}, None])
def test_what_is_no_source_is_a_type_error(source: Any) -> None:
    with pytest.raises(TypeError):
        Kimi(api_key=KEY, base_url="http://127.0.0.1:9/v1").map(source, "{}")


@pytest.mark.parametrize("source", ["gone.jsonl", "rows.txt", "just a text", "rows.parquet"])
def test_a_path_that_cannot_be_read_is_refused(source: str) -> None:
    with pytest.raises(InvalidRequestError):
        Kimi(api_key=KEY, base_url="http://127.0.0.1:9/v1").map(source, "{}")


# ---- keys -----------------------------------------------------------------------------------------------------------


def test_equal_rows_are_separate_rows() -> None:
    with BulkServer() as server:
        found = list(server.client().map(["same"] * 5, "{}"))
    assert server.paid == {"same": 5}
    assert len({row.key for row in found}) == 5


def test_a_key_that_comes_twice_is_found_before_anything_is_sent() -> None:
    with BulkServer() as server:
        with pytest.raises(InvalidRequestError, match="rows 1 and 3"):
            server.client().map([{"id": number} for number in (5, 7, 6, 7)], "{id}", key="id")
        assert not server.asked
        found = list(server.client().map([{"id": 7}, {"id": "7"}], "{id}", key="id"))  # of two types: they differ
        assert {row.key for row in found} == {7, "7"}


def test_in_an_iterable_it_is_found_when_it_is_taken() -> None:
    with BulkServer() as server:
        given: list[Row] = []
        found = server.client().map(iter([{"id": 1}, {"id": 2}, {"id": 1}]), "{id}", key="id")
        with pytest.raises(InvalidRequestError, match="rows 0 and 2"):
            given.extend(found)
        assert sorted(row.key for row in given) == [1, 2]


def test_keys_of_all_kinds() -> None:
    given = [{"id": value} for value in (1, "a", True, 2.0, 2.5, ["x"], None)] + [{"other": 1}]
    with BulkServer() as server:
        found = {row.index: row for row in server.client().map(given, lambda row: str(row), key="id")}
    assert [found[index].key for index in range(6)] == [1, "a", "true", 2, "2.5", '["x"]']
    for index in (6, 7):
        assert "id" in str(found[index].error)
        assert found[index].attempts == 0


def test_a_function_gives_the_key() -> None:
    with BulkServer() as server:
        found = list(server.client().map(rows(3), "{text}", key=lambda row: f"k{row['id']}"))
    assert sorted(row.key for row in found) == ["k0", "k1", "k2"]


def test_the_order_of_fields_does_not_matter_to_a_rows_hash() -> None:
    with BulkServer() as server:
        client = server.client()
        (one,) = client.map([{"a": 1, "b": 2}], "{a}")
        (two,) = client.map([{"b": 2, "a": 1, "c": None}], "{a}")
    assert one.key == two.key


# ---- the other client -----------------------------------------------------------------------------------------------


def test_asynchronously_too() -> None:
    async def main(client: AsyncKimi) -> list[Any]:
        found = client.map(rows(40), "Say {text}", key="id", concurrency=7)
        given = [row.key async for row in found]
        assert (found.done, found.stopped) == (40, None)
        with pytest.raises(InvalidRequestError, match="async for"):
            await client.map(["a"], "{}")
        await client.close()
        return given

    with BulkServer() as server:
        assert sorted(run(main(server.async_client()))) == list(range(40))
        assert server.most <= 7


def test_cancellation_ends_it_at_once() -> None:
    async def main(server: BulkServer) -> None:
        found = server.async_client().map(rows(50), "{text}", concurrency=5)

        async def read() -> None:
            async for _ in found:
                pass

        task = asyncio.ensure_future(read())
        await until(lambda: server.waiting == 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert found.stopped == "interrupted"

    with BulkServer(held=True) as server:
        run(main(server))
        assert len(server.asked) == 5


def test_other_tasks_run_beside_it() -> None:
    async def main(server: BulkServer) -> None:
        async def read() -> int:
            return len([row async for row in server.async_client().map(rows(8), "{text}", concurrency=4)])

        reading = asyncio.ensure_future(read())
        await until(lambda: server.waiting == 4)
        async with turns_of_the_loop() as turns:
            await until(lambda: turns() > 20)  # while four rows are under way and the run waits for them
        assert not reading.done()
        server.let_go(8)
        assert await reading == 8

    with BulkServer(held=True) as server:
        run(main(server))


def test_two_runs_at_once_on_two_threads() -> None:
    with BulkServer() as server:
        client = server.client()
        found: list[int] = []

        def count() -> None:
            found.append(sum(1 for _ in client.map(rows(100), "{text}")))

        threads = [threading.Thread(target=count) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert found == [100, 100]


def test_what_the_request_takes_goes_with_every_row() -> None:
    with BulkServer() as server:
        list(server.client().map(rows(2), "{text}", model="kimi-k2.6", system="Be short.", max_tokens=9, user="me"))
    for body in server.bodies:
        assert body["messages"][0] == {"role": "system", "content": "Be short."}
        assert body["user"] == "me"
        assert 9 in (body.get("max_tokens"), body.get("max_completion_tokens"))
    assert json.dumps(server.bodies).count("Be short.") == 2


def test_a_proxy_that_does_not_wait_gets_a_stream_the_next_time() -> None:
    def reply(text: str) -> str:
        if not server.bodies[-1].get("stream"):
            raise Refused(504, "Gateway timeout", {"Retry-After": "0.01"})
        return text

    with BulkServer(reply) as server:
        (row,) = server.client().map(["a"], "{}")
    assert (row.error, row.attempts, [bool(body.get("stream")) for body in server.bodies]) == (None, 2, [False, True])


def test_a_run_with_no_rows_is_over_at_once() -> None:
    with BulkServer() as server:
        assert list(server.client().map([], "{}")) == []
        assert not server.asked


# ---- pictures -------------------------------------------------------------------------------------------------------


def test_pictures_go_with_their_rows_and_one_that_cannot_be_read_is_its_rows_error(
    simulator: Simulator, tmp_path: Path
) -> None:
    for number in (1, 2):
        (tmp_path / f"{number}.png").write_bytes(PNG)
    client = Kimi(api_key=simulator.api_key, base_url=simulator.base_url)
    found = list(client.map([1, 2, 3], lambda row: row, ordered=True))
    assert all(isinstance(row.error, InvalidRequestError) for row in found)  # no rows at all
    given = [{"picture": str(tmp_path / f"{number}.png")} for number in (1, 2, 3)]
    found = list(client.map(given, lambda row: ["What is it?", Image(row["picture"])], ordered=True))
    assert ["one image (image/png" in row.message.text for row in found[:2]] == [True, True]
    assert (found[2].attempts, type(found[2].error)) == (0, InvalidRequestError)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_what_must_be_uploaded_is_uploaded_once(asynchronous: bool, simulator: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(PNG)

    def prompt(row: str) -> list[Any]:
        return [row, Image(path, send="upload")]

    async def main() -> list[Row]:
        client = AsyncKimi(api_key=simulator.api_key, base_url=simulator.base_url)
        return [row async for row in client.map([str(number) for number in range(12)], prompt, concurrency=6)]

    if asynchronous:
        found = run(main())
    else:
        client = Kimi(api_key=simulator.api_key, base_url=simulator.base_url)
        found = list(client.map([str(number) for number in range(12)], prompt, concurrency=6))
    assert [row.error for row in found] == [None] * 12
    paths = [request.path for request in simulator.requests if request.method == "POST"]
    assert paths.count("/v1/files") == 1
    assert paths.count("/v1/chat/completions") == 12


@pytest.mark.parametrize(
    ("slip", "meant"),
    [("budgget", "budget"), ("concurency", "concurrency"), ("keys", "key"), ("resum", "resume"), ("promt", "prompt")],
)
def test_a_misspelt_parameter_is_no_field_of_the_request(slip: str, meant: str) -> None:
    async def go() -> None:
        async with AsyncKimi(KEY, base_url=server.url) as client:
            client.map(rows(1), **{slip: 4})

    told = f"map\\(\\) has no '{slip}': did you mean '{meant}'.* extra_body"
    with BulkServer() as server:
        with pytest.raises(TypeError, match=told):
            server.client().map(rows(1), **{slip: 4})
        with pytest.raises(TypeError, match=told):
            asyncio.run(go())
        answered = server.client().map(["hi"], temperature=1, my_gateway="eu", extra_body={slip: 4}, check="off")
        assert [row.error for row in answered] == [None]
        assert (server.bodies[0]["my_gateway"], server.bodies[0][slip]) == ("eu", 4)


def test_no_field_of_the_api_is_taken_for_a_misspelt_parameter() -> None:
    names = Path(__file__).parent.parent / "cpp/src/rules/known_names.cpp"
    fields = names.read_text("utf-8").partition("field_names[]")[2].partition("message_names[]")[0]
    known = dict.fromkeys(re.findall(r'"(\w+)"', fields))
    assert "top_p" in known
    own = set(inspect.signature(Kimi.map).parameters) - {"self", "request"}
    check_names(known, (*own, "schema_retries"))
