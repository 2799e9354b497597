"""The simulator, asked to go on from the beginning of an answer: what it says, what it refuses, how it breaks first."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

pytest.importorskip("aiohttp")
httpx = pytest.importorskip("httpx")

from simulator_client import WEATHER, chunks_of, deltas, message, post  # noqa: E402

from kimistream.simulator import DIALECTS, Simulator  # noqa: E402  (after the skips)
from kimistream.simulator.dialects.reading import read_chat  # noqa: E402
from kimistream.simulator.saying.answers import plan  # noqa: E402
from kimistream.simulator.saying.scripts import Scripted  # noqa: E402
from kimistream.simulator.values.failures import Refusal  # noqa: E402

Body = dict[str, Any]


def _partial(body: Body, text: str) -> Body:
    return {**body, "messages": [*body["messages"], {"role": "assistant", "content": text, "partial": True}]}


def _trailing(body: Body, text: str) -> Body:
    return {**body, "messages": [*body["messages"], {"role": "assistant", "content": text}]}


def _trimmed(body: Body, text: str) -> Body:
    """Anthropic's route refuses white space at the end."""
    return {**_trailing(body, text.rstrip() or "."), "max_tokens": 900} if text.strip() else {**body, "max_tokens": 900}


def _continued(body: Body, text: str) -> Body:
    return {**_trailing(body, text), "continue_final_message": True, "add_generation_prompt": False}


# How each dialect is asked to go on; the documents of each are named in dialects/table.py.
WAYS: Mapping[str, Callable[[Body, str], Body]] = {
    **dict.fromkeys(("moonshot", "moonshot-cn", "anyfast", "one-api", "openai-compatible"), _partial),
    "openrouter": _trailing,
    **dict.fromkeys(("vllm", "sglang", "ktransformers"), _continued),
    **dict.fromkeys(("moonshot-anthropic", "kimi-code"), _trimmed),
}
# Not documented there (or taken out on the way): the beginning is an earlier turn, and the answer begins anew.
WITHOUT = ("tokenhub", "cloudflare", "portkey")
NAMES = {
    "openrouter": "moonshotai/kimi-k2.6",
    "vllm": "moonshotai/Kimi-K2.6",
    "cloudflare": "@cf/moonshotai/kimi-k2.6",
    "kimi-code": "kimi-for-coding",
}


def asked(dialect: str, question: Any = "count to 12", **fields: Any) -> Body:
    messages = [{"role": "user", "content": question}] if isinstance(question, str) else question
    return {"model": NAMES.get(dialect, "kimi-k2.6"), "messages": messages, **fields}


def said(dialect: str, body: Body, scripted: str | None = None) -> Any:
    return plan(read_chat(body, DIALECTS[dialect]), None if scripted is None else Scripted(scripted))


ANSWERS = {
    "numbers": "count to 12",
    "words": "write 20 words",
    "white space": "say: one\n\n  two\t three \u3000four\n",
    "chinese": "写一篇30字的文章",
    "emoji": "say: 👩‍👩‍👧‍👦 and 🇫🇷 and 😀",
    "fence": "say: ```python\nprint(1)\n```\ndone",
}


@pytest.mark.parametrize("question", ANSWERS.values(), ids=ANSWERS.keys())
@pytest.mark.parametrize("dialect", WAYS)
def test_a_continuation_is_the_rest_wherever_the_answer_broke(dialect: str, question: str) -> None:
    body = {**asked(dialect, question), "max_tokens": 900}
    whole = said(dialect, body).content
    for end in range(1, len(whole) + 1):
        begun = whole[:end].rstrip()
        assert said(dialect, WAYS[dialect](body, whole[:end])).content == whole[len(begun) :], end


def test_a_scripted_answer_is_continued_as_well() -> None:
    body = _partial(asked("moonshot"), "To be, or")
    assert said("moonshot", body, "To be, or not to be").content == " not to be"
    assert said("moonshot", _partial(asked("moonshot"), "What else"), "To be").content == "To be"


