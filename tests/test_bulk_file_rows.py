"""Rows of a file that the core handles by itself come out, byte by byte, as those that Python handles one by one."""

from __future__ import annotations

import gzip
import json
import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from bulk_server import BulkServer, Refused
from kit import completion

from kimistream import Run
from kimistream._bulk import work
from kimistream._bulk.files import JsonLines

HOSTILE = [
    '{"id": 1, "text": "plain"}',
    '  {"id" : "007" , "text":"seven", "n": 12345678901234567890123, "m": -5}\r',
    '{"id": 123456789012345678901234567890, "text": "a large key"}',
    '{"id": -0, "text": "minus nothing"}',
    '{"id": "é\u2028x\\u007f\\"", "text": "key"}',
    '{"id": "breaks", "text": "\u2028\u2029\u0085 \\u2028 \u00e9\u2027\u00a0 \\/ \\b\\f\\n\\t\\u0000\\u001f"}',
    '{"id": "emoji", "text": "\\ud83d\\ude00 😀 \ufeff"}',
    '{"\\u0069d": "escaped", "te\\u0078t": "names"}',
    '{"id": "half", "text": "\\ud83d"}',
    '{"id": "half2", "text": "a", "\\udc00": 1}',
    '{"id": "f", "text": "a", "v": [-0, -0.0, 0.0, 1e3, 1E-7, 1.10, 123456789012345678.0, 5e-324, 1e22, 1e16, 1e15]}',
    '{"id": "g", "text": "a", "v": [0.0001, 0.00001, 1.7976931348623157e308, 0.1, 1e-400, 2.5E+3, -1234.5, 100.0]}',
    '{"id": "inf", "text": "a", "v": 1e400}',
    '{"id": "nan", "text": "a", "v": NaN}',
    '{"id": "007n", "text": "a", "v": 007}',
    '{"id": "plus", "text": "a", "v": +1}',
    '{"id": "dot", "text": "a", "v": 1.}',
    '{"id": "long", "text": "a", "v": ' + "9" * 4200 + "}",
    '{"id": "longer", "text": "a", "v": ' + "9" * 5000 + "}",
    '{"id": "twice", "text": "a", "text": "b"}',
    '{"id": "twice2", "text": "a", "v": [{"a": 1, "\\u0061": 2}]}',
    '{"id": "nest", "text": {"b": [1, {"c": null, "z": "q", "a": [], "é": {}}, true, 0.50]}}',
    '{"id": "list", "text": ["a", "b\u2028", 1e2, null]}',
    '{"id": "deep", "text": "a", "v": ' + "[" * 150 + "]" * 150 + "}",
    '{"id": "number", "text": 1.50}',
    '{"id": "false", "text": false}',
    '{"id": true, "text": "a bool"}',
    '{"id": 7.0, "text": "a float"}',
    '{"id": 7.5, "text": "a fraction"}',
    '{"id": {"b": 1, "a": 2}, "text": "an object"}',
    '{"id": "", "text": "an empty key"}',
    '{"id": null, "text": "no key"}',
    '{"text": "no key at all"}',
    '{"id": "null", "text": null}',
    '{"id": "none"}',
    '{"id": "empty", "text": ""}',
    '{"id": "raw", "text": "raw \x01"}',
    '{"id": "tab", "text": "raw \t"}',
    '{"id": "nul", "text": "raw \x00"}',
    '{"id": "cut", "text": "a',
    '{"id": "more", "text": "a"} {}',
    '{"id": "comma", "text": "a"},',
    '{"id": "bracket", "text": "a"}], [1',
    "",
    " \t \x0b\x0c\r",
    '"only a text"',
    '["a", "list"]',
    "5",
    "null",
    "true",
    '{"id": "slip", "text": "there.png"}',
    '{"id": "refused", "text": "refused"}',
    '{"id": "last", "text": "without a line break"}',
]
BYTES = (
    b'{"id": "latin", "text": "caf\xe9"}\n{"id": "cesu", "text": "\xed\xa0\xbd"}\n{"id": "cut8", "text": "\xe2\x80"}\n'
)


def reply(text: str) -> str:
    if text == "refused":
        raise Refused(400, "not this one", code="no")
    return f'answer\u2028 "to" \\ {text}'


