"""The history's file: what is kept of an exchange, what is found, and which files are none."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest
from history_kit import ORIGIN, entries, found, frame_text, known, line, write

from kimistream import InvalidRequestError, _core
from kimistream.recording import places, schema, store, texts
from kimistream.recording.exchange import Origin
from kimistream.recording.exports import FORMS
from kimistream.recording.store import Draft


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite3"


def numbers(path: Path) -> tuple[int, int]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        ((version,),) = connection.execute("PRAGMA user_version")
        ((application_id,),) = connection.execute("PRAGMA application_id")
    return version, application_id


# ---- what is kept ---------------------------------------------------------------------------------------------------


def test_an_answer(path: Path) -> None:
    write(path, line("Why is the sky blue?"))
    (entry,) = entries(path, 1)
    facts = entry.facts
    assert (facts["id"], facts["prompt"], facts["answer"]) == (1, "Why is the sky blue?", "Because it is.")
    assert (facts["model"], facts["status"], facts["ended"], facts["error"]) == ("kimi-k2.6", 200, "clean", None)
    assert (facts["provider"], facts["base_url"]) == ("moonshot", "https://api.moonshot.ai/v1")
    assert (facts["started"], facts["seconds"], facts["finish_reason"]) == (1779980001.25, 1.5, "stop")
    assert entry.message is not None
    assert (entry.message["reasoning"], entry.message["content"]) == ("Hm.", "Because it is.")
    assert entry.recorded.line == line("Why is the sky blue?")
    assert entry.recorded.url(entry.origin) == "https://api.moonshot.ai/v1/chat/completions"


@pytest.mark.parametrize(
    ("ended", "error"),
    [
        ({"end": "reset"}, "the connection broke"),
        ({"end": "timeout", "clock": "idle"}, "the time was up (idle)"),
        ({"end": "left"}, None),
    ],
)
def test_a_cut_with_what_had_come_before_it(path: Path, ended: dict[str, str], error: str | None) -> None:
    write(path, line(pieces=[[0.1, frame_text(reasoning_content="Hm.")], [0.2, frame_text(content="Half")]], **ended))
    (entry,) = entries(path, 1)
    assert entry.message is not None
    assert (entry.message["reasoning"], entry.message["content"]) == ("Hm.", "Half")
    assert entry.facts["finish_reason"] is None
    if error is None:
        assert entry.facts["error"] is None
    else:
        assert error in entry.facts["error"]


def test_refusals(path: Path) -> None:
    refusal = json.dumps({"error": {"message": "Invalid Authentication", "type": "invalid_authentication_error"}})
    write(
        path,
        line(status=401, pieces=[[0.1, refusal]], type="application/json"),
        line(status=None, end="refused", pieces=[]),
    )
    refused, unreachable = entries(path, 2)
    assert (refused.facts["status"], refused.message) == (401, None)
    assert "Invalid Authentication" in refused.facts["error"]
    assert (unreachable.facts["status"], unreachable.facts["ended"]) == (None, "refused")
    assert unreachable.facts["error"] == "the server could not be reached"


def test_a_whole_answer(path: Path) -> None:
    message = {"role": "assistant", "content": "Yes.", "reasoning_content": "Hm."}
    body = {"id": "c", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    body["usage"] = {"prompt_tokens": 12, "completion_tokens": 10, "total_tokens": 22}
    write(path, line(pieces=[[0.5, json.dumps(body)]], type="application/json", stream=False))
    (entry,) = entries(path, 1)
    assert (entry.facts["answer"], entry.facts["prompt_tokens"], entry.facts["completion_tokens"]) == ("Yes.", 12, 10)


def test_markup_in_the_text_is_read_as_the_client_reads_it(path: Path) -> None:
    """A call that the server left in the text is one where a tool was offered."""
    markup = (
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{}"
        "<|tool_call_end|><|tool_calls_section_end|>"
    )
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}]
    pieces = [[0.1, frame_text(content=markup) + frame_text(finish="tool_calls") + "data: [DONE]\n\n"]]
    row = json.dumps(_core.provider_row("vllm"))
    write(path, line(pieces=pieces, tools=tools), origin=Origin("vllm", "http://gpu-7:8000/v1", "", row))
    (entry,) = entries(path, 1)
    assert entry.message is not None
    assert [call["function"]["name"] for call in entry.message["tool_calls"]] == ["f"]
    assert entry.facts["answer"] == "f({})"


def test_what_did_not_ask_a_model(path: Path) -> None:
    kept = json.loads(line(pieces=[[0.1, '{"data": []}']], type="application/json"))
    kept["request"] |= {"method": "GET", "path": "/v1/models", "body": None}
    write(path, json.dumps(kept))
    (entry,) = entries(path, 1)
    assert (entry.facts["method"], entry.facts["path"], entry.message) == ("GET", "/v1/models", None)
    assert entry.recorded.response_bytes() == b'{"data": []}'


def test_long_ones_are_packed_and_come_back_whole(path: Path) -> None:
    text = "all work and no play " * 5000
    write(path, line(text))
    (entry,) = entries(path, 1)
    assert entry.recorded.body["messages"][0]["content"] == text
    assert len(entry.facts["prompt"]) == 200
    assert path.stat().st_size + _wal(path) < 2 * len(text) + 100_000
    assert found(path, "and no") == [entry.facts["prompt"]]


def _wal(path: Path) -> int:
    wal = Path(f"{path}-wal")
    return wal.stat().st_size if wal.exists() else 0


def test_bytes_and_halves_of_surrogate_pairs(path: Path) -> None:
    kept = json.loads(line("half \ud83d of it"))
    kept["pieces"] = [[0.1, {"base64": "/wD/"}]]
    write(path, json.dumps(kept))
    (entry,) = entries(path, 1)
    assert entry.recorded.response_bytes() == b"\xff\x00\xff"
    assert found(path, "of it") == [entry.facts["prompt"]]


def test_a_row_of_another_version_is_kept_as_it_came(path: Path) -> None:
    row = json.dumps({**json.loads(ORIGIN.row), "name": "newer-row", "a_field_of_tomorrow": 1})
    write(path, line("Why?"), origin=Origin("newer-row", "https://api.example/v1", "", row))
    (entry,) = entries(path, 1)
    assert (entry.facts["prompt"], entry.message) == ("Why?", None)
    assert FORMS["python"](entry).startswith('"""Exchange 1')
    assert found(path, "because") == ["Why?"]


