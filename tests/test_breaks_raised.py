"""`on_break="raise"`: wherever a stream breaks, what had come before it is told exactly, and nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from broken import ANSWERS, ENDINGS, Answer, Said, broken, of_message, read
from fault_server_client import FaultServer
from kit import async_kimi, kimi, run

from kimistream import IncompleteStreamError

each_answer = pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
AT_ONCE = 40  # streams


def check(events: list[Any], error: IncompleteStreamError | None, answer: Answer, position: int) -> None:
    came = answer.at(position)
    assert (error is None) == (came.finish is not None), position
    if error is None:
        assert read(events)[0] == answer.whole, position
        return
    assert read(events)[0] == came, position
    assert (error.partial is None) == came.nothing, position
    assert of_message(error.partial) == came, position


@pytest.mark.parametrize("ending", ENDINGS)
@each_answer
def test_the_partial_is_the_prefix_wherever_it_breaks(fault_server: FaultServer, answer: Answer, ending: str) -> None:
    for position in range(len(answer.raw)):
        client = kimi(fault_server.url(broken(answer, position, ending)))
        events: list[Any] = []
        error = None
        with client.stream("hi") as stream:
            try:
                for event in stream:
                    events.append(event)
            except IncompleteStreamError as caught:
                error = caught
        check(events, error, answer, position)
        assert of_message(stream.partial) == (answer.whole if error is None else answer.at(position))


@each_answer
def test_the_partial_is_the_prefix_in_asyncio(fault_server: FaultServer, answer: Answer) -> None:
    async def at(position: int) -> None:
        url = fault_server.url(broken(answer, position, ENDINGS[position % 2]))
        async with async_kimi(url) as client, client.stream("hi") as stream:
            events: list[Any] = []
            error = None
            try:
                async for event in stream:
                    events.append(event)
            except IncompleteStreamError as caught:
                error = caught
            check(events, error, answer, position)

    async def all_of_them() -> None:
        for start in range(0, len(answer.raw), AT_ONCE):
            await asyncio.gather(*map(at, range(start, min(start + AT_ONCE, len(answer.raw)))))

    run(all_of_them())


@each_answer
def test_the_chunks_of_the_openai_shape_are_the_prefix(fault_server: FaultServer, answer: Answer) -> None:
    asked: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}], "stream": True}
    for position in range(0, len(answer.raw), 3):
        client = kimi(fault_server.url(broken(answer, position)))
        said, error = Said(), None
        try:
            for chunk in client.chat.completions.create(**asked):
                said.add(chunk.choices[0].delta.model_dump(exclude_none=True))
        except IncompleteStreamError as caught:
            error = caught
        assert error is None or of_message(error.partial) == answer.at(position)
        assert (said.thinking, said.text) == (answer.at(position).thinking, answer.at(position).text), position
