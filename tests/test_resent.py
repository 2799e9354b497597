"""A history that goes out again: encoded once, and never other than it would be if it were encoded anew."""

from __future__ import annotations

import copy
import itertools
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from agents_kit import Side, call, calling, get_weather, saying, script_of, side
from fault_server_client import FaultServer
from kit import KEY, kimi
from request_list import PNG, WEATHER

from kimistream import Kimi, Message, ToolCall, _core, providers
from kimistream._requests.resent import Resent

__all__ = ["side"]

Messages = list[Any]


def weather(id: str, arguments: str = '{"city":"Rome"}') -> ToolCall:
    return ToolCall(0, id, "get_weather", arguments)


def result(id: str, text: Any = "sunny") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id, "content": text}


def a_history() -> Messages:
    """Of each kind of message something, and what write-back changes at some row."""
    odd = {"id": "call/1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Oslo"}'}}
    return [
        {"role": "system", "content": "Be \"brief\".\n"},
        {"role": "user", "content": "Wie ist das Wetter, 今天 \U0001f600?"},
        Message(content=None, reasoning="I ask.", tool_calls=[weather("get_weather:0"), weather("get_weather:0")]),
        *(result("get_weather:0"), result("get_weather:0", "rain")),
        {"role": "assistant", "content": " ", "tool_calls": [odd]},
        result("call/1"),
        Message(content="", reasoning="", tool_calls=[weather("call_1", "[1, 2")]),
        result("call_1"),
        {"role": "assistant", "content": ""},
        Message(content="Sunny.", reasoning="So it is.", signature="s1"),
        {"role": "user", "content": [{"type": "text", "text": "And here?"}, {"type": "image_url", "image_url": PNG}]},
        Message(content="A pixel.", reasoning_details=[{"type": "reasoning.text", "text": "red"}]),
        {"role": "user", "content": "half of \ud83d", "name": "Ann", "cache_control": {"type": "ephemeral", "n": 1}},
    ]  # fmt: skip


ROW_AND_MODE = list(itertools.product(providers(), [None, False, "keep"]))


class Sends:
    """Sends a history again and again, and holds each body against one that nothing was kept for."""

    def __init__(self, provider: str = "moonshot", **options: Any) -> None:
        account = {"base_url": "http://127.0.0.1:1/v1"} if "{" in providers()[provider]["base_url"] else {}
        self._client = Kimi(api_key=KEY, provider=provider, check="off", **account)
        self._options: dict[str, Any] = {"tools": [WEATHER], **options}
        self._kept = _core.Resent()

    def body(self, messages: Messages, **options: Any) -> bytes:
        asked = self._client._arguments(messages, **{**self._options, **options})
        return self._client._core.prepare(self._client._sender.completed(asked), True)[2]

    def __call__(self, messages: Messages, **options: Any) -> int:
        """How many messages were encoded for it."""
        before = self._kept.encoded
        sent = self.body(Resent(messages, self._kept), **options)
        assert sent == self.body(list(messages), **options)
        assert sent == self.body(copy.deepcopy(messages), **options)
        return self._kept.encoded - before


@pytest.mark.parametrize(("provider", "thinking"), ROW_AND_MODE)
def test_a_history_that_grows_is_sent_as_it_would_be_without_anything_kept(provider: str, thinking: Any) -> None:
    sends, history = Sends(provider, thinking=thinking), a_history()
    for length in range(1, len(history) + 1):
        sends(history[:length])
    sends(history, prefill="It") if providers()[provider]["takes_prefill"] else sends(history)
    sends(history, thinking=True)
    sends(history, thinking=False)
    sends(history[:5], system="Another word before it.")


@pytest.mark.parametrize("provider", [name for name, row in providers().items() if row["protocol"] == "openai_chat"])
def test_each_message_is_encoded_once(provider: str) -> None:
    history = [*a_history()[:11], a_history()[12]]
    sends, written = Sends(provider), 0
    for length in range(1, len(history) + 1):
        written += sends(history[:length])
    dropped = providers()[provider]["drops_empty_turns"]
    assert written == len(history) - dropped
    assert sends(history) == 0


