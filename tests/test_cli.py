"""The command as a shell sees it: what goes where, and with which exit status."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import IO

import pytest

pytest.importorskip("aiohttp")
pytest.importorskip("typer")
pytest.importorskip("rich")
pytest.importorskip("kimistream._core")
httpx = pytest.importorskip("httpx")

from kimistream.simulator import Simulator  # noqa: E402  (after the skips)

COMMAND = [sys.executable, "-m", "kimistream.cli"]
QUESTION = "Which one is bigger, 9.11 or 9.9?"
ANSWER = "9.9 is bigger than 9.11."
KEY = "sk-a-secret-that-must-not-be-shown"
posix_only = pytest.mark.skipif(os.name != "posix", reason="terminals and signals as POSIX has them")


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator(pace=0) as simulator:
        yield simulator


def environment(**variables: str) -> dict[str, str]:
    """This process's own, without keys, proxies and coverage of terminals."""
    dropped, of_keys = ("KIMI", "NO_COLOR", "FORCE_COLOR"), ("_API_KEY", "_API_TOKEN", "_ACCOUNT_ID")
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(dropped) and not key.endswith(of_keys)
    }
    return {**kept, "PYTHONIOENCODING": "utf-8", "TERM": "xterm", "NO_PROXY": "127.0.0.1", **variables}


def run(*arguments: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        env=environment(**variables),
        timeout=300,
        check=False,
    )


def at(sim: Simulator, *arguments: str) -> tuple[int, str, str]:
    done = run(*arguments, "--base-url", sim.base_url, MOONSHOT_API_KEY=sim.api_key)
    return done.returncode, done.stdout, done.stderr


