"""`on_break`, `max_breaks`, `continue_on_length`: where they may be said, what they may be, and what counts."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
from broken import Answer, broken, whole
from fault_server_client import FaultServer
from kit import KEY, async_kimi, kimi, run, sent, stream_of

from kimistream import AsyncKimi, IncompleteStreamError, InvalidRequestError, Kimi

ASKED: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}]}
both = pytest.mark.parametrize("client_type", [Kimi, AsyncKimi])
NAMES = ("on_break", "max_breaks", "continue_on_length")
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"on_break": "resume"}, '"raise", "restart", "continue"'),
    ({"on_break": ""}, '"raise", "restart", "continue"'),
    ({"on_break": "Continue"}, '"raise", "restart", "continue"'),
    ({"max_breaks": -1}, "max_breaks cannot be negative"),
    ({"max_breaks": 1.5}, "max_breaks must be a whole number"),
    ({"max_breaks": float("nan")}, "max_breaks must be a whole number"),
    ({"continue_on_length": -1}, "continue_on_length cannot be negative"),
    ({"continue_on_length": 0.5}, "continue_on_length must be a whole number"),
]
WRONG_TYPES: list[dict[str, Any]] = [
    *({"on_break": value} for value in (1, True, b"raise", ["raise"])),
    *({"max_breaks": value} for value in ("3", True, [3])),
    *({"continue_on_length": value} for value in ("1", False, {})),
]


def ways(client: Kimi, options: dict[str, Any]) -> list[Any]:
    create = client.chat.completions.create
    return [
        lambda: client.stream("hi", **options),
        lambda: client.complete("hi", **options),
        lambda: create(**ASKED, **options),
        lambda: create(**ASKED, **options, stream=True),
    ]


def async_ways(client: AsyncKimi, options: dict[str, Any]) -> list[Any]:
    create = client.chat.completions.create

    async def opened() -> Any:
        return await client.stream("hi", **options)

    return [
        opened,
        lambda: client.complete("hi", **options),
        lambda: create(**ASKED, **options),
        lambda: create(**ASKED, **options, stream=True),
    ]


@pytest.mark.parametrize(("options", "words"), WRONG, ids=str)
def test_what_cannot_be_is_refused_before_anything_is_sent(
    fault_server: FaultServer, options: dict[str, Any], words: str
) -> None:
    url = fault_server.url(stream_of("hello"))
    for make in (Kimi, AsyncKimi):
        with pytest.raises(InvalidRequestError, match=words):
            make(KEY, base_url=url, **options)
    for way in ways(kimi(url), options):
        with pytest.raises(InvalidRequestError, match=words):
            way()

    async def ask(way: Any) -> None:
        with pytest.raises(InvalidRequestError, match=words):
            await way()

    for way in async_ways(async_kimi(url), options):
        run(ask(way))
    assert fault_server.attempts(url) == 0


@pytest.mark.parametrize("options", WRONG_TYPES, ids=str)
def test_wrong_types(fault_server: FaultServer, options: dict[str, Any]) -> None:
    url = fault_server.url(stream_of("hello"))
    for make in (Kimi, AsyncKimi):
        with pytest.raises(TypeError):
            make(KEY, base_url=url, **options)
    for way in ways(kimi(url), options):
        with pytest.raises(TypeError):
            way()
    assert fault_server.attempts(url) == 0


@both
@pytest.mark.parametrize("method", ["__init__", "stream", "complete"])
def test_signatures_have_them(client_type: Any, method: str) -> None:
    parameters = inspect.signature(getattr(client_type, method)).parameters
    for name in NAMES:
        assert (parameters[name].kind, parameters[name].default) == (inspect.Parameter.KEYWORD_ONLY, None)


def test_none_is_the_clients_and_a_request_comes_first(fault_server: FaultServer) -> None:
    """Which is in force is seen by what a break does; and nothing of it is sent."""
    for of_client, of_request, is_mended in (
        ({}, {}, False),
        ({"on_break": None}, {"on_break": None}, False),
        ({"on_break": "continue"}, {}, True),
        ({"on_break": "continue"}, {"on_break": None}, True),
        ({"on_break": "restart"}, {"on_break": "raise"}, False),
        ({}, {"on_break": "continue"}, True),
        ({"on_break": "raise"}, {"on_break": "continue"}, True),
        ({"on_break": "continue", "max_breaks": 0}, {}, False),
        ({"on_break": "continue", "max_breaks": 0}, {"max_breaks": 1}, True),
        ({"on_break": "continue"}, {"max_breaks": 0}, False),
    ):
        for number in range(4):
            url = fault_server.url(_broken_once())
            way = ways(kimi(url, **of_client), dict(of_request))[number]
            if is_mended:
                assert _text(way()) == "one two three"
            else:
                with pytest.raises(IncompleteStreamError):
                    _text(way())
            assert not set(sent(fault_server, url)) & set(NAMES)


def test_environments_say_them(fault_server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "kimistream.toml"
    monkeypatch.setenv("KIMISTREAM_CONFIG", str(file))

    def text(settings: str, **options: Any) -> str:
        url = fault_server.url(_broken_once())
        file.write_text(f'[environments.dev]\nbase_url = "{url}"\n{settings}\n')
        return kimi(None, environment="dev", **options).stream("hi").message.text  # type: ignore[arg-type]

    assert text('on_break = "continue"') == "one two three"
    assert text('on_break = "raise"', on_break="continue") == "one two three"
    assert text('options = { on_break = "continue" }') == "one two three"
    for settings in ('on_break = "raise"', 'on_break = "continue"\nmax_breaks = 0', "continue_on_length = 2"):
        with pytest.raises(IncompleteStreamError):
            text(settings)
    for settings, words in (
        ("on_break = true", "on_break must be a str"),
        ('on_break = "resume"', '"resume" is unknown'),
        ('max_breaks = "3"', "max_breaks must be a int"),
        ("max_breaks = 1.5", "max_breaks must be a int"),
        ("continue_on_length = -1", "continue_on_length cannot be negative"),
    ):
        with pytest.raises(InvalidRequestError, match=words):
            text(settings)


ONE_TWO_THREE = Answer(({"content": "one "}, {"content": "two "}, {"content": "three"}))


def _broken_once() -> Any:
    """Cut after the first text; then the rest, or for a request that is not streamed a body that is cut."""
    script = broken(ONE_TWO_THREE, ONE_TWO_THREE.ends[0]).attempt()
    return whole(script, ONE_TWO_THREE.rest("one "))


def _text(answer: Any) -> str:
    if hasattr(answer, "message"):
        return str(answer.message.text)
    if hasattr(answer, "text"):
        return str(answer.text)
    if hasattr(answer, "choices"):
        return str(answer.choices[0].message.content)
    return "".join(chunk.choices[0].delta.content or "" for chunk in answer)
