"""client.map with schema=: each answer is held to it; wrong ones are asked for again, or kept with what is wrong."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bulk_server import BulkServer, Refused
from kit import run
from test_bulk_out import lines, rows, start

from kimistream import Budget, InvalidRequestError, SchemaError

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}


class Kind(enum.Enum):
    ODD = "odd"
    EVEN = "even"


@dataclass
class Number:
    n: int
    kind: Kind


def number(text: str) -> str:
    value = int(text.removeprefix("t"))
    return f'```json\n{{"n": {value}, "kind": "{"odd" if value % 2 else "even"}"}}\n```'


class Answers:
    """Right ones, but for the texts that are `wrong` so many times."""

    def __init__(self, **wrong: int) -> None:
        self.wrong = wrong

    def __call__(self, text: str) -> str:
        key = text if text.startswith("t") else "t1"  # what was wrong is told: only of t1 here
        if self.wrong.get(key, 0):
            self.wrong[key] -= 1
            return "I would rather not."
        return json.dumps({"n": int(key[1:])})


def test_answers_are_parsed_and_stand_in_the_line(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with BulkServer(number) as server:
        ended = start(server, out, rows(3), schema=Number)
        assert server.bodies[0]["response_format"]["type"] == "json_schema"
        assert server.bodies[0]["response_format"]["json_schema"]["name"] == "Number"
        found = {line["key"]: line for line in lines(out)}
        assert found[1]["parsed"] == {"n": 1, "kind": "odd"}
        assert found[1]["text"] == number("t1")
        read = {row.key: row for row in ended.rows()}
        assert read[2].parsed == Number(2, Kind.EVEN) == read[2].message.parsed
        given = {row.key: row.parsed for row in server.client().map(rows(2), "{text}", key="id", schema=Number)}
        assert given == {0: Number(0, Kind.EVEN), 1: Number(1, Kind.ODD)}
        again = start(server, out, rows(3), schema=Number)
        assert (again.skipped, len(server.bodies)) == (3, 5)


def test_it_is_part_of_the_request(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with BulkServer(Answers()) as server:
        start(server, out, rows(2), schema=SCHEMA)
        assert start(server, out, rows(2), schema=SCHEMA, schema_retries=0).skipped == 2
        assert start(server, out, rows(2), schema={**SCHEMA, "title": "other"}).changed == 2
        assert start(server, out, rows(2)).changed == 2


def test_a_wrong_answer_is_told_what_is_wrong_and_its_tokens_count(tmp_path: Path) -> None:
    with BulkServer(Answers(t1=1)) as server:
        ended = start(server, tmp_path / "out.jsonl", rows(2), schema=SCHEMA)
        told = server.bodies[-1]["messages"]
    assert (ended.done, ended.failed, ended.usage.total_tokens) == (2, 0, 66)
    assert [message["role"] for message in told] == ["user", "assistant", "user"]
    assert told[1]["content"] == "I would rather not."
    assert "not JSON" in told[2]["content"]
    found = {row.key: row for row in ended.rows()}
    assert (found[1].parsed, found[1].attempts, found[1].usage.total_tokens) == ({"n": 1}, 2, 44)


def test_one_that_stays_wrong_is_the_rows_error_with_its_text_and_usage(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with BulkServer(Answers(t1=9)) as server:
        ended = start(server, out, rows(3), schema=SCHEMA)
        assert (ended.done, ended.failed, ended.usage.total_tokens) == (2, 1, 22 * 5)
        (line,) = lines(out.with_name("out.failed.jsonl"))
        assert (line["text"], line["parsed"], line["attempts"]) == ("I would rather not.", None, 3)
        assert line["usage"]["total_tokens"] == 66
        assert line["error"]["type"] == "SchemaError"
        assert "not JSON" in line["error"]["message"]
        (failed,) = ended.failures()
        assert isinstance(failed.error, SchemaError)
        assert failed.message is None
        assert failed.error.message.text == "I would rather not."
        (once,) = server.client().map(["t1"], "{}", schema=SCHEMA, schema_retries=0)
        assert isinstance(once.error, SchemaError)
        assert (once.attempts, once.usage.total_tokens) == (1, 22)


def test_what_fails_after_a_wrong_answer_has_used_it_all_the_same(tmp_path: Path) -> None:
    def reply(text: str) -> str:
        if not text.startswith("t"):
            raise Refused(400, "too long")
        return "no JSON"

    with BulkServer(reply) as server:
        (failed,) = server.client().map(["t1"], "{}", schema=SCHEMA)
    assert (failed.error.status_code, failed.attempts, failed.usage.total_tokens) == (400, 2, 22)


def test_a_budget_that_is_used_up_by_a_wrong_answer_knows_of_it(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    options = {"schema": SCHEMA, "budget": Budget(tokens=100), "max_tokens": 60}
    with BulkServer(Answers(t1=1)) as server:
        ended = start(server, out, rows(2)[1:], **options)
        assert (ended.stopped, ended.done, ended.usage.total_tokens) == ("budget", 0, 22)
        more = start(server, out, rows(2)[1:], **{**options, "budget": Budget(tokens=1000)})
        assert (more.stopped, more.done) == (None, 1)


@pytest.mark.parametrize("levels", [390, 450, 600, 900])  # some are too deep for a line, or for one or the other Python
def test_an_answer_that_is_nested_deeply_ends_no_run(levels: int, tmp_path: Path) -> None:
    deep = '{"n":' + "[" * levels + "]" * levels + "}"
    out = tmp_path / "out.jsonl"
    with BulkServer(lambda text: deep if text == "t1" else "{}") as server:
        assert start(server, out, rows(3), schema={"type": "object"}).done == 3
    kept = {line["text"]: line["parsed"] for line in lines(out)}
    assert kept == {"{}": {}, deep: json.loads(deep) if levels < 400 else "(nested too deeply to be written)"}


def test_where_the_provider_takes_no_schema_the_prompt_says_it() -> None:
    with BulkServer(Answers()) as server:
        client = server.client(provider="tokenhub")
        found = list(client.map(["t5"], "{}", schema=SCHEMA, system="Be kind."))
        (body,) = server.bodies
    assert found[0].parsed == {"n": 5}
    assert body["response_format"] == {"type": "json_object"}
    assert '"additionalProperties"' in json.dumps([message["content"] for message in body["messages"]]).replace(
        "\\", ""
    )
    assert body["messages"][-1]["content"] == "t5"


def test_with_asyncio_and_rows_that_are_messages() -> None:
    async def main(server: BulkServer) -> None:
        given = [[{"role": "system", "content": "Count."}, {"role": "user", "content": "t7"}]]
        async for row in server.async_client().map(given, schema=SCHEMA):
            assert row.parsed == {"n": 7}
        assert [message["content"] for message in server.bodies[0]["messages"]] == ["Count.", "t7"]

    with BulkServer(Answers()) as server:
        run(main(server))


@pytest.mark.parametrize("options", [{"schema": {"type": "nothing"}}, {"schema": int}, {"schema_retries": -1}])
def test_what_is_no_schema_is_refused_before_anything_is_sent(options: Any) -> None:
    with BulkServer() as server:
        with pytest.raises(InvalidRequestError, match="schema"):
            server.client().map(["a"], "{}", **options)
        assert not server.asked