def test_what_the_request_no_longer_says_is_seen_in_the_beginning() -> None:
    """Moonshot takes no json_object beside partial, and no earlier reasoning is in view without thinking: what was
    begun with both goes on as it was begun."""
    whole = said("moonshot", asked("moonshot", response_format={"type": "json_object"})).content
    assert json.loads(whole)["answer"].startswith("1, 2")
    for end in range(2, len(whole)):
        rest = said("moonshot", _partial(asked("moonshot", thinking={"type": "disabled"}), whole[:end])).content
        assert whole[:end].rstrip() + rest == whole
    earlier = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "Hello.", "reasoning_content": "473, 921, 215"},
        {"role": "user", "content": "What is on your mind?"},
    ]
    kept = asked("moonshot", earlier, thinking={"type": "enabled", "keep": "all"})
    whole = said("moonshot", kept).content
    assert "473, 921, 215" in whole
    assert said("moonshot", _partial({**kept, "thinking": {"type": "disabled"}}, whole[:9])).content == whole[9:]


def test_schemas_are_continued() -> None:
    shape = {"name": "x", "schema": {"type": "object", "properties": {"answer": {"type": "string"}}}}
    body = asked("moonshot", response_format={"type": "json_schema", "json_schema": shape})
    whole = said("moonshot", body).content
    assert json.loads(whole) == {"answer": "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12."}
    assert said("moonshot", _partial(body, whole[:20])).content == whole[20:]


def test_stop_strings_are_looked_for_in_what_is_said_now() -> None:
    """A server compares what it generates; a stop string that had begun before the break is not seen."""
    body = asked("moonshot", stop=["4, 5"])
    assert said("moonshot", body).content == "1, 2, 3, "
    assert said("moonshot", _partial(body, "1, 2")).content == ", 3, "
    assert said("moonshot", _partial(body, "1, 2, 3, 4,")).content == " 5, 6, 7, 8, 9, 10, 11, 12."


def test_who_has_thought_already_does_not_think_again() -> None:
    """Moonshot's Partial Mode, with and without `reasoning_content` beside the beginning."""
    body = _partial(asked("moonshot"), "1, 2")
    assert said("moonshot", body).reasoning
    body["messages"][-1]["reasoning_content"] = "They want numbers."
    assert said("moonshot", body) == said("moonshot", {**body, "thinking": {"type": "disabled"}})
    assert said("moonshot", body).reasoning == ""
    blocks = [{"type": "thinking", "thinking": "Numbers."}, {"type": "text", "text": "1, 2"}]
    turns = [{"role": "user", "content": "count to 5"}, {"role": "assistant", "content": blocks}]
    assert said("moonshot-anthropic", asked("kimi", turns, max_tokens=99)).reasoning == ""


@pytest.mark.parametrize("dialect", WITHOUT)
def test_rows_that_are_not_known_to_go_on_begin_anew(dialect: str) -> None:
    for way in (_partial, _trailing, _continued):
        assert said(dialect, way(asked(dialect), "1, 2")).content.startswith("1, 2, 3")


def test_sglang_takes_a_beginning_for_the_users_words_unless_told() -> None:
    """_handle_last_assistant_message, sglang/srt/entrypoints/openai/serving_chat.py."""
    assert "17 × 23" in said("sglang", _trailing(asked("sglang"), "17 * 23")).content
    assert said("sglang", {**_trailing(asked("sglang"), "1, 2"), "continue_final_message": True}).content[:4] == ", 3,"


REFUSED = [
    ("moonshot", {"response_format": {"type": "json_object"}}, "cannot be used with Partial Mode"),
    ("anyfast", {"response_format": {"type": "json_object"}}, "cannot be used with Partial Mode"),
    ("vllm", {"add_generation_prompt": True}, "Cannot set both"),
    ("vllm", {"add_generation_prompt": None}, "Cannot set both"),  # on, unless it is switched off
]


@pytest.mark.parametrize(("dialect", "fields", "sentence"), REFUSED)
def test_refusals_of_a_continuation(dialect: str, fields: Body, sentence: str) -> None:
    begun = WAYS[dialect](asked(dialect), "1, 2")
    said(dialect, begun)
    with pytest.raises(Refusal, match=sentence):
        said(dialect, {**begun, **fields})