def ask(sim: Simulator, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return run("chat", "--base-url", sim.base_url, *arguments, stdin=stdin, MOONSHOT_API_KEY=sim.api_key)


def test_help_and_version() -> None:
    for arguments in (["--help"], ["chat", "--help"], ["models", "-h"], ["simulate", "--help"]):
        assert run(*arguments).returncode == 0
    version = run("--version")
    assert version.returncode == 0
    assert version.stdout.startswith("kimistream ")


def test_in_a_pipe_stdout_has_the_answer_and_nothing_else(sim: Simulator) -> None:
    done = ask(sim, QUESTION)
    assert (done.returncode, done.stdout) == (0, ANSWER + "\n")
    assert QUESTION in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_without_thinking(sim: Simulator) -> None:
    done = ask(sim, "--no-thinking", "--system", "Be terse.", "--model", "kimi-k2.6", QUESTION)
    assert (done.returncode, done.stdout, done.stderr) == (0, ANSWER + "\n", "")
    body = sim.requests[-1].body
    assert body["thinking"] == {"type": "disabled"}
    assert body["messages"][0] == {"role": "system", "content": "Be terse."}


@pytest.mark.parametrize("arguments", [["-"], []])
def test_questions_from_stdin(sim: Simulator, arguments: list[str]) -> None:
    done = ask(sim, *arguments, stdin=f"{QUESTION}\n")
    assert (done.returncode, done.stdout) == (0, ANSWER + "\n")


def test_words_need_no_quotes(sim: Simulator) -> None:
    assert ask(sim, "what", "is", "2", "+", "2").stdout == "2 + 2 = 4.\n"


def test_a_cut_answer_is_told(sim: Simulator) -> None:
    done = ask(sim, "--max-tokens", "5", QUESTION)
    assert (done.returncode, done.stdout) == (0, "")
    assert "--max-tokens" in done.stderr


def test_models(sim: Simulator) -> None:
    done = run("models", "--base-url", sim.base_url, MOONSHOT_API_KEY=sim.api_key)
    assert done.returncode == 0
    assert "kimi-k2.6" in done.stdout.splitlines()
    assert all(line and " " not in line for line in done.stdout.splitlines())


@pytest.mark.parametrize("provider", [[], ["--provider", "vllm"]])
def test_simulated_without_a_key(provider: list[str]) -> None:
    done = run("chat", "--simulate", *provider, QUESTION)
    assert (done.returncode, done.stdout) == (0, ANSWER + "\n")
    assert "made-up" in done.stderr


def test_no_key() -> None:
    done = run("chat", "hello")
    assert (done.returncode, done.stdout) == (2, "")
    assert "export MOONSHOT_API_KEY" in done.stderr
    assert "--simulate" in done.stderr


def test_no_key_of_that_provider() -> None:
    done = run("chat", "--provider", "openrouter", "hello", MOONSHOT_API_KEY=KEY)
    assert (done.returncode, done.stdout) == (2, "")
    assert "export OPENROUTER_API_KEY" in done.stderr
    assert "export MOONSHOT_API_KEY" not in done.stderr
    assert "MOONSHOT_API_KEY is not sent to other providers" in done.stderr
    elsewhere = run("chat", "--base-url", "https://other.example/v1", "hello", MOONSHOT_API_KEY=KEY)
    assert elsewhere.returncode == 2
    assert "export KIMISTREAM_API_KEY" in elsewhere.stderr
    assert KEY not in done.stderr + elsewhere.stderr


def test_a_provider_is_shown_with_the_variables_of_its_key() -> None:
    done = run("providers", "Moonshot")
    assert done.stdout.startswith("[providers.moonshot]\n")
    assert re.search(r'^key_variables = \[\s*"MOONSHOT_API_KEY",\s*"KIMI_API_KEY",?\s*\]', done.stdout, re.MULTILINE)
    unknown = run("providers", "opnrouter")
    assert unknown.returncode == 2
    assert 'did you mean "openrouter"?' in unknown.stderr


def test_keys_in_order(sim: Simulator) -> None:
    arguments = ("chat", "--no-thinking", "--base-url", sim.base_url, QUESTION)
    assert run(*arguments, KIMI_API_KEY=sim.api_key).returncode == 0
    assert run(*arguments, MOONSHOT_API_KEY=sim.api_key, KIMI_API_KEY=KEY).returncode == 0
    refused = run(*arguments, KIMI_API_KEY=KEY)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "KIMI_API_KEY" in refused.stderr
    assert sim.base_url in refused.stderr
    assert "The key came from KIMI_API_KEY" in refused.stderr
    assert "moonshot-cn" not in refused.stderr  # what is said of Moonshot's two platforms is said of their addresses
    assert KEY not in refused.stderr


@pytest.mark.parametrize("command", [["chat", "hi"], ["models"]])
def test_no_network(command: list[str]) -> None:
    done = run(*command, "--base-url", "http://127.0.0.1:1/v1", MOONSHOT_API_KEY=KEY)
    assert (done.returncode, done.stdout) == (1, "")
    assert "127.0.0.1:1" in done.stderr
    assert "Check the network" in done.stderr
    assert KEY not in done.stderr
    assert "Traceback" not in done.stderr


def test_refusals_exit_1(sim: Simulator) -> None:
    done = ask(sim, "--model", "kimi-none", QUESTION)
    assert done.returncode == 1
    assert "Not found the model kimi-none" in done.stderr
    assert "kimistream models" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["chat", "hi", "--base-url", "not an address"],
        ["chat", "hi", "--max-tokens", "0"],
        ["chat", "hi", "--timeout", "-1"],
        ["chat", "hi", "--no-such-option"],
        ["chat", ""],
        ["chat"],
        ["chat", "hi", "--simulate", "--base-url", "http://127.0.0.1:1/v1"],
        ["chat", "hi", "--simulate", "--provider", "nobody"],
        ["simulate", "--host", "0.0.0.0"],
        ["simulate", "--dialect", "nobody"],
        ["nonsense"],
    ],
)
def test_wrong_usage_exits_2(arguments: list[str]) -> None:
    done = run(*arguments, MOONSHOT_API_KEY=KEY)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr
    assert "Traceback" not in done.stderr
    assert KEY not in done.stderr


def test_missing_packages_are_named() -> None:
    code = "import sys; sys.modules['typer'] = None; import kimistream.cli; kimistream.cli.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == 2
    assert "pip install rich typer" in done.stderr


