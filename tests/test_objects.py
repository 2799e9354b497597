"""`stream.objects` and `stream(schema=...)`: an object that grows while its JSON arrives."""

from __future__ import annotations

import copy
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from agents_kit import Side, call, calling, saying, script_of, side
from fault_server_client import FaultServer, frame
from hypothesis import given
from hypothesis import strategies as st
from kit import answer, cut, sent, stalled, stream_of

from kimistream import IncompleteStreamError, SchemaError
from kimistream._tools.growing import GrowingAnswer, GrowingJson, NotJsonError
from kimistream._tools.objects import Objects

__all__ = ["side"]


@dataclasses.dataclass
class City:
    name: str
    people: int


RIGHT = '{"name": "Nancy", "people": 104885}'


def grown(pieces: list[str]) -> list[Any]:
    """A copy of what there is after each piece."""
    objects = Objects(lambda: None)
    found = [copy.deepcopy(each) for piece in pieces for each in objects.of(frame_of(piece))]
    return [*found, *objects.last()]


def frame_of(text: str) -> Any:
    return type("Text", (), {"type": "text", "text": text})


def taken(side: Side, objects: Any, found: list[Any] | None = None) -> list[Any]:
    """A copy of each object that is given; they are put into `found`."""
    found = [] if found is None else found
    if not side.is_async:
        for each in objects:
            found.append(copy.deepcopy(each))
        return found

    async def collect() -> None:
        async for each in objects:
            found.append(copy.deepcopy(each))

    side.wait(collect())
    return found


# ---- what grows -----------------------------------------------------------------------------------------------------


def test_texts_grow_and_other_values_come_whole() -> None:
    pieces = ['{"na', 'me": "Na', "n", 'cy", "people": 104', '885, "in": tr', "ue", ', "more": [', "1, null", "]", "}"]
    assert grown(pieces) == [
        {},
        {"name": "Na"},
        {"name": "Nan"},
        {"name": "Nancy"},
        {"name": "Nancy", "people": 104885},
        {"name": "Nancy", "people": 104885},
        {"name": "Nancy", "people": 104885, "in": True, "more": []},
        {"name": "Nancy", "people": 104885, "in": True, "more": [1]},
        {"name": "Nancy", "people": 104885, "in": True, "more": [1, None]},
        {"name": "Nancy", "people": 104885, "in": True, "more": [1, None]},
    ]


def test_an_escape_is_never_taken_by_halves() -> None:
    assert grown(['{"a": "x\\', "n\\u00", "e9\\ud83d", "\\ude0", '0"', "}"]) == [
        {"a": "x"},
        {"a": "x\n"},
        {"a": "x\né"},
        {"a": "x\né"},
        {"a": "x\né😀"},
        {"a": "x\né😀"},
    ]


def test_it_is_one_object_that_grows_in_place() -> None:
    objects = Objects(lambda: None)
    [first] = objects.of(frame_of('{"list": [{"a": "'))
    inner = first["list"][0]
    [second] = objects.of(frame_of('b"}]}'))
    assert second is first
    assert second["list"][0] is inner
    assert objects.last() == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('Here [it] is {really}:\n```json\n{"a": 1}\n```\nThat [is] all.', {"a": 1}),
        ('<think>{"a": 0}</think>\n{"a": 1}', {"a": 1}),
        (' \n<thin {"a": 1}', {"a": 1}),
        ('{"a": {b} {"a": 1}', {"a": 1}),
        ('{"a": "\\ud83d", "b": "\\ud83d\\n", "c": "\\ud83d\\u0041"}', {"a": "�", "b": "�\n", "c": "�A"}),
        ("[-1.5e3, 0, 12345678901234567890123]", [-1500.0, 0, 12345678901234567890123]),
        ("7", 7),
        ("[[[]], {}]", [[[]], {}]),
    ],
)
def test_however_it_is_cut_the_last_is_the_whole(text: str, found: Any) -> None:
    for size in (1, 2, 3, 7, len(text)):
        pieces = [text[place : place + size] for place in range(0, len(text), size)]
        last = grown(pieces)[-1]
        assert (last, type(last)) == (found, type(found)), size


