"""Where the rows of a bulk run come from: files as they stand, tables of libraries that are never imported for it."""

from __future__ import annotations

import csv
import datetime
import gzip
import hashlib
import importlib.util
import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bulk_server import BulkServer
from kit import python

from kimistream import Budget, InvalidRequestError, _core
from kimistream._bulk.bad_row import BadRow
from kimistream._bulk.keys import Distinct, Hashed, Seen
from kimistream._bulk.lines import parse, text_of
from kimistream._bulk.plain import canonical, plain
from kimistream._bulk.sources import Source


def read(path: Path) -> list[Any]:
    return [str(row.error) if isinstance(row, BadRow) else row for row in Source(path)]


def test_json_lines_are_taken_as_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"id": "007"}\r\n\n  \n{"id": 18446744073709551616}\n{"id": "12345678901234567890"}\n'
        + '{"text": "a\u2028b\x85c"}\n"a text"\n[{"role": "user", "content": "x"}]\n{"last": 1e5}'.encode()
    )
    assert read(path) == [
        {"id": "007"},
        {"id": 18446744073709551616},
        {"id": "12345678901234567890"},
        {"text": "a\u2028b\x85c"},
        "a text",
        [{"role": "user", "content": "x"}],
        {"last": 1e5},
    ]


@pytest.mark.parametrize(
    "line",
    ["{", '{"a": NaN}', '{"a": Infinity}', '{"a": 1e999}', '{"a": "\\ud800"}', '{"a": 1, "a": 2}', '{"a": 1}\0', "nul"],
)
def test_a_line_that_is_no_json_is_that_rows_error(line: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(f'{{"a": 1}}\n\n{line}\n{{"a": 2}}\n')
    first, second, third = read(path)
    assert (first, third) == ({"a": 1}, {"a": 2})
    assert "line 3" in second
    assert "rows.jsonl" in second


def test_it_is_the_rows_error_in_a_run_too(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "a"}\nnot JSON\n{"text": "b"}\n')
    with BulkServer() as server:
        found = {row.index: row for row in server.client().map(path, "{text}")}
    assert isinstance(found[1].error, InvalidRequestError)
    assert (found[1].attempts, found[1].input) == (0, "not JSON")
    assert found[0].message.text == "answer to a"
    assert found[2].message.text == "answer to b"


@pytest.mark.parametrize(("key", "failed"), [("id", 0), (None, 1)])  # without one, its key is made of all of it
@pytest.mark.parametrize("levels", [450, 600, 900])  # of the core's 512 and each Python's own limit
def test_a_row_that_is_nested_deeply_ends_no_run(key: str | None, failed: int, levels: int, tmp_path: Path) -> None:
    path, out = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    deep = "[" * levels + "]" * levels
    path.write_text(f'{{"id": 1, "text": "a"}}\n{{"id": 2, "text": "b", "more": {deep}}}\n{{"id": 3, "text": "c"}}\n')
    with BulkServer() as server:
        found = server.client().map(path, "{text}", key=key, out=out, progress=False)
    assert (found.done, found.failed) == (3 - failed, failed)


def test_a_pipe_is_read_as_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=('{"text": "a"}\n{"text": "b"}\n',))
    writer.start()
    with BulkServer() as server:
        assert server.client().map(path, "{text}", out=tmp_path / "out.jsonl", progress=False).done == 2
    writer.join()


def test_a_long_line_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"text": "x" * 3_000_000}) + "\n{}\n")
    assert [len(row.get("text", "")) for row in Source(path)] == [3_000_000, 0]


def test_line_breaks_of_old_are_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a": 1}\r{"a": 2}\r')
    assert "\\r" in read(path)[0]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json", "rows.csv", "rows.jsonl.gz"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_file_of_utf_16_is_one_error_that_says_so(tmp_path: Path, name: str, encoding: str) -> None:
    path = tmp_path / name
    data = '\ufeff{"id": 1}\n{"id": 2}\n'.encode(encoding)
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    with BulkServer() as server:
        for options in ({}, {"out": tmp_path / "out.jsonl"}):
            with pytest.raises(InvalidRequestError, match=r"is UTF-16: .* UTF-8, save it as that$"):
                list(server.client().map(path, "{id}", **options))
        assert not server.asked


