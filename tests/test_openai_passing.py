"""Our objects pass for openai's where somebody else has imported openai, before us or after."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from fault_server_client import FaultServer
from kit import KEY, Script, answer, async_kimi, completion, frame, kimi, run
from openai_stub import imported, not_imported

import kimistream
from kimistream import AsyncKimi, InvalidRequestError, Kimi, RateLimitError
from kimistream._values.completions import ChatCompletion, ChatCompletionChunk, ChoiceDelta, ChunkChoice

ASKED: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture
def stub() -> Iterator[Any]:
    with imported() as module:
        yield module


@pytest.fixture
def alone() -> Iterator[None]:
    with not_imported():
        yield


def of(name: str, module: str = "openai.types.chat") -> Any:
    return getattr(sys.modules[module], name)


def test_clients(stub: Any) -> None:
    for client, theirs, others in (
        (Kimi(KEY), stub.OpenAI, stub.AsyncOpenAI),
        (AsyncKimi(KEY), stub.AsyncOpenAI, stub.OpenAI),
    ):
        assert isinstance(client, theirs)
        assert not isinstance(client, others)
        assert isinstance(client, type(client))
        assert KEY not in repr(client)
        assert KEY not in repr(vars(client))


def test_answers(stub: Any, fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, completion("x", reasoning="Hm.")))
    answered = kimi(url).chat.completions.create(**ASKED)
    assert isinstance(answered, of("ChatCompletion"))
    assert isinstance(answered, ChatCompletion)
    assert not isinstance(answered, of("ChatCompletionChunk"))
    assert isinstance(answered.choices[0].message, of("ChatCompletionMessage"))
    assert isinstance(answered.usage, of("CompletionUsage", "openai.types.completion_usage"))
    assert {"theirs", "prompt_tokens"} <= type(answered.usage).model_fields.keys()
    for twin in (copy.deepcopy(answered), pickle.loads(pickle.dumps(answered)), answered.model_copy()):
        assert twin == answered
        assert type(twin) is ChatCompletion


def test_streams(stub: Any, fault_server: FaultServer) -> None:
    url = fault_server.url(Script().event_stream(answer("x")))
    stream = kimi(url).chat.completions.create(stream=True, **ASKED)
    assert isinstance(stream, stub.Stream)
    assert (stream.response.status_code, stream.response.headers["content-type"]) == (200, "text/event-stream")
    for chunk in stream:
        assert isinstance(chunk, of("ChatCompletionChunk"))
        assert isinstance(chunk.choices[0], of("Choice", "openai.types.chat.chat_completion_chunk"))
        assert isinstance(chunk.choices[0].delta, of("ChoiceDelta", "openai.types.chat.chat_completion_chunk"))
        assert not isinstance(chunk, of("ChatCompletion"))
        assert "theirs" in type(chunk).model_fields

    async def ask() -> None:
        async with async_kimi(url) as client:
            opened = await client.chat.completions.create(stream=True, **ASKED)
            assert isinstance(opened, stub.AsyncStream)
            assert not isinstance(opened, stub.Stream)
            await opened.response.aclose()

    run(ask())


def test_fragments_are_of_our_own_classes(alone: None, fault_server: FaultServer) -> None:
    url = fault_server.url(Script().event_stream(answer("x")))
    for chunk in kimi(url).chat.completions.create(stream=True, **ASKED):
        assert isinstance(chunk, ChatCompletionChunk)
        assert chunk.__class__ is ChatCompletionChunk
        assert isinstance(chunk.choices[0], ChunkChoice)
        assert isinstance(chunk.choices[0].delta, ChoiceDelta)
        assert not isinstance(chunk, ChatCompletion)
        assert chunk.choices[0].delta.refusal is chunk.choices[0].delta.function_call is None
        assert chunk.moderation is chunk.obfuscation is None
        assert "delta" in type(chunk.choices[0]).model_fields


@pytest.mark.parametrize(("key", "other"), [("reasoning", "reasoning_content"), ("reasoning_content", "reasoning")])
def test_reasoning_is_told_once(key: str, other: str, stub: Any, fault_server: FaultServer) -> None:
    frames = [frame(**{key: "Hm."}), *answer("x")]
    (chunk, *_) = kimi(fault_server.url(Script().event_stream(frames))).chat.completions.create(stream=True, **ASKED)
    url = fault_server.url(Script().json(200, completion("x", **{key: "Hm."})))
    for said in (chunk.choices[0].delta, kimi(url).chat.completions.create(**ASKED).choices[0].message):
        assert (getattr(said, key), getattr(said, other)) == ("Hm.", "Hm.")
        told = [name for name in ("reasoning_content", "reasoning") if hasattr(said, name) and getattr(said, name)]
        assert told == [key]
        assert json.dumps(getattr(said, other)) == '"Hm."'
        assert type(pickle.loads(pickle.dumps(getattr(said, other)))) is str


def test_errors(stub: Any, fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(429, {"error": {"message": "m", "code": "c"}}, {"X-A": "b"}))
    try:
        kimi(url).chat.completions.create(**ASKED)
    except stub.RateLimitError as error:
        caught: Any = error
    assert isinstance(caught, RateLimitError)
    assert type(caught) is RateLimitError
    assert (caught.status_code, caught.code, caught.response.headers["x-a"]) == (429, "c", "b")
    assert caught.response.json() == {"error": {"message": "m", "code": "c"}}
    assert str(pickle.loads(pickle.dumps(caught))) == str(caught)
    with pytest.raises(stub.OpenAIError):
        Kimi(KEY, base_url="nonsense")
    with pytest.raises(stub.APITimeoutError):
        raise kimistream.APITimeoutError("late")
    assert not issubclass(InvalidRequestError, stub.APIError)


def test_errors_are_only_ours_again_where_it_has_gone(stub: Any) -> None:
    RateLimitError("m")
    assert issubclass(RateLimitError, stub.RateLimitError)
    del sys.modules["openai"]
    RateLimitError("m")
    assert not issubclass(RateLimitError, stub.RateLimitError)
    assert RateLimitError.__bases__ == (kimistream.APIStatusError,)


def test_we_in_its_place(stub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", kimistream)
    assert isinstance(RateLimitError("m"), kimistream.APIError)
    assert isinstance(Kimi(KEY), kimistream.OpenAI)
    assert RateLimitError.__bases__ == (kimistream.APIStatusError,)


def test_nothing_is_imported() -> None:
    program = """if True:
        import sys
        import kimistream
        from kimistream import Kimi
        client = Kimi("sk-test")
        client.chat.completions, client.copy(), client.responses, isinstance(client, int), kimistream.APIError("m")
        print([name for name in ("openai", "httpx", "httpx2", "pydantic") if name in sys.modules])
        """
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert shown.stdout.strip() == "[]", shown.stderr
