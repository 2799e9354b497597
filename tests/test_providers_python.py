"""Rows registered by the user, and environments from a TOML file."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fault_server_client import FaultServer, Script
from kit import KEY, completion, registered, stream_of

import kimistream
from kimistream import AsyncKimi, InvalidRequestError, Kimi, providers, register_provider

ROOT = Path(__file__).parent.parent
PLACES = ("KIMISTREAM_CONFIG", "XDG_CONFIG_HOME")


# ---- rows -----------------------------------------------------------------------------------------------------------


def test_the_rows_are_shown_whole() -> None:
    rows = providers()
    assert next(iter(rows)) == "moonshot"
    assert rows["moonshot"]["base_url"] == "https://api.moonshot.ai/v1"
    assert rows["moonshot"]["thinking_off"] == {"thinking": {"type": "disabled"}}
    assert rows["moonshot"]["images"] == ["data", "ms"]
    assert rows["vllm"]["models"]["kimi-k2.6"] == "moonshotai/Kimi-K2.6"


def test_every_field_of_the_struct_is_in_a_row() -> None:
    header = (ROOT / "cpp/include/kimistream/provider.hpp").read_text("utf-8")
    struct = re.search(r"^struct Provider \{\n(.*?)^\};", header, re.DOTALL | re.MULTILINE)
    assert struct
    code = re.sub(r"//.*", "", struct[1])
    fields = re.findall(r"^  (?!friend)[\w:<>]+ (\w+)(?:\{| =)", code, re.MULTILINE)
    assert len(fields) > 40
    assert list(providers()["moonshot"]) == fields


def test_every_row_registers_again_from_its_own_dict() -> None:
    for name, row in providers().items():
        assert register_provider(row) == name
        assert providers()[name] == row


def test_a_registered_row_is_spoken(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, completion()))
    row = {"name": "test-own", "inherits": "vllm", "base_url": url, "default_model": "k26"}
    with registered(row, thinking_off={"reasoning_effort": "none"}, headers={"X-Team": "search"}) as name:
        assert name == "test-own"
        with Kimi(provider="test-own") as client:
            client.complete("hi", thinking=False)
    (seen,) = fault_server.requests(url)
    body = kimistream._core.loads(seen["body"].decode())
    assert body["model"] == "k26"
    assert body["reasoning_effort"] == "none"
    assert "chat_template_kwargs" not in body
    assert seen["headers"]["x-team"] == "search"


def test_a_row_is_replaced_for_later_clients_only() -> None:
    register_provider({"name": "test-replaced", "base_url": "http://gpu:1/v1"})
    first = Kimi(provider="test-replaced")
    register_provider({"name": "test-replaced", "base_url": "http://gpu:2/v1/"})
    assert first.base_url == "http://gpu:1/v1"
    assert Kimi(provider="test-replaced").base_url == "http://gpu:2/v1"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"base_url": "http://gpu:1/v1"}, "needs a name"),
        ({"name": "x", "base_ulr": "http://gpu:1/v1"}, 'did you mean "base_url"'),
        ({"name": "x", "inherits": "vlm"}, 'did you mean "vllm"'),
        ({"name": "x", "auth": "basic"}, "auth must be one of bearer, x_api_key"),
        ({"name": "x", "api_key": "sk-secret"}, "no place"),
        ({"name": "x", "headers": {"Authorization": "Bearer sk-secret"}}, "no place"),
    ],
)
def test_rows_that_cannot_be_are_refused(row: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequestError, match=re.escape(said)) as refusal:
        register_provider(row)
    assert "sk-secret" not in str(refusal.value)
    assert "x" not in providers()


@pytest.mark.parametrize("client", [Kimi, AsyncKimi])
def test_a_dict_stands_for_a_row(client: Any) -> None:
    row = {"inherits": "sglang", "base_url": "http://gpu:3/v1"}
    one, two = client(provider=row), client(provider=dict(row))
    assert one.base_url == "http://gpu:3/v1"
    assert one.provider == two.provider
    assert client(provider={**row, "name": "test-named"}).provider == "test-named"
    with pytest.raises(InvalidRequestError, match="base_url"):
        client(provider={})


# ---- environments ---------------------------------------------------------------------------------------------------

CONFIG = """
[environments.dev]
provider = "test-file-row"
key_variable = "DEV_KEY"
model = "k26"
timeout = 7
max_retries = 0
headers = { X-Stage = "dev" }
options = { thinking = false, max_tokens = 77, temperature = 0.5, extra_body = { a = 1 } }