def test_what_is_no_json_gives_nothing() -> None:
    assert grown(["I ", "do not [know", "]."]) == []
    assert grown([]) == []


def test_a_fence_counts_more_than_what_stands_before_it() -> None:
    assert grown(['{"a": 0} is no', 't it, but ```json\n{"a": 1}\n```'])[-1] == {"a": 1}


@pytest.mark.parametrize(
    "text", ['{"a" 1}', "[1 2]", "{]", '{"a": tru}', "[01]", '["\\x"]', '["\\u00g0"]', '{"a": 1,}']
)
def test_what_goes_another_way_is_told(text: str) -> None:
    with pytest.raises(NotJsonError):
        GrowingJson().feed(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ).filter(lambda value: isinstance(value, (dict, list))),
    st.lists(st.integers(1, 5), min_size=1),
    st.booleans(),
)
def test_it_ends_as_json_reads_it(value: Any, sizes: list[int], is_ascii: bool) -> None:
    text = json.dumps(value, ensure_ascii=is_ascii)
    growing, place, turn = GrowingAnswer(lambda each: True), 0, 0
    while place < len(text):
        size = sizes[turn % len(sizes)]
        growing.feed(text[place : place + size])
        place, turn = place + size, turn + 1
    assert json.dumps(growing.value) == json.dumps(value)


# ---- in streams -----------------------------------------------------------------------------------------------------