def test_events_come_with_their_times(path: Path) -> None:
    write(path, line())
    (entry,) = entries(path, 1)
    told = entry.recorded.tell(entry.origin, events=True)
    assert [(seconds, event.type) for seconds, event in told.events] == [
        (0.25, "thinking"),
        (0.5, "text"),
        (1.0, "text"),
        (1.0, "finish"),
        (1.0, "notice"),  # of usage that did not come
    ]


def test_it_is_for_its_owner_alone_and_in_wal_mode(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "h.sqlite3"
    write(path, line())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert numbers(path) == (places.VERSION, places.APPLICATION_ID)


# ---- what is found --------------------------------------------------------------------------------------------------


@pytest.fixture(params=["with an index", "without one"])
def searched(request: pytest.FixtureRequest, path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with an index, and one of a Python whose SQLite has none."""
    if request.param == "without one":
        monkeypatch.setattr(schema, "make_index", lambda connection: None)
    tool = {"index": 0, "id": "a", "type": "function", "function": {"name": "get_time", "arguments": '{"at": "Oslo"}'}}
    write(path, line("What is the WEATHER in 北京?"), line('It costs 5% of "a_b"; C:\\dir'))
    write(path, line("three", pieces=[[0.1, frame_text(tool_calls=[tool]) + frame_text(finish="tool_calls")]]))
    return path


@pytest.mark.parametrize(
    ("words", "prompts"),
    [
        (["weather"], ["What is the WEATHER in 北京?"]),
        (["eath"], ["What is the WEATHER in 北京?"]),
        (["北京"], ["What is the WEATHER in 北京?"]),
        (["京"], ["What is the WEATHER in 北京?"]),
        (["5%"], ['It costs 5% of "a_b"; C:\\dir']),
        (['"a_b"'], ['It costs 5% of "a_b"; C:\\dir']),
        (["c:\\DIR"], ['It costs 5% of "a_b"; C:\\dir']),
        (["the", "weather"], ["What is the WEATHER in 北京?"]),
        (["weather", "costs"], []),
        (["is the weather"], ["What is the WEATHER in 北京?"]),
        (["because", "hm."], ["What is the WEATHER in 北京?", 'It costs 5% of "a_b"; C:\\dir']),
        (["get_time"], ["three"]),
        (["oslo"], ["three"]),
        (["assistant"], []),
        (["x" * 5000], []),
        (["' OR 1=1 --"], []),
    ],
)
def test_search(searched: Path, words: list[str], prompts: list[str]) -> None:
    """All of the words, also within words, whatever their case, in what anybody said."""
    assert found(searched, *words) == prompts


def test_what_a_python_without_fts5_wrote_is_found_by_one_that_has_it(path: Path) -> None:
    write(path, line("indexed"))
    with contextlib.closing(schema.open_to_write(str(path), 5.0)) as connection:
        if not texts.has_index(connection):
            pytest.skip("this SQLite has no FTS5 with trigrams")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(store, "has_index", lambda connection: False)
            store.add(connection, [Draft(ORIGIN, 0.0, 0.0, line("unindexed"))])
    assert found(path, "index") == ["indexed", "unindexed"]


def test_the_index_is_used(path: Path) -> None:
    write(path, line())
    with contextlib.closing(schema.open_to_read(str(path))) as connection:
        if not texts.has_index(connection):
            pytest.skip("this SQLite has no FTS5 with trigrams")
        where, parameters = texts.condition(["because"], True)
        assert "MATCH" in where
        assert parameters[0].startswith('"bec" "eca"')


# ---- which files are none -------------------------------------------------------------------------------------------


def older(path: Path, *lines: str) -> None:
    """A file of version 1, which had no texts."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        schema.STEPS[0](connection)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(store, "index", lambda *_: None)
            store.add(connection, [Draft(ORIGIN, 5.0, 1.0, each) for each in lines])
        connection.execute(f"PRAGMA application_id = {places.APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")


@pytest.mark.parametrize("by", ["a reader", "a writer"])
def test_an_older_schema_is_migrated(path: Path, by: str) -> None:
    older(path, line("from before"), line("too"))
    places.check(str(path))
    if by == "a writer":
        write(path, line("new before"))
    prompts = ["from before", "too", "new before"][: 2 + (by == "a writer")]
    assert [facts["prompt"] for facts in known(path)] == prompts
    assert found(path, "before") == [each for each in prompts if "before" in each]
    assert numbers(path) == (places.VERSION, places.APPLICATION_ID)


def test_a_migration_that_fails_leaves_the_older_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    older(path, line("from before"))

    def fail(*_: Any) -> str:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(schema, "searched_text", fail)
    with pytest.raises(sqlite3.OperationalError):
        schema.open_to_write(str(path), 1.0)
    assert numbers(path)[0] == 1
    monkeypatch.undo()
    assert found(path, "before") == ["from before"]


def test_a_newer_schema_is_refused_and_stays(path: Path) -> None:
    write(path, line())
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {places.VERSION + 1}")
    before = path.read_bytes()
    for use in (places.check, schema.open_to_read, lambda path: schema.open_to_write(path, 1.0)):
        with pytest.raises(InvalidRequestError, match=r"newer kimistream .* update kimistream, or name another file"):
            use(str(path))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"a letter to my aunt\n" * 40, "another kind of file"),
        (b'{"kimistream_cassette": 1}\n', "another kind of file"),
        (b"SQLite format 3\0", "another kind of file"),
        (None, "another program's database"),
    ],
)
def test_a_file_that_is_no_history_is_refused_and_stays(path: Path, content: bytes | None, why: str) -> None:
    if content is None:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE bills (id)")
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    for use in (places.check, schema.open_to_read, lambda path: schema.open_to_write(path, 1.0)):
        with pytest.raises(InvalidRequestError, match=r"no history of kimistream.*name another file") as refused:
            use(str(path))
        assert str(path) in str(refused.value)
    with pytest.raises(InvalidRequestError, match=why):
        places.check(str(path))
    assert path.read_bytes() == before