def test_what_was_read_as_parts_leaves_nothing_behind() -> None:
    sends, message = Sends(), {"role": "user", "content": "A"}
    for prompt in ([message], ["x"], [message], [{"type": "text", "text": "y"}], [message], [message, message]):
        sends(prompt)


def test_its_copies_are_lists() -> None:
    """Whoever stands before the client may keep the prompt for later, or send it to another process."""
    messages = Resent([{"role": "user", "content": ["A"]}], _core.Resent())
    for copied in (copy.copy(messages), copy.deepcopy(messages), pickle.loads(pickle.dumps(messages))):
        assert type(copied) is list
        assert copied == messages
    assert copy.deepcopy(messages)[0] is not messages[0]


def _edit_text(history: Messages) -> None:
    history[1]["content"] = "Something else?"


def _edit_message(history: Messages) -> None:
    history[2].reasoning = "I ask again."


def _edit_call(history: Messages) -> None:
    history[5]["tool_calls"][0]["function"]["arguments"] = '{"city": "Bergen"}'


def _add_call(history: Messages) -> None:
    history[2].tool_calls.append(weather("another"))


def _edit_number(history: Messages) -> None:
    history[13]["cache_control"]["n"] = True  # equals 1


def _edit_order(history: Messages) -> None:
    history[13]["cache_control"] = dict(reversed(history[13]["cache_control"].items()))


def _edit_part(history: Messages) -> None:
    history[11]["content"][0]["text"] = "And there?"


def _put_in_front(history: Messages) -> None:
    history.insert(1, {"role": "user", "content": "Hello."})


def _take_out(history: Messages) -> None:
    del history[3:5]
    del history[2]


def _put_another(history: Messages) -> None:
    history[10] = Message(content="Rainy.", reasoning="So it is.", signature="s1")


def _go_back(history: Messages) -> None:
    history[6:] = [result("call/1", "snow"), {"role": "user", "content": "and now?"}]


EDITS = [_edit_text, _edit_message, _edit_call, _add_call, _edit_number, _edit_order, _edit_part, _put_in_front,
         _take_out, _put_another, _go_back]  # fmt: skip


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__.strip("_"))
@pytest.mark.parametrize("provider", ["moonshot", "openrouter", "vllm", "moonshot-anthropic"])
def test_what_was_edited_is_sent_as_it_is_now(provider: str, edit: Callable[[Messages], None]) -> None:
    sends, history = Sends(provider), a_history()
    sends(history)
    before = sends.body(history)
    edit(history)
    assert sends.body(history) != before, "the edit is seen at all"
    sends(history)
    sends([*history, {"role": "user", "content": "and then?"}])


def test_an_edit_costs_what_was_edited() -> None:
    sends, history = Sends(), a_history()[:9]
    assert sends(history) == len(history)
    history[1]["content"] = "Something else?"
    history[7].reasoning = "I ask again."
    assert sends(history) == 2
    assert sends(history, thinking=False) == len(history), "in another mode it is written otherwise"


def test_what_keeps_a_conversation_knows_it_from_another() -> None:
    sends = Sends()
    one, other = a_history()[:9], [{"role": "user", "content": "Hi."}, Message(content="Hello.")]
    for history in (one, other, one, [*one, *other], other[:1], other):
        sends(history)


def test_where_a_request_is_refused_the_next_one_is_whole() -> None:
    sends, history = Sends(), a_history()[:9]
    sends(history)
    with pytest.raises(TypeError, match=r"messages\[9\]|message 9"):
        sends([*history, 7])
    with pytest.raises(ValueError, match="no role"):
        sends([history[0], {"content": "x"}, *history])
    sends(history)


def test_what_holds_itself_is_not_followed() -> None:
    endless: dict[str, Any] = {"id": "a", "function": {"name": "get_weather", "arguments": "{}"}}
    endless["itself"] = endless
    history = [{"role": "user", "content": "u"}, {"role": "assistant", "tool_calls": [endless]}, result("a")]
    kept, plain = _core.Resent(), Sends()
    bodies = [plain.body(Resent(history, kept)), plain.body(Resent(history, kept)), plain.body(history)]
    assert len(set(bodies)) == 1