@posix_only
@pytest.mark.parametrize("when", ["thinking", "answering"])
def test_ctrl_c(when: str) -> None:
    with Simulator(pace=0.02) as sim:
        arguments = ["chat", "--base-url", sim.base_url, "count to 2000"]
        env = environment(MOONSHOT_API_KEY=sim.api_key)
        with subprocess.Popen(
            [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            first = (process.stderr if when == "thinking" else process.stdout).read(1)
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=300)
    assert process.returncode == 130
    assert errors.endswith(b"stopped\n")
    assert b"Traceback" not in errors
    assert b"2000" not in output  # it would have come after more than a minute
    if when == "answering":
        assert (first + output).startswith(b"1")
        assert output.endswith(b"\n")


@posix_only
def test_a_reader_that_leaves_is_no_error(sim: Simulator) -> None:
    shell = subprocess.run(
        f"{' '.join(COMMAND)} chat --no-thinking --base-url {sim.base_url} count to 20000 | head -c 4",
        shell=True,
        capture_output=True,
        text=True,
        env=environment(MOONSHOT_API_KEY=sim.api_key),
        timeout=300,
        check=False,
    )
    assert (shell.stdout, shell.stderr) == ("1, 2", "")


def on_terminal(arguments: list[str], stdin: str = "", **variables: str) -> tuple[int, str]:
    """Exit status and screen of the command with all three streams on a terminal."""
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment(**variables)
    )
    os.close(theirs)
    os.write(ours, stdin.encode())
    screen = b""
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        try:
            while part := terminal.read(65536):
                screen += part
        except OSError:  # how Linux says that the last one has left the terminal
            pass
    return process.wait(timeout=300), screen.decode().replace("\r\n", "\n")


@posix_only
def test_on_a_terminal_thinking_is_dim_and_text_is_plain(sim: Simulator) -> None:
    status, screen = on_terminal(["chat", "--base-url", sim.base_url, QUESTION], MOONSHOT_API_KEY=sim.api_key)
    assert status == 0
    assert "\x1b[2mThe\x1b[0m" in screen
    assert screen.endswith(f"\n\n{ANSWER}\n")


@posix_only
def test_on_a_terminal_models_are_a_table(sim: Simulator) -> None:
    status, screen = on_terminal(["models", "--base-url", sim.base_url], MOONSHOT_API_KEY=sim.api_key)
    assert status == 0
    assert "262,144" in screen


@posix_only
def test_on_a_terminal_a_model_cannot_send_commands() -> None:
    evil = "\x1b]0;title\x07\x1b[2J[bold]plain[/bold]\x9b31m\u202e\rok"
    with Simulator(pace=0, answer=evil) as sim:
        arguments = ["chat", "--no-thinking", "--base-url", sim.base_url, "hi"]
        _, screen = on_terminal(arguments, MOONSHOT_API_KEY=sim.api_key)
        assert screen == "\\x1b]0;title\\x07\\x1b[2J[bold]plain[/bold]\\x9b31m\\u202e\\x0dok\n"
        piped = ask(sim, "--no-thinking", "hi")
        assert piped.stdout == evil.replace("\r", "\n") + "\n"  # as sent, but for universal newlines in this test


@posix_only
@pytest.mark.parametrize(("reply", "expected"), [("y\n", 0), ("n\n", 2), ("\n", 2)])
def test_on_a_terminal_the_simulator_is_offered(reply: str, expected: int) -> None:
    status, screen = on_terminal(["chat", "--no-thinking", QUESTION], stdin=reply)
    assert "No key is set. Use the built-in simulator instead? [y/N]" in screen
    assert status == expected
    assert (ANSWER in screen) == (expected == 0)


def lines_until(stream: IO[str], ending: str) -> str:
    text = ""
    for line in stream:
        text += line
        if line.startswith(ending):
            break
    return text


@posix_only
def test_simulate_serves_until_ctrl_c() -> None:
    with subprocess.Popen(
        [*COMMAND, "simulate", "--port", "0", "--pace", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        assert process.stderr is not None
        told = lines_until(process.stderr, "Ctrl-C")
        address = next(word for word in told.split() if word.startswith("http://127.0.0.1:"))
        models = httpx.get(f"{address}/models", headers={"Authorization": "Bearer sk-simulator"})
        assert models.status_code == 200
        assert "export" not in told
        (line,) = [line for line in told.splitlines() if "kimistream chat" in line]
        command = line.replace("kimistream", " ".join(COMMAND), 1)
        asked = subprocess.run(
            command, shell=True, capture_output=True, text=True, env=environment(), timeout=300, check=False
        )
        assert asked.returncode == 0, asked.stderr
        port = address.split(":")[2].split("/")[0]
        assert run("simulate", "--port", port).returncode == 1
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=300)
    assert (process.returncode, output, errors) == (130, "", "stopped\n")
