"""kimistream.ray without Ray: what it makes of batches, its ledger, its pool of places. With a real one:
scripts/test-ray."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bulk_server import BulkServer, Refused
from kit import KEY, run
from test_bulk_out import KEYS

from kimistream import Budget, InvalidRequestError, Kimi, Limits
from kimistream.ray import Mapper
from kimistream.ray.leases import SILENCE, Pool
from kimistream.ray.ledger import FolderLedger
from kimistream.ray.lending import Lender

pyarrow = pytest.importorskip("pyarrow")


def table(begin: int, end: int, **more: Any) -> Any:
    numbers = list(range(begin, end))
    return pyarrow.table({"id": numbers, "text": [f"t{number}" for number in numbers], **more})


def mapper(server: BulkServer, **options: Any) -> Mapper:
    client = {"api_key": KEY, "base_url": server.url, **options.pop("client", {})}
    return Mapper(**{"prompt": "{text}", "client": client, **options})


async def mapped(mapper: Mapper, batch: Any) -> Any:
    (given,) = [given async for given in mapper(batch)]
    return given


def rows(mapper: Mapper, batch: Any) -> list[dict[str, Any]]:
    given: list[dict[str, Any]] = run(mapped(mapper, batch)).to_pylist()
    return given


@pytest.fixture
def server() -> Iterator[BulkServer]:
    def reply(text: str) -> str:
        if text.endswith("3"):
            raise Refused(400, "not this one")
        return f"answer to {text}"

    with BulkServer(reply) as server:
        yield server


# ---- batches --------------------------------------------------------------------------------------------------------


def test_a_batch_gets_the_columns_of_a_line(server: BulkServer) -> None:
    batch = table(0, 5, model=["mine"] * 5)
    given = run(mapped(mapper(server, key="id"), batch))
    assert given.schema.names == ["id", "text", *[name for name in KEYS if name != "text"]] or (
        given.schema.names == ["id", *KEYS]
    )
    found = given.to_pylist()
    assert [row["id"] for row in found] == [0, 1, 2, 3, 4]
    assert [row["key"] for row in found] == ["0", "1", "2", "3", "4"]
    assert [row["index"] for row in found] == [0, 1, 2, 3, 4]
    assert found[0]["text"] == "answer to t0", "the line's stands"
    assert found[0]["model"] == "kimi-k2.6"
    assert json.loads(found[0]["input"]) == {"id": 0, "text": "t0", "model": "mine"}
    assert json.loads(found[3]["error"])["status_code"] == 400
    assert (found[3]["text"], found[0]["error"]) == (None, None)
    assert json.loads(found[0]["usage"])["total_tokens"] == 22


def test_the_types_are_the_same_whatever_is_in_a_batch(server: BulkServer) -> None:
    asked = mapper(server, key="id")
    schemas = [run(mapped(asked, batch)).schema for batch in (table(0, 2), table(3, 4), table(0, 0))]
    assert schemas[0].equals(schemas[1])
    assert schemas[0].names == schemas[2].names


def test_numpy_and_pandas(server: BulkServer) -> None:
    numpy, pandas = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    asked = mapper(server, prompt=lambda row: row["words"][0]["a"], key="id")
    words = numpy.empty(2, dtype=object)
    for place in range(2):
        words[place] = numpy.array([{"a": f"w{place}"}], dtype=object)
    found = rows(asked, {"id": numpy.array([7, 8]), "words": words})
    assert [row["text"] for row in found] == ["answer to w0", "answer to w1"]
    assert json.loads(found[0]["input"]) == {"id": 7, "words": [{"a": "w0"}]}
    gaps = pandas.DataFrame({"id": [5, None], "words": [[{"a": "x"}], [{"a": "y"}]]})
    found = rows(asked, gaps)
    assert found[0]["key"] == "5"
    assert "key" in json.loads(found[1]["error"])["message"]
    cubes = {"id": numpy.array([1]), "cube": numpy.zeros((1, 2, 2))}
    given = run(mapped(mapper(server, prompt="{id}"), cubes))
    assert given["cube"].shape == (1, 2, 2)
    assert list(given["text"]) == ["answer to 1"]


@pytest.mark.parametrize("kind", ["pyarrow", "numpy", "pandas"])
def test_a_batch_may_have_no_column_but_those_of_a_line(server: BulkServer, kind: str) -> None:
    library = pytest.importorskip(kind)
    make = _arrays if kind == "numpy" else library.table if kind == "pyarrow" else library.DataFrame
    found = rows(mapper(server), make({"text": ["a", "b"]}))
    assert [row["text"] for row in found] == ["answer to a", "answer to b"]
    lines = [json.dumps({"id": number}) for number in range(2)]
    found = rows(mapper(server, prompt="{id}", json_column="text"), make({"text": lines}))
    assert [row["text"] for row in found] == ["answer to 0", "answer to 1"]


def _arrays(columns: dict[str, list[Any]]) -> dict[str, Any]:
    """A batch of numpy's: one of objects for each column."""
    import numpy

    made = {name: numpy.empty(len(values), dtype=object) for name, values in columns.items()}
    for name, values in columns.items():
        for place, value in enumerate(values):
            made[name][place] = value
    return made