def test_a_folder_is_none(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="it is a folder"):
        places.check(str(tmp_path))


def test_an_empty_file_becomes_one(path: Path) -> None:
    path.touch()
    places.check(str(path))
    write(path, line())
    assert len(known(path)) == 1


@pytest.mark.skipif(os.name != "posix", reason="rights as POSIX has them")
def test_a_read_only_history_can_be_read(path: Path) -> None:
    write(path, line("Why is the sky blue?"))
    with contextlib.closing(schema.open_to_read(str(path))):
        pass
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        assert found(path, "sky") == ["Why is the sky blue?"]
    finally:
        path.parent.chmod(0o700)


# ---- where it is ----------------------------------------------------------------------------------------------------


def test_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KIMISTREAM_HISTORY", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    usual = str(tmp_path / "kimistream" / "history.sqlite3")
    assert places.path_of(None) is None
    assert places.path_of(False) is None
    assert places.path_of(True) == usual
    assert places.path_of("x") == str(tmp_path / "x") == places.path_of(Path("x"))
    monkeypatch.setenv("KIMISTREAM_HISTORY", "named")
    assert places.path_of(None) == str(tmp_path / "named") == places.path_of(True)
    assert places.path_of(False) is None
    assert places.path_of("x") == str(tmp_path / "x")
    monkeypatch.setenv("KIMISTREAM_HISTORY", "")
    assert places.path_of(None) is None
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert places.path_of(True) == str(tmp_path / ".local" / "share" / "kimistream" / "history.sqlite3")


