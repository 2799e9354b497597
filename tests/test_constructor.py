"""What `Kimi(...)` takes, where it looks for what it was not given, and what it refuses before anything is sent."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest
from fault_server_client import FaultServer, Script
from kit import KEY, async_kimi, kimi, run, stream_of

import kimistream
from kimistream import AsyncKimi, InvalidRequestError, Kimi, KimiError, NotFoundError

MOONSHOT = "https://api.moonshot.ai/v1"
both = pytest.mark.parametrize("client_type", [Kimi, AsyncKimi])


def seen_key(server: FaultServer, **options: Any) -> str:
    """The key that a request carries."""
    url = server.url(stream_of("x"))
    Kimi(base_url=url, **options).stream("hi").close()
    headers: dict[str, str] = server.requests(url)[-1]["headers"]
    return headers["authorization"].removeprefix("Bearer ")


@both
def test_signature(client_type: Any) -> None:
    parameters = inspect.signature(client_type).parameters
    assert list(parameters) == [
        "api_key", "provider", "base_url", "model", "timeout", "max_retries", "default_headers", "environment",
        "on_break", "max_breaks", "continue_on_length", "cassette", "history", "budget", "thinking", "check", "options",
        "default_query", "organization", "project", "http_client", "webhook_secret", "websocket_base_url",
        "_strict_response_validation",
    ]  # fmt: skip
    assert parameters["api_key"].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for name, p in parameters.items() if name != "api_key")
    assert parameters["max_retries"].default == 2
    assert {p.default for name, p in parameters.items() if name != "max_retries"} == {None}


@both
def test_without_a_provider_it_is_moonshot(client_type: Any) -> None:
    client = client_type(KEY)
    assert (client.provider, client.base_url) == ("moonshot", MOONSHOT)


def test_keys_from_the_environment(monkeypatch: pytest.MonkeyPatch, fault_server: FaultServer) -> None:
    monkeypatch.setenv("KIMI_API_KEY", "sk-second")
    assert seen_key(fault_server) == "sk-second"
    monkeypatch.setenv("MOONSHOT_API_KEY", "sk-first")
    assert seen_key(fault_server) == "sk-first"
    assert seen_key(fault_server, api_key="sk-given") == "sk-given"
    monkeypatch.setenv("MOONSHOT_API_KEY", "")  # set, but to nothing
    assert seen_key(fault_server) == "sk-second"


@both
def test_provider_from_the_environment(client_type: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIMISTREAM_PROVIDER", "moonshot-cn")
    assert client_type(KEY).base_url == "https://api.moonshot.cn/v1"
    assert client_type(KEY, provider="moonshot").base_url == MOONSHOT
    other = client_type(KEY, base_url=MOONSHOT)
    assert (other.provider, other.base_url) == ("moonshot-cn", MOONSHOT)
    monkeypatch.setenv("KIMISTREAM_PROVIDER", "no-such-row")
    with pytest.raises(InvalidRequestError, match="no-such-row"):
        client_type(KEY)


@pytest.mark.parametrize(
    ("address", "row"),
    [
        ("https://api.moonshot.cn/v1", "moonshot-cn"),
        ("https://api.moonshot.cn/v1/", "moonshot-cn"),
        ("HTTPS://API.Moonshot.CN/v1", "moonshot-cn"),
        ("https://api.moonshot.cn:443", "moonshot-cn"),
        ("https://api.moonshot.ai/anthropic/v1", "moonshot-anthropic"),
        ("https://openrouter.ai/api/", "openrouter"),
        ("https://api.moonshot.ai/v1", "moonshot"),
        ("http://127.0.0.1:9/v1", "moonshot"),
        ("http://localhost:30000/v1", "sglang"),
    ],
)
def test_the_row_whose_address_the_base_url_is(address: str, row: str) -> None:
    assert Kimi(KEY, base_url=address).provider == row


def test_another_spelling_becomes_the_row_s_own_and_no_other_address_is_changed() -> None:
    assert Kimi(KEY, base_url="https://API.moonshot.ai:443/").base_url == MOONSHOT
    assert Kimi(KEY, base_url="https://api.moonshot.ai/anthropic/v1/").base_url == "https://api.moonshot.ai/anthropic"
    assert Kimi(KEY, base_url="http://10.0.0.1:8000").base_url == "http://10.0.0.1:8000"


def test_the_address_of_a_whole_request_is_refused() -> None:
    for base_url in (f"{MOONSHOT}/chat/completions", "http://gpu-7:8000/v1/chat/completions/"):
        with pytest.raises(InvalidRequestError, match="base_url ends in /chat/completions, which is added to it"):
            Kimi(KEY, base_url=base_url)
    with pytest.raises(InvalidRequestError, match="base_url ends in /v1/messages"):
        Kimi(KEY, provider="moonshot-anthropic", base_url="https://api.moonshot.ai/anthropic/v1/messages")


def test_a_404_says_what_may_be_wrong(fault_server: FaultServer) -> None:
    nothing = Script().json(404, {"code": 5, "error": "url.not_found", "message": "", "method": "POST"})
    url = fault_server.url(nothing, suffix="")
    with pytest.raises(NotFoundError) as caught:
        kimi(url).complete("hi")
    assert f"Nothing answers at {url}/chat/completions: is base_url right? moonshot's ends in /v1" in str(caught.value)
    with pytest.raises(NotFoundError, match=r"Nothing answers at .*/models: is base_url right"):
        kimi(url).models.list()
    wrong = fault_server.url(Script().json(404, {"error": {"message": "Not found the model or Permission denied"}}))
    with pytest.raises(NotFoundError) as caught:
        kimi(wrong).complete("hi", model="kimi-k2-6")
    assert "Did you mean kimi-k2.6? client.models.list() tells what is served" in str(caught.value)
    assert "C++" not in str(caught.value)
    with pytest.raises(NotFoundError) as caught:
        kimi(wrong).complete("hi", model="gpt-4o")
    assert "Did you mean" not in str(caught.value)
    assert "client.models.list() tells what is served" in str(caught.value)


def test_a_base_url_replaces_the_address_of_a_row() -> None:
    client = Kimi(KEY, provider="vllm", base_url="http://10.0.0.1:9000/v1/")
    assert (client.provider, client.base_url) == ("vllm", "http://10.0.0.1:9000/v1")


@both
def test_without_a_key(client_type: Any) -> None:
    with pytest.raises(InvalidRequestError, match="MOONSHOT_API_KEY") as caught:
        client_type()
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, KimiError)
    assert not isinstance(caught.value, kimistream.APIError)
    with pytest.raises(InvalidRequestError):
        client_type("")


def test_a_server_of_ones_own_needs_no_key(fault_server: FaultServer) -> None:
    url = fault_server.url(stream_of("x"))
    Kimi(provider="vllm", base_url=url).stream("hi").close()
    assert "authorization" not in fault_server.requests(url)[-1]["headers"]


@both
@pytest.mark.parametrize("key", ["sk-secret-123\n", "\nsk-secret-123", "sk-secret-123\r\nX: y", "sk secret-123",
                                 "sk-sécret-123", "sk-secret-123\0", "sk-secret-123\x7f"])  # fmt: skip
def test_keys_that_no_header_can_carry(client_type: Any, key: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        client_type(key)
    assert "secret" not in str(caught.value)
    assert "sécret" not in str(caught.value)


@both
@pytest.mark.parametrize(
    "address",
    [
        "api.moonshot.ai/v1", "not an address", "ftp://api.moonshot.ai/v1", "file:///etc/passwd", "http://", "https:///v1",
        "http://:8080/v1", "http://host:port/v1", "http://host:99999/v1", "http://host:/v1", "http://a b/v1",
        "http://host/v1\n", "http://user:password@host/v1", "http://host/v1?key=1", "http://host/v1#x", "/v1", " ",
    ],
)  # fmt: skip
def test_addresses_that_are_none(client_type: Any, address: str) -> None:
    with pytest.raises(InvalidRequestError, match="base_url") as caught:
        client_type(KEY, base_url=address)
    assert "password" not in str(caught.value).replace("user name or password", "")


@both
def test_unknown_provider(client_type: Any) -> None:
    with pytest.raises(InvalidRequestError, match="moonshot, moonshot-cn"):
        client_type(KEY, provider="nobody")
    with pytest.raises(InvalidRequestError, match='did you mean "openrouter"'):
        client_type(KEY, provider="opnrouter")
    with pytest.raises(InvalidRequestError, match='did you mean "openai-compatible", with a base_url'):
        client_type(KEY, provider="openai")
    assert client_type(KEY, provider="Moonshot").provider == "moonshot"


@both
@pytest.mark.parametrize(
    "options",
    [
        {"api_key": 1}, {"api_key": b"sk-bytes"}, {"provider": 1}, {"base_url": b"http://x/v1"}, {"model": 1},
        {"timeout": "60"}, {"timeout": True}, {"max_retries": "2"}, {"max_retries": 1.5}, {"max_retries": True},
        {"default_headers": [("a", "b")]}, {"default_headers": {"X-Number": 1}}, {"default_headers": {1: "x"}},
    ],
    ids=str,
)  # fmt: skip
def test_wrong_types(client_type: Any, options: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        client_type(**{"api_key": KEY, **options})


@both
@pytest.mark.parametrize(
    "options",
    [
        {"max_retries": 10**30},
        {"max_retries": -(10**30)},
        {"timeout": 1e300},
        {"provider": "\ud800"},
        {"base_url": "http://\ud800/v1"},
        {"model": "\ud800"},
        {"default_headers": {"\ud800": "x"}},
    ],
    ids=ascii,
)
def test_odd_values_show_no_key(client_type: Any, options: dict[str, Any]) -> None:
    try:
        client_type(KEY, **options)
    except (InvalidRequestError, TypeError) as error:
        assert KEY not in str(error)  # noqa: PT017


@both
@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_timeout_is_more_than_nothing(client_type: Any, timeout: float) -> None:
    with pytest.raises(InvalidRequestError, match="timeout"):
        client_type(KEY, timeout=timeout)


@both
@pytest.mark.parametrize("headers", [{"X-A": "b\r\nX-Evil: 1"}, {"X-A\n": "b"}, {"": "b"}, {"X A": "b"}, {"X:A": "b"}])
def test_headers_that_would_break_the_request(client_type: Any, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidRequestError):
        client_type(KEY, default_headers=headers)
    if client_type is Kimi:
        with pytest.raises(InvalidRequestError):
            kimi("http://127.0.0.1:1/v1").stream("hi", extra_headers=headers)


MALFORMED: list[Any] = [
    [],
    (),
    [{"content": "no role"}],
    [{"role": "somebody", "content": "x"}],
    [{"role": "user", "content": "x"}, {"role": "", "content": "x"}],
    [{"role": "tool", "content": "answers no call"}],
    [{"role": "assistant", "tool_calls": [{"id": "x"}]}],
]
WRONG: list[Any] = [
    None, 5, b"bytes", {"role": "user", "content": "x"}, [1, 2], [None], [{"role": "user", "content": 5}],
    [{"role": 5, "content": "x"}], [{"role": "user", "content": [5]}], [{"role": "user", "content": "x"}, "text"],
    [{"role": "user", "content": "x", "extra": object()}],
]  # fmt: skip


@pytest.mark.parametrize(("messages", "error"), [*((m, InvalidRequestError) for m in MALFORMED),
                                                 *((m, TypeError) for m in WRONG)])  # fmt: skip
def test_messages_that_are_none(messages: Any, error: type[Exception], fault_server: FaultServer) -> None:
    url = fault_server.url(stream_of("x"))
    client = kimi(url)
    with pytest.raises(error):
        client.stream(messages)
    with pytest.raises(error):
        client.complete(messages)
    with pytest.raises(error):
        client.chat.completions.create(model="kimi-k2.6", messages=messages)

    async def ask() -> None:
        async with async_kimi(url) as other:
            with pytest.raises(error):
                await other.stream(messages)
            with pytest.raises(error):
                await other.complete(messages)
            with pytest.raises(error):
                await other.chat.completions.create(model="kimi-k2.6", messages=messages, stream=True)

    run(ask())
    assert fault_server.attempts(url) == 0


@pytest.mark.parametrize(
    "options",
    [
        {"model": 5}, {"system": 5}, {"thinking": 5}, {"tools": [5]}, {"tools": 5}, {"max_tokens": "5"},
        {"max_tokens": 1.5}, {"max_tokens": True}, {"timeout": "5"}, {"extra_body": [1]}, {"extra_headers": "x"},
        {"temperature": ...}, {"extra_body": {"x": {1, 2}}}, {"extra_body": {1: 2}},
    ],
    ids=str,
)  # fmt: skip
def test_wrong_types_of_arguments(options: dict[str, Any], fault_server: FaultServer) -> None:
    url = fault_server.url(stream_of("x"))
    with pytest.raises(TypeError):
        kimi(url).stream("hi", **options)
    assert fault_server.attempts(url) == 0


@pytest.mark.parametrize("options", [{"thinking": "yes"}, {"timeout": 0}, {"timeout": -1}, {"max_tokens": -1}], ids=str)
def test_values_that_cannot_be(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError):
        kimi("http://127.0.0.1:1/v1").complete("hi", **options)


def test_numbers_that_json_has_not() -> None:
    loop: dict[str, Any] = {}
    loop["loop"] = loop
    for value in (float("nan"), float("inf"), loop):
        with pytest.raises(ValueError, match=r"NaN|deep"):
            kimi("http://127.0.0.1:1/v1").complete("hi", extra_body={"x": value})


def test_create_without_messages() -> None:
    with pytest.raises(TypeError, match="messages"):
        kimi("http://127.0.0.1:1/v1").chat.completions.create(model="kimi-k2.6")


def test_context_managers(fault_server: FaultServer) -> None:
    url = fault_server.url(stream_of("x"))
    with kimi(url) as client:
        assert client.stream("hi").message.text == "x"
    client.close()
    client.close()
    assert client.stream("once more").message.text == "x"  # closing only lets go of the connections

    async def ask() -> str:
        async with async_kimi(url) as other:
            text = (await other.stream("hi").message).text
        await other.close()
        return text

    assert run(ask()) == "x"


def test_other_names() -> None:
    assert kimistream.OpenAI is Kimi
    assert kimistream.AsyncOpenAI is AsyncKimi
    assert kimistream.OpenAIError is KimiError
    for name in kimistream.__all__:
        assert getattr(kimistream, name) is not None
    assert set(kimistream.__all__) <= set(dir(kimistream))
    with pytest.raises(AttributeError, match="nonsense"):
        _ = kimistream.nonsense  # type: ignore[attr-defined]


def test_an_async_client_can_be_made_outside_of_a_loop() -> None:
    client = AsyncKimi(KEY)
    asyncio.run(client.close())