class _Odd:
    """Nothing that Arrow has a type for, and that does not let it look."""

    def __repr__(self) -> str:
        return "odd"

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise KeyError("odd")

    __arrow_array__ = __array__


@pytest.mark.parametrize("kind", ["numpy", "pandas"])
@pytest.mark.parametrize("column", [["a", ["b"]], [_Odd(), _Odd()], [{"a": 1}, "b"], [1j, 2j]])
def test_no_column_raises_when_its_rows_are_paid(server: BulkServer, kind: str, column: list[Any]) -> None:
    library = pytest.importorskip(kind)
    batch = _arrays({"id": [1, 2], "m": column, "model": ["x", ["y"]]})
    given = run(mapped(mapper(server, prompt="{id}"), batch if kind == "numpy" else library.DataFrame(batch)))
    assert sorted(given) == sorted(["id", "m", *KEYS])
    assert list(given["m"]) == column
    assert list(given["text"]) == ["answer to 1", "answer to 2"]
    assert list(given["model"]) == ["kimi-k2.6"] * 2


def test_half_of_a_surrogate_pair_is_written_as_a_file_has_it(server: BulkServer) -> None:
    given = run(mapped(mapper(server, prompt="{id}"), _arrays({"id": [1], "words": ["a\ud800"]})))
    assert json.loads(given["input"][0]) == {"id": 1, "words": "a\ufffd"}


def test_what_is_no_batch_is_refused_before_anything_is_paid(server: BulkServer) -> None:
    polars = pytest.importorskip("polars")
    with pytest.raises(TypeError, match="not DataFrame"):
        rows(mapper(server), polars.DataFrame({"text": ["a"]}))
    assert not server.paid


def test_nothing_about_a_row_raises(server: BulkServer) -> None:
    batch = pyarrow.table({"id": ["a", None, "a"], "text": ["x", "y", None]})
    found = rows(mapper(server, key="id"), batch)
    told = [json.loads(row["error"]) if row["error"] else None for row in found]
    assert told[0] is None
    assert "key" in told[1]["message"]
    assert "'text' is empty" in told[2]["message"]


def test_what_every_row_would_meet_is_each_rows_error() -> None:
    def reply(text: str) -> str:
        raise Refused(401, "Invalid Authentication")

    with BulkServer(reply) as server:
        found = rows(mapper(server, concurrency=2), table(0, 50))
        assert len(server.bodies) < 10
    assert {json.loads(row["error"])["type"] for row in found} == {"AuthenticationError"}