def test_a_line_that_is_no_json_is_told_with_its_own_number_alone(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": 1}\n{"id": }\n')
    assert read(path)[1] == f"line 2 of {path} is no JSON: Expecting value at column 8"


def test_a_list_in_a_file_of_lines_says_how_the_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    for text in ('[{"id": 1}]', '[\n {"id": 1}\n]'):
        path.write_text(text)
        with BulkServer() as server:
            first, *_ = server.client().map(path, "{id}", key="id")
        assert "one JSON list of rows must be named .json" in str(first.error)


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("rows.jsonl", '{"id": 7}\n\n  \n{"id": 7}\n', "1 and 4"),
        ("rows.jsonl.gz", '\n{"id": 7}\n\n{"id": 7}\n', "2 and 4"),
        ("rows.csv", 'id,text\n6,"a\nb"\n\n7,"a\nb"\n7,c\n', "5 and 7"),
    ],
)
@pytest.mark.parametrize("prompt", ["{id}", str])
def test_a_key_that_comes_twice_in_a_file_is_told_by_its_lines(
    tmp_path: Path, name: str, text: str, lines: str, prompt: Any
) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    with BulkServer() as server:
        for options in ({}, {"out": tmp_path / "out.jsonl"}):
            with pytest.raises(InvalidRequestError, match=f"^lines {lines} of the file have the same key '?7'?:"):
                list(server.client().map(path, prompt, key="id", **options))


@pytest.mark.parametrize("given", [None, 5])
def test_what_is_no_rows_is_told_as_that(given: Any) -> None:
    with pytest.raises(
        TypeError, match=f"rows must be a path, an iterable of rows or a table, not {type(given).__name__}"
    ):
        Source(given)


