"""Spans of runs and swarms."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from agents_kit import Side, call, calling, saying, script_of, side
from fault_server_client import FaultServer, Script
from kit import cut, frame, sent
from telemetry_kit import Exported, exported

import kimistream
from kimistream import telemetry

__all__ = ["exported", "side"]

COUNTS = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100, "cached_tokens": 400}
ZONE = call("now", '{"zone":"UTC"}', "c1")


def now(zone: str) -> str:
    """The time."""
    return f"12:00 {zone}"


def watched(side: Side, exported: Exported, url: str, content: bool = False, **options: Any) -> Any:
    client = side.client(url, **options)
    telemetry.instrument(client, exported.tracers, exported.meters, content=content)
    return client


def below(exported: Exported, span: Any) -> list[str]:
    """The names of the spans that stand below it, as they have ended."""
    return [
        each.name for each in exported.spans
        if each.parent is not None and each.parent.span_id == span.get_span_context().span_id
    ]  # fmt: skip


def test_a_run_is_a_span_with_its_steps_and_calls_below(
    fault_server: FaultServer, exported: Exported, side: Side
) -> None:
    url = fault_server.url(script_of(calling(ZONE, usage=COUNTS), saying("Noon.", usage=COUNTS)))
    client = watched(side, exported, url, content=True)
    with exported.tracers.get_tracer("mine").start_as_current_span("mine") as mine:
        assert side.message(client.run("What time?", [now], system="Be short.")).text == "Noon."
    assert [span.name for span in exported.spans] == [
        "chat kimi-k2.6", "execute_tool now", "chat kimi-k2.6", "invoke_agent", "mine",
    ]  # fmt: skip
    agent = exported.named("invoke_agent")
    assert below(exported, agent) == ["chat kimi-k2.6", "execute_tool now", "chat kimi-k2.6"]
    assert below(exported, mine) == ["invoke_agent"]
    told = dict(agent.attributes)
    assert (agent.kind.name, told["gen_ai.operation.name"]) == ("INTERNAL", "invoke_agent")
    assert (told["gen_ai.provider.name"], told["gen_ai.request.model"]) == ("moonshot_ai", "kimi-k2.6")
    assert (told["gen_ai.usage.input_tokens"], told["gen_ai.usage.output_tokens"]) == (2000, 200)
    assert told["gen_ai.response.finish_reasons"] == ("stop",)
    assert json.loads(told["gen_ai.system_instructions"]) == [{"type": "text", "content": "Be short."}]
    (asked,) = json.loads(told["gen_ai.input.messages"])
    assert asked == {"role": "user", "parts": [{"type": "text", "content": "What time?"}]}
    (answer,) = json.loads(told["gen_ai.output.messages"])
    assert answer["parts"][-1] == {"type": "text", "content": "Noon."}
    tool = exported.named("execute_tool now")
    assert dict(tool.attributes) == {
        "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "now", "gen_ai.tool.call.id": "c1",
        "gen_ai.tool.type": "function", "gen_ai.tool.call.arguments": '{"zone":"UTC"}',
        "gen_ai.tool.call.result": "12:00 UTC",
    }  # fmt: skip
    assert tool.kind.name == "INTERNAL"


def test_nothing_that_was_said_is_told_unasked(fault_server: FaultServer, exported: Exported, side: Side) -> None:
    def wrong(zone: str) -> str:
        raise ValueError("a secret of the tool")

    url = fault_server.url(script_of(calling(call("wrong", {"zone": "a secret"})), saying("A secret.")))
    side.message(watched(side, exported, url).run("A secret?", [wrong], system="A secret."))
    assert len(exported.spans) == 4
    assert "secret" not in "".join(span.to_json() for span in exported.spans).lower()


def test_calls_that_fail_are_told(fault_server: FaultServer, exported: Exported, side: Side) -> None:
    def wrong() -> str:
        raise ValueError("no")

    def late() -> str:
        gate.wait(60)
        return "late"

    gate = threading.Event()
    calls = (call("wrong"), call("missing"), call("late"))
    url = fault_server.url(script_of(calling(*calls), saying("So.")))
    side.message(watched(side, exported, url).run("Go.", [wrong, kimistream.Tool(late, timeout=0.05)]))
    gate.set()
    kinds = {span.name: span.attributes["error.type"] for span in exported.spans if "tool" in span.name}
    assert kinds == {
        "execute_tool wrong": "ValueError", "execute_tool missing": "ToolArgumentsError",
        "execute_tool late": "TimeoutError",
    }  # fmt: skip
    assert exported.named("execute_tool wrong").status.status_code.name == "ERROR"
    assert exported.named("invoke_agent").status.status_code.name == "UNSET", "the model is told, and mends it"


def test_what_a_tool_does_stands_below_its_call(fault_server: FaultServer, exported: Exported, side: Side) -> None:
    tracer = exported.tracers.get_tracer("mine")

    def plain() -> str:
        with tracer.start_as_current_span("in plain"):
            return "a"

    def tells() -> Any:
        with tracer.start_as_current_span("in tells"):
            yield "half"
        return "b"

    async def waits() -> str:
        with tracer.start_as_current_span("in waits"):
            return "c"

    def asks() -> Any:
        return client.complete("And you?").text if not side.is_async else ask()

    async def ask() -> str:
        return (await client.complete("And you?")).text  # type: ignore[no-any-return]

    tools: list[Any] = [plain, tells, waits, ask if side.is_async else asks]
    names = ["plain", "tells", "waits", tools[-1].__name__]
    url = fault_server.url(script_of(calling(*map(call, names)), saying("Me, too."), saying("Done.")))
    client = watched(side, exported, url)
    assert side.message(client.run("Go.", tools)).text == "Done."
    found = {name: below(exported, exported.named(f"execute_tool {name}")) for name in names}
    assert found == {
        "plain": ["in plain"], "tells": ["in tells"], "waits": ["in waits"], names[-1]: ["chat kimi-k2.6"],
    }  # fmt: skip


def test_a_run_that_fails_and_one_that_is_left_have_ended(
    fault_server: FaultServer, exported: Exported, side: Side
) -> None:
    failing = watched(side, exported, fault_server.url(Script().json(400, {"error": {"message": "no"}})))
    with pytest.raises(kimistream.BadRequestError):
        side.message(failing.run("Go."))
    failed = exported.named("invoke_agent")
    assert (failed.attributes["error.type"], failed.status.status_code.name) == ("BadRequestError", "ERROR")
    exported.clear()

    gate = threading.Event()

    def late() -> str:
        gate.wait(60)
        return "late"

    def more() -> Any:
        yield "begun"
        gate.wait(60)

    url = fault_server.url(script_of(calling(call("late"), call("more"))))
    run = watched(side, exported, url).run("Go.", [late, more])
    side.until(run, "tool_progress")
    side.do(run.close)
    assert sorted(span.name for span in exported.spans) == [
        "chat kimi-k2.6", "execute_tool late", "execute_tool more", "invoke_agent",
    ]  # fmt: skip
    gate.set()

    def stops() -> str:
        raise KeyboardInterrupt

    url = fault_server.url(script_of(calling(call("stops"))))
    run = watched(side, exported, url).run("Go.", [stops])
    side.interrupted(lambda: run.message)
    assert [span.name for span in exported.spans[-2:]] == ["execute_tool stops", "invoke_agent"]
    assert not any("error.type" in span.attributes for span in exported.spans)


def test_an_answer_that_breaks_off_counts(fault_server: FaultServer, exported: Exported, side: Side) -> None:
    url = fault_server.url(f"{script_of(calling(ZONE, usage=COUNTS))}---\n{cut(frame('No'))}")
    with pytest.raises(kimistream.IncompleteStreamError):
        side.message(watched(side, exported, url).run("What time?", [now]))
    agent = exported.named("invoke_agent")
    assert agent.attributes["error.type"] == "IncompleteStreamError"
    assert agent.attributes["gen_ai.usage.input_tokens"] == 1000


def test_a_run_that_goes_on_tells_what_it_uses_itself(
    fault_server: FaultServer, exported: Exported, side: Side, tmp_path: Any
) -> None:
    url = fault_server.url(script_of(calling(ZONE, usage=COUNTS), saying("Noon.", usage=COUNTS)))
    client = watched(side, exported, url, content=True)
    state = tmp_path / "run.json"
    side.message(client.run("What time?", [now], max_steps=1, state=state))
    exported.clear()
    assert side.message(client.run("What time?", [now], state=state)).text == "Noon."
    told = exported.named("invoke_agent").attributes
    assert told["gen_ai.usage.input_tokens"] == 1000
    assert [each["role"] for each in json.loads(told["gen_ai.input.messages"])] == ["user"]


def test_a_swarm_is_a_workflow_of_agents(fault_server: FaultServer, exported: Exported, side: Side) -> None:
    url = fault_server.url(script_of(calling(ZONE), saying("Noon."), saying("Dry."), saying("Dry at noon.")))
    plan = [{"name": "clock", "task": "What time?"}, {"name": "sky", "task": "Is it dry?"}]
    swarm = watched(side, exported, url, content=True).swarm("When is it dry?", [now], plan=plan, workers=1)
    with exported.tracers.get_tracer("mine").start_as_current_span("mine") as mine:
        assert side.message(swarm).text == "Dry at noon."
    flow = exported.named("invoke_workflow")
    assert below(exported, mine) == ["invoke_workflow"]
    assert below(exported, flow) == ["invoke_agent clock", "invoke_agent sky", "invoke_agent writer"]
    clock = exported.named("invoke_agent clock")
    assert clock.attributes["gen_ai.agent.name"] == "clock"
    assert below(exported, clock) == ["chat kimi-k2.6", "execute_tool now", "chat kimi-k2.6"]
    assert below(exported, exported.named("invoke_agent writer")) == ["chat kimi-k2.6"]
    assert "When is it dry?" in flow.attributes["gen_ai.input.messages"]
    assert "What time?" in json.dumps(sent(fault_server, url, 0)["messages"])


def test_what_a_span_processor_raises_is_no_affair_of_a_run(
    fault_server: FaultServer, exported: Exported, side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    from opentelemetry.sdk.trace import SpanProcessor

    class Wrong(SpanProcessor):
        def on_end(self, span: Any) -> None:
            raise ValueError("the processor's own")

    monkeypatch.setattr("sys.unraisablehook", lambda each: unraisable.append(str(each.exc_value)))
    unraisable: list[str] = []
    exported.tracers.add_span_processor(Wrong())
    url = fault_server.url(script_of(calling(ZONE), saying("Noon.")))
    assert side.message(watched(side, exported, url).run("What time?", [now])).text == "Noon."
    assert unraisable == ["the processor's own"] * 4