def test_rows_as_json_text_are_taken_as_they_stand(server: BulkServer) -> None:
    batch = pyarrow.table({"line": ['{"id": "007", "text": "a"}', '{"id": 12345678901234567890}', "{", None]})
    found = rows(mapper(server, key="id", json_column="line"), batch)
    assert [row["key"] for row in found][:2] == ["007", "12345678901234567890"]
    assert [row["attempts"] for row in found] == [1, 0, 0, 0]
    assert found[0]["text"] == "answer to a"


def test_a_schema_and_messages_as_json_text(server: BulkServer) -> None:
    messages = json.dumps([{"role": "user", "content": [{"type": "text", "text": "x"}]}])
    found = rows(mapper(server, prompt=None), pyarrow.table({"messages": [messages]}))
    assert found[0]["error"] is None
    assert json.loads(found[0]["input"])["messages"] == messages
    with BulkServer(lambda text: '{"n": 1}') as other:
        found = rows(mapper(other, schema={"type": "object"}), table(0, 1))
    assert json.loads(found[0]["parsed"]) == {"n": 1}


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"ledger": "somewhere"}, InvalidRequestError),
        ({"prompt": "{a!r}"}, InvalidRequestError),
        ({"limits": 5}, TypeError),
        ({"limits": {"rpm": 0}}, InvalidRequestError),
        ({"no_such_thing": {1, 2}}, TypeError),
        ({"key": 5}, TypeError),
        ({"budget": Budget(tokens=5)}, InvalidRequestError),
        ({"via": "batch"}, InvalidRequestError),
    ],
)
def test_mistakes_are_found_when_it_is_made(options: Any, kind: type[Exception]) -> None:
    with BulkServer() as server, pytest.raises(kind):
        mapper(server, **options)


def test_one_window_over_all_batches_and_connections_are_kept(server: BulkServer) -> None:
    async def main() -> None:
        asked = mapper(server, concurrency=5, client={"max_retries": 1})
        for begin in (0, 80):
            batches = (table(begin + 20 * batch, begin + 20 * batch + 20) for batch in range(4))
            given = await asyncio.gather(*(mapped(asked, batch) for batch in batches))
            assert [row["id"] for batch in given for row in batch.to_pylist()] == list(range(begin, begin + 80))

    server._delay = 0.01
    run(main())
    assert server.most == 5
    assert server.connections <= 6


def test_a_row_is_tried_again_as_often_as_the_client_says() -> None:
    asked: list[str] = []

    def reply(text: str) -> str:
        asked.append(text)
        if len(asked) == 1:
            raise Refused(500, "broken", {"retry-after-ms": "1"})
        return "well"

    with BulkServer(reply) as server:
        (found,) = rows(mapper(server, client={"max_retries": 1}), table(0, 1))
    assert (found["text"], found["attempts"]) == ("well", 2)


def test_what_the_budget_does_not_allow_is_the_rows_error(server: BulkServer) -> None:
    asked = mapper(server, concurrency=1, max_tokens=10, client={"budget": Budget(tokens=60)})
    found = rows(asked, table(4, 9))
    told = [json.loads(row["error"])["type"] if row["error"] else None for row in found]
    assert told == [None, None, *["BudgetExceededError"] * 3]
    assert len(server.bodies) == 2
    assert json.loads(rows(asked, table(20, 21))[0]["error"])["type"] == "BudgetExceededError", "the next batch's too"


def test_what_one_batch_has_met_is_not_the_next_ones_error(server: BulkServer) -> None:
    async def main() -> None:
        asked = mapper(other)
        (met,) = (await mapped(asked, table(0, 1))).to_pylist()
        assert json.loads(met["error"])["status_code"] == 401
        key.append("right")
        (answered,) = (await mapped(asked, table(0, 1))).to_pylist()
        assert answered["text"] == "right"

    def reply(text: str) -> str:
        if not key:
            raise Refused(401, "Invalid Authentication")
        return key[0]

    key: list[str] = []
    with BulkServer(reply) as other:
        run(main())


