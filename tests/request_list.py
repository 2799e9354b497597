"""Requests of every kind, for the tests that look at what each provider is sent."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any


def _png() -> bytes:
    """One red pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    # Stored, not compressed: the same bytes whatever the version of zlib.
    rows = b"\x78\x01\x01\x04\x00\xfb\xff\x00\xff\x00\x00" + struct.pack(">I", zlib.adler32(b"\x00\xff\x00\x00"))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


PNG = "data:image/png;base64," + base64.b64encode(_png()).decode()
MP4 = "data:video/mp4;base64," + base64.b64encode(b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom").decode()

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city, now",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "its name in English"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
STRICT_WEATHER = {**WEATHER, "function": {**WEATHER["function"], "strict": True}}  # type: ignore[dict-item]
INVOICE = {
    "type": "json_schema",
    "json_schema": {
        "name": "invoice",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"total": {"type": "number"}, "paid": {"type": "boolean"}},
            "required": ["total", "paid"],
            "additionalProperties": False,
        },
    },
}

QUESTION = "Weather in Tokyo?"


def call(id: str, city: str) -> dict[str, Any]:
    function = {"name": "get_weather", "arguments": f'{{"city":"{city}"}}'}
    return {"id": id, "type": "function", "function": function}


def result(id: str, text: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id, "content": text}


HISTORY: list[dict[str, Any]] = [
    {"role": "system", "content": "Answer in one sentence."},
    {"role": "user", "content": "Weather in Tokyo and in Paris?"},
    {
        "role": "assistant",
        "content": "I look both up.",
        "reasoning_content": "Two cities, two calls.",
        "tool_calls": [call("get_weather:0", "Tokyo"), call("get_weather:1", "Paris")],
    },
    result("get_weather:0", "22°C"),
    result("get_weather:1", "15°C"),
    {"role": "assistant", "content": "22 and 15 degrees.", "reasoning_content": "Both are known."},
    {"role": "user", "content": "And in Rome?"},
    {"role": "assistant", "content": "", "tool_calls": [call("get_weather:0", "Rome")]},  # an id again; no reasoning
    result("get_weather:0", "19°C"),
]
DETAILS = [
    {"type": "reasoning.text", "text": "Short.", "format": "unknown", "index": 0},
    {"type": "reasoning.encrypted", "data": "b3BhcXVl", "index": 1},
]
ODD_HISTORY: list[dict[str, Any]] = [
    {"role": "user", "content": "Hello"},
    {"role": "assistant", "content": ""},  # nothing in it
    {"role": "user", "name": "ann", "content": "Weather in Rome?"},
    {
        "role": "assistant",
        "content": None,
        "reasoning_content": "Short.",
        "reasoning_details": DETAILS,
        "tool_calls": [
            {"id": "call 1/a", "type": "function", "function": {"name": "get_weather", "arguments": "Rome"}},
        ],
    },
    result("call 1/a", "19°C"),
    {"role": "user", "content": "Thanks"},
]


def _parts(*parts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [{"type": "text", "text": "What is this?"}, *parts]}]


# What `client.complete` gets, or `client.stream` where "stream" is True.
REQUESTS: dict[str, dict[str, Any]] = {
    "plain": {"prompt": QUESTION},
    "streamed": {"prompt": QUESTION, "stream": True},
    "system": {"prompt": QUESTION, "system": "Answer in one sentence."},
    "thinking_on": {"prompt": QUESTION, "thinking": True},
    "thinking_off": {"prompt": QUESTION, "thinking": False},
    "thinking_keep": {"prompt": QUESTION, "thinking": "keep"},
    # The request of which the providers' dialects are compared.
    "neutral": {
        "prompt": QUESTION,
        "tools": [STRICT_WEATHER],
        "thinking": "keep",
        "max_tokens": 32768,
        "stream": True,
    },
    "tools": {"prompt": QUESTION, "tools": [WEATHER]},
    "tool_choice_auto": {"prompt": QUESTION, "tools": [WEATHER], "tool_choice": "auto"},
    "tool_choice_none": {"prompt": QUESTION, "tools": [WEATHER], "tool_choice": "none"},
    "tool_choice_required": {"prompt": QUESTION, "tools": [WEATHER], "tool_choice": "required", "thinking": False},
    "tool_choice_named": {
        "prompt": QUESTION,
        "tools": [WEATHER],
        "tool_choice": {"type": "function", "function": {"name": "get_weather"}},
        "thinking": False,
    },
    "history": {"prompt": HISTORY, "tools": [WEATHER]},
    "history_kept": {"prompt": HISTORY, "tools": [WEATHER], "thinking": "keep"},
    "history_not_thinking": {"prompt": HISTORY, "tools": [WEATHER], "thinking": False},
    "odd_history": {"prompt": ODD_HISTORY, "tools": [WEATHER]},
    "json_object": {"prompt": "An invoice as JSON", "response_format": {"type": "json_object"}},
    "json_schema": {"prompt": "An invoice", "response_format": INVOICE},
    "image": {"prompt": _parts({"type": "image_url", "image_url": {"url": PNG}})},
    "image_by_address": {"prompt": _parts({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}})},
    "image_by_file": {"prompt": _parts({"type": "image_url", "image_url": {"url": "ms://file-1"}})},
    "video": {"prompt": _parts({"type": "video_url", "video_url": {"url": MP4}})},
    "max_tokens": {"prompt": QUESTION, "max_tokens": 32768},
    "stop": {"prompt": QUESTION, "stop": ["END", "\n\n"]},
    "sampling": {"prompt": QUESTION, "temperature": 1.0, "top_p": 0.95},
    "fields": {"prompt": QUESTION, "seed": 7, "user": "u-1", "prompt_cache_key": "session-1"},
    "extra_body": {
        "prompt": QUESTION,
        "thinking": False,
        "extra_body": {"chat_template_kwargs": {"extra": 1}, "trace": {"team": "search"}},
    },
    "extra_headers": {"prompt": QUESTION, "extra_headers": {"X-Session-Affinity": "ses-1"}},
    "prefill": {"prompt": "Count to five", "prefill": "1, 2, "},
    "prefill_unchecked": {"prompt": "Count to five", "prefill": "1, 2, ", "check": "off"},
}
