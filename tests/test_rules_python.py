"""`check=` in its four values: what is told, what is changed on the wire, what is refused. Each rule at least once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from fault_server_client import FaultServer
from kit import KEY, run, sent
from request_list import INVOICE, PNG, WEATHER
from test_snapshots import script

from kimistream import AsyncKimi, InvalidRequestError, Kimi, providers

RULES = Path(__file__).parent.parent / "cpp/src/rules"
ABSENT = object()


def tool(name: str, **properties: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties}
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


def schema_of(body: dict[str, Any]) -> Any:
    return body["tools"][0]["function"]["parameters"]["properties"]["x"]


def part(kind: str, url: str) -> list[dict[str, Any]]:
    return [{"type": kind, kind: {"url": url}}]


def calls(call_id: str, name: str = "get_weather", arguments: str = "{}") -> dict[str, Any]:
    call = {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
    return {"role": "assistant", "reasoning_content": "r", "tool_calls": [call]}


def result(call_id: str) -> dict[str, Any]:
    return {"role": "tool", "content": "A", "tool_call_id": call_id}


USER = {"role": "user", "content": "Hello."}
NAMED = {"type": "function", "function": {"name": "get_weather"}}
LONG = "x" * 33
MANY = [f"value {i}" for i in range(1001)]

# provider, arguments, the code; certain rules are refused by "error"; what "fix" makes of the body, by key.
CASES: list[tuple[str, dict[str, Any], str, bool, dict[str, Any]]] = [
    ("moonshot", {"temperature": 0.3}, "fixed_temperature", True, {"temperature": ABSENT}),
    ("moonshot", {"temperature": 1.0, "thinking": False}, "fixed_temperature", True, {"temperature": ABSENT}),
    ("moonshot", {"top_p": 0.5}, "fixed_top_p", True, {"top_p": ABSENT}),
    ("moonshot", {"n": 2}, "fixed_n", True, {"n": ABSENT}),
    ("moonshot", {"presence_penalty": 1}, "fixed_presence_penalty", True, {"presence_penalty": ABSENT}),
    ("moonshot", {"frequency_penalty": 1}, "fixed_frequency_penalty", True, {"frequency_penalty": ABSENT}),
    ("moonshot", {"extra_body": {"temperature": 0.3}}, "fixed_temperature", True, {"temperature": ABSENT}),
    ("tokenhub", {"temperature": 0.3}, "fixed_temperature", True, {"temperature": ABSENT}),
    ("tokenhub", {"temperature": 1.0}, "fixed_temperature", False, {"temperature": 1.0}),
    ("anyfast", {"temperature": 0.3}, "fixed_temperature", False, {"temperature": 0.3}),
    ("moonshot", {"tools": [WEATHER], "tool_choice": "required"}, "forced_tool_with_thinking", True,
     {"tool_choice": "required", "thinking": {"type": "disabled"}}),
    ("moonshot", {"tools": [WEATHER], "tool_choice": NAMED, "thinking": True}, "forced_tool_with_thinking", True,
     {"tool_choice": ABSENT}),
    ("moonshot", {"tools": [WEATHER], "tool_choice": "required", "model": "kimi-k3.1-pro"},
     "forced_tool_with_thinking", False, {"tool_choice": "required"}),
    ("tokenhub", {"tools": [WEATHER], "tool_choice": NAMED, "thinking": False}, "tool_choice_not_taken", True,
     {"tool_choice": ABSENT}),
    ("cloudflare", {"tools": [WEATHER], "tool_choice": NAMED}, "tool_choice_not_taken", True,
     {"tool_choice": ABSENT}),
    ("moonshot", {"tools": [WEATHER, WEATHER]}, "duplicate_tool", True, {"tools": [WEATHER]}),
    ("moonshot", {"tools": [WEATHER, tool("get_weather")]}, "duplicate_tool", True, {}),
    ("moonshot", {"tools": [tool("a.b")]}, "tool_name", True, {}),
    ("moonshot", {"tools": [tool("ab")]}, "tool_name", False, {}),
    ("moonshot", {"tools": [tool(f"tool{i}") for i in range(129)]}, "too_many_tools", True, {}),
    ("moonshot", {"tools": [WEATHER], "parallel_tool_calls": False}, "parallel_tool_calls", False,
     {"parallel_tool_calls": False}),
    ("moonshot", {"tools": [tool("some", x={"description": "d"})]}, "schema_type", True, {}),
    ("moonshot", {"tools": [tool("some", x={"oneOf": [{"type": "string"}]})]}, "schema_keyword", True, {}),
    ("moonshot", {"tools": [tool("some", x={"$ref": "other.json"})]}, "schema_ref", True, {}),
    ("moonshot", {"tools": [tool("some", x={"type": "text"})]}, "schema_malformed", True, {}),
    ("moonshot", {"tools": [tool("some", x={"type": "string", "enum": MANY})]}, "schema_size", True, {}),
    ("moonshot-anthropic", {"response_format": INVOICE}, "json_schema_not_taken", True, {}),
    ("moonshot", {"prefill": "{", "response_format": {"type": "json_object"}}, "json_object_with_prefill", True, {}),
    ("moonshot", {"stop": list("abcdef")}, "too_many_stops", True, {"stop": list("abcdef")}),
    ("tokenhub", {"stop": list("abcde")}, "too_many_stops", True, {"stop": list("abcde")}),
    ("moonshot", {"stop": LONG}, "stop_too_long", True, {"stop": LONG}),
    ("moonshot", {"max_tokens": 262_144}, "max_tokens_above_context", True, {"max_completion_tokens": ABSENT}),
    ("moonshot", {"max_tokens": 500, "thinking": True}, "small_max_tokens", False, {"max_completion_tokens": 500}),
    ("moonshot", {"extra_body": {"max_tokens": 5000, "max_completion_tokens": 6000}}, "two_output_limits", True,
     {"max_tokens": ABSENT, "max_completion_tokens": 6000}),
    ("anyfast", {"extra_body": {"max_tokens": 50_000}}, "output_limit_ignored", True,
     {"max_tokens": ABSENT, "max_completion_tokens": 50_000}),
    ("moonshot", {"reasoning_effort": "high"}, "reasoning_effort_ignored", True, {"reasoning_effort": ABSENT}),
    ("moonshot", {"reasoning_effort": "none"}, "reasoning_effort_ignored", True,
     {"reasoning_effort": ABSENT, "thinking": {"type": "disabled"}}),
    ("moonshot", {"reasoning_effort": "high", "thinking": True}, "thinking_beside_effort", True,
     {"reasoning_effort": ABSENT, "thinking": {"type": "enabled"}}),
    ("moonshot", {"reasoning_effort": "medium", "model": "kimi-k3"}, "reasoning_effort_level", True,
     {"reasoning_effort": ABSENT}),
    ("kimi-code", {"reasoning_effort": "medium", "model": "k3"}, "reasoning_effort_level", False, {}),
    ("kimi-code", {"temperature": 0.1}, "fixed_temperature", False, {"temperature": 0.1}),
    ("moonshot", {"temperature": 0.1, "model": "kimi-k2.9"}, "fixed_temperature", False, {"temperature": 0.1}),
    ("moonshot", {"model": "kimi-k2.5", "thinking": "keep"}, "keep_not_supported", True,
     {"thinking": {"type": "enabled"}}),
    ("openrouter", {"thinking": "keep"}, "keep_not_taken", False, {"reasoning": {"enabled": True}}),
    ("moonshot", {"model": "kimi-k2.7-code", "thinking": False}, "thinking_always_on", True, {"thinking": ABSENT}),
    ("moonshot", {"model": "kimi-k3", "thinking": False}, "thinking_always_on", False,
     {"thinking": {"type": "disabled"}}),
    ("portkey", {"thinking": False}, "thinking_not_switched", False, {"thinking": ABSENT}),
    ("moonshot", {"max_token": 5}, "unknown_field", True, {"max_token": 5}),
    ("moonshot", {"agent": {"type": "swarm"}}, "undocumented_field", False, {"agent": {"type": "swarm"}}),
    ("vllm", {"repetition_penalt": 1.1}, "unknown_field", True, {"repetition_penalt": 1.1}),
    ("moonshot", {"prompt": part("image_url", "photo.png")}, "no_address", True, {}),
    ("moonshot", {"model": "kimi-k2.6-thinking"}, "unknown_model", False, {"model": "kimi-k2.6-thinking"}),
    ("moonshot", {"model": "kimi-k2-6"}, "unknown_model", False, {"model": "kimi-k2-6"}),
    ("moonshot", {"model": "moonshotai/kimi-k2.6"}, "foreign_model", True, {"model": "kimi-k2.6"}),
    ("openrouter", {"model": "moonshot/kimi-k2-6"}, "foreign_model", True, {"model": "moonshotai/kimi-k2.6"}),
    ("aimlapi", {"prompt": part("image_url", PNG)}, "image_not_taken", True, {}),
    ("vllm", {"prompt": part("video_url", "data:video/mp4;base64,AAAA")}, "video_not_taken", True, {}),
    ("moonshot", {"prompt": part("image_url", "data:image/svg+xml;base64,AAAA")}, "svg_not_taken", True, {}),
    ("moonshot", {"prompt": part("image_url", "https://example.com/a.png")}, "image_by_address", False, {}),
    ("moonshot", {"prompt": part("video_url", "https://example.com/a.mp4")}, "video_by_address", False, {}),
    ("tokenhub", {"prompt": part("image_url", "ms://file-1")}, "image_by_file_id", True, {}),
    ("kimi-code", {"prompt": "x" * 2_097_153}, "body_too_large", True, {}),
    ("moonshot", {"prompt": [USER, calls("a"), USER]}, "missing_tool_result", True, {}),
    ("vllm", {"prompt": [USER, calls("a"), USER]}, "missing_tool_result", False, {}),
    ("moonshot", {"prompt": [USER, calls("a"), USER, result("a")]}, "misplaced_tool_result", True,
     {"messages": [USER, calls("a"), result("a"), USER]}),
    ("moonshot", {"prompt": [USER, result("a")]}, "orphan_tool_result", True, {"messages": [USER]}),
    ("moonshot", {"prompt": [USER, calls("a"), result("a"), result("a")]}, "repeated_tool_result", False, {}),
    ("moonshot", {"prompt": [USER, calls("a", name=""), result("a")]}, "nameless_call", True, {}),
    ("vllm", {"prompt": [USER, calls("a", arguments='{"x":'), result("a")]}, "arguments_not_json", True, {}),
    ("moonshot", {"prompt": [USER, {"role": "assistant", "reasoning_content": "Well"}, USER]}, "reasoning_only_turn",
     True, {"messages": [USER, USER]}),
    ("moonshot", {"prompt": [{"role": "developer", "content": "Be short."}, USER]}, "developer_role", True,
     {"messages": [{"role": "system", "content": "Be short."}, USER]}),
    ("kimi-code", {"prompt": [{"role": "developer", "content": "Be short."}, USER]}, "developer_role", True, {}),
    ("vllm", {"prompt": [USER, calls("a"), {**result("a"), "content": part("image_url", PNG)}]}, "media_in_result",
     True, {}),
    ("moonshot", {"prompt": part("image_url", "data:image/png;base64," + PNG)}, "no_address", True,
     {"messages": [{"role": "user", "content": part("image_url", PNG)}]}),
    ("moonshot", {"prompt": part("image_url", PNG.split(",")[1])}, "no_address", True,
     {"messages": [{"role": "user", "content": part("image_url", PNG)}]}),
    ("moonshot", {"tools": [tool("some", x={"type": "string", "enum": ["a", None]})]}, "schema_malformed", True, {}),
    ("moonshot", {"tools": [tool("some", x={"type": "object", "required": ["a"]})]}, "schema_keyword", True, {}),
]  # fmt: skip
IDS = [f"{provider}-{code}-{number}" for number, (provider, _, code, _, _) in enumerate(CASES)]
# Made from the names of fields and media; no row and no model that comes with the library breaks the last one.
NOT_WORDS_OF_THEIR_OWN = {"fixed_"}
UNREACHABLE = {"_as_data"}


class Asked:
    """One request and what came of it."""

    def __init__(self, server: FaultServer, provider: str, arguments: dict[str, Any], check: str | None) -> None:
        arguments = dict(arguments)
        prompt = arguments.pop("prompt", "hi")
        server.reset()
        self.url = server.url(script(provider, {**arguments, "stream": True}), suffix="")
        with Kimi(api_key=KEY, provider=provider, base_url=self.url, max_retries=0) as client:
            options = {} if check is None else {"check": check}
            stream = client.stream(prompt, **options, **arguments)
            self.notices = [event.code for event in stream if event.type == "notice"]
            self.warnings = {warning.code: warning.message for warning in stream.message.warnings}
        # The server keeps the first MiB of a body.
        self.body = sent(server, self.url) if len(str(prompt)) < 1 << 20 else {}


@pytest.mark.parametrize(("provider", "arguments", "code", "certain", "fixed"), CASES, ids=IDS)
class TestEachRule:
    def test_warn_tells_and_sends_it_all_the_same(
        self, fault_server: FaultServer, provider: str, arguments: dict[str, Any], code: str, certain: bool, fixed: Any
    ) -> None:
        asked = Asked(fault_server, provider, arguments, None)
        assert code in asked.warnings
        assert asked.notices.count(code) >= 1
        assert len(asked.warnings[code]) > 40, "a warning says what to do"
        assert Asked(fault_server, provider, arguments, "warn").body == asked.body
        assert Asked(fault_server, provider, arguments, "off").body == asked.body

    def test_fix_changes_what_it_can(
        self, fault_server: FaultServer, provider: str, arguments: dict[str, Any], code: str, certain: bool, fixed: Any
    ) -> None:
        asked = Asked(fault_server, provider, arguments, "fix")
        assert code in asked.warnings
        for key, value in fixed.items():
            assert asked.body.get(key, ABSENT) == value, key
        unfixed = Asked(fault_server, provider, arguments, "warn").body
        told = asked.warnings[code].startswith("changed before sending")
        assert told == (asked.body != unfixed)

    def test_error_refuses_what_is_certain(
        self, fault_server: FaultServer, provider: str, arguments: dict[str, Any], code: str, certain: bool, fixed: Any
    ) -> None:
        if not certain:
            assert code in Asked(fault_server, provider, arguments, "error").warnings
            return
        with pytest.raises(InvalidRequestError, match=re.escape(f"[{code}]")):
            Asked(fault_server, provider, arguments, "error")
        assert fault_server.requests() == []

    def test_off_is_silent(
        self, fault_server: FaultServer, provider: str, arguments: dict[str, Any], code: str, certain: bool, fixed: Any
    ) -> None:
        asked = Asked(fault_server, provider, arguments, "off")
        assert code not in asked.warnings
        assert code not in asked.notices


def test_every_rule_is_met_here() -> None:
    written = set(re.findall(r'(?:\.code = |report\(|add\()(?:kind \+ )?"([a-z_]+)"', _sources()))
    assert len(written) > 30
    met = {code for _, _, code, _, _ in CASES}
    missing = [
        code
        for code in written - NOT_WORDS_OF_THEIR_OWN - UNREACHABLE
        if code not in met and not (code.startswith("_") and any(each.endswith(code) for each in met))
    ]
    assert missing == []


def _sources() -> str:
    return "\n".join(path.read_text("utf-8") for path in sorted(RULES.glob("*.cpp")))


def test_a_fixed_schema_arrives(fault_server: FaultServer) -> None:
    """What "fix" makes of schemas is tested beside the code; here, that it arrives."""
    branches = [{"type": "string"}, {"type": "number"}]
    asked = Asked(fault_server, "moonshot", {"tools": [tool("some", x={"oneOf": branches})]}, "fix")
    assert schema_of(asked.body) == {"anyOf": branches}
    asked = Asked(fault_server, "moonshot", {"tools": [tool("some", x={"description": "d"})]}, "fix")
    assert schema_of(asked.body) == {"type": "string", "description": "d"}


def test_several_rules_are_refused_together(fault_server: FaultServer) -> None:
    with pytest.raises(InvalidRequestError) as refusal:
        Asked(fault_server, "moonshot", {"temperature": 0.3, "top_p": 0.5, "stop": list("abcdef")}, "error")
    lines = str(refusal.value).splitlines()
    assert [re.findall(r"\[(\w+)\]$", line) for line in lines] == [
        ["fixed_temperature"],
        ["fixed_top_p"],
        ["too_many_stops"],
    ]


ALWAYS_THINK = ("databricks",)  # the model that is asked where none is named
CLEAN: list[dict[str, Any]] = [
    {},
    {"thinking": True},
    {"thinking": False},
    {"max_tokens": 32768},
    {"system": "Be short."},
    {"tools": [WEATHER]},
    {"tools": [WEATHER], "tool_choice": "auto"},
    {"stop": ["END"]},
    {"seed": 7},
    {"response_format": {"type": "text"}},
]


@pytest.mark.parametrize("provider", [name for name in providers() if not name.startswith(("test-", "custom-"))])
def test_clean_requests_are_not_remarked_upon(provider: str, fault_server: FaultServer) -> None:
    of_the_answer = {"inline_thinking", "estimated_usage"}  # servers without parsers, gateways that count themselves
    for arguments in CLEAN:
        if arguments.get("thinking") is False and (
            provider in ALWAYS_THINK or not providers()[provider]["thinking_off"]
        ):
            continue
        for check in ("warn", "fix", "error"):
            asked = Asked(fault_server, provider, arguments, check)
            assert set(asked.warnings) - of_the_answer == set(), (arguments, check)
            assert asked.body == Asked(fault_server, provider, arguments, "off").body


def test_the_openai_shape_checks_too(fault_server: FaultServer) -> None:
    messages = [{"role": "user", "content": "hi"}]
    url = fault_server.url(script("moonshot", {}))
    with Kimi(api_key=KEY, base_url=url, provider="moonshot") as client:
        create = client.chat.completions.create
        with pytest.raises(InvalidRequestError, match="fixed_temperature"):
            create(messages=messages, temperature=0.3, check="error")
        assert fault_server.requests(url) == []
        create(messages=messages, temperature=0.3, check="fix")
        assert "temperature" not in sent(fault_server, url)
        create(messages=messages, temperature=0.3)
        assert sent(fault_server, url)["temperature"] == 0.3


def test_the_asynchronous_client_checks_too(fault_server: FaultServer) -> None:
    url = fault_server.url(script("moonshot", {}))

    async def ask() -> None:
        async with AsyncKimi(api_key=KEY, base_url=url, provider="moonshot") as client:
            message = await client.complete("hi", temperature=0.3)
            assert [warning.code for warning in message.warnings] == ["fixed_temperature"]
            with pytest.raises(InvalidRequestError, match="fixed_temperature"):
                await client.complete("hi", temperature=0.3, check="error")

    run(ask())
    assert fault_server.attempts(url) == 1


def test_check_is_one_of_four(fault_server: FaultServer) -> None:
    with pytest.raises((InvalidRequestError, TypeError), match="warn"):
        Asked(fault_server, "moonshot", {}, "loud")
