"""Conversations: what is sent, what enters the history and when, what is kept of what broke."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from agents_kit import ASK_THE_USER, Side, bodies_of, call, calling, get_weather, roles, saying, script_of, side, whole
from fault_server_client import DONE, FaultServer, Script, frame
from kit import USAGE, call_frame, cut, kimi, sent, stalled, until

from kimistream import (
    APIStatusError,
    IncompleteStreamError,
    InvalidRequestError,
    StopRun,
    Usage,
)

if TYPE_CHECKING:
    pass

__all__ = ["side"]


def test_a_turn_enters_the_history_whole(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(bodies_of(whole(text="Hi, Bob."), whole(text="Bob.", thought="They said it.")))
    chat = side.client(url).conversation(system="Be kind.", thinking=True, temperature=1.0)
    assert side.do(chat.send, "I am Bob.").text == "Hi, Bob."
    assert side.do(chat.send, ["Who am I?"], max_tokens=50).text == "Bob."
    assert roles(chat.messages) == ["system", "user", "assistant", "user", "assistant"]
    assert chat.messages[0] == {"role": "system", "content": "Be kind."}
    assert chat.messages[2].reasoning == "I think."
    body = sent(fault_server, url)
    assert body["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "I am Bob."},
        {"role": "assistant", "content": "Hi, Bob.", "reasoning_content": "I think."},
        {"role": "user", "content": [{"type": "text", "text": "Who am I?"}]},
    ]
    assert (body["temperature"], body["max_completion_tokens"]) == (1.0, 50)
    assert body["thinking"] == {"type": "enabled"}
    assert "max_completion_tokens" not in sent(fault_server, url, 0)


def test_messages_are_a_copy_that_stream_takes(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(bodies_of(whole(text="Hi.")))
    client = side.client(url)
    chat = client.conversation(system="Be kind.")
    side.do(chat.send, "Hello")
    chat.messages.clear()
    side.do(client.complete, [*chat.messages, {"role": "user", "content": "Bye"}])
    assert roles(sent(fault_server, url)["messages"]) == ["system", "user", "assistant", "user"]


def test_the_cache_key_is_the_conversations_own_and_stays(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(bodies_of(whole(text="Hi.")))
    client = side.client(url)
    chat, other = client.conversation(), client.conversation()
    for each in (chat, chat, other):
        side.do(each.send, "Hello")
    first, second, third = (sent(fault_server, url, n)["prompt_cache_key"] for n in range(3))
    assert first == second != third
    side.do(client.conversation(prompt_cache_key="mine").send, "Hello")
    assert sent(fault_server, url)["prompt_cache_key"] == "mine"
    side.do(side.client(url, provider="vllm").conversation().send, "Hello")
    assert "prompt_cache_key" not in sent(fault_server, url), "no field of that server"


def test_options_go_with_one_request(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(bodies_of(whole(text="Hi.")))
    chat = side.client(url).conversation(model="kimi-k2.6", extra_body={"a": 1}, max_tokens=10)
    side.do(chat.send, "Hello", model="kimi-k2.5", extra_body={"b": 2}, system="Be brief.")
    side.do(chat.send, "Hello")
    one, two = sent(fault_server, url, 0), sent(fault_server, url, 1)
    assert (one["model"], one["a"], one["b"], one["max_completion_tokens"]) == ("kimi-k2.5", 1, 2, 10)
    assert one["messages"][0] == {"role": "system", "content": "Be brief."}
    assert (two["model"], two["a"], "b" in two) == ("kimi-k2.6", 1, False)
    assert roles(two["messages"]) == ["user", "assistant", "user"]


def test_a_stream_enters_the_history_when_it_was_read_to_its_end(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(script_of(saying("Hi.")))
    chat = side.client(url).conversation()
    stream = chat.stream("Hello")
    events = side.events(stream)
    assert [event.type for event in events] == ["thinking", "text", "usage", "finish"]
    assert roles(chat.messages) == ["user", "assistant"]
    assert side.message(stream).text == "Hi."
    assert stream.partial.text == "Hi."
    assert (stream.status_code, stream.usage.total_tokens) == (200, 22)
    again = chat.stream("Again")
    if side.is_async:
        assert side.wait(_texts(again.text)) == ["Hi."]
    else:
        assert list(again.text) == ["Hi."]
    assert roles(chat.messages) == ["user", "assistant"] * 2


async def _texts(texts: Any) -> list[str]:
    return [text async for text in texts]


def test_thinking_ends_where_the_answer_begins(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(script_of(saying("Hi.", "Well.")))
    stream = side.client(url).conversation().stream("Hello")
    if side.is_async:
        assert side.wait(_texts(stream.thinking)) == ["Well."]
        assert side.wait(_texts(stream.text)) == ["Hi."]
    else:
        assert list(stream.thinking) == ["Well."]
        assert list(stream.text) == ["Hi."]


@pytest.mark.parametrize("most", [1, 2, 3, 4])
def test_a_reader_that_leaves_has_not_had_the_turn(fault_server: FaultServer, side: Side, most: int) -> None:
    url = fault_server.url(script_of(saying("Hi."), saying("Hi.")))
    chat = side.client(url).conversation()
    stream = chat.stream("Hello")
    side.events(stream, most=most)
    side.do(stream.close)
    assert chat.messages == [], "however much of it had come"
    assert side.message(chat.stream("Hello")).text == "Hi."
    assert roles(chat.messages) == ["user", "assistant"]


def broken_in_words() -> Script:
    return cut(frame("", role="assistant"), frame(reasoning_content="Well."), frame("Half an ans"))


def test_a_refused_turn_leaves_the_history_as_it_was(fault_server: FaultServer, side: Side) -> None:
    refusal = {"error": {"message": "no", "type": "invalid_request_error"}}
    url = fault_server.url(Script().json(400, refusal).attempt().json(200, whole(text="Hi.")))
    chat = side.client(url).conversation(system="Be kind.")
    before = chat.messages
    with pytest.raises(APIStatusError):
        side.do(chat.send, "Hello")
    assert chat.messages == before
    side.do(chat.send, "Again")
    assert sent(fault_server, url)["messages"][1:] == [{"role": "user", "content": "Again"}]


def test_keep_partial_of_a_refused_turn_keeps_the_question(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(Script().json(400, {"error": {"message": "no"}}))
    chat = side.client(url).conversation()
    with pytest.raises(APIStatusError):
        side.do(chat.send, "Hello")
    assert chat.keep_partial() is None
    assert chat.messages == [{"role": "user", "content": "Hello"}]
    assert chat.keep_partial() is None
    assert len(chat.messages) == 1, "once"


def test_a_broken_turn_can_be_kept(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(broken_in_words())
    chat = side.client(url).conversation()
    stream = chat.stream("Hello")
    with pytest.raises(IncompleteStreamError):
        side.events(stream)
    with pytest.raises(IncompleteStreamError):
        side.message(stream)
    assert chat.messages == []
    kept = chat.keep_partial()
    assert (kept.text, kept.reasoning, kept.finish_reason) == ("Half an ans", "Well.", None)
    assert roles(chat.messages) == ["user", "assistant"]


def test_a_stream_that_was_left_can_be_kept(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(stalled(frame("", role="assistant"), frame("Half"), frame(" an"))
                           .attempt().json(200, whole(text="Hi.")))  # fmt: skip
    chat = side.client(url).conversation()
    stream = chat.stream("Hello")
    assert [event.text for event in side.events(stream, most=1)] == ["Half"]
    side.do(stream.close)
    assert chat.messages == []
    kept = chat.keep_partial()
    assert kept.text.startswith("Half")
    side.do(chat.send, "Go on")
    assert roles(sent(fault_server, url)["messages"]) == ["user", "assistant", "user"]


def test_the_next_turn_leaves_an_open_stream(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(stalled(frame("", role="assistant"), frame("Half")).attempt().json(200, whole(text="Hi.")))
    chat = side.client(url).conversation()
    stream = chat.stream("Hello")
    side.events(stream, most=1)
    side.do(chat.send, "Something else")
    fault_server.wait_closed(url=url)
    assert sent(fault_server, url)["messages"] == [{"role": "user", "content": "Something else"}]
    assert side.events(stream) == []
    assert roles(chat.messages) == ["user", "assistant"]
    assert chat.keep_partial() is None


def test_dropping_a_stream_closes_its_connection(fault_server: FaultServer) -> None:
    url = fault_server.url(stalled(frame("", role="assistant"), frame("Half")))
    with kimi(url, provider="moonshot") as client:
        chat = client.conversation()
        stream = chat.stream("Hello")
        next(stream)
        del stream
        fault_server.wait_closed(url=url)
        assert chat.messages == []


def test_dropping_an_asynchronous_stream_closes_its_connection(fault_server: FaultServer) -> None:
    side = Side("asyncio")
    url = fault_server.url(stalled(frame("", role="assistant"), frame("Half")))
    chat = side.client(url).conversation()

    async def read() -> None:
        async for _ in chat.stream("Hello"):
            break
        await until(lambda: bool(fault_server.stats()["closes"]))

    side.wait(read())
    side.close()
    assert chat.messages == []


def test_a_reader_that_leaves_behind_the_last_step_has_had_the_turn(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(script_of(calling(call("get_weather", {"city": "Rome"})), saying("Sunny.")))
    chat = side.client(url).conversation(tools=[get_weather])
    stream = chat.stream("Rome?")
    ends = 0
    while ends < 2:
        ends += side.events(stream, most=1)[0].type == "step_end"
    side.do(stream.close)
    assert roles(chat.messages) == ["user", "assistant", "tool", "assistant"]


def test_the_history_holds_beginning_and_answer_as_one(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(bodies_of(whole(text="a sunny day."), whole(text="Yes.")))
    chat = side.client(url).conversation()
    assert side.do(chat.send, "Tell.", prefill="It was ").text == "a sunny day."
    assert sent(fault_server, url)["messages"][-1]["partial"] is True
    assert chat.messages[-1].text == "It was a sunny day."
    side.do(chat.send, "Sure?")
    assert [message.get("partial") for message in sent(fault_server, url)["messages"]] == [None, None, None]
    url = fault_server.url(cut(frame("", role="assistant"), frame("a sun")))
    chat = side.client(url).conversation()
    with pytest.raises(IncompleteStreamError):
        side.events(chat.stream("Tell.", prefill="It was "))
    assert chat.keep_partial().text == "It was a sun"


def test_a_beginning_may_be_spoken_by_somebody(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(bodies_of(whole(text="a sunny day."), whole(text="Yes.")))
    begun = {"role": "assistant", "name": "Poirot", "content": "It was ", "partial": True}
    given = {"prefill": "It was ", "prefill_name": "Poirot"}
    client = side.client(url)
    assert side.do(client.complete, "Tell.", **given).text == "a sunny day."
    assert sent(fault_server, url)["messages"] == [{"role": "user", "content": "Tell."}, begun]
    side.do(client.complete, messages=[{"role": "user", "content": "Tell."}], prefill_name="Poirot")
    assert sent(fault_server, url)["messages"][1:] == [{**begun, "content": ""}]
    url = fault_server.url(bodies_of(whole(text="a sunny day."), whole(text="Yes.")))
    chat = side.client(url).conversation(**given)
    side.do(chat.send, "Tell.")
    assert sent(fault_server, url)["messages"][-1] == begun
    assert [message.text for message in chat.messages[1:]] == ["It was a sunny day."]


def test_a_named_beginning_is_said_in_the_words_of_the_row(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(bodies_of(whole(text="a sunny day.")))
    side.do(side.client(url, provider="vllm").complete, "Tell.", prefill="It was ", prefill_name="Poirot")
    body = sent(fault_server, url)
    assert body["messages"][-1] == {"role": "assistant", "name": "Poirot", "content": "It was "}
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)


def test_a_named_beginning_is_for_the_first_answer_of_a_turn(fault_server: FaultServer, side: Side) -> None:
    asks = whole(call("get_weather", {"city": "Rome"}), text="I look.")
    url = fault_server.url(bodies_of(asks, whole(text="Sunny.")))
    chat = side.client(url).conversation(tools=[get_weather])
    side.do(chat.send, "Rome?", prefill="Well, ", prefill_name="Poirot")
    first, second = (sent(fault_server, url, attempt)["messages"] for attempt in (0, 1))
    assert first[-1]["name"] == "Poirot"
    assert [message["role"] for message in second] == ["user", "assistant", "tool"]
    assert second[1]["content"] == "Well, I look."


def test_a_name_where_beginnings_have_none_is_refused(side: Side) -> None:
    for provider in ("cloudflare", "moonshot-anthropic"):
        client = side.client("http://127.0.0.1:9/v1", provider=provider)
        with pytest.raises(InvalidRequestError, match="prefill_name"):
            side.do(client.complete, "Tell.", prefill_name="Poirot")
    with pytest.raises(TypeError, match="prefill_name"):
        side.do(side.client("http://127.0.0.1:9/v1").complete, "Tell.", prefill_name=3)


def test_a_named_beginning_goes_out_as_a_message(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(bodies_of(whole(text="a sunny day.")))
    beginning = {"role": "assistant", "name": "Poirot", "content": "It was ", "partial": True}
    prompt = [{"role": "user", "content": "Tell."}, beginning]
    assert side.do(side.client(url).complete, prompt).text == "a sunny day."
    assert sent(fault_server, url)["messages"][-1] == beginning


def test_one_turn_at_a_time(fault_server: FaultServer) -> None:
    side = Side("asyncio")
    url = fault_server.url(Script().gate().json(200, whole(text="Hi.")))
    chat = side.client(url).conversation()

    async def both() -> None:
        first = asyncio.ensure_future(chat.send("One"))
        await asyncio.sleep(0)
        with pytest.raises(InvalidRequestError, match="branch"):
            await chat.send("Two")
        fault_server.open(url)
        await first

    side.wait(both())
    side.close()
    assert [message["content"] for message in chat.messages[:1]] == ["One"]


def test_ctrl_c_leaves_the_history_as_it_was(fault_server: FaultServer, side: Side) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    url = fault_server.url(bodies_of(whole(call("stop"), text="Let me see."), whole(text="never")))
    chat = side.client(url).conversation(tools=[stop])
    side.interrupted(chat.send, "Hello")
    assert chat.messages == []
    assert fault_server.attempts(url) == 1
    chat.keep_partial()
    assert roles(chat.messages) == ["user", "assistant"]
    assert chat.messages[1].tool_calls == [], "a call without its result is nothing to send"
    assert chat.messages[1].text == "Let me see."


def test_cancellation_leaves_the_history_as_it_was(fault_server: FaultServer) -> None:
    side = Side("asyncio")
    url = fault_server.url(Script().gate().close().attempt().json(200, whole(text="Hi.")))
    chat = side.client(url).conversation()

    async def cancel() -> None:
        task = asyncio.ensure_future(chat.send("Hello"))
        await until(lambda: fault_server.at_gate(url) == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert chat.messages == []
        await chat.send("Again")

    side.wait(cancel())
    side.close()
    assert sent(fault_server, url)["messages"] == [{"role": "user", "content": "Again"}]


def test_a_tool_may_stop_the_turn(fault_server: FaultServer, side: Side) -> None:
    def approve() -> None:
        raise StopRun("ask a person")

    url = fault_server.url(bodies_of(whole(call("approve")), whole(text="Good.")))
    chat = side.client(url).conversation(tools=[approve])
    assert side.do(chat.send, "Go").tool_calls[0].name == "approve"
    assert fault_server.attempts(url) == 1
    assert chat.messages == []
    assert chat.keep_partial() is None
    assert roles(chat.messages) == ["user", "assistant", "tool"]
    assert chat.messages[-1]["content"] == "ask a person"
    assert side.do(chat.send, "They said yes.").text == "Good."


def test_a_tool_that_stops_beside_a_call_that_is_handed_out_stops(fault_server: FaultServer, side: Side) -> None:
    def approve() -> None:
        raise StopRun

    ours = {"type": "function", "function": {"name": "ours", "parameters": {"type": "object", "properties": {}}}}
    url = fault_server.url(bodies_of(whole(call("approve"), call("ours"))))
    chat = side.client(url).conversation(tools=[approve, ours])
    assert len(side.do(chat.send, "Go").tool_calls) == 2
    assert chat.messages == []


@pytest.mark.parametrize("streamed", [False, True])
def test_a_turn_with_too_many_steps_leaves_the_history_as_it_was(
    fault_server: FaultServer, side: Side, streamed: bool
) -> None:
    weather = call("get_weather", {"city": "Rome"})
    url = fault_server.url(script_of(calling(weather)) if streamed else bodies_of(whole(weather)))
    chat = side.client(url).conversation(tools=[get_weather])
    if streamed:
        side.events(chat.stream("Rome?", max_steps=2))
    else:
        side.do(chat.send, "Rome?", max_steps=2)
    assert fault_server.attempts(url) == 2
    assert chat.messages == []
    chat.keep_partial()
    assert roles(chat.messages) == ["user", *["assistant", "tool"] * 2]


def test_an_answer_without_content_and_calls_is_not_sent_back(fault_server: FaultServer, side: Side) -> None:
    empty = whole(text=None, thought="Only thoughts.")
    url = fault_server.url(bodies_of(empty, whole(text="Hi.")))
    chat = side.client(url).conversation()
    assert side.do(chat.send, "Hello").reasoning == "Only thoughts."
    side.do(chat.send, "Again")
    assert roles(sent(fault_server, url)["messages"]) == ["user", "user"]


def test_undo_takes_whole_turns_back(fault_server: FaultServer, side: Side) -> None:
    answers = [whole(call("get_weather", {"city": "Rome"})), whole(text="Sunny."), whole(text="Yes.")]
    url = fault_server.url(bodies_of(*answers))
    chat = side.client(url).conversation(system="Be kind.", tools=[get_weather])
    side.do(chat.send, "Rome?")
    side.do(chat.send, "Sure?")
    assert roles(chat.messages) == ["system", "user", "assistant", "tool", "assistant", "user", "assistant"]
    paid = chat.usage
    chat.undo()
    assert roles(chat.messages) == ["system", "user", "assistant", "tool", "assistant"]
    chat.undo(turns=5)
    assert roles(chat.messages) == ["system"]
    assert chat.usage == paid
    assert paid.total_tokens == 66
    with pytest.raises(InvalidRequestError):
        chat.undo(-1)
    with pytest.raises(TypeError):
        chat.undo("1")


def test_branches_do_not_see_each_other(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(bodies_of(whole(text="Hi.")))
    chat = side.client(url).conversation(system="Be kind.", max_tokens=7)
    side.do(chat.send, "Hello")
    branch = chat.branch()
    side.do(branch.send, "Left")
    assert sent(fault_server, url)["max_completion_tokens"] == 7
    side.do(chat.send, "Right")
    assert [message["content"] for message in chat.messages if isinstance(message, dict)] == [
        "Be kind.", "Hello", "Right",
    ]  # fmt: skip
    assert roles(branch.messages) == ["system", "user", "assistant", "user", "assistant"]


def test_usage_and_cost_are_of_all_requests(fault_server: FaultServer, side: Side) -> None:
    costly = {**USAGE, "cost": 0.25}
    frames = saying("Hi.", usage=costly)
    url = fault_server.url(script_of(frames))
    chat = side.client(url, provider="openrouter").conversation()
    assert (chat.usage, chat.cost) == (None, None)
    side.events(chat.stream("One"))
    side.events(chat.stream("Two"))
    assert chat.usage == Usage(24, 20, 44, None, None, 0.5)
    assert chat.cost == 0.5
    chat.undo(2)
    assert chat.cost == 0.5


def test_what_a_broken_turn_has_cost_counts(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(cut(frame("", role="assistant"), frame("Half", usage=USAGE)))
    chat = side.client(url).conversation()
    with pytest.raises(IncompleteStreamError):
        side.events(chat.stream("One"))
    assert chat.usage.total_tokens == 22


# ---- tools ----------------------------------------------------------------------------------------------------------


def test_send_runs_the_loop(fault_server: FaultServer, side: Side) -> None:
    answers = [whole(call("get_weather", {"city": "Rome"}, "a"), call("get_weather", {"city": "Oslo"}, "b"))]
    url = fault_server.url(bodies_of(*answers, whole(text="Both sunny.")))
    chat = side.client(url).conversation(tools=[get_weather])
    message = side.do(chat.send, "Rome and Oslo?")
    assert (message.text, message.tool_calls) == ("Both sunny.", [])
    body = sent(fault_server, url)
    assert body["messages"][2:] == [
        {"role": "tool", "tool_call_id": "a", "content": "Rome: sunny"},
        {"role": "tool", "tool_call_id": "b", "content": "Oslo: sunny"},
    ]
    assert body["messages"][1]["reasoning_content"] == "I think."
    assert body["tools"][0]["function"]["name"] == "get_weather"
    assert roles(chat.messages) == ["user", "assistant", "tool", "tool", "assistant"]


def test_stream_gives_the_loops_events(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(script_of(calling(call("get_weather", {"city": "Rome"})), saying("Sunny.")))
    chat = side.client(url).conversation(tools=[get_weather])
    stream = chat.stream("Rome?")
    types = [event.type for event in side.events(stream)]
    assert types == [
        *("step_start", "thinking", "tool_call_start", "tool_call_delta", "usage", "tool_call", "finish"),
        *("tool_result", "step_end", "step_start", "thinking", "text", "usage", "finish", "step_end"),
    ]
    assert side.message(stream).text == "Sunny."
    assert roles(chat.messages) == ["user", "assistant", "tool", "assistant"]


def test_calls_of_dict_tools_are_handed_out(fault_server: FaultServer, side: Side) -> None:
    first = whole(call("ask_user", {}, "a"), call("get_weather", {"city": "Rome"}, "b"), call("ask_user", {}, "c"))
    url = fault_server.url(bodies_of(first, whole(text="Good.")))
    chat = side.client(url).conversation(tools=[ASK_THE_USER, get_weather])
    message = side.do(chat.send, "Ask them.")
    assert [call.id for call in message.tool_calls] == ["a", "b", "c"]
    assert fault_server.attempts(url) == 1
    results = [{"role": "tool", "tool_call_id": each, "content": f"yes {each}"} for each in ("c", "a")]
    assert side.do(chat.send, results).text == "Good."
    messages = sent(fault_server, url)["messages"]
    assert roles(messages) == ["user", "assistant", "tool", "tool", "tool"]
    assert [message["tool_call_id"] for message in messages[2:]] == ["b", "a", "c"]
    chat.undo()
    assert chat.messages == [], "question, calls, results and answer are one turn"


def test_a_stream_with_dict_tools_is_as_any(fault_server: FaultServer, side: Side) -> None:
    url = fault_server.url(script_of(calling(call("ask_user"))))
    chat = side.client(url).conversation(tools=[ASK_THE_USER])
    types = [event.type for event in side.events(chat.stream("Ask."))]
    assert "step_start" not in types
    assert types[-1] == "finish"
    assert roles(chat.messages) == ["user", "assistant"]


def test_a_call_that_was_cut_never_runs(fault_server: FaultServer, side: Side) -> None:
    seen = []

    def note(word: str) -> None:
        seen.append(word)

    cut_by_length = [
        frame("", role="assistant"),
        frame("Let me"),
        *(call_frame(0, "a", "note", ""), call_frame(0, arguments='{"word": "x"}')),
        *(frame(finish_reason="length", usage=USAGE), DONE),
    ]
    broken = cut(frame("", role="assistant"), frame("Let me"), call_frame(0, "a", "note", '{"word": "y"}'))
    url = fault_server.url(Script().event_stream(cut_by_length))
    chat = side.client(url).conversation(tools=[note])
    assert side.events(chat.stream("Note it"))[-1].type == "step_end"
    assert fault_server.attempts(url) == 1
    assert chat.messages[1].tool_calls == []
    url = fault_server.url(broken)
    chat = side.client(url).conversation(tools=[note])
    with pytest.raises(IncompleteStreamError):
        side.events(chat.stream("Note it"))
    kept = chat.keep_partial()
    assert (kept.text, kept.tool_calls) == ("Let me", [])
    assert seen == []


def test_keep_partial_keeps_finished_groups(fault_server: FaultServer, side: Side) -> None:
    first = calling(call("get_weather", {"city": "Rome"}))
    script = Script().event_stream(first).attempt()
    script.head(200, {"Content-Type": "text/event-stream"}, chunked=True)
    script.chunk(frame("", role="assistant")).chunk(frame("It is")).close()
    url = fault_server.url(script)
    chat = side.client(url).conversation(tools=[get_weather])
    with pytest.raises(IncompleteStreamError):
        side.events(chat.stream("Rome?"))
    assert chat.messages == []
    chat.keep_partial()
    assert roles(chat.messages) == ["user", "assistant", "tool", "assistant"]
    assert chat.messages[-1].text == "It is"


def test_wrong_limits_are_refused_where_they_are_said(side: Side) -> None:
    client = side.client("http://127.0.0.1:9/v1")
    with pytest.raises(InvalidRequestError, match="max_steps"):
        client.conversation(tools=[get_weather], max_steps=0)
    with pytest.raises(TypeError, match="max_parallel"):
        client.conversation(max_parallel="8")
    with pytest.raises(TypeError, match="system"):
        client.conversation(system=3)


def test_web_search_is_answered_with_its_arguments(fault_server: FaultServer, side: Side) -> None:
    """platform.kimi.ai/docs/guide/use-web-search: the arguments go back as they came."""
    first = whole(("s", "$web_search", '{"search_result": {"search_id": "1"}}'))
    first["choices"][0]["message"]["tool_calls"][0]["type"] = "builtin_function"
    url = fault_server.url(bodies_of(first, whole(text="Found.")))
    chat = side.client(url).conversation(web_search=True)
    assert side.do(chat.send, "News?").text == "Found."
    body = sent(fault_server, url)
    assert body["tools"] == [{"type": "builtin_function", "function": {"name": "$web_search"}}]
    assert body["messages"][-1] == {
        "role": "tool",
        "tool_call_id": "s",
        "name": "$web_search",
        "content": '{"search_result": {"search_id": "1"}}',
    }


# ---- length ---------------------------------------------------------------------------------------------------------


def long_talk(fault_server: FaultServer, side: Side) -> tuple[str, Any]:
    answers = [whole(call("get_weather", {"city": "Rome"})), *(whole(text="word " * 50) for _ in range(4))]
    url = fault_server.url(bodies_of(*answers))
    chat = side.client(url, provider="vllm").conversation(system="Be kind.", tools=[get_weather])
    for n in range(4):
        side.do(chat.send, f"Question {n}")
    return url, chat


def test_trim_takes_no_more_turns_than_needed(fault_server: FaultServer, side: Side) -> None:
    _, chat = long_talk(fault_server, side)
    lengths = []
    for turns in range(4):
        other = chat.branch()
        other.undo(turns)
        lengths.append(int(side.do(other.count_tokens)))
    full = int(side.do(chat.count_tokens))
    assert lengths[0] == full
    assert side.do(chat.trim, full) == 0
    other = chat.branch()
    assert side.do(other.trim, full - 1) == 1
    assert [m["content"] for m in other.messages if roles([m]) == ["user"]] == [f"Question {n}" for n in (1, 2, 3)]
    assert roles(other.messages)[0] == "system"
    two_left = chat.branch()
    del two_left._turns[:2]
    limit = int(side.do(two_left.count_tokens))
    assert side.do(chat.trim, limit) == 2
    assert side.do(chat.trim, 1) == 1, "the last turn stays"
    assert roles(chat.messages) == ["system", "user", "assistant"]
    with pytest.raises(InvalidRequestError):
        side.do(chat.trim, 0)
