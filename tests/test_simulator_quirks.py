"""Each quirk changes what comes over the wire as its name says, and nothing else is lost by it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("aiohttp")
httpx = pytest.importorskip("httpx")

from simulator_client import WEATHER, frames, post  # noqa: E402  (after the skips)

from kimistream.simulator import QUIRKS, Simulator  # noqa: E402  (after the skips)

QUESTION = "Weather in Tokyo and Paris"
Chunks = list[dict[str, Any]]


@pytest.fixture(scope="module")
def sim() -> Any:
    with Simulator(pace=0) as simulator:
        yield simulator


def stream(sim: Simulator, *quirks: str, question: str = QUESTION, **fields: Any) -> httpx.Response:
    headers = {"X-Simulate-Quirks": ",".join(quirks)}
    return post(sim, question, stream=True, tools=[WEATHER], headers=headers, **fields)


def events(response: httpx.Response) -> list[bytes]:
    return [block.removeprefix(b"data: ") for block in response.content.split(b"\n\n") if block]


def chunks(response: httpx.Response) -> Chunks:
    return [json.loads(event) for event in events(response) if event.startswith(b"{")]


def fragments(found: Chunks) -> list[dict[str, Any]]:
    deltas = [chunk["choices"][0]["delta"] or {} for chunk in found if chunk.get("choices")]
    return [fragment for delta in deltas for fragment in delta.get("tool_calls") or []]


def texts(found: Chunks, key: str) -> list[str]:
    deltas = [chunk["choices"][0]["delta"] or {} for chunk in found if chunk.get("choices")]
    return [delta[key] for delta in deltas if isinstance(delta.get(key), str)]


def said(found: Chunks, key: str) -> str:
    return "".join(texts(found, key))


def finishes(found: Chunks) -> list[Any]:
    return [
        choice["finish_reason"] for chunk in found for choice in chunk.get("choices", []) if choice["finish_reason"]
    ]


def heads(found: Chunks) -> list[dict[str, Any]]:
    return [fragment for fragment in fragments(found) if fragment["function"].get("name")]


def plain(sim: Simulator) -> Chunks:
    return chunks(stream(sim))


SEEN: dict[str, Callable[[Chunks], bool]] = {
    "no-finish": lambda found: finishes(found) == [] and fragments(found) != [],
    "finish-empty": lambda found: [c["choices"][0]["finish_reason"] for c in found][-1] == "",
    "finish-unknown": lambda found: finishes(found) == ["unexpected_state"],
    "finish-stop": lambda found: finishes(found) == ["stop"] and fragments(found) != [],
    "finish-tool-calls": lambda found: finishes(found) == ["tool_calls"],
    "finish-content-filter": lambda found: finishes(found) == ["content_filter"],
    "finish-abort": lambda found: finishes(found) == ["abort"],
    "finish-error": lambda found: finishes(found) == ["error"],
    "think-in-content": lambda found: said(found, "content").startswith("<think>The user"),
    "think-closed-in-content": lambda found: (
        said(found, "content").startswith("The user") and said(found, "content").endswith("</think>")
    ),
    "think-only": lambda found: fragments(found) == [] and said(found, "content") == "" and finishes(found) == ["stop"],
    "markup-in-content": lambda found: (
        "<|tool_calls_section_begin|><|tool_call_begin|>" in said(found, "content")
        and fragments(found) == []
        and finishes(found) == ["stop"]
    ),
    "markup-in-reasoning": lambda found: said(found, "reasoning_content").endswith("<|tool_calls_section_end|>"),
    "markup-without-section": lambda found: said(found, "content").startswith("<|tool_call_begin|> functions.get_w"),
    "fine-pieces": lambda found: max(map(len, texts(found, "reasoning_content"))) == 3,
    "one-piece": lambda found: len([text for text in texts(found, "reasoning_content") if text]) == 1,
    "other-reasoning-key": lambda found: said(found, "reasoning") != "" and said(found, "reasoning_content") == "",
    "both-reasoning-keys": lambda found: said(found, "reasoning") == said(found, "reasoning_content") != "",
    "reasoning-details-only": lambda found: (
        said(found, "reasoning_content") == ""
        and found[1]["choices"][0]["delta"]["reasoning_details"][0]["text"] == "The"
    ),
    "null-delta": lambda found: found[0]["choices"][0]["delta"] is None,
    "nulls": lambda found: all("function_call" in chunk["choices"][0]["delta"] for chunk in found),
    "empty-choices-first": lambda found: found[0]["choices"] == [] and found[1]["choices"] != [],
    "empty-tool-calls": lambda found: found[1]["choices"][0]["delta"].get("tool_calls") == [],
    "empty-content": lambda found: found[1]["choices"][0]["delta"].get("content") == "",
    "role-everywhere": lambda found: len(texts(found, "role")) == len(found),
    "no-role": lambda found: texts(found, "role") == [],
    "changing-ids": lambda found: len({chunk["id"] for chunk in found}) == len(found),
    "extra-frame": lambda found: list(found[1]) == ["meta"],
    "call-no-index": lambda found: all("index" not in fragment for fragment in fragments(found)),
    "call-text-index": lambda found: {fragment["index"] for fragment in fragments(found)} == {"0", "1"},
    "call-index-from-one": lambda found: {fragment["index"] for fragment in fragments(found)} == {1, 2},
    "call-same-index": lambda found: {fragment["index"] for fragment in fragments(found)} == {0},
    "call-no-id": lambda found: all("id" not in fragment for fragment in fragments(found)),
    "call-same-ids": lambda found: [head["id"] for head in heads(found)] == ["functions.get_weather:0"] * 2,
    "call-odd-ids": lambda found: all(head["id"][0] == " " and head["id"][-1] == "\n" for head in heads(found)),
    "call-late-name": lambda found: (
        len(heads(found)) == 2 and all("name" not in fragment["function"] for fragment in fragments(found)[:2])
    ),
    "call-late-id": lambda found: "id" not in fragments(found)[0] and "id" in fragments(found)[2],
    "call-repeated-head": lambda found: len(heads(found)) == len(fragments(found)) > 4,
    "call-null-heads": lambda found: fragments(found)[1].get("id", "") is None and len(heads(found)) == 2,
    "call-null-arguments": lambda found: [head["function"]["arguments"] for head in heads(found)] == [None, None],
    "call-null-end": lambda found: (
        [fragment["function"].get("name", "") for fragment in fragments(found)].count(None) == 2
    ),
    "call-whole": lambda found: (
        [fragment["function"]["arguments"] for fragment in fragments(found)] == ['{"city":"Tokyo"}', '{"city":"Paris"}']
    ),
    "call-two-in-one": lambda found: (
        max(len(chunk["choices"][0]["delta"].get("tool_calls", [])) for chunk in found) == 2
    ),
    "call-interleaved": lambda found: [fragment["index"] for fragment in fragments(found)][:4] == [0, 1, 0, 1],
    "call-object-arguments": lambda found: (
        [fragment["function"]["arguments"] for fragment in fragments(found)] == [{"city": "Tokyo"}, {"city": "Paris"}]
    ),
    "call-empty-arguments": lambda found: (
        [fragment["function"]["arguments"] for fragment in fragments(found)] == ["", ""]
    ),
    "call-garbage": lambda found: fragments(found)[-1]["function"]["arguments"] == "自然科学}",
    "call-trailing-space": lambda found: fragments(found)[-1]["function"]["arguments"] == "  ",
    "continuous-usage": lambda found: (
        all("usage" in chunk for chunk in found) and found[3]["usage"]["completion_tokens"] == 3
    ),
    "null-usage": lambda found: all("usage" in chunk for chunk in found) and found[0]["usage"] is None,
    "zero-usage": lambda found: found[-1].get("usage", {}).get("total_tokens") == 0,
    "error-frame": lambda found: len(found) == 4 and found[3]["error"]["type"] == "server_error",
    "error-frame-flat": lambda found: len(found) == 4 and found[3]["object"] == "error",
    "error-frame-text": lambda found: found[3] == {"error": "Internal server error"},
    "error-frame-code": lambda found: len(found) == 4 and found[3]["code"] == 500,
    "error-frame-gateway": lambda found: found[3].get("error", {}).get("type") == "stream_error",
    "cut-with-done": lambda found: len(found) == 3,
}


@pytest.mark.parametrize("quirk", SEEN)
def test_quirks_of_frames(sim: Simulator, quirk: str) -> None:
    assert not SEEN[quirk](plain(sim)) or quirk == "finish-tool-calls"
    assert SEEN[quirk](chunks(stream(sim, quirk)))


LINES: dict[str, Callable[[bytes], bool]] = {
    "no-done": lambda raw: b"[DONE]" not in raw,
    "done-marker": lambda raw: raw.count(b"[DONE]") == 2,
    "text-after-done": lambda raw: raw.endswith(b'data: [DONE]\n\ndata: {"not":"json\n\n'),
    "comments-as-data": lambda raw: raw.startswith(b"data: : PROCESSING\n\ndata: {"),
    "error-field": lambda raw: b'\n\nerror: {"code":500,' in raw and raw.endswith(b"data: [DONE]\n\n"),
    "error-line": lambda raw: b'\n\n{"code":500,' in raw and raw.endswith(b"}"),
    "error-in-open-event": lambda raw: b'\ndata: {"error":{"code":500' in raw,
    "comments": lambda raw: raw.startswith(b": keep-alive\n\ndata: {"),
    "many-data-lines": lambda raw: raw.startswith(b'data: {\ndata:  "id": "chatcmpl-'),
    "crlf": lambda raw: raw.endswith(b"data: [DONE]\r\n\r\n") and raw.count(b"\n") == raw.count(b"\r\n"),
    "cr": lambda raw: raw.endswith(b"data: [DONE]\r\r") and b"\n" not in raw,
    "no-blank-lines": lambda raw: b"\n\n" not in raw and raw.endswith(b"\ndata: [DONE]\n"),
    "no-space": lambda raw: raw.startswith(b"data:{") and raw.endswith(b"data:[DONE]\n\n"),
    "other-fields": lambda raw: raw.startswith(b"id: 7\nretry: 3000\nx-odd: 1\ndata: {"),
    "bom": lambda raw: raw.startswith(b"\xef\xbb\xbfdata: {") and raw.count(b"\xef\xbb\xbf") == 1,
    "no-last-blank-line": lambda raw: raw.endswith(b"\n\ndata: [DONE]"),
}


@pytest.mark.parametrize("quirk", LINES)
def test_quirks_of_lines(sim: Simulator, quirk: str) -> None:
    assert not LINES[quirk](stream(sim).content)
    assert LINES[quirk](stream(sim, quirk).content)


@pytest.mark.parametrize("quirk", ["byte-by-byte", "one-write", "gzip"])
def test_the_way_of_writing_changes_no_byte(sim: Simulator, quirk: str) -> None:
    usual, odd = chunks(stream(sim)), chunks(stream(sim, quirk))
    for chunk in (*usual, *odd):
        chunk.update(id="", created=0)
        chunk["choices"][0].pop("usage", None)
        for fragment in fragments([chunk]):
            fragment.pop("id", None)
    assert usual == odd


def test_writes_are_as_many_as_said(sim: Simulator) -> None:
    """One chunk of the transfer for each write."""
    import http.client

    address = httpx.URL(sim.base_url)
    counts = {}
    for quirk in ("byte-by-byte", "one-write", "crlf"):
        connection = http.client.HTTPConnection(address.host, address.port, timeout=20)
        body = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}], "stream": True}
        headers = {"Authorization": f"Bearer {sim.api_key}", "X-Simulate-Quirks": quirk, "Connection": "close"}
        connection.request("POST", f"{address.path}/chat/completions", json.dumps(body), headers)
        response = connection.getresponse()
        assert response.fp is not None
        raw = response.fp.read()
        counts[quirk] = raw.count(b"\r\n") // 2 - 1 if quirk == "one-write" else raw.count(b"1\r\n")
        connection.close()
    assert counts["one-write"] == 1
    assert counts["byte-by-byte"] > 1000 > counts["crlf"]


def test_quirks_of_responses(sim: Simulator) -> None:
    whole = stream(sim, "json-body")
    assert whole.headers["content-type"].startswith("application/json")
    assert whole.json()["object"] == "chat.completion"
    assert stream(sim, "plain-text").headers["content-type"] == "text/plain"
    assert stream(sim, "labelled-json").headers["content-type"] == "application/json"
    assert stream(sim, "gzip").headers["content-encoding"] == "gzip"
    padded = post(sim, "hi", headers={"X-Simulate-Quirks": "padded-body"})
    assert padded.content.startswith(b"\n         \n")
    assert padded.json()["object"] == "chat.completion"


def test_glued_frames_and_halves_of_characters(sim: Simulator) -> None:
    glued = events(stream(sim, "glued-frames", question="say: one two three", tool_choice="none"))
    torn = [event for event in glued if b"data: {" in event]
    assert len(torn) == 1
    first, second = torn[0].split(b"data: ")
    assert first.startswith(b'{"id":"chatcmpl-')
    assert json.loads(second)["choices"][0]["delta"] == {"content": " two"}
    halves = stream(sim, "split-surrogates", question="say: a 😀", tool_choice="none")
    assert b'"\\ud83d"' in halves.content
    assert b'"\\ude00"' in halves.content
    assert not any("😀" in text for text in texts(chunks(halves), "content"))


def test_quirks_add_up_and_stand_for_all_requests() -> None:
    with Simulator(pace=0, quirks=["think-in-content", "fine-pieces", "crlf"]) as sim:
        raw = post(sim, "17 * 23", stream=True).content
        found = [json.loads(event.removeprefix(b"data: ")) for event in raw.split(b"\r\n\r\n")[:-2]]
        assert max(map(len, texts(found, "content"))) == 3
        assert said(found, "content").startswith("<think>The user")
        assert "391" in said(found, "content").split("</think>")[1]
        frames(post(sim, "hi", stream=True, headers={"X-Simulate-Quirks": ""}))
    with pytest.raises(ValueError, match="unknown quirk 'odd'"):
        Simulator(quirks=["odd"])
    with Simulator(pace=0) as sim:
        refused = post(sim, "hi", headers={"X-Simulate-Quirks": "odd"})
        assert refused.status_code == 400
        assert "unknown quirk" in refused.json()["error"]["message"]


MESSAGES: dict[str, Callable[[str], bool]] = {
    "no-done": lambda text: "message_stop" not in text,
    "no-finish": lambda text: "message_delta" not in text,
    "done-marker": lambda text: text.endswith("\n\ndata: [DONE]\n\n"),
    "no-event-names": lambda text: "event: " not in text and '"type":"message_start"' in text,
    "no-types": lambda text: '"type":"message_start"' not in text and "event: message_start" in text,
    "signed-thinking": lambda text: '"delta":{"type":"signature_delta","signature":""}' in text,
    "error-frame": lambda text: text.split("\n\n")[3].startswith("event: error\n"),
    "no-space": lambda text: text.startswith("event:message_start\ndata:{"),
}


@pytest.mark.parametrize("quirk", MESSAGES)
def test_quirks_in_the_messages_protocol(quirk: str) -> None:
    body = {"model": "kimi-k2.6", "max_tokens": 999, "messages": [{"role": "user", "content": "hi"}], "stream": True}
    with Simulator(pace=0, dialect="moonshot-anthropic") as sim:
        url, key = f"{sim.base_url}/v1/messages", {"x-api-key": sim.api_key}
        assert not MESSAGES[quirk](httpx.post(url, json=body, headers=key).text)
        assert MESSAGES[quirk](httpx.post(url, json=body, headers={**key, "X-Simulate-Quirks": quirk}).text)


@pytest.mark.parametrize("dialect", ["moonshot", "openrouter", "sglang", "cloudflare", "moonshot-anthropic"])
def test_every_quirk_can_be_had_in_every_dialect(dialect: str) -> None:
    name = {"openrouter": "moonshotai/kimi-k2.6", "cloudflare": "@cf/moonshotai/kimi-k2.6"}.get(dialect, "kimi-k2.6")
    path = "/v1/messages" if dialect == "moonshot-anthropic" else "/chat/completions"
    tool = {"name": "look_up", "input_schema": {"type": "object"}} if dialect == "moonshot-anthropic" else WEATHER
    body = {"model": name, "max_tokens": 999, "messages": [{"role": "user", "content": QUESTION}], "tools": [tool]}
    with Simulator(pace=0, dialect=dialect) as sim, httpx.Client(timeout=20) as client:
        for quirk in QUIRKS:
            for streams in (True, False):
                headers = {"Authorization": f"Bearer {sim.api_key}", "X-Simulate-Quirks": quirk}
                answer = client.post(sim.base_url + path, json={**body, "stream": streams}, headers=headers)
                assert answer.status_code == 200, quirk
                assert answer.content, quirk


def test_every_quirk_has_its_test() -> None:
    others = {
        "glued-frames",
        "split-surrogates",
        "json-body",
        "plain-text",
        "labelled-json",
        "padded-body",
        "byte-by-byte",
        "one-write",
    }
    begun = {name for name in QUIRKS if name.startswith("continuation-")}  # test_simulator_continuations.py
    assert set(QUIRKS) == {*SEEN, *LINES, *MESSAGES, *others, *begun, "gzip"}


def test_orders_by_option() -> None:
    with Simulator(pace=0, error="suspended", retry_after="3") as sim:
        refused = post(sim, "hi")
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "3")
        assert "is suspended" in refused.json()["error"]["message"]
    with Simulator(pace=0, midstream_error="500@2") as sim:
        assert len(events(post(sim, "hi", stream=True))) == 3
        assert len(events(post(sim, "hi", stream=True, headers={"X-Simulate-Midstream-Error": "500@4"}))) == 5
    with Simulator(pace=0, cut_after=2) as sim, pytest.raises(httpx.RemoteProtocolError):
        post(sim, "hi", stream=True)
    with Simulator(pace=0, max_body=1000) as sim:
        assert post(sim, "x" * 1000).status_code == 413
    for wrong in ({"stall": "soon"}, {"cut_after": -1}, {"midstream_error": "odd"}):
        with pytest.raises(ValueError, match=r"."):
            Simulator(**wrong)


def test_the_command_lists_what_there_is() -> None:
    command = [sys.executable, "-m", "kimistream.cli", "simulate"]
    listed = subprocess.run([*command, "--list-quirks"], capture_output=True, text=True, check=True, timeout=300).stdout
    assert [line.split()[0] for line in listed.splitlines()] == list(QUIRKS)
    wrong = subprocess.run([*command, "--quirk", "odd"], capture_output=True, text=True, check=False, timeout=300)
    assert wrong.returncode == 2
    assert "unknown quirk 'odd'" in wrong.stderr