@pytest.mark.parametrize("text", ["1, 2, ", "1, 2\n", "1, 2\t", " "])
@pytest.mark.parametrize("blocks", [False, True])
def test_white_space_at_the_end_of_a_beginning_is_refused_as_anthropic_does(text: str, blocks: bool) -> None:
    """ "messages: final assistant content cannot end with trailing whitespace" (api.anthropic.com, 400)."""
    content: Any = [{"type": "text", "text": text}] if blocks else text
    turns = [{"role": "user", "content": "count to 5"}, {"role": "assistant", "content": content}]
    with pytest.raises(Refusal, match="final assistant content cannot end with trailing whitespace"):
        said("moonshot-anthropic", asked("moonshot-anthropic", turns, max_tokens=99))
    earlier = [*turns, {"role": "user", "content": "count to 6"}]
    assert "6." in said("moonshot-anthropic", asked("moonshot-anthropic", earlier, max_tokens=99)).content


# ---- over the wire ----


@pytest.fixture(scope="module")
def shared() -> Iterator[Simulator]:
    with Simulator(pace=0) as simulator:
        yield simulator


@pytest.fixture
def sim(shared: Simulator) -> Simulator:
    shared.reset()
    return shared


BEGUN = [{"role": "user", "content": "count to 12"}, {"role": "assistant", "content": "1, 2, 3", "partial": True}]
OFF = {"thinking": {"type": "disabled"}}
REST = ", 4, 5, 6, 7, 8, 9, 10, 11, 12."


def test_a_limit_counts_for_what_is_said_now(sim: Simulator) -> None:
    first = post(sim, BEGUN, max_tokens=4, **OFF).json()["choices"][0]
    assert (first["message"]["content"], first["finish_reason"]) == (", 4, 5", "length")
    assert message(post(sim, BEGUN, **OFF))["content"] == REST


THOUGHT = "They want me to go on from here. "
QUIRKS = {
    "continuation-echoes": ("1, 2, 3" + REST, ""),
    "continuation-thinks": (REST, THOUGHT),
    "continuation-think-tags": (f"<think>{THOUGHT}</think>{REST}", ""),
    "continuation-empty-think": (f"<think></think>{REST}", ""),
}


@pytest.mark.parametrize("quirk", QUIRKS)
def test_quirks_of_continuations_leave_other_answers_alone(sim: Simulator, quirk: str) -> None:
    headers = {"X-Simulate-Quirks": quirk}
    answer = message(post(sim, BEGUN, headers=headers, **OFF))
    assert (answer["content"], answer["reasoning_content"]) == QUIRKS[quirk]
    chunks = chunks_of(post(sim, BEGUN, headers=headers, stream=True, **OFF))
    assert ("".join(deltas(chunks, "content")), "".join(deltas(chunks, "reasoning_content"))) == QUIRKS[quirk]
    assert message(post(sim, "count to 3", headers=headers, **OFF))["content"] == "1, 2, 3."


def test_only_continuations_get_their_errors(sim: Simulator) -> None:
    once = {"X-Simulate-Continuation-Error": "429*1", "X-Simulate-Retry-After": "0.5"}
    assert post(sim, "hi", headers=once).status_code == 200
    refused = post(sim, BEGUN, headers=once)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "0.5")
    assert post(sim, BEGUN, headers=once).status_code == 200
    assert post(sim, BEGUN, headers={"X-Simulate-Continuation-Error": "odd"}).status_code == 400
    with Simulator(pace=0, continuation_error=400) as refusing:
        assert [post(refusing, each).status_code for each in ("hi", BEGUN, BEGUN)] == [200, 400, 400]
    with pytest.raises(ValueError, match="unknown simulated error"):
        Simulator(continuation_error="odd")