def test_json(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text('[{"a": 1}, "b"]')
    assert read(path) == [{"a": 1}, "b"]
    path.write_text('{"a": 1}')
    with pytest.raises(InvalidRequestError, match="list"):
        read(path)
    path.write_text("[" * 100_000)
    with pytest.raises(InvalidRequestError, match="no JSON"):
        read(path)


def test_csv(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes('\ufeffid,text\r\n007,"a, b"\r\n8,"two\nlines"\r\n\r\n9\r\n10,ä\r\n'.encode())
    found = read(path)
    assert found[:2] == [{"id": "007", "text": "a, b"}, {"id": "8", "text": "two\nlines"}]
    assert "1 fields" in found[2]
    assert found[3] == {"id": "10", "text": "ä"}
    path.write_text("a,a\n1,2\n")
    with pytest.raises(InvalidRequestError, match="two columns"):
        read(path)


def test_a_row_of_csv_that_cannot_be_read_is_its_own_error(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b'id,text\n1,a\n2,"b" c\n3,\xff\n4,"two\n\xfe lines"\n5,"e ""x"" e"\n')
    found = read(path)
    assert [row["id"] for row in found if isinstance(row, dict)] == ["1", "5"]
    assert ["line 3" in found[1], "line 4" in found[2], "line 5" in found[3]] == [True] * 3
    assert "'\"'" in found[1]
    with BulkServer() as server:
        given = {row.index: row for row in server.client().map(path, "{text}")}
        assert [given[index].error is None for index in range(5)] == [True, False, False, False, True]


@pytest.mark.parametrize("text", ['id,text\n1,"a\n2,b\n3,c\n', 'id,"text\n1,a\n', "id,te\udcffxt\n1,a\n"])
def test_csv_of_which_nobody_knows_where_a_row_begins_is_an_error(text: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InvalidRequestError, match=r"rows\.csv, line [12]: "):
        read(path)


def test_a_field_of_csv_may_be_a_document(tmp_path: Path) -> None:
    own = csv.field_size_limit()
    path = tmp_path / "rows.csv"
    path.write_text(f"id,text\n1,{'x' * 200_000}\n")
    assert [len(row["text"]) for row in read(path)] == [200_000]
    assert csv.field_size_limit() == own, "it is the whole process's"


def test_what_was_read_before_a_file_breaks_off_is_done_first(tmp_path: Path) -> None:
    packed = tmp_path / "rows.jsonl.gz"
    whole = gzip.compress(b"".join(b'{"id": %d, "text": "row %d"}\n' % (n, n) for n in range(50)))
    packed.write_bytes(whole[:-9])  # all rows are there, and the end is not
    quoted = tmp_path / "rows.csv"
    quoted.write_text("id,text\n" + "".join(f"{n},row {n}\n" for n in range(50)) + '50,"row\n')
    for number, options in enumerate(({}, {"out": 1}, {"out": 1, "budget": Budget(tokens=10**9)}, {"ordered": True})):
        for path in (packed, quoted):
            if "out" in options:
                options["out"] = tmp_path / f"{number}{path.suffix}.jsonl"
            with BulkServer() as server:
                client = server.client()
                with pytest.raises(InvalidRequestError, match=r"\(50 rows before it\)"):
                    list(client.map(path, "{text}", key="id", concurrency=4, **options))
                assert sorted(server.paid.values()) == [1] * 50


def test_gzip_of_several_members(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a": 1}\n{"a"') + gzip.compress(b": 2}\n"))
    assert read(path) == [{"a": 1}, {"a": 2}]


def test_a_file_that_was_cut_is_an_error_after_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.gz"
    whole = gzip.compress(b"".join(b'"row %d"\n' % number for number in range(5000)))
    path.write_bytes(whole[: len(whole) // 2])
    with BulkServer() as server:
        given: list[Any] = []
        with pytest.raises(InvalidRequestError, match="cut"):
            given.extend(server.client().map(path, "{}"))
        assert len(given) == len(server.paid) > 0
    path.write_bytes(b"no gzip")
    with pytest.raises(InvalidRequestError, match="gzip"):
        read(path)


def test_zstd(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard")
    path = tmp_path / "rows.jsonl.zst"
    pack = zstandard.ZstdCompressor().compress
    path.write_bytes(pack(b'{"a": 1}\n{"a"') + pack(b": 2}\n"))
    assert read(path) == [{"a": 1}, {"a": 2}]
    second = pack(b'"more"\n' * 1000)
    path.write_bytes(pack(b'{"a": 1}\n') + second[:-4])
    with pytest.raises(InvalidRequestError, match="cut"):
        read(path)


def test_without_a_decoder_zstd_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.version_info >= (3, 14):
        pytest.skip("Python has one")
    monkeypatch.setitem(sys.modules, "zstandard", None)
    (tmp_path / "rows.jsonl.zst").write_bytes(b"x")
    with pytest.raises(InvalidRequestError, match="pip install zstandard"):
        Source(tmp_path / "rows.jsonl.zst")


# ---- what is written ------------------------------------------------------------------------------------------------


def test_lines_are_read_back_equal_by_every_reader() -> None:
    line = {"text": 'a\u2028\u2029\x85\n\t"\\ \U0001f600 \x00', "n": 2**70, "f": 0.1, "none": None}
    text = text_of(line)
    assert json.loads(text) == line
    assert len(text.decode().splitlines()) == 1
    assert parse(text) == line
    assert "\ufffd" in text_of({"text": "half \ud800"}).decode()
    with pytest.raises(ValueError, match="JSON"):
        text_of({"n": float("nan")})


def _by_pyarrow(path: Path) -> Any:
    return pytest.importorskip("pyarrow.json").read_json(path).to_pylist()


def _by_polars(path: Path) -> Any:
    return pytest.importorskip("polars").read_ndjson(path, infer_schema_length=None).to_dicts()


def _by_pandas(path: Path) -> Any:
    return pytest.importorskip("pandas").read_json(path, lines=True, dtype=False).to_dict("records")


def _by_datasets(path: Path) -> Any:
    datasets = pytest.importorskip("datasets")
    with path.open("rb"):
        return list(datasets.load_dataset("json", data_files=str(path), split="train", cache_dir=str(path.parent)))


def _by_orjson(path: Path) -> Any:
    orjson = pytest.importorskip("orjson")
    return [orjson.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


@pytest.mark.parametrize("read_back", [_by_pyarrow, _by_polars, _by_pandas, _by_datasets, _by_orjson])
def test_an_out_is_read_back_equal_by_other_peoples_readers(read_back: Any, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    given = [{"id": f"00{number}", "text": f't{number}\u2028\x85\u2029 \U0001f600 \t"\\'} for number in range(5)]
    with BulkServer() as server:
        server.client().map(given, "{text}", key="id", out=out, progress=False, ordered=True)
    own = [json.loads(line) for line in out.read_bytes().split(b"\n")[:-1]]
    for mine, theirs in zip(own, read_back(out), strict=True):
        for name in ("key", "index", "input", "text", "finish_reason", "model", "attempts"):
            assert theirs[name] == mine[name]


def test_plain_values() -> None:
    when = datetime.datetime(2026, 11, 27, 12, 30)
    assert plain({"when": when, "tuple": (1, 2), 5: float("nan"), "other": {1}}) == {
        "when": "2026-11-27T12:30:00",
        "tuple": [1, 2],
        "5": None,
        "other": [1],
    }
    assert canonical({"b": 1, "a": {"y": None, "x": 2.0}}) == canonical({"a": {"x": 2.0}, "b": 1, "c": None})


def test_a_generator_may_change_the_row_that_it_gave(tmp_path: Path) -> None:
    def changing() -> Any:
        row: dict[str, Any] = {}
        for number in range(3):
            row["id"] = number
            yield row

    def growing() -> Any:
        messages = []
        for number in range(3):
            messages.append({"role": "user", "content": f"m{number}"})
            yield messages

    out = tmp_path / "out.jsonl"
    with BulkServer() as server:
        server.client().map(changing(), "{id}", out=str(out), progress=False)
        found = list(server.client().map(growing(), progress=False))
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert {line["text"]: line["input"]["id"] for line in lines} == {f"answer to {n}": n for n in range(3)}
    assert {row.index: len(row.input) for row in found} == {0: 1, 1: 2, 2: 3}


# ---- keys -----------------------------------------------------------------------------------------------------------


def test_many_keys_go_into_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kimistream._bulk.keys._KEPT_IN_MEMORY", 100)
    distinct, hashed, seen = Distinct(), Hashed(), Seen()
    for number in range(1000):
        distinct.add(number, number)
        hashed(f"row {number}")
    for number in range(0, 1000, 97):
        with pytest.raises(InvalidRequestError, match=f"rows {number} and 5000"):
            distinct.add(number, 5000)
        assert hashed(f"row {number}").endswith("-2")
        assert hashed(f"row {number}").endswith("-3")
    assert seen.get(b"x") is None


class Thing:
    """Its text is its address."""


def test_sets_are_sorted_lists() -> None:
    assert plain({"few": {10, 9, 1}, "more": frozenset("cab"), "odd": {"a", 1, None, (2, 1)}}) == {
        "few": [1, 9, 10],
        "more": ["a", "b", "c"],
        "odd": ["a", 1, [2, 1], None],
    }


ROWS = """
class Thing: pass
class Named:
    def __repr__(self): return "named"
rows = [
    {"text": "a", "tags": {"x", "y", "z", "w"}}, {"text": "b", "t": Thing()}, {"text": "c", "t": [print, {1: Thing}]},
    {"text": "d", "t": Named(), "more": [{"t": lambda: 1}]}, {"text": "e", Thing(): 1},
]
"""


def test_a_row_of_objects_has_the_same_key_at_each_start_or_none(tmp_path: Path) -> None:
    program = f"""import sys, kimistream
{ROWS}
client = kimistream.Kimi(api_key='sk-test-0123456789', base_url=sys.argv[1])
client.map(rows, '{{text}}', out=sys.argv[2], progress=False)
client.map(rows[:1], 'Tags: {{tags}}', out=sys.argv[2] + '.jsonl', progress=False)
"""
    out = tmp_path / "out.jsonl"
    with BulkServer() as server:
        for start in range(3):
            python(program, server.url, str(out), PYTHONHASHSEED=str(start))
        assert server.asked == {"a": 1, "c": 1, 'Tags: ["w", "x", "y", "z"]': 1}
    inputs = [json.loads(line)["input"] for line in out.read_text().splitlines()]
    assert {"text": "a", "tags": ["w", "x", "y", "z"]} in inputs
    failures = (tmp_path / "out.failed.jsonl").read_text().splitlines()
    told = {json.loads(line)["input"]["text"]: json.loads(line)["error"]["message"] for line in failures}
    assert told["b"] == (
        "no key can be made of the row: the field 't' holds a Thing, whose text is its address in memory, another at "
        "each start. Give key=, leave it out, or make it a text"
    )
    assert "the field 'more' holds a function" in told["d"]
    assert set(told) == {"b", "d", "e"}


@pytest.mark.parametrize("key", ["t", lambda row: row["t"], lambda row: [{"t": row["t"]}]])
def test_an_object_is_no_key(key: Any) -> None:
    with BulkServer() as server:
        found = list(server.client().map([{"text": "a", "t": Thing()}, {"text": "b", "t": {2, 1}}], "{text}", key=key))
        assert server.asked == {"b": 1}
    (wrong,) = (row for row in found if row.error)
    assert "Thing, whose text is its address in memory, another at each start: a key is" in str(wrong.error)


def test_where_no_key_is_kept_a_row_may_hold_any_object() -> None:
    with BulkServer() as server:
        (found,) = server.client().map([{"text": "a", "t": Thing()}], lambda row: row["text"])
    assert found.error is None


# ---- tables ---------------------------------------------------------------------------------------------------------


def test_no_library_of_tables_is_imported_for_it_nor_another_tls(tmp_path: Path) -> None:
    program = (
        "import sys, kimistream\n"
        "client = kimistream.Kimi(api_key='sk-test-0123456789', base_url=sys.argv[1])\n"
        "rows = ['a', {'b': 1}]\n"
        "list(client.map(rows, lambda row: str(row), progress=False))\n"
        "client.map(rows, lambda row: str(row), out=sys.argv[2], progress=False)\n"
        "others = ('pandas', 'polars', 'pyarrow', 'datasets', 'numpy', 'rich', 'asyncio', 'hashlib', 'ssl')\n"
        "print([name for name in others if name in sys.modules])"
    )
    with BulkServer() as server:
        assert python(program, server.url, str(tmp_path / "out.jsonl")).stdout == "[]\n"


def test_hashes_are_those_that_earlier_ledgers_hold() -> None:
    for text in (b"", b"abc", bytes(range(256)) * 5):
        assert _core.sha256(text) == hashlib.sha256(text).digest()


def _pandas(rows: dict[str, list[Any]]) -> Any:
    return pytest.importorskip("pandas").DataFrame(rows)


def _polars(rows: dict[str, list[Any]]) -> Any:
    return pytest.importorskip("polars").DataFrame(rows)


def _pyarrow(rows: dict[str, list[Any]]) -> Any:
    return pytest.importorskip("pyarrow").table(rows)


@pytest.mark.parametrize("make", [_pandas, _polars, _pyarrow])
def test_tables(make: Callable[[dict[str, list[Any]]], Any]) -> None:
    table = make({"id": [1, 2, 3], "text": ["a", None, "c"], "score": [0.5, float("nan"), 2.0]})
    source = Source(table)
    found = [plain(row) for row in source]
    assert found == [
        {"id": 1, "text": "a", "score": 0.5},
        {"id": 2, "text": None, "score": None},
        {"id": 3, "text": "c", "score": 2.0},
    ]
    assert source.again is not None
    with BulkServer() as server:
        client = server.client()
        asked = {row.key: row for row in client.map(table, "{text}", key="id")}
        assert [asked[key].error is None for key in (1, 2, 3)] == [True, False, True]
        with pytest.raises(InvalidRequestError, match="rows 0 and 2"):
            client.map(make({"id": [1, 2, 1]}), "{id}", key="id")


def test_what_pyarrow_reads_piece_by_piece() -> None:
    pyarrow, dataset = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.dataset")
    table = pyarrow.table({"id": [1, 2], "more": [{"a": 1}, None]})
    expected = [{"id": 1, "more": {"a": 1}}, {"id": 2, "more": None}]
    assert list(Source(dataset.dataset(table))) == expected
    reader = Source(table.to_reader())
    assert reader.again is None
    assert list(reader) == expected


def test_times_of_nanoseconds_are_texts(tmp_path: Path) -> None:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    at = 1_700_000_000_000_000_000
    table = pyarrow.table(
        {
            "id": [1, 2, 3],
            "at": pyarrow.array([at + 1, at, None], pyarrow.timestamp("ns")),
            "there": pyarrow.array([at + 20, at + 3000, None], pyarrow.timestamp("ns", tz="+02:00")),
            "time": pyarrow.array([5, 1000, None], pyarrow.time64("ns")),
        }
    )
    parquet.write_table(table, tmp_path / "rows.parquet")
    expected = [
        {
            "id": 1,
            "at": "2023-11-14T22:13:20.000000001",
            "there": "2023-11-15T00:13:20.000000020+02:00",
            "time": "00:00:00.000000005",
        },
        {
            "id": 2,
            "at": "2023-11-14T22:13:20",
            "there": "2023-11-15T00:13:20.000003+02:00",
            "time": "00:00:00.000001",
        },
        {"id": 3, "at": None, "there": None, "time": None},
    ]
    for rows in (table, table.to_reader(), tmp_path / "rows.parquet"):
        assert [plain(row) for row in Source(rows)] == expected
    if importlib.util.find_spec("pandas") is None:  # which has a type for it
        with pytest.raises(InvalidRequestError, match=r"the column 'took' \(duration\[ns\]\) cannot be read"):
            list(Source(pyarrow.table({"took": pyarrow.array([1], pyarrow.duration("ns"))})))


@pytest.mark.parametrize("lazy", [False, True])
def test_datasets(lazy: bool) -> None:
    datasets = pytest.importorskip("datasets")
    table = datasets.Dataset.from_dict({"id": ["007", "8"], "text": ["a", None], "n": [2**53 + 1, None]})
    source = Source(table.to_iterable_dataset() if lazy else table)
    assert (source.again is None) == lazy
    assert list(source) == [{"id": "007", "text": "a", "n": 2**53 + 1}, {"id": "8", "text": None, "n": None}]
    with pytest.raises(InvalidRequestError, match="'train'"):
        Source(datasets.DatasetDict({"train": table}))


def test_pandas_in_particular() -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"n": pandas.array([1, None], dtype="Int64"), "t": [pandas.Timestamp("2026-11-27"), None]})
    assert [plain(row) for row in Source(table)] == [{"n": 1, "t": "2026-11-27T00:00:00"}, {"n": None, "t": None}]
    gaps = pandas.DataFrame({"id": [5, None], "text": ["a", "b"]})  # the column is of floats now
    with BulkServer() as server:
        found = {row.index: row for row in server.client().map(gaps, "{text}", key="id")}
    assert found[0].key == 5
    assert found[1].error is not None
    doubled = pandas.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(InvalidRequestError, match="two columns"):
        Source(doubled)
