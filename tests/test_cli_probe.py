"""`kimistream probe`: which dialect does a server speak?"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import pytest

pytest.importorskip("aiohttp")
pytest.importorskip("httpx")  # test_cli wants it
from fault_server_client import DONE, FaultServer, Script, event
from kit import completion, registered
from test_cli import KEY, run

from kimistream import Kimi
from kimistream.simulator import DIALECTS, Simulator

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

# What the probe takes a dialect for, where that is not its own row: nothing tells these apart from one answer.
TAKEN_FOR = {
    "moonshot-cn": "moonshot",
    "tokenhub": "openai-compatible",
    "anyfast": "one-api",
    "one-api": "moonshot",  # it passes Moonshot's answers on as they are
}


def probe(url: str, *arguments: str, key: str = "") -> tuple[int, str, str]:
    named = ["--api-key-variable", "PROBE_KEY"] if key else []
    # A key of another platform is in reach, and must not be sent to a server that nobody knows.
    done = run("probe", url, *named, *arguments, MOONSHOT_API_KEY=KEY, **({"PROBE_KEY": key} if key else {}))
    assert "Traceback" not in done.stderr
    assert KEY not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("dialect", [name for name, row in DIALECTS.items() if not row.needed_header])
def test_every_dialect_of_the_simulator_is_recognised(dialect: str) -> None:
    with Simulator(pace=0, dialect=dialect) as sim:
        status, output, errors = probe(sim.base_url, key=sim.api_key)
        assert status == 0, errors
        sent = [request.headers for request in sim.requests]
        assert all(KEY not in str(headers) for headers in sent)
        row = tomllib.loads(output)["providers"]["mine"]
        assert row["inherits"] == TAKEN_FOR.get(dialect, dialect)
        assert row["base_url"] == sim.base_url


@pytest.mark.parametrize("dialect", ["moonshot", "vllm", "sglang"])
def test_the_row_that_is_printed_works(dialect: str) -> None:
    with Simulator(pace=0, dialect=dialect) as sim:
        status, output, _ = probe(sim.base_url, "--name", "test-probed", key=sim.api_key)
        assert status == 0
        row = tomllib.loads(output)["providers"]["test-probed"]
        row["name"] = f"test-probed-{dialect}"
        with registered(row) as name, Kimi(sim.api_key, provider=name) as client:
            answer = client.stream("Which one is bigger, 9.11 or 9.9?").message
        assert answer.text == "9.9 is bigger than 9.11."
        assert answer.reasoning


def test_findings_for_programs() -> None:
    with Simulator(pace=0, dialect="vllm") as sim:
        _, output, _ = probe(sim.base_url, "--json")
        found = json.loads(output)
    assert found["nearest"] == "vllm"
    assert found["findings"]["reasoning"] == "reasoning"
    assert found["findings"]["thinking switched off"] == "honoured"
    assert found["findings"]["error shape"] == "nested"
    assert found["row"] == {"name": "mine", "inherits": "vllm", "base_url": sim_url(found)}


def sim_url(found: dict[str, Any]) -> str:
    return str(found["row"]["base_url"])


def test_a_key_is_sent_only_when_it_is_named() -> None:
    with Simulator(pace=0) as sim:
        status, output, errors = probe(sim.base_url)
        assert (status, output) == (1, "")
        assert "--api-key-variable" in errors
        assert all("Authorization" not in request.headers for request in sim.requests)


def test_a_server_that_is_not_there() -> None:
    status, output, errors = probe("http://127.0.0.1:1/v1")
    assert (status, output) == (1, "")
    assert "127.0.0.1:1" in errors


@pytest.mark.parametrize(("status", "body"), [(500, "Internal Server Error"), (404, "{}"), (200, "<html>Hello</html>")])
def test_a_list_of_models_that_cannot_be_read_is_told_and_passed_over(
    status: int, body: str, fault_server: FaultServer
) -> None:
    """LiteLLM without its database answers 500."""
    script = Script().respond(status, body, "text/plain")
    script.attempt().event_stream([_frame({"content": "It is noon."}, "stop"), DONE])
    script.attempt().json(400, {"error": {"message": "no messages"}})
    script.attempt().json(200, completion("ready"))
    done, output, errors = probe(fault_server.url(script))
    assert done == 0, errors
    assert "could not be read" in output
    assert "--model" in output
    assert "--api-key-variable" in output


def test_who_sits_in_between_is_named_and_how_events_came(fault_server: FaultServer) -> None:
    frames = [_frame({"content": "x"}) for _ in range(12)] + [_frame({}, "stop"), DONE]
    held = b"".join(frames)
    script = Script().json(200, {"data": [{"id": "kimi-k2.6"}]})
    script.attempt().head(
        200, {"Content-Type": "text/event-stream", "Server": "gate/1", "Via": "1.1 box"}, chunked=True
    )
    script.sleep(1300).chunk(held).last_chunk().keep()
    script.attempt().json(400, {"error": {"message": "no messages"}})
    script.attempt().json(200, completion("ready"))
    url = fault_server.url(script)
    status, output, errors = probe(url, "--json")
    assert status == 0, errors
    found = json.loads(output)["findings"]
    assert found["sent by"] == "gate/1, via 1.1 box"
    assert "holds them back" in found["events came"]
    assert found["proxy"] == "none"


def test_the_proxy_that_applies_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    from kimistream.cli.between import proxy

    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("https_proxy", "http://me:secret@gate:3128")
    monkeypatch.setenv("no_proxy", "localhost,.inner")
    assert proxy("https://api.example.com/v1") == "gate:3128 (https_proxy)"
    assert proxy("https://a.inner/v1") == proxy("http://api.example.com/v1") == ""
    monkeypatch.setenv("all_proxy", "socks5://other:1080")
    assert proxy("http://api.example.com/v1") == "socks5://other:1080 (all_proxy)"


def test_no_proxy_is_named_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    from kimistream.cli.between import proxy

    monkeypatch.setenv("all_proxy", "http://gate:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    hosts = ("127.0.0.1:8000", "LOCALHOST", "[::1]:8000", "0.0.0.0", "gpu.example")
    assert [bool(proxy(f"http://{host}/v1")) for host in hosts] == [False, False, False, False, True]


def test_an_address_with_a_password_is_refused_and_not_shown() -> None:
    status, output, errors = probe("http://me:sk-secret@127.0.0.1:1/v1")
    assert (status, output) == (2, "")
    assert "it holds a user name or password" in errors
    assert "sk-secret" not in errors


def test_an_address_without_its_version(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(404, {"detail": "Not Found"}), suffix="")
    status, _, errors = probe(url)
    assert status == 1
    assert f"Is the address {url}/v1?" in errors


def _frame(delta: Any, finish: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return event({"id": "x-1", **more, "object": "chat.completion.chunk", "choices": [choice]})


def test_a_server_without_parsers_and_with_a_switch_that_does_nothing(fault_server: FaultServer) -> None:
    frames = [
        _frame({"role": "assistant", "content": "Let me think."}),
        _frame({"content": "</think>"}),
        _frame({"content": "<|tool_calls_section_begin|><|tool_call_begin|>functions.get_time:0"}, "stop"),
        DONE,
    ]
    script = Script().json(200, {"data": [{"id": "other"}, {"id": "my-kimi-k2.6"}]})
    script.attempt().event_stream(frames)
    script.attempt().json(400, {"object": "error", "message": "messages is empty", "type": "BadRequestError"})
    script.attempt().json(200, completion("Let me think.</think>ready"))
    url = fault_server.url(script)
    status, output, errors = probe(url, "--json")
    assert status == 0, errors
    found = json.loads(output)
    assert found["nearest"] == "ktransformers"
    assert found["findings"]["model"] == "my-kimi-k2.6"
    assert "no reasoning parser" in found["findings"]["reasoning"]
    assert "no tool parser" in found["findings"]["tool call id"]
    assert found["findings"]["error shape"] == "flat"
    assert found["findings"]["thinking switched off"] == "not honoured"
    assert found["row"]["default_model"] == "my-kimi-k2.6"
    assert found["row"]["models"] == {"kimi-k2.6": "my-kimi-k2.6"}
    listed, streamed, refused, plain = (each for each in fault_server.requests(url))
    assert listed["target"].endswith("/models")
    assert json.loads(streamed["body"])["stream"] is True
    assert json.loads(refused["body"])["messages"] == []
    assert "stream" not in json.loads(plain["body"])


def test_a_server_that_refuses_tools(fault_server: FaultServer) -> None:
    script = Script().json(404, {"detail": "Not Found"})
    script.attempt().json(400, {"error": {"message": "auto tool choice requires --enable-auto-tool-choice"}})
    script.attempt().event_stream([_frame({"content": "It is noon."}, "stop"), DONE])
    script.attempt().json(400, {"error": {"message": "no messages"}})
    script.attempt().json(200, completion("ready"))
    status, output, errors = probe(fault_server.url(script))
    assert status == 0, errors
    assert "tools are refused" in output
    assert "did not think before" in output
    assert tomllib.loads(output)["providers"]["mine"]["inherits"] == "openai-compatible"


def test_what_a_server_says_cannot_command_a_terminal_or_break_the_row(fault_server: FaultServer) -> None:
    evil = 'k2.6\x1b[2J"\n[environments.prod]\nbase_url = "http://evil'
    script = Script().json(200, {"data": [{"id": evil}]})
    script.attempt().event_stream([_frame({"content": "x"}, "stop", id="a\nb = 1\n\x1b]0;x\x07"), DONE])
    script.attempt().json(400, {"error": {"message": "no"}})
    script.attempt().json(200, completion("ready"))
    status, output, errors = probe(fault_server.url(script))
    assert status == 0, errors
    assert "\x1b" not in output + errors
    read = tomllib.loads(output)
    assert list(read) == ["providers"]
    assert read["providers"]["mine"]["default_model"] == evil
