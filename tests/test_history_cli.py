"""`kimistream log`, as a shell sees it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

pytest.importorskip("aiohttp")
pytest.importorskip("httpx")  # test_cli wants it
from fault_server_client import FaultServer, Script
from history_kit import ORIGIN, entries, line, write
from kit import completion, kimi, python, sent, stream_of
from test_cli import KEY, environment, on_terminal, posix_only, run

from kimistream import Cassette, _core
from kimistream.recording.exchange import Origin

NASTY = (
    "it's $HOME `id` \"q\" \\ !! !$ %s 北京 \t \r\n line two\nEND_OF_BODY\n'; rm -rf /tmp/none # \x1b[31m \U0001f600"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite3"


def log(path: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return run("log", "--history", str(path), *arguments, **variables)


def good(path: Path, *arguments: str, **variables: str) -> str:
    done = log(path, *arguments, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def to(url: str, kept: str, key_variable: str = "MOONSHOT_API_KEY", provider: str = "moonshot") -> tuple[str, Origin]:
    """The same exchange with a server of the test."""
    changed = json.loads(kept)
    own = _core.provider_row(provider)["chat_path"]
    changed["request"]["path"] = urlsplit(url).path + own
    return json.dumps(changed), Origin(provider, url, key_variable, json.dumps(_core.provider_row(provider)))


def keep(path: Path, url: str, kept: str, **options: str) -> None:
    text, origin = to(url, kept, **options)
    write(path, text, origin=origin)


def test_help() -> None:
    for command in ([], ["list"], ["show"], ["search"], ["replay"], ["export"], ["view"]):
        done = run("log", *command, "--help")
        assert (done.returncode, done.stderr) == (0, "")
        assert "Usage" in done.stdout


def test_list(path: Path) -> None:
    write(path, line("first"), line("second\nof two lines", end="reset"))
    lines = good(path, "list").splitlines()
    assert [each.split()[0] for each in lines] == ["2", "1"]
    assert "second of two lines" in lines[0]
    assert "reset" in lines[0]
    assert "first" in lines[1]
    assert "Because it is." in lines[1]
    assert [each["id"] for each in json.loads(good(path, "list", "--json"))] == [2, 1]
    assert good(path, "list", "--limit", "1").split()[0] == "2"


@posix_only
def test_on_a_terminal_a_line_is_a_line(path: Path) -> None:
    write(path, line("a \x1b[31mlong question " * 50))
    status, shown = on_terminal(["log", "--history", str(path), "list"])
    assert status == 0
    assert len(shown.strip().splitlines()) == 1
    assert shown.split()[0] == "1"
    assert "\x1b[31m" not in shown


def test_the_variable_says_where_it_is(path: Path, tmp_path: Path) -> None:
    write(path, line("first"))
    done = run("log", "list", KIMISTREAM_HISTORY=str(path))
    assert done.stdout.split()[0] == "1"
    usual = tmp_path / "kimistream" / "history.sqlite3"
    write(usual, line("usual"))
    done = run("log", "list", XDG_DATA_HOME=str(tmp_path))
    assert "usual" in done.stdout


def test_search(path: Path) -> None:
    write(path, line("What is the weather?"), line("What is the time?"))
    assert [each.split()[0] for each in good(path, "search", "weather").splitlines()] == ["1"]
    assert [each.split()[0] for each in good(path, "search", "what", "BECAUSE").splitlines()] == ["2", "1"]
    assert good(path, "search", "nothing like it") == ""
    assert json.loads(good(path, "search", "time", "--json"))[0]["prompt"] == "What is the time?"


def test_show(path: Path) -> None:
    write(path, line("Why?", system="x"))
    shown = good(path, "show", "1")
    for part in ("--- user ---\nWhy?", "--- thinking ---\nHm.", "--- answer ---\nBecause it is.", "kimi-k2.6", "stop"):
        assert part in shown
    whole = json.loads(good(path, "show", "1", "--json"))
    assert whole["exchange"] == json.loads(line("Why?", system="x"))
    assert whole["message"]["content"] == "Because it is."


def test_show_a_refusal_and_what_is_no_question(path: Path) -> None:
    refusal = '{"error": {"message": "no such model"}}'
    models = json.loads(line(pieces=[[0.1, '{"data": [1]}']], type="application/json"))
    models["request"] |= {"method": "GET", "path": "/v1/models", "body": None}
    write(path, line(status=404, pieces=[[0.1, refusal]], type="application/json"), json.dumps(models))
    assert "no such model" in good(path, "show", "1").partition("--- error ---")[2]
    assert '{"data": [1]}' in good(path, "show", "2")


def test_mistakes(path: Path, tmp_path: Path) -> None:
    done = log(path, "list")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"There is no history at {path}" in done.stderr
    assert "KIMISTREAM_HISTORY" in done.stderr
    write(path, line())
    for command in (["show", "7"], ["show", "-x"], ["export", "7", "--as", "curl"], ["replay", "one"], ["show", "٣"]):
        done = log(path, *command[:1], "--", *command[1:2]) if command[1] == "-x" else log(path, *command)
        assert (done.returncode, done.stdout) == (1, ""), command
        assert "There is no exchange" in done.stderr
    done = log(path, "export", "1", "--as", "smoke")
    assert (done.returncode, done.stdout) == (2, "")
    assert "curl, python, har, cassette" in done.stderr
    assert log(path, "export", "1").returncode == 2
    other = tmp_path / "letter"
    other.write_text("Dear aunt")
    done = log(other, "list")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no history of kimistream" in done.stderr
    assert other.read_text() == "Dear aunt"


# ---- exports --------------------------------------------------------------------------------------------------------


def shell(command: str, **variables: str) -> str:
    done = subprocess.run(
        ["sh"], input=command, capture_output=True, encoding="utf-8", env=environment(**variables), check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


BODIES: list[tuple[dict[str, Any], str]] = [
    ({}, "moonshot"),
    ({"stream": False, "temperature": 1.0, "max_tokens": 5, "tools": []}, "moonshot"),
    ({"x-own": [None, True, 1e-9, 12345678901234567890, {"a": "\U0001f600"}], "stop": "a"}, "moonshot"),
    (
        {
            "messages": [
                {"role": "system", "content": "be brief"},
                {"role": "user", "content": [{"type": "text", "text": NASTY}]},
                {"role": "assistant", "content": "", "tool_calls": [
                    {"id": "f:0", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}]},
                {"role": "tool", "tool_call_id": "f:0", "content": "12"},
            ],
            "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
        },
        "moonshot",
    ),
    ({"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}], "max_tokens": 9}, "kimi-code"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "provider"), BODIES)
def test_curl_and_python_send_the_same_json(
    body: dict[str, Any], provider: str, path: Path, fault_server: FaultServer
) -> None:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl")
    script = stream_of("Hello") if body.get("stream", True) else Script().json(200, completion("Hello"))
    url = fault_server.url(script)
    kept = line(NASTY, **body)
    keep(path, url, kept, provider=provider)
    command = good(path, "export", "1", "--as", "curl")
    assert KEY not in command
    assert '$MOONSHOT_API_KEY"' in command
    shell(command, MOONSHOT_API_KEY=KEY)
    program = good(path, "export", "1", "--as", "python")
    assert 'os.environ["MOONSHOT_API_KEY"]' in program
    done = python(program, MOONSHOT_API_KEY=KEY)
    if provider == "moonshot":  # the other one is not answered in its protocol here, and says so
        assert done.returncode == 0, done.stderr
        assert "Hello" in done.stdout
    expected = json.loads(kept)["request"]["body"]
    assert [sent(fault_server, url, attempt) for attempt in (0, 1)] == [expected, expected]
    for request in fault_server.requests(url)[:2]:
        assert f"Authorization: Bearer {KEY}" in request["head"] or f"x-api-key: {KEY}" in request["head"].lower()


def test_curl_can_be_pasted(path: Path) -> None:
    """No character beyond printable ASCII, none for which an interactive shell looks into its history, no tab that it
    would complete, and no line longer than a terminal takes."""
    write(path, line(NASTY), line("a long one " * 2000))
    for known in ("1", "2"):
        command = good(path, "export", known, "--as", "curl")
        assert command.isascii()
        assert set(command) - {"\n"} <= set(map(chr, range(0x20, 0x7F)))
        assert "!" not in command
        assert max(map(len, command.splitlines())) < 4096
        assert command.splitlines().count("END_OF_BODY") == 1


def test_what_was_uploaded_is_exported_as_bytes(path: Path, fault_server: FaultServer) -> None:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl")
    url = fault_server.url(Script().json(200, {"id": "f"}))
    kept = json.loads(line(pieces=[[0.1, "{}"]], type="application/json"))
    kept["request"]["headers"] = {"Content-Type": "multipart/form-data; boundary=b"}
    kept["request"]["body"] = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\'!$x\r\n--b--\r\n'
    keep(path, url, json.dumps(kept))
    shell(good(path, "export", "1", "--as", "curl"), MOONSHOT_API_KEY=KEY)
    assert python(good(path, "export", "1", "--as", "python"), MOONSHOT_API_KEY=KEY).returncode == 0
    for request in fault_server.requests(url):
        assert request["body"] == kept["request"]["body"].encode()
        assert "Content-Type: multipart/form-data; boundary=b" in request["head"]


def test_the_key_comes_from_the_variable_that_it_came_from(path: Path) -> None:
    text, _ = to("https://api.moonshot.ai/v1", line())
    for variable in ("DEV_KEY", ""):
        write(path, text, origin=Origin("moonshot", ORIGIN.base_url, variable, ORIGIN.row))
    assert '"Authorization: Bearer $DEV_KEY"' in good(path, "export", "1", "--as", "curl")
    assert 'os.environ["DEV_KEY"]' in good(path, "export", "1", "--as", "python")
    assert "Authorization" not in good(path, "export", "2", "--as", "curl")  # none was sent
    assert 'api_key=""' in good(path, "export", "2", "--as", "python")


def test_media_that_were_too_large_are_named(path: Path) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,sha256:" + "ab" * 32}}
    write(path, line(messages=[{"role": "user", "content": [picture]}]))
    for form in ("curl", "python"):
        done = log(path, "export", "1", "--as", form)
        assert done.returncode == 0
        assert "1 of its media is too large" in done.stderr
    done = log(path, "replay", "1")
    assert done.returncode == 1
    assert "SHA-256" in done.stderr


HAR_KEYS = {
    "entry": {"startedDateTime", "time", "request", "response", "cache", "timings"},
    "request": {"method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"},
    "response": {"status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL"}
    | {"headersSize", "bodySize"},
}


def test_har(path: Path) -> None:
    """The fields that "HTTP Archive 1.2" requires, of their types; what is ours begins with an underscore."""
    refused = line(status=None, end="refused", pieces=[])
    binary = json.loads(line())
    binary["pieces"] = [[0.1, {"base64": "/wD/"}]]
    binary["request"]["path"] += "?a=1&b=%20"
    write(path, line(NASTY), refused, json.dumps(binary))
    archives = [json.loads(good(path, "export", known, "--as", "har"))["log"] for known in "123"]
    for archive in archives:
        assert archive["version"] == "1.2"
        assert set(archive["creator"]) == {"name", "version"}
        (entry,) = archive["entries"]
        for name, part in (("entry", entry), ("request", entry["request"]), ("response", entry["response"])):
            assert HAR_KEYS[name] <= set(part)
            own = set(part) - HAR_KEYS[name] - {"postData"}
            assert all(key.startswith("_") for key in own)
        assert entry["time"] == pytest.approx(sum(entry["timings"].values()))
        assert min(entry["timings"].values()) >= 0
        assert isinstance(entry["response"]["content"]["size"], int)
        assert all(set(header) == {"name", "value"} for header in entry["request"]["headers"])
    first, second, third = (archive["entries"][0] for archive in archives)
    assert first["startedDateTime"] == "2026-05-28T14:53:21.250+00:00"
    assert json.loads(first["request"]["postData"]["text"])["messages"][0]["content"] == NASTY
    assert first["response"]["content"]["text"] == "".join(text for _, text in json.loads(line())["pieces"])
    assert [piece["time"] for piece in first["_pieces"]] == [250, 500, 1000]
    assert second["response"]["status"] == 0
    assert (third["response"]["content"]["encoding"], third["response"]["content"]["text"]) == ("base64", "/wD/")
    assert third["request"]["queryString"] == [{"name": "a", "value": "1"}, {"name": "b", "value": " "}]


def test_a_cassette(path: Path) -> None:
    write(path, line(NASTY))
    header, kept = good(path, "export", "1", "--as", "cassette").splitlines()
    assert json.loads(header) == {"kimistream_cassette": 1}
    assert kept == line(NASTY)


def test_a_cassette_that_is_played(path: Path, tmp_path: Path, fault_server: FaultServer) -> None:
    """What a client has recorded another is answered with, without a network."""
    url = fault_server.url(stream_of("Because ", "it is."))
    with kimi(url, history=path) as client:
        client.stream("Why?", temperature=1).message  # noqa: B018
    entries(path, 1)
    cassette = tmp_path / "cassette.jsonl"
    cassette.write_text(good(path, "export", "1", "--as", "cassette"))
    with kimi(url, cassette=Cassette(cassette, mode="replay")) as client:
        assert client.stream("Why?", temperature=1).message.text == "Because it is."
    assert fault_server.attempts(url) == 1


# ---- replay ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("body", "provider"), BODIES[:-1])
def test_replay_sends_the_same_again(
    body: dict[str, Any], provider: str, path: Path, fault_server: FaultServer
) -> None:
    script = stream_of("Hel", "lo") if body.get("stream", True) else Script().json(200, completion("Hello"))
    url = fault_server.url(script)
    kept = line(NASTY, **body)
    keep(path, url, kept, provider=provider)
    done = log(path, "replay", "1", MOONSHOT_API_KEY=KEY)
    assert (done.returncode, done.stdout) == (0, "Hello\n"), done.stderr
    assert sent(fault_server, url) == json.loads(kept)["request"]["body"]


def test_replay_elsewhere(path: Path, fault_server: FaultServer) -> None:
    url = fault_server.url(stream_of("Hello"))
    write(path, line("Why?"))
    done = log(path, "replay", "1", "--base-url", url, MOONSHOT_API_KEY=KEY)
    assert (done.returncode, done.stdout) == (0, "Hello\n"), done.stderr
    assert sent(fault_server, url)["messages"] == [{"role": "user", "content": "Why?"}]


def test_replay_of_what_is_no_question(path: Path, fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, {"object": "list", "data": [1, 2]}))
    kept, origin = to(url, line(pieces=[], type="application/json"))
    models = json.loads(kept)
    models["request"] |= {"method": "GET", "path": urlsplit(url).path + "/models", "body": None}
    write(path, json.dumps(models), origin=origin)
    done = log(path, "replay", "1", MOONSHOT_API_KEY=KEY)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"object": "list", "data": [1, 2]}), done.stderr


def test_a_stranger_s_history_gets_no_key(path: Path) -> None:
    """A file says whom to ask, and not where a key goes."""
    row = {**_core.provider_row("moonshot"), "name": "theirs", "base_url": "https://evil.invalid/v1"}
    for provider, made in (("theirs", row), ("moonshot", json.loads(ORIGIN.row))):
        origin = Origin(provider, "https://evil.invalid/v1", "MOONSHOT_API_KEY", json.dumps(made))
        write(path, line(), origin=origin)
    for known in ("1", "2"):
        done = log(path, "replay", known, MOONSHOT_API_KEY=KEY)
        assert (done.returncode, done.stdout) == (2, "")
        assert "no API key for" in done.stderr
        assert KEY not in done.stderr


def test_replay_tells_what_a_server_says(path: Path, fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(401, {"error": {"message": f"bad key {KEY}"}}))
    keep(path, url, line())
    done = log(path, "replay", "1", MOONSHOT_API_KEY=KEY)
    assert (done.returncode, done.stdout) == (1, "")
    assert "bad key" in done.stderr
    assert KEY not in done.stderr