def both(
    tmp_path: Path, source: Path, prompt: str | None, monkeypatch: pytest.MonkeyPatch, **options: Any
) -> list[Any]:
    """What the core's way and Python's leave, one beside the other: lines, failures, ledger, counts; and the numbers of
    the lines that Python looked at."""
    left = []
    body = options.pop("body", {})
    for way in ("core", "python"):
        out = tmp_path / f"{way}.jsonl"
        seen: list[int] = []
        with monkeypatch.context() as patch, BulkServer(reply, **body) as server:
            of_line = JsonLines.row
            patch.setattr(
                JsonLines, "row", lambda *given, of=of_line, seen=seen: (seen.append(given[2]), of(*given))[1]
            )
            if way == "python":
                patch.setattr(work, "file_rows", lambda *_: None)
            run: Run = server.client().map(source, prompt, out=out, progress=False, **options)
        paid = (run.usage.total_tokens, run.usage.cost_source, pytest.approx(run.cost))  # added up in another order
        counts = (run.total, run.done, run.failed, run.skipped, run.changed, *paid)
        left.append((*written(out, str(source)), counts, seen))
    return left


def written(out: Path, source: str) -> tuple[Any, ...]:
    lines = sorted(out.read_bytes().split(b"\n"))
    failed = out.with_suffix(".failed.jsonl").read_bytes().replace(source.encode(), b"SOURCE")
    ledger = sqlite3.connect(f"{out}.ledger")
    rows = ledger.execute(
        "select key, request, state, attempts, prompt_tokens, completion_tokens, cost, length, position, line from rows"
        " order by position, key"
    ).fetchall()
    meta = dict(ledger.execute("select name, value from meta where name in ('key', 'constant', 'paid_tokens')"))
    ledger.close()
    return lines, failed, rows, meta


@pytest.mark.parametrize("key", ["id", None])
@pytest.mark.parametrize("prompt", ["{text}", "{{{text}}} and {text}", "{text.b[1].z}", "{}", "none of it"])
def test_hostile_rows_come_out_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prompt: str, key: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.png").touch()
    source = tmp_path / "rows.jsonl"
    source.write_bytes(b"\xef\xbb\xbf" + BYTES + "\n".join(HOSTILE).encode())
    core, python = both(tmp_path, source, prompt, monkeypatch, key=key)
    assert core[:-1] == python[:-1]
    assert len(python[-1]) == len(BYTES.splitlines()) + len(HOSTILE) - 2
    if "text}" in prompt:
        assert len(core[-1]) < len(python[-1]), "the core has done some"


CHATS: list[Any] = [
    "only a text",
    "[a text]",
    "refused",
    "",
    [],
    [{"role": "user", "content": 'é\u2028 \x7f\x01 "\\/\b\f\n\t😀'}],
    [{"content": "what? ", "role": "system"}, {"role": "user", "content": "the text"}],
    [{"role": "user", "content": "there.png"}],
    [{"role": "system", "content": "there.png"}, {"role": "user", "content": "see"}],
    [{"role": "user", "content": ""}],
    [{"role": "user", "content": None}, {"role": "user", "content": "go"}],
    [{"role": "user", "content": [{"type": "text", "text": "a part"}]}, {"role": "user", "content": "go"}],
    [{"role": "user", "content": "named", "name": "me"}],
    [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}],
    [{"role": "nobody", "content": "a"}],
    [{"role": "tool", "content": "a"}],
    [{"role": 5, "content": "a"}],
    [{"role": "user", "content": 5}],
    [{"role": "user"}, {"role": "user", "content": "go"}],
    ["a", "b"],
    [[]],
    [5],
]


@pytest.mark.parametrize("key", ["id", None])
@pytest.mark.parametrize("system", [None, "be brief"])
def test_chats_come_out_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str | None, system: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.png").touch()
    rows: list[Any] = [{"id": number, "messages": chat} for number, chat in enumerate(CHATS)]
    rows += [{"id": "text", "messages": json.dumps(CHATS[6])}, {"id": "none"}, {"id": 1.5, "messages": CHATS[6]}]
    rows += CHATS if key is None else []
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    core, python = both(tmp_path, source, None, monkeypatch, key=key, system=system)
    assert core[:-1] == python[:-1]
    assert len(python[-1]) == len(rows)
    assert len(core[-1]) <= len(python[-1]) - (12 if key is None else 6), "the core has done some"


