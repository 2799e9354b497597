"""`kimistream chat` when an answer breaks: what was shown is void, and that is said, or cannot be taken back."""

from __future__ import annotations

import os
import subprocess
from typing import IO

import pytest

pytest.importorskip("aiohttp")
pytest.importorskip("typer")
pytest.importorskip("rich")

from broken import ANSWERS, Answer, broken, whole
from fault_server_client import FaultServer, Script
from kit import KEY
from test_cli import COMMAND, at, environment, posix_only, run

from kimistream.simulator import Simulator

THINKING, LONG = ANSWERS["thinking"], ANSWERS["long text"]
VOID = "What stands above is void, the answer begins anew: "


def gated(answer: Answer, frames: int, then: Answer) -> Script:
    """So many frames, a gate, a cut; then another answer."""
    script = Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True)
    script.send(answer.raw[: answer.ends[frames - 1] + 2]).gate().close()
    return whole(script.attempt(), then)


def read_until(stream: IO[bytes], text: str) -> bytes:
    seen = b""
    while text.encode() not in seen:
        part = stream.read(1)
        assert part, seen
        seen += part
    return seen


def piped(server: FaultServer, url: str, policy: str, *, first: str, thought: bool = False) -> tuple[int, str, str]:
    """Status, stdout and stderr; the break comes when `first` has been shown."""
    command = [*COMMAND, "chat", "--on-break", policy, "--base-url", url, "hi"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(MOONSHOT_API_KEY=KEY), bufsize=0
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        seen = read_until(process.stderr if thought else process.stdout, first)
        server.open(url)
        output, errors = process.communicate(timeout=300)
        output, errors = (output, seen + errors) if thought else (seen + output, errors)
        return process.returncode, output.decode(), errors.decode()


def test_in_a_pipe_only_the_reasoning_can_be_void(fault_server: FaultServer) -> None:
    url = fault_server.url(gated(THINKING, 1, THINKING))
    status, output, errors = piped(fault_server, url, "continue", first="Let ", thought=True)
    assert (status, output) == (0, THINKING.whole.text)
    shown, _, rest = errors.partition(f"\n{VOID}")
    assert shown == "Let "
    assert rest.count("\n") >= 1
    assert "Let me 思考." in rest


def test_text_that_is_in_a_pipe_cannot_be_taken_back(fault_server: FaultServer) -> None:
    url = fault_server.url(gated(LONG, 1, LONG))
    status, output, errors = piped(fault_server, url, "restart", first="# One")
    assert (status, output) == (1, "# One \n")
    assert "part of it has gone into the pipe: ask again" in errors


def test_what_is_continued_takes_nothing_back(fault_server: FaultServer) -> None:
    url = fault_server.url(gated(LONG, 3, LONG.rest(LONG.at(LONG.ends[2]).text)))
    status, output, errors = piped(fault_server, url, "continue", first="0 and")
    assert (status, output) == (0, LONG.whole.text + "\n")
    assert errors.startswith("note: ")
    assert VOID not in errors


@posix_only
def test_on_a_terminal_one_line_says_that_what_stands_above_is_void(fault_server: FaultServer) -> None:
    import pty

    url = fault_server.url(gated(LONG, 2, LONG))
    ours, theirs = pty.openpty()
    command = [*COMMAND, "chat", "--on-break", "restart", "--base-url", url, "hi"]
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment(MOONSHOT_API_KEY=KEY, COLUMNS="400")
    )
    os.close(theirs)
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        screen = read_until(terminal, "0 and")
        fault_server.open(url)
        try:
            while part := terminal.read(65536):
                screen += part
        except OSError:
            pass  # how Linux says that the last one has left the terminal
    assert process.wait(timeout=300) == 0
    above, _, below = screen.decode().replace("\r\n", "\n").partition(f"\n{VOID}")
    assert above.startswith("# One \n0 and")
    assert below.partition("\n")[2].startswith(LONG.whole.text)


def test_an_option_takes_the_three_words(fault_server: FaultServer) -> None:
    done = run("chat", "--on-break", "resume", "hi", MOONSHOT_API_KEY=KEY)
    assert done.returncode == 2
    assert [word for word in ("'raise'", "'restart'", "'continue'") if word not in done.stderr] == []
    url = fault_server.url(broken(LONG, LONG.ends[0]))
    done = run("chat", "--on-break", "raise", "--base-url", url, "hi", MOONSHOT_API_KEY=KEY)
    assert (done.returncode, done.stdout) == (1, "# One \n")


def test_the_simulator_breaks_as_it_is_told(fault_server: FaultServer) -> None:
    with Simulator(pace=0, cut_after="9*1") as sim:
        status, output, errors = at(sim, "chat", "--no-thinking", "--on-break", "continue", "count to 30")
        assert (status, output) == (0, ", ".join(map(str, range(1, 31))) + ".\n")
        assert errors.startswith("note: ")
