"""Conversations: saved, loaded, and against the simulator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from agents_kit import ASK_THE_USER, PIXEL, Side, bodies_of, call, get_weather, roles, side, whole
from fault_server_client import FaultServer
from kit import KEY, sent

from kimistream import (
    Image,
    InvalidRequestError,
    KimiError,
)

if TYPE_CHECKING:
    from kimistream.simulator import Simulator

__all__ = ["side"]


def test_a_loaded_conversation_sends_what_the_saved_one_would_have(
    fault_server: FaultServer, side: Side, tmp_path: Path
) -> None:
    answers = [whole(call("get_weather", "no json")), whole(text="Sunny."), whole(text="A pixel.")]
    url = fault_server.url(bodies_of(*answers))
    client = side.client(url)
    chat = client.conversation(
        system="Be kind.", tools=[get_weather, ASK_THE_USER], thinking="keep", max_tokens=9, temperature=1.0,
        extra_headers={"X-Mine": "secret"}, extra_body={"a": {"b": 1}},
    )  # fmt: skip
    side.do(chat.send, "Rome?")
    side.do(chat.send, ["What is this?", Image(PIXEL)])
    path = tmp_path / "chat.json"
    chat.save(path)
    kept = json.loads(path.read_text("utf-8"))
    assert isinstance(kept["version"], int)
    text = path.read_text("utf-8")
    assert "secret" not in text
    assert KEY not in text
    assert [each.name for each in tmp_path.iterdir()] == ["chat.json"]

    loaded = client.load_conversation(path, tools=[get_weather])
    assert (loaded.usage, loaded.cost) == (chat.usage, chat.cost)
    assert roles(loaded.messages) == roles(chat.messages)
    side.do(chat.send, "Go on")
    expected = sent(fault_server, url)
    side.do(loaded.send, "Go on")
    assert sent(fault_server, url) == expected
    assert expected["prompt_cache_key"]
    assert loaded.usage == chat.usage

    without = client.load_conversation(path)
    side.do(without.send, "Go on")
    assert sent(fault_server, url) == expected, "the model is told of the tools all the same"


def test_functions_that_are_handed_in_again_run(fault_server: FaultServer, side: Side, tmp_path: Path) -> None:
    url = fault_server.url(bodies_of(whole(text="Hi."), whole(call("get_weather", {"city": "Rome"})), whole(text="S.")))
    client = side.client(url)
    chat = client.conversation(tools=[get_weather])
    side.do(chat.send, "Hello")
    chat.save(tmp_path / "chat")
    loaded = client.load_conversation(str(tmp_path / "chat"), tools=[get_weather])
    assert side.do(loaded.send, "Rome?").text == "S."


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        "{}",
        '{"version": 1}',
        '{"kimistream": "conversation", "version": "1", "turns": []}',
        '{"kimistream": "conversation", "version": 1}',
        '{"kimistream": "conversation", "version": 1, "turns": [[3]]}',
        '{"kimistream": "conversation", "version": 1, "turns": 5}',
        '{"kimistream": "conversation", "version": 1, "turns": [], "options": {"max_steps": -1}}',
        '{"kimistream": "conversation", "version": 2, "turns": []}',
        '{"kimistream": "run", "version": 1, "turns": []}',
        "\udcff",
    ],
)
def test_a_file_that_is_none_is_named(side: Side, tmp_path: Path, text: str) -> None:
    path = tmp_path / "chat.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises((KimiError, ValueError), match=r"chat\.json") as caught:
        side.client("http://127.0.0.1:9/v1").load_conversation(path)
    assert isinstance(caught.value, InvalidRequestError)
    assert path.read_bytes() == text.encode("utf-8", "surrogateescape")


def test_what_cannot_be_written_leaves_the_file_as_it_was(
    fault_server: FaultServer, side: Side, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = fault_server.url(bodies_of(whole(text="Hi.")))
    chat = side.client(url).conversation()
    path = tmp_path / "chat.json"
    chat.save(path)
    before = path.read_bytes()
    side.do(chat.send, "Hello")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="space"):
        chat.save(path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["chat.json"]


# ---- against the simulator ------------------------------------------------------------------------------------------


def test_a_conversation_with_the_simulator(simulator: Simulator, side: Side) -> None:
    client = side.client(simulator.base_url, api_key=simulator.api_key)
    chat = client.conversation(system="Be kind.", thinking="keep")
    side.do(chat.send, "My name is Bob", check="error")
    assert side.do(chat.send, "What is my name?", check="error").text == "Your name is Bob."
    with_tools = client.conversation(tools=[get_weather], thinking=True, check="error")
    assert side.do(with_tools.send, "The weather in Paris and Tokyo?").text == (
        "According to get_weather: Paris: sunny. According to get_weather: Tokyo: sunny."
    )
    assert int(side.do(with_tools.count_tokens)) > 20