def test_a_stream_gives_the_object_after_each_piece(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(stream_of('{"name": "Na', 'ncy", "people": 10', "4885}"))
    found = taken(side, side.client(url).stream("A city?", response_format={"type": "json_object"}).objects)
    assert found == [{"name": "Na"}, {"name": "Nancy"}, {"name": "Nancy", "people": 104885}]


@pytest.mark.parametrize(
    ("finish", "texts", "given", "words"),
    [
        ("stop", ["I do ", "not know."], [], "schema="),
        ("stop", [], [], "response_format"),
        ("length", ['{"name": "Na', 'ncy", "peo'], [{"name": "Na"}, {"name": "Nancy"}], "raise max_tokens"),
    ],
)
def test_an_answer_without_json_is_told(
    fault_server: FaultServer, side: Side, finish: str, texts: list[str], given: list[Any], words: str
) -> None:
    url = fault_server.url(stream_of(*texts, finish=finish))
    client = side.client(url)
    for stream in (client.stream("A city?"), client.conversation().stream("A city?")):
        found: list[Any] = []
        with pytest.raises(SchemaError, match=words) as caught:
            taken(side, stream.objects, found)
        assert found == given
        assert caught.value.message.text == "".join(texts)


def test_an_answer_that_calls_needs_no_json(fault_server: FaultServer, side: Side) -> None:
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
    url = fault_server.url(script_of(calling(call("look"))))
    assert taken(side, side.client(url).stream("A city?", tools=[tool]).objects) == []


def test_a_stream_that_is_closed_has_no_wrong_answer(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(stalled(frame("", role="assistant"), frame("I do not")))
    stream = side.client(url).stream("A city?")
    side.until(stream, "text")
    side.do(stream.close)
    assert taken(side, stream.objects) == []


def test_a_stream_with_a_schema_gives_the_object_and_its_instance(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(stream_of('{"name": "Na', 'ncy", "people": 104885}'))
    stream = side.client(url).stream("A city?", schema=City)
    assert taken(side, stream.objects) == [{"name": "Na"}, {"name": "Nancy", "people": 104885}]
    message = side.message(stream)
    assert message.parsed == City("Nancy", 104885)
    body = sent(fault_server, url)
    assert body["response_format"]["json_schema"]["name"] == "City"
    assert body["stream"] is True


def test_a_wrong_answer_in_a_stream_is_void(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(script_of(saying('{"name": "Metz"}'), saying(RIGHT)))
    stream = side.client(url).stream("A city?", schema=City)
    events = side.events(stream)
    [restarted] = [event for event in events if event.type == "restarted"]
    assert restarted.attempt == 2
    place = events.index(restarted)
    assert "".join(event.text for event in events[place:] if event.type == "text") == RIGHT
    assert side.message(stream).usage.total_tokens == 44, "of both attempts"
    assert "people: is missing" in sent(fault_server, url)["messages"][-1]["content"]
    stream = side.client(fault_server.url(script_of(saying('{"name": "Metz"}'), saying(RIGHT)))).stream(
        "?", schema=City
    )
    assert taken(side, stream.objects) == [{"name": "Metz"}, {"name": "Nancy", "people": 104885}]


def test_the_text_of_a_wrong_answer_cannot_be_taken_back(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(script_of(saying('{"name": "Metz"}'), saying(RIGHT)))
    stream, found = side.client(url).stream("A city?", schema=City), []

    async def read() -> None:
        async for text in stream.text:
            found.append(text)

    with pytest.raises(IncompleteStreamError):
        side.wait(read()) if side.is_async else found.extend(stream.text)
    assert fault_server.attempts(url) == 1


def test_after_the_retries_a_stream_fails_too(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(script_of(saying('{"name": "Metz"}')))
    with pytest.raises(SchemaError, match="people"):
        side.message(side.client(url).stream("A city?", schema=City, schema_retries=1))
    assert fault_server.attempts(url) == 2


def test_objects_begin_anew_where_a_broken_answer_is_restarted(fault_server: FaultServer, side: Side) -> None:
    script = cut(frame("", role="assistant"), frame('{"name": "Me'))
    script.attempt().event_stream(answer(RIGHT))
    for options in ({"on_break": "restart"}, {"on_break": "continue", "schema": City}):
        url = fault_server.url(script)
        found = taken(side, side.client(url).stream("A city?", **options).objects)
        assert found == [{"name": "Me"}, {"name": "Nancy", "people": 104885}]
        assert [each["role"] for each in sent(fault_server, url)["messages"]] == ["user"], "not gone on from its half"


def test_a_conversation_streams_objects_and_keeps_the_right_answer(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(script_of(saying("no"), saying(RIGHT)))
    chat = side.client(url).conversation()
    assert taken(side, chat.stream("A city?", schema=City).objects)[-1] == {"name": "Nancy", "people": 104885}
    assert [getattr(each, "text", None) for each in chat.messages] == [None, RIGHT]


def test_the_last_answer_of_a_run_follows_its_schema(fault_server: FaultServer, side: Side) -> None:
    def look(city: str) -> str:
        return f"{city} has 104885"

    asks = calling(call("look", {"city": "Nancy"}))
    url = fault_server.url(script_of(asks, saying('{"name": 1}'), saying(RIGHT)))
    run = side.client(url).run("A city?", [look], schema=City)
    assert side.message(run).parsed == City("Nancy", 104885)
    assert run.steps == 2
    assert [frame_of.type for frame_of in side.events(run)] == []


def test_a_finished_state_knows_its_object_again(fault_server: FaultServer, side: Side, tmp_path: Path) -> None:
    url = fault_server.url(script_of(saying(RIGHT)))
    for _ in range(2):
        run = side.client(url).run("A city?", schema=City, state=tmp_path / "run.json")
        assert side.message(run).parsed == City("Nancy", 104885)
    assert fault_server.attempts(url) == 1


def test_a_long_text_is_not_copied_for_each_piece() -> None:
    """By count, not by the clock: a text that is taken over from its place keeps its identity while it has room."""
    objects = Objects(lambda: None)
    objects.of(frame_of('{"essay": "'))
    moved, before = 0, 0
    for _ in range(20_000):
        [grown_so_far] = objects.of(frame_of("word "))
        moved += id(grown_so_far["essay"]) != before
        before = id(grown_so_far["essay"])
        del grown_so_far
    assert moved < 2_000
