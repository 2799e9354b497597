"""kimistream map: what it prints, and its exit statuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bulk_server import BulkServer, Refused
from kit import KEY, wait_until

from kimistream.simulator import Simulator

pytest.importorskip("typer")


def command(server: BulkServer | None, *arguments: Any, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(**_call(server, arguments, variables), capture_output=True, timeout=120, check=False)


def _call(server: BulkServer | None, arguments: Any, variables: dict[str, str]) -> dict[str, Any]:
    import os

    whom = [] if server is None else ["--base-url", server.url]
    return {
        "args": [sys.executable, "-m", "kimistream.cli", "map", *map(str, arguments), *whom],
        "encoding": "utf-8",
        "env": {**os.environ, "MOONSHOT_API_KEY": KEY, "NO_PROXY": "127.0.0.1", **variables},
    }


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps({"id": number, "text": f"t{number}"}) + "\n" for number in range(5)))
    return path


def test_all_answered_is_0_and_stdout_is_empty(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with BulkServer() as server:
        options = ["--prompt", "{text}", "--key", "id", "--concurrency", 2, "--system", "Be short.", "--max-tokens", 9]
        said = command(server, source, out, *options, "--ordered")
        assert (said.returncode, said.stdout) == (0, ""), said
        assert "5 answered" in said.stderr
        assert server.bodies[0]["messages"][0]["content"] == "Be short."
        again = command(server, source, out, *options, "--ordered")
        assert (again.returncode, sum(server.asked.values())) == (0, 5)
        assert "5 answered before" in again.stderr
        assert command(server, source, out, *options, "--no-resume").returncode == 0
        assert sum(server.asked.values()) == 10
    assert sorted(json.loads(line)["key"] for line in out.read_text().splitlines()) == list(range(5))


def test_via_batch(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with Simulator() as simulator:
        whom = ["--base-url", simulator.base_url, "--prompt", "{text}", "--key", "id"]
        said = command(None, source, out, *whom, "--via", "batch", "--poll", 0.05, MOONSHOT_API_KEY=simulator.api_key)
        assert (said.returncode, said.stdout) == (0, ""), said
        asked = [request.path for request in simulator.requests]
        assert any(path.endswith("/batches") for path in asked)
        assert not any(path.endswith("/chat/completions") for path in asked)
    assert [json.loads(line)["key"] for line in out.read_text().splitlines()] == list(range(5))
    said = command(None, source, out, *whom, "--via", "batch", "--rpm", 5)
    assert said.returncode == 2
    assert "--rpm has no effect with --via batch" in said.stderr
    assert command(None, source, out, *whom, "--poll", 5).returncode == 2
    assert command(None, source, out, *whom, "--via", "post").returncode == 2


def test_failed_rows_are_3_also_when_they_failed_earlier(source: Path, tmp_path: Path) -> None:
    wrong = True

    def reply(text: str) -> str:
        if wrong and text == "t2":
            raise Refused(400, "not this one")
        return text

    out = tmp_path / "out.jsonl"
    with BulkServer(reply) as server:
        said = command(server, source, out, "--prompt", "{text}")
        assert (said.returncode, said.stdout) == (3, ""), said
        assert "not this one" in said.stderr
        assert command(server, source, out, "--prompt", "{text}").returncode == 3
        wrong = False
        assert command(server, source, out, "--prompt", "{text}", "--retry-failed").returncode == 0


def test_a_server_that_refuses_is_1(source: Path, tmp_path: Path) -> None:
    def reply(text: str) -> str:
        raise Refused(401, "Invalid Authentication")

    with BulkServer(reply) as server:
        said = command(server, source, tmp_path / "out.jsonl", "--prompt", "{text}")
    assert (said.returncode, said.stdout) == (1, ""), said
    assert KEY not in said.stderr


def test_mistakes_are_2(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with BulkServer() as server:
        for arguments in (
            [source, out, "--prompt", "{a!r}"],
            ["gone.jsonl", out, "--prompt", "{text}"],
            [source, "out.txt", "--prompt", "{text}"],
            [source, out, "--prompt", "{text}", "--schema", "file.json"],
            [source, out, "--prompt", "{text}", "--budget", "1", "--provider", "vllm"],
            [source],
        ):
            said = command(server, *arguments)
            assert (said.returncode, said.stdout) == (2, ""), said
        assert not server.asked


def test_a_schema_and_parquet(source: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    (schema := tmp_path / "schema.json").write_text('{"type": "object", "required": ["n"]}')
    (bad := tmp_path / "bad.json").write_text("[]")
    out = tmp_path / "out.parquet"
    with BulkServer(lambda text: '{"n": 1}') as server:
        said = command(server, source, out, "--prompt", "{text}", "--schema", schema)
        assert (said.returncode, said.stdout) == (0, ""), said
        assert command(server, source, out, "--prompt", "{text}", "--schema", bad).returncode == 2
        again = command(server, out, tmp_path / "again.jsonl", "--prompt", "{parsed}", "--schema", schema)
        assert again.returncode == 0, again
    assert set(parquet.read_table(out)["parsed"].to_pylist()) == {'{"n":1}'}


def test_a_budget_that_is_used_up_is_4(source: Path, tmp_path: Path) -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10, "cost": 0.01}
    with BulkServer(usage=usage) as server:
        options = ["--prompt", "{text}", "--budget", "0.025", "--provider", "openrouter"]
        said = command(server, source, tmp_path / "out.jsonl", *options, OPENROUTER_API_KEY=KEY)
    assert (said.returncode, said.stdout) == (4, ""), said
    assert "2 answered" in said.stderr
    assert "cost 0.02 USD" in said.stderr
    assert "warning" not in said.stderr


def test_a_budget_that_is_too_small_for_one_request_says_what_that_is_taken_for(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with BulkServer() as server:
        said = command(server, source, out, "--prompt", "{text}", "--budget", "0.0005", "--tpm", 99)
        assert (said.returncode, said.stdout, sum(server.asked.values())) == (4, "", 0), said
        assert "warning: what is left of the budget is less than one request" in said.stderr
        assert "32768 tokens of answer. Pass a smaller --max-tokens" in said.stderr
        assert "warning: --tpm 99: each" in said.stderr
        assert "Pass --max-tokens: without it" in said.stderr
        assert ".py" not in said.stderr
        assert (
            command(server, source, out, "--prompt", "{text}", "--budget", "0.0005", "--max-tokens", 9).returncode == 0
        )


def test_ctrl_c_is_130_and_the_same_command_goes_on(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with BulkServer(held=True) as server:
        arguments = [source, out, "--prompt", "{text}", "--concurrency", 2]
        with subprocess.Popen(**_call(server, arguments, {}), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
            wait_until(lambda: server.waiting == 2)
            child.send_signal(2)
            server.let_go()
            output, errors = child.communicate(timeout=60)
        assert (child.returncode, output) == (130, ""), errors
        assert "stopped" in errors
        assert command(server, *arguments).returncode == 0
        assert max(server.paid.values()) == 1


def test_a_command_that_would_write_to_its_source_is_2(source: Path) -> None:
    before = source.read_bytes()
    with BulkServer() as server:
        said = command(server, source, source, "--prompt", "{text}", "--no-resume")
        assert (said.returncode, said.stdout) == (2, ""), said
        assert str(source) in said.stderr
        assert not server.asked
    assert source.read_bytes() == before


def test_one_row_is_told_as_one(tmp_path: Path) -> None:
    (source := tmp_path / "in.jsonl").write_text('{"text": "a"}\n')
    with BulkServer() as server:
        assert "1 row, 1 answered" in command(server, source, tmp_path / "out.jsonl", "--prompt", "{text}").stderr


def test_mistakes_are_told_in_the_words_of_the_shell(source: Path, tmp_path: Path) -> None:
    out, twice, bare = tmp_path / "out.jsonl", tmp_path / "twice.jsonl", tmp_path / "bare.jsonl"
    alone = tmp_path / "alone.jsonl"
    alone.write_text("1\n")
    twice.write_text('{"id": 1, "text": "a"}\n' * 2)
    bare.write_text('{"id": 1}\n')
    with BulkServer() as server:
        assert command(server, source, out, "--prompt", "{text}", "--key", "id").returncode == 0
        for arguments, words in (
            ([source, alone, "--prompt", "{text}"], ["another OUT,", "--no-resume"]),
            ([source, out, "--prompt", "{text}", "--key", "text"], ["use that --key,", "another OUT,", "--no-resume"]),
            ([source, source, "--prompt", "{text}"], ["choose another OUT"]),
            ([source, "out.txt", "--prompt", "{text}"], ["OUT 'out.txt' must"]),
            (
                [twice, tmp_path / "a.jsonl", "--prompt", "{text}", "--key", "id"],
                ["lines 1 and 2 of the file", "leave --key away", "takes another OUT, or --no-resume"],
            ),
            ([bare, tmp_path / "b.jsonl"], ["--prompt '{text}'"]),
            ([source, out, "--prompt", ""], ["prompt is empty", "--prompt '{text}'; leave --prompt away"]),
            ([source, tmp_path / "c.jsonl", "--schema", out], ["out.jsonl is no JSON"]),
            (
                [source, tmp_path / "d.jsonl", "--prompt", "{text}", "--budget", "1", "--provider", "vllm"],
                ["leave --budget away"],
            ),
        ):
            said = " ".join(command(server, *arguments).stderr.split())
            for word in words:
                assert word in said, said
            for word in ("resume=", "out=", "key=", "prompt=", "rows=", "Budget(", "function of the row"):
                assert word not in said, said
