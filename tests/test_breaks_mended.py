"""`on_break="restart"` and `"continue"`: wherever a stream breaks, what the reader has in the end is the whole answer,
once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from broken import ANSWERS, ENDINGS, Answer, broken, of_message, read, whole
from fault_server_client import FaultServer, Script
from kit import async_kimi, drain, kimi, run, sent

from kimistream import IncompleteStreamError, Kimi, Message, Notice, Restarted, Text, Thinking

each_answer = pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
AT_ONCE = 40  # streams


def mended(answer: Answer, position: int, ending: str, *, goes_on: bool) -> Script:
    """An answer that breaks there, and what a server says that is asked once more."""
    script = broken(answer, position, ending).attempt()
    return whole(script, answer.rest(answer.at(position).text) if goes_on else answer)


def check(events: list[Any], message: Message, answer: Answer, position: int, *, goes_on: bool) -> None:
    said, types = read(events)
    assert said == answer.whole, position
    assert types.count("finish") == 1
    assert types.count("restarted") <= (0 if goes_on else 1), position
    assert of_message(message) == answer.whole, position
    assert message.resumed == 1, position
    code = "broken_and_continued" if goes_on else "broken_and_restarted"
    assert [warning.code for warning in message.warnings] == [code], position


def positions(answer: Answer) -> Iterator[tuple[int, str]]:
    """Wherever a break is one: after the first event and before the finish reason."""
    for position in range(answer.end_of_the_first, answer.end_of_the_finish):
        yield position, ENDINGS[position % 2]


@each_answer
def test_continued_wherever_it_breaks(fault_server: FaultServer, answer: Answer) -> None:
    for position, ending in positions(answer):
        goes_on = answer.continues_at(position)
        url = fault_server.url(mended(answer, position, ending, goes_on=goes_on))
        stream = kimi(url).stream("hi", on_break="continue")
        check(list(stream), stream.message, answer, position, goes_on=goes_on)


@each_answer
def test_restarted_wherever_it_breaks(fault_server: FaultServer, answer: Answer) -> None:
    for position, ending in list(positions(answer))[::3]:
        url = fault_server.url(mended(answer, position, ending, goes_on=False))
        stream = kimi(url, on_break="restart").stream("hi")
        check(list(stream), stream.message, answer, position, goes_on=False)


@each_answer
def test_mended_in_asyncio(fault_server: FaultServer, answer: Answer) -> None:
    async def at(position: int, ending: str) -> None:
        goes_on = answer.continues_at(position)
        url = fault_server.url(mended(answer, position, ending, goes_on=goes_on))
        async with async_kimi(url, on_break="continue") as client, client.stream("hi") as stream:
            events = [event async for event in stream]
            check(events, await stream.message, answer, position, goes_on=goes_on)

    async def all_of_them() -> None:
        all_positions = list(positions(answer))
        for start in range(0, len(all_positions), AT_ONCE):
            await asyncio.gather(*(at(*each) for each in all_positions[start : start + AT_ONCE]))

    run(all_of_them())


@each_answer
def test_whole_answers_are_mended(fault_server: FaultServer, answer: Answer) -> None:
    """`complete` asks with streaming, so that there is something to go on from."""
    asked: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}]}
    for position, ending in list(positions(answer))[::23]:
        goes_on = answer.continues_at(position)
        url = fault_server.url(mended(answer, position, ending, goes_on=goes_on))
        message = kimi(url, on_break="continue").complete("hi")
        assert (of_message(message), message.resumed) == (answer.whole, 1)
        assert sent(fault_server, url, 0)["stream"] is True
        url = fault_server.url(mended(answer, position, ending, goes_on=goes_on))
        choice = kimi(url).chat.completions.create(**asked, on_break="continue").choices[0]
        assert (choice.message.content, choice.finish_reason) == (answer.whole.text, answer.finish)


# ---- what was shown before the break ----


def gated(answer: Answer, frames: int, then: Answer | None = None, ending: str = "close") -> Script:
    """So many frames; what breaks after them breaks when the test has read them."""
    script = Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True)
    script.send(answer.raw[: answer.ends[frames - 1] + 2]).gate()
    script = script.close() if ending == "close" else script.reset()
    return whole(script.attempt(), then or answer)


THINKING, CALLS, LONG = ANSWERS.values()


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("policy", ["restart", "continue"])
def test_what_was_shown_is_declared_void_before_anything_new_comes(
    fault_server: FaultServer, policy: Any, ending: str
) -> None:
    url = fault_server.url(gated(THINKING, 1, ending=ending))
    with kimi(url, on_break=policy).stream("hi") as stream:
        assert next(stream) == Thinking("Let ")
        fault_server.open(url)
        restarted = next(stream)
        assert isinstance(restarted, Restarted)
        assert (restarted.type, restarted.attempt) == ("restarted", 2)
        assert restarted.reason.endswith(".")
        told = next(stream)
        assert isinstance(told, Notice)
        assert told.code == "broken_and_restarted"
        assert next(stream) == Thinking("Let ")
        assert of_message(stream.message) == THINKING.whole


def test_what_was_shown_is_declared_void_in_asyncio(fault_server: FaultServer) -> None:
    url = fault_server.url(gated(CALLS, 4))

    async def ask() -> None:
        async with async_kimi(url, on_break="continue") as client, client.stream("hi") as stream:
            events = []
            async for event in stream:
                events.append(event)
                if len(events) == 4:
                    await asyncio.to_thread(fault_server.open, url)
            assert [event.type for event in events[:5]] == [
                *("text", "text", "tool_call_start", "tool_call_delta", "restarted")
            ]
            assert read(events)[0] == CALLS.whole
            assert not any(call[3] for call in read(events[:4])[0].calls)

    run(ask())


def test_a_continuation_takes_nothing_back(fault_server: FaultServer) -> None:
    url = fault_server.url(gated(LONG, 3, LONG.rest(LONG.at(LONG.ends[2]).text)))
    with kimi(url, on_break="continue").stream("hi") as stream:
        shown = [next(stream).text for _ in range(3)]
        fault_server.open(url)
        shown += [event.text for event in stream if isinstance(event, Text)]
    assert "".join(shown) == LONG.whole.text
    begun = sent(fault_server, url, 1)["messages"][-1]
    assert begun == {"role": "assistant", "content": "".join(shown[:3]).rstrip(), "partial": True}
    assert stream.message.content == LONG.whole.text


def test_a_continuation_that_is_refused_is_restarted(fault_server: FaultServer) -> None:
    """As the same break; and who cannot take back what was given is told."""
    for shape in ("events", "text"):
        script = Script().head(200, {"Content-Type": "text/event-stream"}, chunked=True)
        script.send(LONG.raw[: LONG.ends[2]]).gate().close().attempt()
        url = fault_server.url(whole(script.json(400, {"error": {"message": "no"}}).attempt(), LONG))
        client = kimi(url, on_break="continue", max_breaks=1)
        if shape == "events":
            with client.stream("hi") as stream:
                events = [next(stream)]
                fault_server.open(url)
                events += stream
            said, types = read(events)
            assert (said, types.count("restarted"), stream.message.resumed) == (LONG.whole, 1, 1)
            codes = [warning.code for warning in stream.message.warnings]
            assert sorted(codes) == ["broken_and_restarted", "continuation_refused"]
            assert len(fault_server.requests(url)) == 3
        else:
            texts = client.stream("hi").text
            next(texts)
            fault_server.open(url)
            with pytest.raises(IncompleteStreamError) as caught:
                list(texts)
            assert of_message(caught.value.partial) == LONG.at(LONG.ends[2])
            assert len(fault_server.requests(url)) == 2


# ---- readers that cannot take anything back ----


def fragments_of(client: Kimi, shape: str) -> Iterator[Any]:
    if shape == "text":
        return iter(client.stream("hi").text)
    if shape == "thinking":
        return iter(client.stream("hi").thinking)
    asked: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}], "stream": True}
    return iter(client.chat.completions.create(**asked))


CANNOT: list[tuple[str, Answer, int, str]] = [
    ("thinking", THINKING, 1, "continue"),
    ("text", CALLS, 3, "continue"),
    ("text", LONG, 1, "restart"),
    ("chunks", THINKING, 1, "continue"),
    ("chunks", CALLS, 4, "continue"),
    ("chunks", LONG, 1, "restart"),
]


@pytest.mark.parametrize(("shape", "answer", "frames", "policy"), CANNOT)
def test_who_cannot_take_back_what_was_given_is_told(
    fault_server: FaultServer, shape: str, answer: Answer, frames: int, policy: str
) -> None:
    url = fault_server.url(gated(answer, frames))
    reader = fragments_of(kimi(url, on_break=policy), shape)
    next(reader)
    fault_server.open(url)
    with pytest.raises(IncompleteStreamError) as caught:
        list(reader)
    assert of_message(caught.value.partial) == answer.at(answer.ends[frames - 1])


@pytest.mark.parametrize(("shape", "answer", "frames", "policy"), CANNOT)
def test_who_cannot_take_back_what_was_given_is_told_in_asyncio(
    fault_server: FaultServer, shape: str, answer: Answer, frames: int, policy: str
) -> None:
    url = fault_server.url(gated(answer, frames))

    async def read_on(reader: AsyncIterator[Any]) -> None:
        await reader.__anext__()
        await asyncio.to_thread(fault_server.open, url)
        with pytest.raises(IncompleteStreamError) as caught:
            await drain(reader)
        assert of_message(caught.value.partial) == answer.at(answer.ends[frames - 1])

    async def ask() -> None:
        async with async_kimi(url, on_break=policy) as client:
            if shape == "chunks":
                asked: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}], "stream": True}
                await read_on(aiter(await client.chat.completions.create(**asked)))
            else:
                await read_on(getattr(client.stream("hi"), shape))

    run(ask())


def test_texts_go_on_where_nothing_need_be_taken_back(fault_server: FaultServer) -> None:
    url = fault_server.url(mended(THINKING, THINKING.ends[1], "close", goes_on=False))
    assert "".join(kimi(url, on_break="continue").stream("hi").text) == THINKING.whole.text
    url = fault_server.url(gated(LONG, 2, LONG.rest(LONG.at(LONG.ends[1]).text)))
    texts = kimi(url, on_break="continue").stream("hi").text
    shown = [next(texts), next(texts)]
    fault_server.open(url)
    assert "".join([*shown, *texts]) == LONG.whole.text


def test_thinking_ends_where_the_answer_begins_broken_or_not(fault_server: FaultServer) -> None:
    url = fault_server.url(gated(THINKING, 3, THINKING.rest("The ")))
    with kimi(url, on_break="continue").stream("hi") as stream:
        assert "".join(stream.thinking) == THINKING.whole.thinking
        fault_server.open(url)
        assert "".join(stream.text) == THINKING.whole.text


def test_chunks_go_on_with_the_same_id(fault_server: FaultServer) -> None:
    rest = LONG.rest(LONG.at(LONG.ends[2]).text)
    url = fault_server.url(gated(LONG, 3, _with_id(rest, "chatcmpl-2")))
    chunks = fragments_of(kimi(url, on_break="continue"), "chunks")
    seen = [next(chunks) for _ in range(3)]
    fault_server.open(url)
    seen += chunks
    assert {chunk.id for chunk in seen} == {"chatcmpl-1"}
    assert "".join(chunk.choices[0].delta.content or "" for chunk in seen) == LONG.whole.text
    assert [chunk.choices[0].finish_reason for chunk in seen if chunk.choices[0].finish_reason] == ["stop"]


def _with_id(answer: Answer, id: str) -> Answer:
    other = Answer(answer.deltas, answer.finish)
    other.__dict__["frames"] = [frame.replace(b"chatcmpl-1", id.encode()) for frame in answer.frames]
    return other