def raw_stream(sim: Simulator, cut: str, question: Any = "count to 12", **fields: Any) -> tuple[bytes, str]:
    """The body's bytes as far as they came, and how it ended: "whole", "cut", "reset", "silent"."""
    body = {**asked("moonshot", question, stream=True, **OFF), **fields}
    headers = {"Authorization": f"Bearer {sim.api_key}", "X-Simulate-Cut": cut}
    received = b""
    timeout = httpx.Timeout(20, read=0.5 if "silence" in cut else 20)
    try:
        with httpx.stream("POST", f"{sim.base_url}/chat/completions", json=body, headers=headers, timeout=timeout) as r:
            for part in r.iter_bytes():
                received += part
    except httpx.RemoteProtocolError:
        return received, "cut"
    except httpx.ReadError:
        return received, "reset"
    except httpx.ReadTimeout:
        return received, "silent"
    return received, "whole"


def test_a_cut_by_bytes_comes_exactly_there(sim: Simulator) -> None:
    for position in (1, 7, 300, 301, 999):
        received, ending = raw_stream(sim, f"{position}b")
        assert (len(received), ending) == (position, "cut")
    received, ending = raw_stream(sim, "100000b")
    assert ending == "whole"
    assert received.endswith(b"data: [DONE]\n\n")
    assert raw_stream(sim, f"{len(received)}b")[1] == "cut"  # all of it, but for the end that HTTP wants


@pytest.mark.skipif(not hasattr(socket, "SO_LINGER"), reason="resets are made with SO_LINGER")
def test_cuts_by_reset_and_by_silence(sim: Simulator) -> None:
    assert raw_stream(sim, "300b rst")[1] == "reset"
    received, ending = raw_stream(sim, "4 silence")
    assert (received.count(b"\n\n"), ending) == (4, "silent")


def test_streams_that_end_with_a_frame_in_place_of_the_rest(sim: Simulator) -> None:
    received, ending = raw_stream(sim, "4 error")
    assert ending == "whole"
    assert received.count(b"\n\n") == 5
    assert json.loads(received.split(b"\n\n")[4].removeprefix(b"data: "))["error"]["type"] == "server_error"
    received, ending = raw_stream(sim, "4 done")
    assert (received.count(b"\n\n"), ending) == (5, "whole")
    assert received.endswith(b"data: [DONE]\n\n")
    assert b'"finish_reason":"' not in received
    with Simulator(pace=0, dialect="moonshot-anthropic", cut_after="6 done") as messages:
        url, key = f"{messages.base_url}/v1/messages", {"x-api-key": messages.api_key}
        body = {**asked("moonshot"), "max_tokens": 99, "stream": True}
        text = httpx.post(url, json=body, headers=key).text
    assert text.split("\n\n")[6].startswith("event: message_stop")
    assert "message_delta" not in text


def test_the_first_attempt_alone_is_cut(sim: Simulator) -> None:
    endings = [raw_stream(sim, "4*2 fin;first attempts")[1] for _ in range(4)]
    assert endings == ["cut", "cut", "whole", "whole"]
    assert [raw_stream(sim, "4*1;others")[1] for _ in range(2)] == ["cut", "whole"]
    with Simulator(pace=0, cut_after="4*1") as once, pytest.raises(httpx.RemoteProtocolError):
        post(once, "hi", stream=True)
    with Simulator(pace=0, midstream_error="500@2*1") as once:
        counts = [post(once, "hi", stream=True, **OFF).content.count(b'"error"') for _ in range(3)]
        assert counts == [1, 0, 0]


@pytest.mark.parametrize("order", ["4 rest", "b", "4bb", "120b error", "9b done", "4*"])
def test_cuts_that_cannot_be_read_are_refused(sim: Simulator, order: str) -> None:
    assert post(sim, "hi", headers={"X-Simulate-Cut": order}).status_code == 400
    with pytest.raises(ValueError, match=r"."):
        Simulator(cut_after=order)


def test_a_call_of_a_tool_is_no_beginning(sim: Simulator) -> None:
    call = {"id": "x_0", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'}}
    turns = [
        {"role": "user", "content": "Weather in Paris"},
        {"role": "assistant", "content": "", "tool_calls": [call], "reasoning_content": "I call it."},
        {"role": "tool", "tool_call_id": "x_0", "content": "22 degrees"},
        {"role": "assistant", "content": "According to", "partial": True},
    ]
    assert message(post(sim, turns, tools=[WEATHER], **OFF))["content"] == " get_weather: 22 degrees."
