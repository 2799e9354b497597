"""What each provider is sent, byte for byte of JSON: one file of snapshots for each row, in tests/snapshots.

After a change that is meant, write them anew and read the difference against the provider's documents:

    KIMISTREAM_WRITE_SNAPSHOTS=1 .venv/bin/pytest tests/test_snapshots.py; git diff tests/snapshots
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from fault_server_client import FaultServer, Script, event
from kit import HOSTS, KEY, answer, completion
from request_list import REQUESTS

import kimistream
from kimistream import InvalidRequestError, Kimi, providers

SNAPSHOTS = Path(__file__).parent / "snapshots"
WRITE = bool(os.environ.get("KIMISTREAM_WRITE_SNAPSHOTS"))
PROVIDERS = [name for name in providers() if name not in HOSTS]  # what is different about those: test_hosts.py
# Of the connection, or of this version, and not of the dialect.
PASSING_HEADERS = {"host", "content-length", "user-agent", "accept-encoding", "connection"}


def _messages_event(type: str, **fields: Any) -> bytes:
    return f"event: {type}\n".encode() + event({"type": type, **fields})


MESSAGES_USAGE = {"input_tokens": 12, "output_tokens": 10}
MESSAGES_STREAM = [
    _messages_event(
        "message_start",
        message={"id": "msg_1", "type": "message", "role": "assistant", "model": "k", "content": [],
                 "stop_reason": None, "stop_sequence": None, "usage": MESSAGES_USAGE},
    ),
    _messages_event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    _messages_event("content_block_delta", index=0, delta={"type": "text_delta", "text": "Hello"}),
    _messages_event("content_block_stop", index=0),
    _messages_event("message_delta", delta={"stop_reason": "end_turn"}, usage=MESSAGES_USAGE),
    _messages_event("message_stop"),
]  # fmt: skip
MESSAGES_BODY = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "k",
    "content": [{"type": "text", "text": "Hello"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": MESSAGES_USAGE,
}


def script(provider: str, request: dict[str, Any]) -> Script:
    row, stream = providers()[provider], request.get("stream", False)
    messages = row["protocol"] == "anthropic_messages"
    reasons = (
        request.get("thinking") is not False and "prefill" not in request
    )  # an answer that is begun is gone on with
    opened = row["inline_thinking"] == "implicit_open" and reasons
    text = "</think>Hello" if opened else "Hello"
    if stream:
        return Script().event_stream(MESSAGES_STREAM if messages else answer(text))
    return Script().json(200, MESSAGES_BODY if messages else completion(text))


def take(server: FaultServer, provider: str, request: dict[str, Any]) -> dict[str, Any]:
    """What one request of the list becomes: path, headers, body, and the warnings that came with the answer."""
    arguments = dict(request)
    prompt, stream = arguments.pop("prompt"), arguments.pop("stream", False)
    url = server.url(script(provider, request), suffix="")
    with Kimi(api_key=KEY, provider=provider, base_url=url, max_retries=0) as client:
        try:
            if stream:
                with client.stream(prompt, **arguments) as stream_:
                    message = stream_.message
            else:
                message = client.complete(prompt, **arguments)
        except InvalidRequestError as refusal:
            assert server.requests(url) == []
            return {"refused": str(refusal)}
    (seen,) = server.requests(url)
    headers = {
        name: value.replace(KEY, "KEY") for name, value in seen["headers"].items() if name not in PASSING_HEADERS
    }
    assert message.text == "Hello"
    return {
        "path": "/" + seen["target"].split("/", 3)[3],
        "headers": headers,
        "warnings": [warning.code for warning in message.warnings],
        "body": json.loads(seen["body"]),
    }


def taken(server: FaultServer, provider: str) -> dict[str, Any]:
    snapshots = {name: take(server, provider, request) for name, request in REQUESTS.items()}
    # Headers and path are nearly always the same: they are told once, and again where they are others.
    usual = {key: snapshots["plain"][key] for key in ("path", "headers")}
    for snapshot in snapshots.values():
        for key in usual:
            if snapshot.get(key) == usual[key]:
                del snapshot[key]
        if snapshot.get("warnings") == []:
            del snapshot["warnings"]
    return {"usual": usual, **snapshots}


def as_text(snapshots: dict[str, Any]) -> str:
    return json.dumps(snapshots, indent=1, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_a_provider_is_sent(provider: str, fault_server: FaultServer) -> None:
    """Names, order, values: all of it. See the top of this file for how to take new ones."""
    path = SNAPSHOTS / f"{provider}.json"
    now = taken(fault_server, provider)
    if WRITE:
        path.parent.mkdir(exist_ok=True)
        path.write_text(as_text(now), "utf-8")
    assert path.exists(), "no snapshots of this provider: KIMISTREAM_WRITE_SNAPSHOTS=1 writes them"
    before = json.loads(path.read_text("utf-8"))
    assert list(now) == list(before)
    for name, snapshot in now.items():
        assert as_text(snapshot) == as_text(before[name]), name


def test_there_is_a_file_for_each_provider_and_no_other() -> None:
    assert sorted(path.stem for path in SNAPSHOTS.glob("*")) == sorted(PROVIDERS)


def test_snapshots_hold_no_key() -> None:
    assert [path.name for path in SNAPSHOTS.glob("*.json") if KEY in path.read_text("utf-8")] == []


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_openai_shape_sends_the_same(provider: str, fault_server: FaultServer) -> None:
    """`create` says what `complete` says."""
    native = json.loads((SNAPSHOTS / f"{provider}.json").read_text("utf-8"))
    for name in ("plain", "thinking_off", "tool_choice_auto", "history_kept", "max_tokens", "image", "fields"):
        arguments = dict(REQUESTS[name])
        prompt = arguments.pop("prompt")
        url = fault_server.url(script(provider, REQUESTS[name]), suffix="")
        messages = prompt if isinstance(prompt, list) else [{"role": "user", "content": prompt}]
        with Kimi(api_key=KEY, provider=provider, base_url=url, max_retries=0) as client:
            client.chat.completions.create(messages=messages, **arguments)
        (seen,) = fault_server.requests(url)
        assert kimistream._core.loads(seen["body"].decode()) == native[name]["body"], name