@pytest.mark.parametrize("count", [1, 50])
def test_a_disk_that_is_full_is_raised(
    server: BulkServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    asked = mapper(server, key="id", ledger=str(tmp_path))
    monkeypatch.setattr(FolderLedger, "keep", full)
    with pytest.raises(OSError, match="No space"):
        rows(asked, table(0, count))


# ---- the ledger -----------------------------------------------------------------------------------------------------


def test_rows_that_any_actor_has_answered_are_not_sent_again(server: BulkServer, tmp_path: Path) -> None:
    folder = str(tmp_path / "ledger")
    first, second = (mapper(server, key="id", ledger=folder) for _ in range(2))
    rows(first, table(0, 10))
    found = rows(second, table(5, 15))
    assert [row["id"] for row in found] == list(range(5, 15))
    assert [row["index"] for row in found] == list(range(10))
    assert found[0]["text"] == "answer to t5"
    assert set(server.asked.values()) == {1}
    rows(second, table(0, 15))
    assert {text for text, count in server.asked.items() if count > 1} == {"t3", "t13"}, "failed ones are asked again"
    third = mapper(server, key="id", ledger=folder, prompt="Other: {text}")
    assert rows(third, table(0, 1))[0]["text"] == "answer to Other: t0"
    before = sum(server.asked.values())
    for asked in (first, third):
        rows(asked, table(0, 1))
    assert sum(server.asked.values()) == before


def test_what_a_killed_actor_has_torn_is_left_out(server: BulkServer, tmp_path: Path) -> None:
    rows(mapper(server, key="id", ledger=str(tmp_path)), table(0, 3))
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])
    asked = mapper(server, key="id", ledger=str(tmp_path))
    found = rows(asked, table(0, 3))
    assert [row["text"] for row in found] == ["answer to t0", "answer to t1", "answer to t2"]
    assert sum(server.asked.values()) == 4


def test_a_ledger_sees_what_others_write_meanwhile(tmp_path: Path) -> None:
    one, other = FolderLedger(str(tmp_path)), FolderLedger(str(tmp_path))
    line = {**dict.fromkeys(KEYS), "key": 7}
    one.keep([(b"r", line)])
    assert other.look(7, b"r") is None
    other.look_around()
    assert other.look(7, b"r") == line
    assert other.look("7", b"r") is None
    assert other.look(7, b"s") is None
    for number in range(3):
        one.keep([(b"r", {**line, "key": number})])
    other.look_around()
    assert [other.look(number, b"r") is not None for number in range(4)] == [True, True, True, False]


# ---- the pool -------------------------------------------------------------------------------------------------------


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def pool(**limits: int) -> tuple[Pool, Clock]:
    clock = Clock()
    return Pool(**limits, clock=clock), clock


async def waits(pool: Pool, who: str, tokens: list[int]) -> bool:
    try:
        await asyncio.wait_for(pool.take(who, tokens), 0.02)
    except asyncio.TimeoutError:
        return True
    return False


def test_places_of_a_minute_come_back_a_minute_after_the_answer() -> None:
    async def main() -> None:
        places, clock = pool(rpm=10)
        assert await places.take("a", [1] * 7) == 7
        assert await places.take("b", [1] * 7) == 3
        clock.now += 50
        await places.give_back("a", 7, 7, 7, 7)
        clock.now += 59
        await places.alive("b")
        assert await waits(places, "b", [1])
        clock.now += 1.1
        assert await places.take("b", [1] * 9) == 7

    run(main())


def test_places_that_were_not_used_come_back_at_once() -> None:
    async def main() -> None:
        places, _ = pool(rpm=10, concurrency=20)
        await places.take("a", [1] * 10)
        waiting = asyncio.ensure_future(places.take("b", [1] * 4))
        await asyncio.sleep(0)
        await places.give_back("a", 4, 0, 4, 0)
        assert await waiting == 4

    run(main())