[environments.plain]
base_url = "http://127.0.0.1:9/v1"

[providers.test-file-row]
inherits = "test-file-base"
default_model = "base-model"

[providers.test-file-base]
inherits = "vllm"
base_url = "URL"
json_schema = "unknown"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in, and nothing at home."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DEV_KEY", KEY)
    return tmp_path


def write(folder: Path, text: str, name: str = "kimistream.toml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def config(url: str, prefix: str) -> str:
    return CONFIG.replace("URL", url).replace("test-file", prefix)


def test_an_environment_says_all_that_the_caller_does_not(fault_server: FaultServer, folder: Path) -> None:
    url = fault_server.url(Script().json(200, completion()))
    write(folder, config(url, "test-all"))
    with Kimi(environment="dev") as client:
        assert (client.environment, client.provider, client.base_url) == ("dev", "test-all-row", url)
        client.complete("hi")
        client.complete("hi", thinking=True, max_tokens=5, temperature=1.0, extra_body={"b": 2})
        client.chat.completions.create(messages=[{"role": "user", "content": "hi"}], temperature=0.1)
    first, second, third = (kimistream._core.loads(each["body"].decode()) for each in fault_server.requests(url))
    assert (first["model"], first["max_completion_tokens"], first["temperature"], first["a"]) == ("k26", 77, 0.5, 1)
    assert first["chat_template_kwargs"] == {"thinking": False}
    assert (second["max_completion_tokens"], second["temperature"], second["a"], second["b"]) == (5, 1.0, 1, 2)
    assert second["chat_template_kwargs"] == {"thinking": True}
    assert (third["max_completion_tokens"], third["temperature"]) == (77, 0.1)
    seen = fault_server.requests(url)[0]["headers"]
    assert seen["authorization"] == f"Bearer {KEY}"
    assert seen["x-stage"] == "dev"


def test_an_asynchronous_client_has_environments_too(fault_server: FaultServer, folder: Path) -> None:
    import asyncio

    url = fault_server.url(stream_of("hello"))
    write(folder, config(url, "test-async"))

    async def ask() -> None:
        async with AsyncKimi(environment="dev") as client:
            await client.stream("hi").message

    asyncio.run(ask())
    assert kimistream._core.loads(fault_server.requests(url)[0]["body"].decode())["max_completion_tokens"] == 77


def test_arguments_come_before_the_environment(fault_server: FaultServer, folder: Path) -> None:
    write(folder, config("http://gpu:1/v1", "test-args"))
    url = fault_server.url(Script().json(200, completion()))
    with Kimi("sk-other", environment="dev", base_url=url, model="mine", default_headers={"X-Stage": "x"}) as client:
        client.complete("hi")
    (seen,) = fault_server.requests(url)
    assert seen["headers"]["authorization"] == "Bearer sk-other"
    assert seen["headers"]["x-stage"] == "x"
    assert kimistream._core.loads(seen["body"].decode())["model"] == "mine"


def test_the_environment_of_the_variable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, config("http://gpu:4/v1", "test-variable"))
    monkeypatch.setenv("KIMISTREAM_ENVIRONMENT", "dev")
    assert Kimi().base_url == "http://gpu:4/v1"
    monkeypatch.setenv("KIMISTREAM_PROVIDER", "moonshot")
    assert Kimi().base_url == "http://gpu:4/v1"


def test_the_variable_does_not_mix_with_an_address_of_the_program(
    folder: Path, monkeypatch: pytest.MonkeyPatch, fault_server: FaultServer
) -> None:
    write(folder, config("http://gpu:4/v1", "test-mix"))
    monkeypatch.setenv("KIMISTREAM_ENVIRONMENT", "dev")
    url = fault_server.url(Script().json(200, completion()))
    with Kimi(provider="vllm", base_url=url) as client:
        assert client.environment is None
        client.complete("hi")
    assert "authorization" not in fault_server.requests(url)[0]["headers"]


