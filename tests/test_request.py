"""What the native shape sends."""

from __future__ import annotations

from typing import Any

import pytest
from fault_server_client import FaultServer
from kit import KEY, Script, completion, kimi, sent, stream_of


def test_what_is_sent(fault_server: FaultServer) -> None:
    url = fault_server.url(stream_of("x"))
    client = kimi(url, model="kimi-k2.6", default_headers={"X-All": "1"})
    list(
        client.stream("hi", system="Be brief.", temperature=0.6, stop=["\n"], extra_headers={"X-One": "2"}, top_p=None)
    )
    request, body = fault_server.requests(url)[-1], sent(fault_server, url)
    assert (request["method"], request["target"].endswith("/v1/chat/completions")) == ("POST", True)
    headers = request["headers"]
    assert (headers["authorization"], headers["x-all"], headers["x-one"]) == (f"Bearer {KEY}", "1", "2")
    assert headers["content-type"] == "application/json"
    assert "expect" not in headers
    assert body["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]
    assert (body["model"], body["stream"], body["stream_options"]) == ("kimi-k2.6", True, {"include_usage": True})
    assert (body["temperature"], body["stop"], "top_p" in body) == (0.6, ["\n"], False)


def test_three_kinds_of_prompt(fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, completion()))
    client = kimi(url)
    reply = client.complete("Hi")
    picture = {"type": "image_url", "image_url": {"url": "https://example.com/x.png"}}
    client.complete(["What is this?", picture])
    client.complete([{"role": "user", "content": "Hi"}, reply, {"role": "user", "content": ("And?", picture)}])
    user = {"role": "user", "content": "Hi"}
    text = {"type": "text", "text": "What is this?"}
    assert sent(fault_server, url, 0)["messages"] == [user]
    assert sent(fault_server, url, 1)["messages"] == [{"role": "user", "content": [text, picture]}]
    third = [{"type": "text", "text": "And?"}, picture]
    assert sent(fault_server, url, 2)["messages"] == [
        user, {"role": "assistant", "content": "Hello"}, {"role": "user", "content": third}
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("thinking", "wire"),
    [
        (True, {"type": "enabled"}),
        (False, {"type": "disabled"}),
        ("keep", {"type": "enabled", "keep": "all"}),
        (None, None),
    ],
)
def test_thinking(thinking: Any, wire: Any, fault_server: FaultServer) -> None:
    url = fault_server.url(Script().json(200, completion()))
    kimi(url).complete("hi", thinking=thinking)
    assert sent(fault_server, url).get("thinking") == wire


def test_an_unknown_kind_of_part_is_sent_with_a_notice(fault_server: FaultServer) -> None:
    url = fault_server.url(stream_of("x"))
    part = {"type": "hologram", "hologram": {"depth": 3}}
    stream = kimi(url).stream([{"role": "user", "content": [part]}])
    first = next(stream)
    assert (first.type, first.code) == ("notice", "unknown_part")
    assert [notice.code for notice in stream.message.warnings] == ["unknown_part"]
    assert sent(fault_server, url)["messages"][0]["content"] == [part]