TOLD = {
    "choices": [
        {
            "index": 0,
            "finish_reason": "tool_calls",
            "message": {
                "role": "assistant",
                "content": "a\u2028\x7f",
                "reasoning_content": 'so "it" is',
                "tool_calls": [
                    {"id": "f:0", "type": "function", "function": {"name": "f", "arguments": '{"a": "\u0085"}'}},
                    {"id": "f:1", "type": "builtin_function", "function": {"name": "$web", "arguments": "{}"}},
                ],
            },
        }
    ],
    "usage": {
        "prompt_tokens": 7,
        "completion_tokens": 5,
        "total_tokens": 12,
        "cost": 0.00001,
        "prompt_tokens_details": {"cached_tokens": 3},
        "completion_tokens_details": {"reasoning_tokens": 2},
    },
}


@pytest.mark.parametrize(
    "body",
    [
        TOLD,
        {"usage": None},
        {"model": ""},
        {**completion(None), "usage": {"prompt_tokens": 1}},
        completion("half \ud83d"),
    ],
)
def test_whatever_is_answered_comes_out_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: dict[str, Any]
) -> None:
    source = tmp_path / "rows.jsonl"
    source.write_text('{"id": 1, "text": "a"}\n{"id": 2, "text": "b"}\n')
    core, python = both(tmp_path, source, "{text}", monkeypatch, key="id", body=body)
    assert core[:-1] == python[:-1]
    assert (core[-1], python[-1]) == ([], [1, 2])


def value(dice: random.Random, depth: int = 0) -> Any:
    kind = dice.randrange(8 if depth < 4 else 5)
    if kind == 0:
        return dice.choice([None, True, False])
    if kind == 1:
        return dice.randrange(-(10 ** dice.randrange(1, 40)), 10 ** dice.randrange(1, 40))
    if kind == 2:
        return dice.uniform(-1, 1) * 10.0 ** dice.randrange(-320, 300)
    if kind <= 4:
        return "".join(
            chr(dice.choice([dice.randrange(128), dice.randrange(0xD800), 0x2028, 0x1F600])) for _ in range(9)
        )
    if kind == 5:
        return [value(dice, depth + 1) for _ in range(dice.randrange(4))]
    return {
        value(dice, 9) if dice.random() < 0 else f"k{dice.randrange(99)}é": value(dice, depth + 1) for _ in range(9)
    }


@pytest.mark.parametrize("key", ["id", None])
def test_random_rows_come_out_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str | None) -> None:
    dice = random.Random(7)
    rows = [{"id": f"{number}", "text": value(dice), "more": value(dice)} for number in range(300)]
    source = tmp_path / "rows.jsonl.gz"
    with gzip.open(source, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=dice.random() < 0.5) + "\n" for row in rows)
    core, python = both(tmp_path, source, "{text}", monkeypatch, key=key)
    assert core[:-1] == python[:-1]
    assert len(core[-1]) < 200 < len(python[-1]) == 300


def test_equal_rows_are_told_apart_and_a_key_that_comes_twice_is_refused_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "rows.jsonl"
    source.write_text('{"id": 1, "text": "a"}\n{"text": "a", "id": 1, "none": null}\n{"id": 1, "text": "a"}\n')
    core, python = both(tmp_path, source, "{text}", monkeypatch)
    assert core[:-1] == python[:-1]
    assert [json.loads(line)["key"][32:] for line in core[0] if line] == ["", "-2", "-3"]
    with BulkServer() as server, pytest.raises(Exception, match=r"lines 1 and 2 of the file have the same key 1:"):
        server.client().map(source, "{text}", key="id", out=tmp_path / "other.jsonl", progress=False)


@pytest.mark.parametrize(("first", "second"), [("core", "python"), ("python", "core")])
def test_what_one_way_has_done_the_other_goes_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str, second: str
) -> None:
    source, out = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    hostile = [line for line in HOSTILE if line.strip()]
    for way, prompt, count in [(first, "{text}", 20), (second, "{text}", len(hostile)), (second, "{text}!", 20)]:
        source.write_text("\n".join(hostile[:count]), "utf-8", newline="")
        with monkeypatch.context() as patch, BulkServer(reply) as server:
            if way == "python":
                patch.setattr(work, "file_rows", lambda *_: None)
            run: Run = server.client().map(source, prompt, key="id", out=out, progress=False)
        if prompt == "{text}" and count == 20:
            begun = run.done
        elif prompt == "{text}":
            assert (run.skipped, run.changed) == (begun, 0)
            assert run.done > 0
        else:
            assert (run.skipped, run.changed, run.done) == (0, begun, begun)