def test_no_file_is_read_unless_an_environment_is_asked_for(folder: Path) -> None:
    write(folder, "this is no TOML = = =")
    assert Kimi(KEY).base_url == "https://api.moonshot.ai/v1"
    with pytest.raises(InvalidRequestError, match="not TOML"):
        Kimi(KEY, environment="dev")


def test_places_of_the_file_in_order(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def base_url() -> str:
        return Kimi(KEY, environment="dev").base_url

    def says(port: int) -> str:
        return f'[environments.dev]\nprovider = "vllm"\nbase_url = "http://gpu:{port}/v1"\n'

    with pytest.raises(InvalidRequestError, match="there is no file of environments"):
        base_url()
    write(folder, says(1), "home/kimistream/config.toml")
    assert base_url() == "http://gpu:1/v1"
    write(folder, says(2))
    assert base_url() == "http://gpu:2/v1"
    monkeypatch.setenv("KIMISTREAM_CONFIG", str(write(folder, says(3), "elsewhere.toml")))
    assert base_url() == "http://gpu:3/v1"
    monkeypatch.setenv("KIMISTREAM_CONFIG", str(folder / "missing.toml"))
    with pytest.raises(InvalidRequestError, match="which is no file"):
        base_url()


@pytest.mark.skipif(os.name != "posix", reason="permissions as POSIX has them")
def test_a_file_that_everybody_may_write_must_be_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(folder, '[environments.dev]\nprovider = "vllm"\n')
    path.chmod(0o666)
    with pytest.raises(InvalidRequestError, match="everybody may write to it"):
        Kimi(environment="dev")
    monkeypatch.setenv("KIMISTREAM_CONFIG", str(path))
    assert Kimi(environment="dev").provider == "vllm"


def test_a_key_variable_that_is_not_set(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, config("http://gpu:1/v1", "test-unset"))
    monkeypatch.setenv("MOONSHOT_API_KEY", KEY)  # another platform's: not sent in its place
    monkeypatch.delenv("DEV_KEY")
    with pytest.raises(InvalidRequestError, match="DEV_KEY, which is not set"):
        Kimi(environment="dev")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[environments.dve]\n", "did you mean 'dve'"),
        ('[environments.dev]\nbase_ulr = "http://gpu"\n', "did you mean 'base_url'"),
        ('[environments.dev]\napi_key = "sk-secret"\n', "key_variable"),
        ('[environments.dev]\nheaders = { authorization = "sk-secret" }\n', "carries a key"),
        ('[environments.dev]\ntimeout = "7"\n', "timeout must be"),
        ("[environments.dev]\nmax_retries = true\n", "max_retries must be"),
        ('environments = "dev"\n', "must be tables"),
        ("[environment.dev]\n", "did you mean 'environments'"),
        ('[environments.dev]\nprovider = "nobody"\n', "unknown provider"),
        ('[environments.dev]\nprovider = "vllm"\n[providers.vllm]\nbase_url = "http://evil/v1"\n', "another provider"),
        (
            '[environments.dev]\nprovider = "a"\n[providers.a]\ninherits = "b"\n[providers.b]\ninherits = "a"\n',
            "circle",
        ),
        ('[environments.dev]\nprovider = "c"\n[providers.c]\nbase_ulr = "x"\n', 'did you mean "base_url"'),
        ('[environments.dev]\nprovider = "c"\n[providers.c]\nname = "d"\n', "the name is the table's own"),
    ],
)
def test_files_that_cannot_be_are_refused(folder: Path, text: str, said: str) -> None:
    write(folder, text)
    before = providers()
    with pytest.raises(InvalidRequestError, match=re.escape(said)) as refusal:
        Kimi(KEY, environment="dev")
    assert "sk-secret" not in str(refusal.value)
    assert providers() == before


def test_a_large_file_is_not_read(folder: Path) -> None:
    write(folder, "#" * ((1 << 20) + 1))
    with pytest.raises(InvalidRequestError, match="larger than 1 MiB"):
        Kimi(KEY, environment="dev")


def test_the_import_reads_no_toml() -> None:
    heavy = ("tomllib", "json", "decimal", "difflib", "asyncio", "typing", "importlib.metadata")
    code = f"import sys, kimistream; kimistream.Kimi('k'); print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