def test_a_client_that_changes_messages_changes_them_each_time() -> None:
    history = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "u"}]
    sends = Sends(check="fix")
    assert b'"developer"' not in sends.body(history)
    assert [sends(history), sends(history)] == [0, 0]


# ---- who sends a history again --------------------------------------------------------------------------------------


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[_core.Resent]:
    """All that is made meanwhile."""
    made: list[_core.Resent] = []
    kind = _core.Resent

    def make() -> _core.Resent:
        made.append(kind())
        return made[-1]

    monkeypatch.setattr(_core, "Resent", make)
    return made


def bodies(server: FaultServer, url: str) -> list[bytes]:
    return [request["body"] for request in server.requests(url)]


def test_a_run_encodes_each_message_once(fault_server: FaultServer, side: Side, kept: list[_core.Resent]) -> None:
    steps = [calling(call("get_weather", {"city": f"city {step}"}, f"get_weather:{step}")) for step in range(12)]
    url = fault_server.url(script_of(*steps, saying("Sunny.")))
    client = side.client(url)
    run = client.run([{"role": "system", "content": "s"}, {"role": "user", "content": "u"}], [get_weather])
    assert side.message(run).text == "Sunny."
    asked = [run.messages[: 2 + 2 * step] for step in range(13)]
    arguments = {"tools": [get_weather]}
    anew = [client._core.prepare(client._arguments(messages, **arguments), True)[2] for messages in asked]
    assert bodies(fault_server, url) == anew
    assert sum(each.encoded for each in kept) == len(asked[-1])


def test_a_conversation_encodes_each_message_once(
    fault_server: FaultServer, side: Side, kept: list[_core.Resent]
) -> None:
    said = [saying(f"Answer {turn}.") for turn in range(6)]
    url = fault_server.url(script_of(*said))
    client = side.client(url)
    chat = client.conversation(system="s", prompt_cache_key="k", on_break="restart")
    anew = []
    for turn in range(6):
        history = [*chat.messages, {"role": "user", "content": f"Question {turn}"}]
        anew.append(client._core.prepare(client._arguments(history, prompt_cache_key="k"), True)[2])
        side.do(chat.send, f"Question {turn}")
    assert bodies(fault_server, url) == anew
    assert sum(each.encoded for each in kept) == len(anew) * 2


def test_what_a_conversation_takes_back_or_goes_another_way_with_is_not_sent(
    fault_server: FaultServer, side: Side
) -> None:
    url = fault_server.url(script_of(*(saying(f"Answer {turn}.") for turn in range(8))))
    client = side.client(url)
    chat = client.conversation(prompt_cache_key="k", on_break="restart")
    anew = []

    def ask(of: Any, question: str) -> None:
        history = [*of.messages, {"role": "user", "content": question}]
        anew.append(client._core.prepare(client._arguments(history, prompt_cache_key="k"), True)[2])
        side.do(of.send, question)

    ask(chat, "one")
    ask(chat, "two")
    branch = chat.branch()
    chat.undo()
    ask(chat, "another two")
    ask(branch, "three")
    chat.messages[0]["content"] = "edited in place"
    ask(chat, "three, too")
    ask(branch, "four")
    assert bodies(fault_server, url) == anew
    assert b"edited in place" in bodies(fault_server, url)[4]


def test_a_tool_that_edits_what_was_asked_is_seen(fault_server: FaultServer) -> None:
    steps = [calling(call("rewrite", {}, f"rewrite:{step}")) for step in range(2)]
    url = fault_server.url(script_of(*steps, saying("ok")))
    question = {"role": "user", "content": "first"}

    def rewrite() -> str:
        """Rewrites."""
        question["content"] += " and more"
        return "done"

    with kimi(url, provider="moonshot") as client:
        assert client.run([question], [rewrite]).message.text == "ok"
    asked = [body.split(b'"content":"', 1)[1].split(b'"', 1)[0] for body in bodies(fault_server, url)]
    assert asked == [b"first", b"first and more", b"first and more and more"]
