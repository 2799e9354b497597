"""`kimistream balance`, `models`, `tokens` and `providers` as a shell sees them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("aiohttp")
pytest.importorskip("httpx")  # test_cli wants it
from test_cli import KEY, at, on_terminal, posix_only, run

import kimistream
from kimistream import Kimi
from kimistream.simulator import Simulator

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

ROWS = list(kimistream.providers().values())  # before another test has registered some, in this process alone


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator(pace=0) as simulator:
        yield simulator


def test_help() -> None:
    for command in ("balance", "models", "tokens", "providers", "probe"):
        done = run(command, "--help")
        assert (done.returncode, done.stderr) == (0, "")
        assert "Usage" in done.stdout


# ---- balance --------------------------------------------------------------------------------------------------------


def test_balance(sim: Simulator) -> None:
    status, output, errors = at(sim, "balance")
    assert (status, errors) == (0, "")
    assert [line.split() for line in output.splitlines()] == [
        ["available", "49.58894", "USD"],
        ["voucher", "46.58893", "USD"],
        ["cash", "3.00001", "USD"],
    ]


def test_balance_for_programs(sim: Simulator) -> None:
    _, output, _ = at(sim, "balance", "--json", "--provider", "moonshot-cn")
    assert json.loads(output) == {
        "available_balance": "49.58894",
        "voucher_balance": "46.58893",
        "cash_balance": "3.00001",
        "currency": "CNY",
    }


def test_a_provider_without_a_balance() -> None:
    done = run("balance", "--provider", "vllm", "--base-url", "http://127.0.0.1:1/v1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no resource that tells a balance" in done.stderr


def test_a_refused_key(sim: Simulator) -> None:
    done = run("balance", "--base-url", sim.base_url, MOONSHOT_API_KEY=KEY)
    assert (done.returncode, done.stdout) == (1, "")
    assert "MOONSHOT_API_KEY" in done.stderr
    assert KEY not in done.stderr


# ---- models ---------------------------------------------------------------------------------------------------------


def test_models_for_programs(sim: Simulator) -> None:
    status, output, _ = at(sim, "models", "--json")
    assert status == 0
    model = next(each for each in json.loads(output) if each["id"] == "kimi-k2.6")
    assert (model["context_length"], model["supports_image_in"], model["owned_by"]) == (262144, True, "moonshot")


# ---- tokens ---------------------------------------------------------------------------------------------------------


def test_tokens_are_counted(sim: Simulator) -> None:
    status, output, errors = at(sim, "tokens", "hello", "world")
    assert (status, errors) == (0, "")
    assert int(output) > 0
    assert sim.requests[-1].body["messages"] == [{"role": "user", "content": "hello world"}]


def test_tokens_of_a_file_and_of_stdin(sim: Simulator, tmp_path: Path) -> None:
    file = tmp_path / "prompt.txt"
    file.write_text("你好" * 100, "utf-8")
    _, of_file, _ = at(sim, "tokens", "--file", str(file), "--system", "Be terse.")
    assert sim.requests[-1].body["messages"][1]["content"] == "你好" * 100
    done = run(
        "tokens", "--system", "Be terse.", "--base-url", sim.base_url, stdin="你好" * 100, KIMI_API_KEY=sim.api_key
    )
    assert done.stdout == of_file


def test_tokens_are_estimated_where_nobody_counts() -> None:
    done = run("tokens", "abcd", "--provider", "vllm", "--base-url", "http://127.0.0.1:1/v1")
    assert (done.returncode, done.stdout) == (0, "5\n")
    assert "estimated" in done.stderr


def test_tokens_without_a_key_or_network() -> None:
    done = run("tokens", "--estimate", "--json", "abcd")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"total_tokens": 5, "estimated": True}


@pytest.mark.parametrize(
    "arguments",
    [
        ["tokens"],
        ["tokens", ""],
        ["tokens", "words", "--file", "x"],
        ["tokens", "--file", "/no/such/file"],
        ["balance", "--environment", "dev", "--simulate"],
        ["models", "--environment", "nobody-has-this-one"],
        ["providers", "nobody"],
        ["probe"],
        ["probe", "not an address"],
        ["probe", "http://127.0.0.1:1/v1", "--api-key-variable", "NOT_SET_ANYWHERE"],
    ],
)
def test_wrong_usage_exits_2(arguments: list[str]) -> None:
    done = run(*arguments, MOONSHOT_API_KEY=KEY)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr
    assert "Traceback" not in done.stderr


# ---- providers ------------------------------------------------------------------------------------------------------


def test_providers_in_a_pipe_are_names() -> None:
    done = run("providers")
    assert done.returncode == 0
    assert {"moonshot", "vllm", "openai-compatible"} <= set(done.stdout.splitlines())


def test_a_row_is_toml_that_reads_back() -> None:
    rows = {row["name"]: row for row in json.loads(run("providers", "--json").stdout)}
    assert sorted(rows) == sorted(run("providers").stdout.split())
    assert json.loads(run("providers", "vllm", "--json").stdout) == rows["vllm"]
    for name, row in rows.items():
        shown = tomllib.loads(run("providers", name).stdout)["providers"][name]
        assert row.pop("name") == name
        assert shown == {key: "unknown" if value is None else value for key, value in row.items()}


def test_all_rows_for_programs() -> None:
    rows = json.loads(run("providers", "--json").stdout)
    assert {"name": "vllm", "base_url": "http://localhost:8000/v1"}.items() <= next(
        row for row in rows if row["name"] == "vllm"
    ).items()


def test_a_name_that_is_near() -> None:
    assert "vllm" in run("providers", "vlm").stderr


@posix_only
def test_on_a_terminal_providers_are_a_table() -> None:
    status, screen = on_terminal(["providers"])
    assert status == 0
    assert "address" in screen
    assert "moonshot-cn" in screen


@posix_only
@pytest.mark.parametrize("columns", ["30", "60", "200"])
def test_no_table_cuts_anything(columns: str) -> None:
    _, screen = on_terminal(["providers"], COLUMNS=columns)
    assert "\u2026" not in screen
    for row in ROWS:
        assert row["name"] in screen
        assert columns != "200" or row["base_url"] in screen


@posix_only
def test_a_number_is_never_cut(sim: Simulator) -> None:
    file = Kimi(base_url=sim.base_url, api_key=sim.api_key).files.create(
        file=("a-report-of-rather-a-long-name.txt", b"x" * 30_000), purpose="file-extract"
    )
    for columns in ("20", "40", "60"):
        _, screen = on_terminal(
            ["files", "list", "--base-url", sim.base_url], COLUMNS=columns, MOONSHOT_API_KEY=sim.api_key
        )
        assert "30,000" in screen
        assert file.id in screen
        _, screen = on_terminal(["models", "--base-url", sim.base_url], COLUMNS=columns, MOONSHOT_API_KEY=sim.api_key)
        assert "1,048,576" in screen


@posix_only
def test_long_lines_break_between_words(sim: Simulator) -> None:
    _, screen = on_terminal(
        ["chat", "--base-url", sim.base_url, "--model", "kimi-k9", "hi"], COLUMNS="40", MOONSHOT_API_KEY=sim.api_key
    )
    assert max(map(len, screen.splitlines())) <= 40
    assert " ".join(screen.split()).count("request id") == 1
    assert "Not found the model kimi-k9" in " ".join(screen.split())


# ---- environments ---------------------------------------------------------------------------------------------------


def test_an_environment_is_used_by_every_command(sim: Simulator, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[environments.dev]\nbase_url = "{sim.base_url}"\nkey_variable = "DEV_KEY"\n', "utf-8")
    variables = {"KIMISTREAM_CONFIG": str(config), "DEV_KEY": sim.api_key}
    for command in (["balance"], ["models"], ["tokens", "hi"], ["chat", "--no-thinking", "hi"]):
        done = run(*command, "--environment", "dev", **variables)
        assert done.returncode == 0, done.stderr
        assert run(*command, KIMISTREAM_ENVIRONMENT="dev", **variables).returncode == 0
    refused = run("balance", "--environment", "dev", KIMISTREAM_CONFIG=str(config), DEV_KEY=KEY)
    assert refused.returncode == 1
    assert "DEV_KEY" in refused.stderr
    assert KEY not in refused.stderr
    unset = run("balance", "--environment", "dev", KIMISTREAM_CONFIG=str(config), MOONSHOT_API_KEY=KEY)
    assert (unset.returncode, unset.stdout) == (2, "")
    assert "DEV_KEY, which is not set" in unset.stderr
