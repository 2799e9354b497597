"""Which dialect does an unknown server speak? A few tiny requests, and what their raw answers show."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kimistream import APIConnectionError, APIError, APIStatusError, Kimi, KimiError, providers
from kimistream._core import dumps

from .between import Pace, proxy, sender
from .fingerprints import FINGERPRINTS

_ASK_ANY = "openai-compatible"  # the row that sends little and accepts everything
# What the server says shall be seen as it says it: nothing is mended on the way.
_AS_IT_IS = {"name": "custom-probe", "inherits": _ASK_ANY, "inline_thinking": "never", "salvages_tool_markup": False}
_QUESTION = "Call the tool get_time once, with the timezone UTC. Do not think for long."
_TOOL = {
    "type": "function",
    "function": {
        "name": "get_time",
        "description": "The time now.",
        "parameters": {"type": "object", "properties": {"timezone": {"type": "string"}}, "required": ["timezone"]},
    },
}
_MAX_TOKENS = 512  # enough for some thinking and a call
_STRONG = 2  # the weight of a mark from which on it says something by itself
_MAX_FRAMES = 4096
_KEY_REFUSED = (401, 403)
_MAX_TEXT = 65536
_REASONING_KEYS = ("reasoning_content", "reasoning")
_MARKUP = "<|tool_call"
_CLOSING_TAG = "</think>"
_SEEN_ON_FRAMES = ("provider", "meta", "system_fingerprint")
_SEEN_ON_CHOICES = ("matched_stop", "stop_reason", "native_finish_reason")
_IDS = {"chatcmpl": r"chatcmpl-.+", "gen": r"gen-.+", "hex": r"[0-9a-f]{32}", "id": r"id-\d+"}
_CALL_IDS = {"functions": r"functions\..+:\d+", "call": r"call_.+", "tool": r"tool_.+"}


@dataclass
class Findings:
    """What was seen. `marks` are compared with the fingerprints; the others are for people and for the row."""

    base_url: str
    model: str = ""
    marks: set[str] = field(default_factory=set)
    reasoning: str = ""  # the key of the reasoning, "inline", or "" where there was none
    tool_call: str = ""  # the id of the call, "markup", "refused", or "" where the model called nothing
    usage: list[str] = field(default_factory=list)
    response_id: str = ""
    error: str = ""
    thinking_off: str = "not known"
    id_headers: list[str] = field(default_factory=list)
    models: str = ""  # why they could not be listed
    pace: str = "not seen"  # how the events of the stream came
    sender: str = ""
    proxy: str = ""

    def summary(self) -> dict[str, str]:
        calls = {"markup": "the model's own tokens in the text: no tool parser", "refused": "tools are refused"}
        inline = {"inline": f"inside the text, up to {_CLOSING_TAG}: no reasoning parser"}
        return {
            "model": self.model,
            "reasoning": inline.get(self.reasoning, self.reasoning) or "none came",
            "tool call id": calls.get(self.tool_call, self.tool_call) or "the model called nothing",
            "usage in a stream": ", ".join(self.usage) or "none",
            "response id": self.response_id or "none",
            "error shape": self.error or "not seen",
            "thinking switched off": self.thinking_off,
            "request id headers": ", ".join(self.id_headers) or "none",
            "events came": self.pace,
            "sent by": self.sender or "not said",
            "proxy": self.proxy or "none",
            **({"list of models": self.models} if self.models else {}),
        }


def probe(url: str, key: str, model: str | None, timeout: float | None) -> tuple[Findings, str, dict[str, Any]]:
    """Asks the server. Returns what was seen, the name of the nearest row, and the fields of a row for this server.

    Raises KimiError where the server cannot be asked at all. Nothing is retried.
    """
    asking = {**_AS_IT_IS, "base_url": url}
    with Kimi(key, provider=asking, base_url=url, timeout=timeout, max_retries=0) as client:
        findings = Findings(base_url=client.base_url, proxy=proxy(client.base_url))
        try:
            findings.model = model or _model_of(client, findings)
            _ask_streamed(client, findings)
        except APIStatusError as error:
            if error.status_code in (401, 404, 405) and (other := _ask_messages(findings, key, model, timeout)):
                return findings, other, _row(findings, other, bool(key))
            raise
        _ask_what_is_refused(client, findings)
        nearest = _nearest(findings)
        _ask_plain(client, findings, providers()[nearest])
        wants_key = _wants_a_key(url, timeout) if key else False
    return findings, nearest, _row(findings, nearest, wants_key)


def _model_of(client: Kimi, findings: Findings) -> str:
    """The first Kimi that the server lists, the newest of the 2.6 family before others."""
    models = []
    try:
        models = client.models.list().data
    except APIConnectionError:
        raise
    except APIError as error:
        if error.status_code in _KEY_REFUSED:
            raise
        findings.models = f"could not be read ({error.message[:200]}); --model names one, --api-key-variable a key"
    for model in models[:1]:
        dumped = model.model_dump(exclude_unset=True)
        findings.marks.add(f"owner:{str(dumped.get('owned_by', '')).lower()}")
        findings.marks |= {f"models:{name}" for name in ("architecture", "max_model_len") if name in dumped}
        if any(name.startswith("supports_") for name in dumped):
            findings.marks.add("models:supports")
    ids = [str(model.id) for model in models if model.id]
    for word in (r"k2[.-]6", "kimi", "."):
        for name in ids:
            if re.search(word, name, re.IGNORECASE):
                return name
    return str(providers()[_ASK_ANY]["default_model"])


def _rows() -> dict[str, dict[str, Any]]:
    """All rows but the one that is asked with."""
    return {name: row for name, row in providers().items() if name != _AS_IT_IS["name"]}


# ---- the requests ---------------------------------------------------------------------------------------------------


def _ask_streamed(client: Kimi, findings: Findings) -> None:
    asked: dict[str, Any] = {
        "model": findings.model,
        "messages": [{"role": "user", "content": _QUESTION}],
        "max_tokens": _MAX_TOKENS,
        "stream": True,
        "stream_options": {"include_usage": True},
        "check": "off",
    }
    try:
        stream = client.chat.completions.create(**asked, tools=[_TOOL])
    except APIStatusError as error:
        if error.status_code not in (400, 422):
            raise
        findings.tool_call = "refused"  # e.g. a server that was started without a tool parser
        stream = client.chat.completions.create(**asked)
    with stream:
        names = {name.lower() for row in providers().values() for name in row["request_id_headers"]}
        findings.id_headers = sorted(name for name in names if stream.headers.get(name))
        findings.sender = sender(stream.headers)
        pace = Pace()
        text, finished = "", False
        for count, chunk in enumerate(stream):
            pace.came()
            text, finished = _look_at(chunk.model_dump(exclude_unset=True), findings, text, finished)
            if count >= _MAX_FRAMES:
                break
        findings.pace = pace.said(stream.partial)
    if not findings.reasoning and _CLOSING_TAG in text:
        findings.reasoning = "inline"
        findings.marks.add("reasoning:inline")
    if not findings.tool_call and _MARKUP in text:
        findings.tool_call = "markup"
        findings.marks.add("calls:markup")


def _ask_messages(findings: Findings, key: str, model: str | None, timeout: float | None) -> str:
    """Whether the server speaks the other protocol instead. Returns the name of the row that it answers to, or ""."""
    url = findings.base_url.removesuffix("/v1")  # the path of that protocol begins with it
    rows = _rows()
    for name, row in rows.items():
        if row["protocol"] == rows[_ASK_ANY]["protocol"] or (row["needs_key"] and not key):
            continue
        asked: dict[str, Any] = {
            "model": model or row["default_model"],
            "max_tokens": 64,
            "messages": [{"role": "user", "content": "Answer with the one word: ready"}],
        }
        provider = {"inherits": name, "base_url": url}
        try:
            with Kimi(key, provider=provider, timeout=timeout, max_retries=0) as client:
                answer = client._core.send(row["chat_path"], "POST", dumps(asked)).json()
        except KimiError:
            continue
        if not isinstance(answer, dict) or answer.get("type") != "message":
            continue
        blocks = answer.get("content")
        kinds = [block.get("type") for block in blocks if isinstance(block, dict)] if isinstance(blocks, list) else []
        findings.base_url, findings.model = url, asked["model"]
        findings.reasoning = "thinking blocks" if "thinking" in kinds else ""
        findings.response_id = str(answer.get("id", ""))[:80]
        findings.tool_call = "not asked for"
        findings.usage = ["not asked for"]
        return name
    return ""


def _wants_a_key(url: str, timeout: float | None) -> bool:
    try:
        with Kimi("", provider=_ASK_ANY, base_url=url, timeout=timeout, max_retries=0) as client:
            client.models.list()
    except APIStatusError as error:
        return error.status_code in _KEY_REFUSED
    except KimiError:
        return False
    return False


def _look_at(chunk: Mapping[str, Any], findings: Findings, text: str, finished: bool) -> tuple[str, bool]:
    """One frame: what it shows goes into the findings. Returns the text so far, and whether a finish reason came."""
    marks = findings.marks
    marks |= {f"key:{name}" for name in _SEEN_ON_FRAMES if chunk.get(name) is not None}
    if not findings.response_id and isinstance(chunk.get("id"), str):
        findings.response_id = chunk["id"][:80]
        marks |= {f"id:{name}" for name, form in _IDS.items() if re.fullmatch(form, findings.response_id)}
    choices = chunk.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else None
    usage = chunk.get("usage")
    if isinstance(usage, dict):
        place = "empty" if choice is None else "repeated" if finished else "finish"
        if place != "finish" or choice.get("finish_reason"):  # type: ignore[union-attr]
            _add_usage(findings, place)
        if "cost" in usage:
            marks.add("usage:cost")
    if choice is None:
        return text, finished
    if isinstance(choice.get("usage"), dict):
        _add_usage(findings, "choice")
    marks |= {f"key:{name}" for name in _SEEN_ON_CHOICES if name in choice}
    delta = choice.get("delta")
    if isinstance(delta, dict):
        text = (text + _look_at_delta(delta, findings))[:_MAX_TEXT]
    return text, finished or bool(choice.get("finish_reason"))


def _look_at_delta(delta: Mapping[str, Any], findings: Findings) -> str:
    marks = findings.marks
    if "tool_calls" in delta and delta["tool_calls"] is None:
        marks.add("delta:nulls")
    if delta.get("reasoning_details"):
        marks.add("reasoning:details")
    for key in _REASONING_KEYS:
        if delta.get(key) and not findings.reasoning:
            findings.reasoning = key
            marks.add(f"reasoning:{key}")
    calls = delta.get("tool_calls")
    for call in calls if isinstance(calls, list) else []:
        identity = call.get("id") if isinstance(call, dict) else None
        if isinstance(identity, str) and identity and not findings.tool_call:
            findings.tool_call = identity[:80]
            marks |= {f"calls:{name}" for name, form in _CALL_IDS.items() if re.fullmatch(form, identity)}
    content = delta.get("content")
    return content if isinstance(content, str) else ""


def _add_usage(findings: Findings, place: str) -> None:
    said = {
        "empty": "a frame without choices",
        "finish": "the finish frame",
        "choice": "the finish frame's choice",
        "repeated": "a frame behind the finish frame",
    }[place]
    if said not in findings.usage:
        findings.usage.append(said)
    findings.marks.add(f"usage:{place}")


def _ask_what_is_refused(client: Kimi, findings: Findings) -> None:
    """A request without messages: servers refuse it before it costs anything, and show the shape of their errors."""
    try:
        client.chat.completions.create(
            model=findings.model,
            messages=[{"role": "user", "content": "."}],
            max_tokens=1,
            extra_body={"messages": []},
            check="off",
        )
    except APIStatusError as error:
        findings.error = _shape(error.body)
        findings.marks.add(f"error:{findings.error}")
    except KimiError:
        pass  # no shape to learn


def _shape(body: object) -> str:
    if not isinstance(body, Mapping):
        return "other"
    if "errors" in body and "success" in body:
        return "v4"
    if "detail" in body:
        return "detail"
    return "flat" if body.get("object") == "error" else "nested"


def _ask_plain(client: Kimi, findings: Findings, row: Mapping[str, Any]) -> None:
    try:
        answer = client.chat.completions.create(
            model=findings.model,
            messages=[{"role": "user", "content": "Answer with the one word: ready"}],
            max_tokens=16,
            extra_body=row["thinking_off"],
            check="off",
        )
    except APIStatusError as error:
        findings.thinking_off = f"refused: {error.message[:200]}"
        return
    message = answer.model_dump(exclude_unset=True)["choices"][0]["message"] if answer.choices else {}
    thought = any(message.get(key) for key in _REASONING_KEYS) or _CLOSING_TAG in str(message.get("content"))
    if thought:
        findings.thinking_off = "not honoured"
    else:
        findings.thinking_off = "honoured" if findings.reasoning else "not known: it did not think before, either"


# ---- the row --------------------------------------------------------------------------------------------------------


def _nearest(findings: Findings) -> str:
    rows = _rows()
    scores = {name: sum(weights.get(mark, 0) for mark in findings.marks) for name, weights in FINGERPRINTS.items()}
    # What every second server shows is no reason to take it for a certain one.
    strong = {
        name: any(weight >= _STRONG for mark, weight in weights.items() if mark in findings.marks)
        for name, weights in FINGERPRINTS.items()
    }
    for name in scores:
        own = {header.lower() for header in rows[name]["request_id_headers"]} - {"x-request-id"}
        if own & set(findings.id_headers):
            scores[name] += _STRONG
            strong[name] = True
    by_address = [name for name, row in rows.items() if findings.base_url in (row["base_url"], *row["other_addresses"])]
    if by_address and by_address[0] != _ASK_ANY:
        return by_address[0]
    known = [name for name in scores if strong[name]]
    return max(known, key=lambda name: scores[name], default=_ASK_ANY)


def _row(findings: Findings, nearest: str, wants_key: bool) -> dict[str, Any]:
    """The fields in which this server's row is not the nearest one. What a known dialect does with ids and reasoning is
    left as it is: its row has reasons that one answer does not show."""
    base = providers()[nearest]
    row: dict[str, Any] = {"needs_key": wants_key or base["needs_key"], "default_model": findings.model}
    if findings.model != base["default_model"]:
        is_usual = re.search(r"k2[.-]6", findings.model, re.IGNORECASE)
        row["models"] = {"kimi-k2.6": findings.model} if is_usual and findings.model != "kimi-k2.6" else {}
    if findings.reasoning == "inline":
        row["inline_thinking"] = "implicit_open"
    elif findings.reasoning and nearest == _ASK_ANY:
        row["reasoning_write_keys"] = [findings.reasoning]
    if "calls:functions" in findings.marks and nearest == _ASK_ANY:
        row["tool_ids"] = "functions_global"
    if findings.tool_call == "markup":
        row["salvages_tool_markup"] = True
    if findings.id_headers and not set(findings.id_headers) & set(base["request_id_headers"]):
        row["request_id_headers"] = findings.id_headers
    changed = {key: value for key, value in row.items() if base[key] != value}
    return {"inherits": nearest, "base_url": findings.base_url, **changed}