def test_those_who_wait_share_what_comes() -> None:
    async def main() -> None:
        places, _ = pool(concurrency=10)
        assert await places.take("a", [1] * 50) == 10
        waiting = [asyncio.ensure_future(places.take(who, [1] * 50)) for who in "bc"]
        await asyncio.sleep(0)
        await places.give_back("a", 10, 10, 0, 0)
        assert [await one for one in waiting] == [5, 5]

    run(main())


def test_tokens_are_corrected_and_one_that_is_too_large_goes_alone() -> None:
    async def main() -> None:
        places, clock = pool(tpm=100)
        assert await places.take("a", [40, 40, 40]) == 2
        await places.give_back("a", 2, 2, 80, 10)
        assert await places.take("a", [40, 40, 40]) == 2
        await places.give_back("a", 2, 2, 80, 0)
        assert await waits(places, "a", [500])
        clock.now += 61
        assert await places.take("a", [500, 1]) == 1

    run(main())


def test_who_is_silent_is_taken_for_dead() -> None:
    async def main() -> None:
        places, clock = pool(concurrency=3)
        await places.take("a", [1] * 3)
        clock.now += SILENCE - 1
        assert await waits(places, "b", [1])
        clock.now += 2
        assert await places.take("b", [1] * 9) == 3
        await places.give_back("a", 3, 3, 3, 3)  # it lives after all: its places are others' now
        assert await waits(places, "b", [1])

    run(main())


def test_a_mapper_asks_as_there_are_places(server: BulkServer) -> None:
    async def main() -> None:
        places = Pool(concurrency=3)

        async def call(name: str, *arguments: Any) -> Any:
            return await getattr(places, name)(*arguments)

        both = [mapper(server, key="id") for _ in range(2)]
        for one in both:
            one._lender = Lender(call)
        given = await asyncio.gather(
            *(mapped(one, table(20 * place, 20 * place + 20)) for place, one in enumerate(both))
        )
        assert [row["key"] for batch in given for row in batch.to_pylist()] == [str(number) for number in range(40)]
        assert places._free == 3, "all are given back"

    server._delay = 0.005
    run(main())
    assert server.most <= 3


def test_limits_are_divided_where_nobody_lends(server: BulkServer) -> None:
    assert mapper(server, limits={"rpm": 100, "tpm": 9}, actors=4)._options["limits"] == Limits(100, 25, 2)
    assert mapper(server, limits=Limits(concurrency=5, rpm=100))._options["limits"] == Limits(5, 100)


# ---- several processes ----------------------------------------------------------------------------------------------


def _part(given: tuple[str, str, int, Limits]) -> tuple[int, int]:
    url, out, part, limits = given
    with Kimi(api_key=KEY, base_url=url) as client:
        ended = client.map(
            ({"id": number, "text": f"t{number}"} for number in range(part, 60, 2)),
            "{text}",
            key="id",
            out=f"{out}-{part}.jsonl",
            limits=limits,
            progress=False,
        )
    return ended.done, ended.failed


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # of Python 3.12: the server is a thread here
@pytest.mark.parametrize("how", ["fork", "spawn"])
def test_parts_of_a_run_in_processes(how: str, tmp_path: Path) -> None:
    with BulkServer() as server, Kimi(api_key=KEY, base_url=server.url) as client:
        assert next(iter(client.map(["before"], "{}"))).error is None  # the parent has connections of its own
        limits = Limits(concurrency=4)
        given = [(server.url, str(tmp_path / "out"), part, limits) for part in range(2)]
        with multiprocessing.get_context(how).Pool(2) as processes:
            assert processes.map(_part, given) == [(30, 0), (30, 0)]
            assert processes.map(_part, given) == [(0, 0), (0, 0)]
        assert next(iter(client.map(["after"], "{}"))).error is None
        assert sum(server.asked.values()) == 62
    assert pickle.loads(pickle.dumps(limits)) == limits
