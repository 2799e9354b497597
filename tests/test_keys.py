"""Whose key goes where: variables of rows, hosts, what is said where there is none, and that none is shown."""

from __future__ import annotations

import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from fault_server_client import FaultServer, Script
from kit import KEY, completion

import kimistream
from kimistream import AsyncKimi, AuthenticationError, InvalidRequestError, Kimi, PermissionDeniedError, providers

OTHER = "https://other.example/v1"
ROWS = providers()
HOSTED = [name for name, row in ROWS.items() if row["needs_key"]]
ONES_OWN = [name for name, row in ROWS.items() if not row["needs_key"]]
both = pytest.mark.parametrize("client_type", [Kimi, AsyncKimi])


def named(client: Any) -> str:
    """The variable that the key came from."""
    return str(client._setup.key_variable)


def key_at(server: FaultServer, **options: Any) -> str | None:
    """The key that a request carries."""
    url = server.url(Script().json(200, completion()))
    # The answer may be of the other protocol: what was sent is what matters.
    with Kimi(base_url=url, max_retries=0, **options) as client, suppress(kimistream.APIError):
        client.complete("hi")
    headers = server.requests(url)[-1]["headers"]
    key = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
    return key or None


def refusal(*arguments: Any, client_type: Any = Kimi, **options: Any) -> str:
    with pytest.raises(InvalidRequestError) as caught:
        client_type(*arguments, **options)
    assert KEY not in str(caught.value)
    assert "".join(traceback.format_exception(caught.value)).count(KEY) == 0
    return str(caught.value)


