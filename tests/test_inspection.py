"""Requests that are looked at and not sent; environments that are shown and switched."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fault_server_client import FaultServer, Script
from kit import KEY, completion, kimi, sent

import kimistream
from kimistream import InvalidRequestError

NASTY = 'it\'s $HOME `id` "quoted" \\ !! 汉 \x7f\n' + "x" * 5000


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl's program is not here")
@pytest.mark.parametrize("text", ["hi", NASTY])
def test_the_command_sends_what_complete_sends(fault_server: FaultServer, tmp_path: Path, text: str) -> None:
    url = fault_server.url(Script().json(200, completion()))
    client = kimi(url, provider="moonshot")
    command = client.request(text, system="Be short.", max_tokens=9, thinking=False).to_curl()
    assert KEY not in command
    assert "$MOONSHOT_API_KEY" in command
    client.complete(text, system="Be short.", max_tokens=9, thinking=False)
    script = tmp_path / "command.sh"
    script.write_text(command)
    ran = subprocess.run(["sh", script], env={**os.environ, "MOONSHOT_API_KEY": KEY}, capture_output=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    first, second = fault_server.requests(url)
    assert json.loads(first["body"]) == json.loads(second["body"])
    assert json.loads(second["body"])["messages"][-1]["content"] == text


@pytest.mark.parametrize("provider", ["moonshot", "tokenhub"])
def test_a_schema_is_in_what_is_shown(fault_server: FaultServer, provider: str) -> None:
    url = fault_server.url(Script().json(200, completion('{"n": 1}')))
    client = kimi(url, provider=provider)
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    client.complete("hi", schema=schema)
    assert client.request("hi", schema=schema).body == sent(fault_server, url)


def test_the_program_sends_it_too(fault_server: FaultServer, tmp_path: Path) -> None:
    url = fault_server.url(Script().json(200, completion()))
    asked = kimi(url, provider="moonshot").request("hi", temperature=1.0)
    program = asked.to_python()
    assert KEY not in program
    subprocess.run([sys.executable, "-c", program], env={**os.environ, "MOONSHOT_API_KEY": KEY}, check=True, timeout=60)
    assert sent(fault_server, url) == asked.body == json.loads(asked.to_json())


def test_nothing_is_sent_and_secret_headers_are_left_out(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, completion()))
    client = kimi(url, default_headers={"X-Api-Token": "secret-token-1", "X-Team": "blue"})
    words = {
        "Cookie": "session=secret",
        "Proxy-Authorization": "secret",
        "x-api-key": "secret",
    }  # no keys by their looks
    asked = client.request("hi", extra_headers=words, stream=True)
    for text in (asked.to_curl(), asked.to_python(), asked.to_json(), repr(asked)):
        assert KEY not in text
        assert "secret" not in text
    assert asked.headers["X-Team"] == "blue"
    assert asked.body["stream"] is True
    assert asked.url.endswith("/chat/completions")
    assert fault_server.requests(url) == []


def test_the_variable_that_the_key_came_from_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIMI_API_KEY", KEY)
    assert "$KIMI_API_KEY" in kimistream.Kimi().request("hi").to_curl()
    anthropic = kimistream.Kimi(provider="moonshot-anthropic").request("hi").to_curl()
    assert "$KIMI_API_KEY" in anthropic
    assert KEY not in anthropic
    assert "Authorization" not in kimi("http://127.0.0.1:9/v1", provider="vllm", api_key="").request("hi").to_curl()


OPENAPI: dict[str, Any] = {
    "openapi": "3.0.3",
    "paths": {
        "/chat/completions": {
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Ask"}}}},
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"type": "object", "required": ["id"]}}}}
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Ask": {
                "type": "object",
                "required": ["model", "messages"],
                "properties": {
                    "max_tokens": {"type": "integer", "maximum": 100, "nullable": True},
                    "max_completion_tokens": {"type": "integer", "maximum": 100},
                    "messages": {"type": "array", "items": {"$ref": "#/components/schemas/Message"}},
                },
            },
            "Message": {"type": "object", "properties": {"role": {"enum": ["user", "system"]}}},
        }
    },
}


def test_requests_and_responses_are_held_against_an_openapi_file(tmp_path: Path) -> None:
    pytest.importorskip("jsonschema")
    from kimistream.recording.openapi import Description

    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(OPENAPI))
    client = kimi("http://127.0.0.1:9/v1", provider="openai-compatible")
    assert client.request("hi", max_tokens=9).validate(path) == []
    (wrong,) = client.request("hi", max_tokens=900).validate(path)
    assert "max_tokens" in wrong
    assert client.request([{"role": "developer", "content": "a"}], check="off").validate(OPENAPI) != []
    described = Description.of(path)
    assert described.response_errors("POST", "/v1/chat/completions", 200, {"id": "a"}) == []
    assert described.response_errors("POST", "/v1/chat/completions", 200, {}) != []
    with pytest.raises(InvalidRequestError, match="does not describe"):
        described.request_errors("POST", "/v1/other", {})
    with pytest.raises(InvalidRequestError, match="cannot be read"):
        Description.of(tmp_path / "none.json")


# ---- the shell ------------------------------------------------------------------------------------------------------


def command(*words: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    pytest.importorskip("typer")
    return subprocess.run(
        [sys.executable, "-m", "kimistream.cli", *words],
        env={**os.environ, "XDG_CONFIG_HOME": str(folder), **variables}, cwd=folder,
        capture_output=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip


def test_kimistream_curl_prints_and_sends_nothing(tmp_path: Path) -> None:
    ran = command("curl", "Why?", "--system", "Short.", folder=tmp_path, MOONSHOT_API_KEY=KEY)
    assert ran.returncode == 0, ran.stderr
    assert "curl 'https://api.moonshot.ai/v1/chat/completions'" in ran.stdout
    assert KEY not in ran.stdout
    asked = json.loads(command("curl", "Why?", "--as", "json", folder=tmp_path, MOONSHOT_API_KEY=KEY).stdout)
    assert asked["messages"][0]["content"] == "Why?"
    assert command("curl", "Why?", "--as", "perl", folder=tmp_path, MOONSHOT_API_KEY=KEY).returncode == 2
    (tmp_path / "openapi.json").write_text(json.dumps(OPENAPI))
    wrong = command("curl", "Why?", "--max-tokens", "999", "--openapi", "openapi.json", folder=tmp_path,
                    MOONSHOT_API_KEY=KEY)  # fmt: skip
    assert wrong.returncode == 3, wrong.stderr
    assert "max_completion_tokens" in wrong.stderr


NO_KEY = {"MOONSHOT_API_KEY": "", "KIMI_API_KEY": "", "KIMISTREAM_API_KEY": "", "OPENROUTER_API_KEY": ""}


@pytest.mark.parametrize(
    ("words", "variable"),
    [
        ([], "MOONSHOT_API_KEY"),
        (["--provider", "openrouter"], "OPENROUTER_API_KEY"),
        (["--provider", "moonshot-anthropic"], "MOONSHOT_API_KEY"),
        (["--base-url", "https://gateway.example.com/v1", "--provider", "moonshot"], "KIMISTREAM_API_KEY"),
        (["--environment", "dev"], "DEV_KEY"),
    ],
)
def test_kimistream_curl_needs_no_key(tmp_path: Path, words: list[str], variable: str) -> None:
    """It names the variable that one would come from."""
    (tmp_path / "kimistream.toml").write_text('[environments.dev]\nkey_variable = "DEV_KEY"\n')
    for form in ("curl", "python"):
        ran = command("curl", "Why?", "--as", form, *words, folder=tmp_path, **NO_KEY)
        assert ran.returncode == 0, ran.stderr
        assert variable in ran.stdout
        assert ran.stderr == ""
    shown = command("curl", "Why?", *words, folder=tmp_path, **NO_KEY).stdout
    assert f"${variable}" in shown
    assert len(re.findall(r"(?i)authorization|x-api-key", shown)) == 1, "and nothing in its place"
    assert command("chat", "Why?", *words, folder=tmp_path, **NO_KEY).returncode == 2, "what is sent needs one"


def test_kimistream_env_shows_and_switches(tmp_path: Path) -> None:
    assert command("env", folder=tmp_path).returncode == 0
    (tmp_path / "kimistream.toml").write_text(
        '[environments.dev]\nprovider = "vllm"\nkey_variable = "DEV_KEY"\n[environments.prod]\nmodel = "kimi-k2.6"\n'
    )
    shown = command("env", "--json", folder=tmp_path, KIMISTREAM_ENVIRONMENT="dev", DEV_KEY="sk-secret-key")
    assert "sk-secret-key" not in shown.stdout
    rows = {row["name"]: row for row in json.loads(shown.stdout)["environments"]}
    assert (rows["dev"]["in_use"], rows["dev"]["key_is_set"], rows["prod"]["in_use"]) == (True, True, False)
    assert command("env", folder=tmp_path).stdout.split() == ["dev", "prod"]
    assert command("env", "prod", folder=tmp_path).stdout == "export KIMISTREAM_ENVIRONMENT='prod'\n"
    assert command("env", "", folder=tmp_path).stdout == "unset KIMISTREAM_ENVIRONMENT\n"
    assert command("env", "none", folder=tmp_path).returncode == 2