@pytest.mark.parametrize("wrong", [1, 0, 1.5, b"path", ["path"]])
def test_what_is_no_path_is_a_type_error(wrong: Any) -> None:
    with pytest.raises(TypeError, match="history must be True, False or a path"):
        places.path_of(wrong)


@pytest.mark.parametrize("wrong", ["", "a\0b"])
def test_an_empty_path_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidRequestError, match="history is no path"):
        places.path_of(wrong)


def test_another_process_may_make_the_tables_meanwhile(path: Path) -> None:
    """The numbers of a new file are of one moment: not the old ones beside tables that have come since."""
    connection = schema._connected(str(path), "rwc", 5.0)
    execute = connection.execute

    class Between:
        """As the connection, but that somebody else makes the history behind the first look."""

        in_transaction = property(lambda self: connection.in_transaction)

        def execute(self, sql: str) -> sqlite3.Cursor:
            rows = execute(sql).fetchall()
            if sql != "BEGIN" and not others:
                other = schema._connected(str(path), "rwc", 0.0)
                others.append(other)
                with contextlib.suppress(sqlite3.OperationalError):  # it has to wait
                    schema._prepare(other, str(path))
            return rows  # type: ignore[return-value]

    others: list[sqlite3.Connection] = []
    assert schema._numbers(Between()) == (0, 0, 0)  # type: ignore[arg-type]
    schema._prepare(connection, str(path))
    assert schema._numbers(connection)[:2] == (places.APPLICATION_ID, places.VERSION)
    for each in (connection, *others):
        each.close()