@pytest.mark.parametrize("provider", [name for name, row in ROWS.items() if row["key_variables"]])
def test_a_row_s_own_variables_come_first_and_in_order(
    provider: str, fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = ROWS[provider]["key_variables"]
    for name in {name for row in ROWS.values() for name in row["key_variables"]} - set(own):
        monkeypatch.setenv(name, f"sk-of-{name}")
    monkeypatch.setenv("KIMISTREAM_API_KEY", "sk-of-anybody")
    assert key_at(fault_server, provider=provider) == "sk-of-anybody"
    for name in reversed(own):
        monkeypatch.setenv(name, f"sk-of-{name}")
        assert key_at(fault_server, provider=provider) == f"sk-of-{name}"
    assert key_at(fault_server, provider=provider, api_key="sk-given") == "sk-given"


@pytest.mark.parametrize("provider", [name for name in HOSTED if "MOONSHOT_API_KEY" not in ROWS[name]["key_variables"]])
def test_another_provider_s_key_is_not_sent(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOONSHOT_API_KEY", KEY)
    if ROWS[provider]["account_variable"]:
        monkeypatch.setenv(ROWS[provider]["account_variable"], "0af1")
    said = refusal(provider=provider)
    assert said.startswith(f'no API key for provider "{provider}": pass api_key, or set {variables_of(provider)}')
    assert said.endswith("MOONSHOT_API_KEY is not sent to other providers")


def variables_of(provider: str) -> str:
    first, *others = ROWS[provider]["key_variables"]
    return first + "".join(f" (or {name})" for name in others)


@pytest.mark.parametrize("provider", ONES_OWN)
def test_one_s_own_server_gets_no_provider_s_key(
    provider: str, fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOONSHOT_API_KEY", KEY)
    assert key_at(fault_server, provider=provider) is None


@both
def test_a_provider_s_key_does_not_go_to_another_host(client_type: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOONSHOT_API_KEY", KEY)
    said = refusal(base_url=OTHER, client_type=client_type)
    assert said == (
        'no API key for other.example: MOONSHOT_API_KEY is for the hosts of provider "moonshot" and is not sent there. '
        'Pass api_key (api_key="" if the server wants none), or set KIMISTREAM_API_KEY'
    )
    assert named(client_type(base_url=OTHER, api_key="")) == ""
    assert named(client_type(base_url=OTHER, api_key="sk-other")) == ""
    monkeypatch.setenv("KIMISTREAM_API_KEY", "sk-anybody")
    assert named(client_type(base_url=OTHER)) == "KIMISTREAM_API_KEY"
    assert named(client_type()) == "MOONSHOT_API_KEY"


def test_a_provider_s_key_goes_to_its_hosts_and_to_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOONSHOT_API_KEY", KEY)
    for options in (
        {"provider": "moonshot"}, {"provider": "moonshot-cn"}, {"provider": "moonshot-anthropic"},
        {"provider": "moonshot", "base_url": "https://api.moonshot.cn/v1"}, {"base_url": "HTTPS://API.MOONSHOT.AI:443"},
        {"base_url": "http://localhost:8080/v1"}, {"base_url": "http://[::1]:8080/v1"},
    ):  # fmt: skip
        assert named(Kimi(**options)) == "MOONSHOT_API_KEY"
    for url in (
        "https://api.moonshot.ai.evil.example/v1",
        "https://evil.example/api.moonshot.ai/v1",
        "http://10.0.0.1/v1",
    ):
        assert "MOONSHOT_API_KEY is for the hosts" in refusal(base_url=url)
        assert "MOONSHOT_API_KEY is for the hosts" in refusal(provider="moonshot-cn", base_url=url)


@both
def test_a_provider_s_key_of_the_environment_is_not_sent_unencrypted(
    client_type: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOONSHOT_API_KEY", KEY)
    for options in ({}, {"provider": "moonshot"}):
        said = refusal(base_url="http://api.moonshot.ai/v1", client_type=client_type, **options)
        assert said.startswith(
            "no API key for api.moonshot.ai: MOONSHOT_API_KEY is not sent there unencrypted, use https. Pass api_key"
        )
    assert named(client_type(KEY, base_url="http://api.moonshot.ai/v1")) == ""  # which is a Notice


def test_the_key_of_one_s_own_server_goes_to_any_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_API_KEY", KEY)
    assert named(Kimi(provider="vllm", base_url="http://gpu-7.example:8000/v1")) == "VLLM_API_KEY"
    inherits = {"inherits": "vllm", "base_url": "http://gpu-8.example:8000/v1"}
    assert named(Kimi(provider=inherits)) == "VLLM_API_KEY"
    assert named(Kimi(provider="sglang")) == ""


def test_a_row_that_moves_does_not_take_the_key_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOONSHOT_API_KEY", KEY)
    for base_url in ("https://moved.example/v1", "http://localhost:1/v1"):
        kimistream.register_provider({"name": "test-moved", "inherits": "moonshot", "base_url": base_url})
        assert providers()["test-moved"]["key_variables"] == []
        said = refusal(provider="test-moved")
        assert said.startswith('no API key for provider "test-moved": pass api_key, or set KIMISTREAM_API_KEY')
    kimistream.register_provider({"name": "test-moved", "inherits": "moonshot", "base_url": "https://moved.example/v1",
                                  "key_variables": ["TEST_MOVED_KEY"]})  # fmt: skip
    monkeypatch.setenv("TEST_MOVED_KEY", "sk-moved")
    assert named(Kimi(provider="test-moved")) == "TEST_MOVED_KEY"
    assert "TEST_MOVED_KEY is for the hosts of" in refusal(provider="test-moved", base_url="https://third.example/v1")


def test_a_row_in_another_s_place_does_not_set_its_key_free(monkeypatch: pytest.MonkeyPatch) -> None:
    code = f"""
from kimistream import InvalidRequestError, Kimi, register_provider
register_provider({{"name": "moonshot", "inherits": "moonshot-cn", "base_url": "http://127.0.0.1:9/v1",
                    "key_variables": ["MOONSHOT_API_KEY"]}})
print(Kimi()._setup.key_variable)
try:
    Kimi(base_url="{OTHER}")
except InvalidRequestError as error:
    print(error)
"""
    monkeypatch.setenv("MOONSHOT_API_KEY", KEY)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    variable, said = done.stdout.splitlines()
    assert variable == "MOONSHOT_API_KEY"
    assert "MOONSHOT_API_KEY is for the hosts" in said


def test_a_row_with_further_addresses_does_not_take_the_key_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOONSHOT_API_KEY", KEY)
    further = "https://further.example/v1"
    row = {"inherits": "moonshot", "other_addresses": [further]}
    assert "no API key for" in refusal(provider=row, base_url=further)
    assert "no API key for" in refusal(provider=row)


# ---- environments ---------------------------------------------------------------------------------------------------


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Writes what the environment "dev" is: into the current folder, or into a file that a variable names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("KIMISTREAM_CONFIG", raising=False)

    def write(text: str, named: bool = False) -> None:
        path = tmp_path / ("named.toml" if named else "kimistream.toml")
        path.write_text(f"[environments.dev]\n{text}", "utf-8")
        if named:
            monkeypatch.setenv("KIMISTREAM_CONFIG", str(path))

    return write


@pytest.mark.parametrize("named", [False, True])
def test_an_environment_s_key_stays_at_its_address(
    named: bool, say: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEV_KEY", KEY)
    monkeypatch.setenv("MOONSHOT_API_KEY", KEY)
    say('provider = "vllm"\nbase_url = "http://gpu.example:8000/v1"\nkey_variable = "DEV_KEY"\n', named)
    assert named_variable_of(environment="dev") == "DEV_KEY"
    assert named_variable_of(environment="dev", provider="sglang") == "DEV_KEY"
    for options in ({"base_url": OTHER}, {"provider": "moonshot", "base_url": "https://api.moonshot.ai/v1"}):
        said = refusal(environment="dev", **options)
        host = options["base_url"].split("/")[2]
        assert said == (
            f"the environment 'dev' takes its key from DEV_KEY, which is not sent to {host}: it is for "
            'gpu.example:8000. Pass api_key (api_key="" if the server wants none)'
        )
        assert named_variable_of("sk-other", environment="dev", **options) == ""
    say('provider = "moonshot"\nkey_variable = "MOONSHOT_API_KEY"\n', named)
    assert named_variable_of(environment="dev", provider="moonshot-cn") == "MOONSHOT_API_KEY"
    assert "it is for api.moonshot.ai" in refusal(environment="dev", base_url=OTHER)
    assert "it is for api.moonshot.ai" in refusal(environment="dev", provider="openrouter")


def named_variable_of(*arguments: Any, **options: Any) -> str:
    return named(Kimi(*arguments, **options))


def test_a_file_in_the_current_folder_sends_no_provider_s_key_to_another_host(
    say: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOONSHOT_API_KEY", KEY)
    monkeypatch.setenv("DEV_KEY", KEY)
    text = f'base_url = "{OTHER}"\nkey_variable = "MOONSHOT_API_KEY"\n'
    say(text)
    assert refusal(environment="dev").endswith("or name the file in KIMISTREAM_CONFIG if it can be trusted")
    monkeypatch.setenv("KIMISTREAM_ENVIRONMENT", "dev")
    assert "which is not sent to other.example" in refusal()
    say(text.replace("MOONSHOT_API_KEY", "DEV_KEY"))  # one that its owner has made for this
    assert named_variable_of() == "DEV_KEY"
    say(text.replace(OTHER, "https://api.moonshot.cn/v1"))
    assert named_variable_of() == "MOONSHOT_API_KEY"
    say(text)
    for file in ("kimistream.toml", "./kimistream.toml"):
        monkeypatch.setenv("KIMISTREAM_CONFIG", file)
        assert named_variable_of() == "MOONSHOT_API_KEY"


@pytest.mark.parametrize(
    "fields",
    [
        'base_url = "https://found.example/v1"\nkey_variables = ["MOONSHOT_API_KEY"]',
        'inherits = "moonshot"\nother_addresses = ["https://found.example"]\nkey_variables = ["MOONSHOT_API_KEY"]',
        'base_url = "https://found.example/{account_id}"\naccount_variable = "MOONSHOT_API_KEY"',
    ],
)
def test_nor_does_a_row_in_it(fields: str, say: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOONSHOT_API_KEY", KEY)
    text = f'provider = "test-found"\n[providers.test-found]\n{fields}\n'
    # A host of their own, and names: rows live on, and their variables are theirs.
    own = f"test_found_{len(fields)}"
    say(text)
    assert "providers.test-found: what is in MOONSHOT_API_KEY is not for" in refusal(environment="dev")
    assert "test-found" not in providers()
    say(text.replace("MOONSHOT_API_KEY", own).replace("FOUND_KEY", own).replace("test-found", own))
    assert Kimi(KEY, environment="dev", base_url=OTHER).provider == own


# ---- what is said ---------------------------------------------------------------------------------------------------


def test_a_resource_s_key_in_the_clear_is_logged_once_a_client(caplog: pytest.LogCaptureFixture) -> None:
    client = Kimi(KEY, base_url="http://gpu.invalid:8000/v1", max_retries=0)
    with client, caplog.at_level("INFO", logger="kimistream"):
        for _ in range(2):
            with pytest.raises(kimistream.APIConnectionError):
                client.models.list()
    assert [line.startswith("the key travels unencrypted to gpu.invalid") for line in caplog.messages] == [True]
    assert KEY not in caplog.text


def test_a_key_that_is_echoed_as_the_request_s_id_is_not_shown(fault_server: FaultServer) -> None:
    headers = {"x-request-id": KEY}
    script = Script().json(200, completion(), headers=headers)
    script.attempt().json(400, {"error": {"message": "no"}}, headers=headers)
    with Kimi(KEY, base_url=fault_server.url(script), max_retries=0) as client:
        assert client.complete("hi").request_id == "[key]"
        with pytest.raises(kimistream.APIStatusError) as caught:
            client.complete("hi")
    assert caught.value.request_id == "[key]"
    assert KEY not in str(caught.value)


def test_the_missing_key_s_variables_are_named() -> None:
    assert refusal() == 'no API key for provider "moonshot": pass api_key, or set MOONSHOT_API_KEY (or KIMI_API_KEY)'
    assert refusal("") == refusal()
    assert refusal(provider="openrouter").endswith("or set OPENROUTER_API_KEY")
    assert refusal(base_url="http://127.0.0.1:1/v1") == refusal()
    assert refusal(base_url=OTHER) == (
        'no API key for other.example. Pass api_key (api_key="" if the server wants none), or set KIMISTREAM_API_KEY'
    )
    with pytest.raises(InvalidRequestError) as caught:
        Kimi()
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_the_account_of_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    said = refusal(KEY, provider="cloudflare")
    assert "{account_id}" in said
    assert "set CLOUDFLARE_ACCOUNT_ID" in said
    monkeypatch.setenv("CLOUDFLARE_ACCOUNT_ID", "0af1")
    filled = "https://api.cloudflare.com/client/v4/accounts/0af1/ai/v1"
    assert Kimi(KEY, provider="cloudflare").base_url == filled
    assert Kimi(KEY, base_url=ROWS["cloudflare"]["base_url"]).base_url == filled
    assert Kimi(KEY, base_url=filled.replace("0af1", "0bf2")).base_url == filled.replace("0af1", "0bf2")
    assert Kimi(KEY, provider="cloudflare", base_url=OTHER).base_url == OTHER
    for account in ("x@evil.example/", "0\u00e4f1", "\u0661\u0662"):
        monkeypatch.setenv("CLOUDFLARE_ACCOUNT_ID", account)
        assert "CLOUDFLARE_ACCOUNT_ID is no account id" in refusal(KEY, provider="cloudflare")


@pytest.mark.parametrize(("status", "error"), [(401, AuthenticationError), (403, PermissionDeniedError)])
def test_a_refused_key_is_told_from_where_it_came(
    status: int, error: Any, fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = fault_server.url(Script().json(status, {"error": {"message": f"Incorrect API key: {KEY}"}}))
    monkeypatch.setenv("KIMI_API_KEY", KEY)
    with pytest.raises(error) as caught:
        Kimi(base_url=url, max_retries=0).complete("hi")
    assert "The key came from KIMI_API_KEY." in caught.value.message
    assert "moonshot-cn" not in caught.value.message  # that is said at Moonshot's addresses
    assert KEY not in str(caught.value)
    with pytest.raises(error) as caught:
        Kimi(KEY, base_url=url, max_retries=0).complete("hi")
    assert "came from" not in caught.value.message
    with pytest.raises(error) as caught:
        Kimi("", base_url=url, max_retries=0).complete("hi")
    assert "No key was sent." in caught.value.message


@both
@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "nonsense"}, {"provider": "nobody"}, {"provider": 5}, {"timeout": -1}, {"timeout": "x"},
        {"max_retries": "2"}, {"default_headers": {"a b": "c"}}, {"environment": "nobody"}, {"provider": {"a": 1}},
        {"provider": "cloudflare"}, {"api_key": KEY + "\n"}, {"api_key": [KEY]},
    ],
    ids=str,
)  # fmt: skip
def test_tracebacks_that_show_locals_show_no_key(client_type: Any, options: dict[str, Any]) -> None:
    with pytest.raises((InvalidRequestError, TypeError)) as caught:
        client_type(**{"api_key": KEY, **options})
    inner = caught.value.__traceback__.tb_next  # the caller's own frame has what it has
    shown = traceback.TracebackException(type(caught.value), caught.value, inner, capture_locals=True)
    text = "".join(shown.format())
    assert "self" in text, "it shows locals"
    assert KEY not in text
