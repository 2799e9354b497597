"""Metrics, traces, hooks and logs of requests."""

from __future__ import annotations

import json
import logging
import sys
import urllib.request
from typing import Any

import pytest
from fault_server_client import FaultServer, Script
from kit import async_kimi, completion, cut, frame, kimi, python, run, stream_of
from telemetry_kit import Exported, exported

import kimistream
from kimistream import telemetry

__all__ = ["exported"]

COUNTS = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100, "cached_tokens": 400}


def whole(**usage: Any) -> Script:
    return Script().json(200, {**completion(), "usage": {**COUNTS, **usage}})


def calls_of(client: Any) -> list[Any]:
    seen: list[Any] = []
    telemetry.hook(client, seen.append)
    return seen


def ask_in_all_shapes(client: kimistream.Kimi) -> None:
    messages = [{"role": "user", "content": "hi"}]
    client.complete("hi")
    client.stream("hi").message  # noqa: B018
    list(client.stream("hi").text)
    client.chat.completions.create(model="kimi-k2.6", messages=messages)
    for _ in client.chat.completions.create(model="kimi-k2.6", messages=messages, stream=True):
        pass
    list(client.map(["hi"], progress=False))


def either(server: FaultServer) -> str:
    """A server of streams and whole answers alike is two of them: answers are read by what they are."""
    return server.url(stream_of("Hi", usage=COUNTS))


def test_every_shape_of_a_request_is_told_once(fault_server: FaultServer) -> None:
    client = kimi(either(fault_server), provider="moonshot")
    seen = calls_of(client)
    ask_in_all_shapes(client)
    assert [call.status for call in seen] == ["200"] * 6
    assert [call.streams for call in seen] == [False, True, True, False, True, False]
    assert all(call.usage.prompt_tokens == 1000 and call.cost for call in seen)
    assert all(call.seconds > 0 and (call.first_event is not None or not call.streams) for call in seen)
    assert {(call.provider, call.model, call.currency) for call in seen} == {("moonshot", "kimi-k2.6", "USD")}


def test_a_row_of_map_is_told_with_its_attempts(fault_server: FaultServer) -> None:
    script = Script().json(503, {"error": {"message": "busy"}}, {"retry-after-ms": "1"}).attempt()
    client = kimi(fault_server.url(f"{script}{whole()}"), provider="moonshot", max_retries=1)
    seen = calls_of(client)
    (row,) = client.map(["hi"], progress=False)
    (call,) = seen
    assert (call.status, call.retries, row.attempts) == ("200", 1, 2)
    assert call.seconds == pytest.approx(row.seconds, abs=0.05)
    assert call.usage == row.usage
    assert call.request["prompt"] == "hi"


def test_a_row_that_fails_and_one_that_is_asked_again_are_told(fault_server: FaultServer) -> None:
    refused = kimi(fault_server.url(Script().json(400, {"error": {"message": "no"}})))
    seen = calls_of(refused)
    (row,) = refused.map(["hi"], progress=False)
    assert [(call.status, call.error) for call in seen] == [("400", row.error)]
    cut = kimi(fault_server.url(Script().close()), max_retries=0)
    seen = calls_of(cut)
    list(cut.map(["hi"], progress=False))
    assert [call.status for call in seen] == ["connection"]
    wrong = kimi(fault_server.url(whole()))
    seen = calls_of(wrong)
    list(wrong.map(["hi"], progress=False, schema={"type": "object"}, schema_retries=1))
    assert [call.usage.total_tokens for call in seen] == [1100, 1100]


def test_what_a_hook_raises_is_no_affair_of_a_run(fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    unraisable: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)
    client = kimi(fault_server.url(whole()))

    def wrong(call: Any) -> None:
        raise ValueError("the hook's own")

    telemetry.hook(client, wrong)
    seen = calls_of(client)
    assert [row.error for row in client.map(["a", "b"], progress=False)] == [None, None]
    assert [str(each.exc_value) for each in unraisable] == ["the hook's own"] * 2
    assert len(seen) == 2


def test_copies_and_raw_responses_are_told_too(fault_server: FaultServer) -> None:
    client = kimi(fault_server.url(whole()))
    seen = calls_of(client)
    client.with_options(max_retries=0).complete("hi")
    asked: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}]}
    client.chat.completions.with_raw_response.create(**asked)
    assert [(call.status, call.usage.total_tokens) for call in seen] == [("200", 1100)] * 2


def test_asyncio_too(fault_server: FaultServer) -> None:
    url = either(fault_server)

    async def ask() -> list[Any]:
        async with async_kimi(url, provider="moonshot") as client:
            seen = calls_of(client)
            await client.complete("hi")
            async for _ in client.stream("hi"):
                pass
            created: Any = {"model": "kimi-k2.6", "messages": [{"role": "user", "content": "hi"}]}
            await client.chat.completions.create(**created)
            async for _ in await client.chat.completions.create(stream=True, **created):
                pass
            return seen

    assert [call.status for call in run(ask())] == ["200"] * 4


def test_how_a_request_ends_is_told(fault_server: FaultServer) -> None:
    def status(script: Script, **options: Any) -> Any:
        client = kimi(fault_server.url(script), **{"provider": "moonshot", **options})
        seen = calls_of(client)
        with pytest.raises(kimistream.KimiError):
            client.stream("hi").message  # noqa: B018
        (call,) = seen
        return call

    assert status(Script().json(429, {"error": {"message": "busy"}})).status == "429"
    broken = status(cut(frame("Hel")))
    assert (broken.status, broken.breaks, broken.message.text) == ("incomplete", 1, "Hel")
    assert status(Script().close()).status == "connection"
    assert status(Script().stall(), timeout=0.2).status == "timeout"


def test_retries_and_readers_that_leave_are_told(fault_server: FaultServer) -> None:
    script = Script().json(503, {"error": {"message": "busy"}}, {"retry-after-ms": "1"}).attempt()
    script.head(200, {"Content-Type": "text/event-stream"}, chunked=True).chunk(frame("a")).stall()
    client = kimi(fault_server.url(script), max_retries=1)
    seen = calls_of(client)
    with client.stream("hi") as stream:
        next(stream)
    (call,) = seen
    assert (call.status, call.retries) == ("left", 1)
    stream.close()
    assert len(seen) == 1


def test_what_a_hook_raises_is_not_the_readers(fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    unraisable: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)
    client = kimi(either(fault_server))

    def wrong(call: Any) -> None:
        raise ValueError("the hook's own")

    telemetry.hook(client, wrong)
    assert client.complete("hi").text == "Hi"
    assert [str(each.exc_value) for each in unraisable] == ["the hook's own"]


def test_a_log_line_has_facts_and_nothing_that_was_said(
    fault_server: FaultServer, caplog: pytest.LogCaptureFixture
) -> None:
    client = kimi(either(fault_server), provider="moonshot")
    telemetry.log(client)
    telemetry.log(client)
    with caplog.at_level(logging.INFO, "kimistream.requests"):
        client.complete("a secret question")
    (record,) = caplog.records
    told = json.loads(record.getMessage())
    assert (told["status"], told["prompt_tokens"], told["finish_reason"]) == ("200", 1000, "stop")
    assert "secret" not in record.getMessage()
    assert record.kimistream == told


def test_nothing_is_imported_before_it_is_asked_for() -> None:
    program = (
        "import sys, kimistream; kimistream.Kimi(api_key='sk-0123456789').close()\n"
        "print([n for n in sys.modules if n.partition('.')[0] in ('opentelemetry', 'prometheus_client', 'genai_prices')"
        " or n.startswith('kimistream.telemetry')])"
    )
    assert python(program).stdout.strip() in ("[]", "['genai_prices']") or "genai_prices" in python(program).stdout


# ---- Prometheus -----------------------------------------------------------------------------------------------------


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    from prometheus_client.parser import text_string_to_metric_families

    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_prometheus_reads_what_is_counted(fault_server: FaultServer) -> None:
    prometheus = pytest.importorskip("prometheus_client")
    client = kimi(either(fault_server), provider="moonshot")
    collector = telemetry.prometheus(client)
    assert telemetry.prometheus(client) is collector
    registry = prometheus.CollectorRegistry()
    registry.register(collector)
    ask_in_all_shapes(client)
    text = prometheus.generate_latest(registry).decode()
    found = samples(text)
    who = (("model", "kimi-k2.6"), ("provider", "moonshot"))
    assert found["kimistream_requests_total", (*who, ("status", "200"))] == 6
    assert found["kimistream_tokens_total", (*who, ("type", "input"))] == 6000
    assert found["kimistream_tokens_total", (*who, ("type", "cached"))] == 2400
    assert found["kimistream_tokens_total", (*who, ("type", "output"))] == 600
    assert found["kimistream_cost_total", (("currency", "USD"), *who)] > 0
    assert found["kimistream_open_requests", who] == 0
    assert found["kimistream_retries_total", who] == found["kimistream_breaks_total", who] == 0
    assert found["kimistream_request_seconds_count", who] == 6
    assert found["kimistream_first_event_seconds_count", who] == 3
    assert found["kimistream_request_seconds_bucket", (("le", "+Inf"), *who)] == 6


def test_a_model_of_any_name_is_read_back_as_it_is(fault_server: FaultServer) -> None:
    prometheus = pytest.importorskip("prometheus_client")
    client = kimi(either(fault_server), provider="moonshot")
    registry = prometheus.CollectorRegistry()
    registry.register(telemetry.prometheus(client))
    names = ['a"b\\c\nd{x="1"} 5', "\u00e9,="]
    for name in names:
        client.complete("hi", model=name, check="off")
    found = samples(prometheus.generate_latest(registry).decode())
    told = {dict(labels)["model"]: value for (metric, labels), value in found.items()
            if metric == "kimistream_requests_total"}  # fmt: skip
    assert told == dict.fromkeys(names, 1.0)


def test_it_is_served_on_loopback(fault_server: FaultServer) -> None:
    pytest.importorskip("prometheus_client")
    client = kimi(either(fault_server), provider="moonshot")
    collector = telemetry.prometheus(client, port=0)
    try:
        client.complete("hi")
        with urllib.request.urlopen(f"http://127.0.0.1:{collector.port}/metrics") as answer:
            assert "kimistream_requests_total{" in answer.read().decode()
    finally:
        collector.close()


def test_the_example_dashboard_asks_for_metrics_that_are_there() -> None:
    import re
    from pathlib import Path

    pytest.importorskip("prometheus_client")
    from kimistream.telemetry.prom import _COUNTERS, _HISTOGRAMS

    text = (Path(__file__).parents[1] / "examples/grafana/kimistream.json").read_text("utf-8")
    assert json.loads(text)["panels"]
    there = {f"{metric}_total" for _, metric, *_ in _COUNTERS} | {"kimistream_open_requests"}
    there |= {f"{metric}_{kind}" for _, metric, _ in _HISTOGRAMS for kind in ("bucket", "sum", "count")}
    asked = set(re.findall(r"kimistream_\w+", text))
    assert asked
    assert asked <= there


# ---- OpenTelemetry --------------------------------------------------------------------------------------------------


def test_a_span_for_every_shape_by_the_conventions(fault_server: FaultServer, exported: Exported) -> None:
    client = kimi(either(fault_server), provider="moonshot")
    telemetry.instrument(client, exported.tracers, exported.meters)
    telemetry.instrument(client, exported.tracers, exported.meters)
    with exported.tracers.get_tracer("mine").start_as_current_span("mine") as mine:
        ask_in_all_shapes(client)
    spans = [span for span in exported.spans if span.name != "mine"]
    assert len(spans) == 6
    for span in spans:
        told = dict(span.attributes)
        assert (span.name, span.kind.name) == ("chat kimi-k2.6", "CLIENT")
        assert span.instrumentation_scope.schema_url.startswith("https://opentelemetry.io/schemas/")
        assert span.parent.span_id == mine.get_span_context().span_id
        assert told["gen_ai.operation.name"] == "chat"
        assert told["gen_ai.provider.name"] == "moonshot_ai"
        assert told["gen_ai.request.model"] == "kimi-k2.6"
        assert told["server.address"] == "127.0.0.1"
        assert (told["gen_ai.usage.input_tokens"], told["gen_ai.usage.output_tokens"]) == (1000, 100)
        assert told["gen_ai.usage.cache_read.input_tokens"] == 400
        assert told["gen_ai.response.finish_reasons"] == ("stop",)
        assert not [name for name in told if "messages" in name or "instructions" in name]
    metrics = exported.metrics()
    usage = {point.attributes["gen_ai.token.type"]: point for point in metrics["gen_ai.client.token.usage"]}
    assert (usage["input"].sum, usage["output"].sum) == (6000, 600)
    assert usage["input"].explicit_bounds[:3] == (1, 4, 16)
    (duration,) = metrics["gen_ai.client.operation.duration"]
    assert (duration.count, duration.explicit_bounds[0]) == (6, 0.01)
    (first,) = metrics["gen_ai.client.operation.time_to_first_chunk"]
    assert first.count == 3


def test_the_span_of_a_row_begins_when_it_was_sent(fault_server: FaultServer, exported: Exported) -> None:
    client = kimi(fault_server.url(Script().sleep(200).json(200, completion())))
    telemetry.instrument(client, exported.tracers, exported.meters)
    (row,) = client.map(["hi"], progress=False)
    (span,) = exported.spans
    assert row.seconds >= 0.2
    assert (span.end_time - span.start_time) / 1e9 >= 0.2


def test_content_is_told_where_it_is_asked_for(fault_server: FaultServer, exported: Exported) -> None:
    client = kimi(either(fault_server), provider="moonshot")
    telemetry.instrument(client, exported.tracers, exported.meters, content=True)
    messages = [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "What time?"},
        {"role": "assistant", "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "now", "arguments": '{"zone":"UTC"}'}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "noon"},
    ]  # fmt: skip
    client.complete(messages, temperature=1.0, max_tokens=9)
    told = dict(exported.spans[0].attributes)
    assert json.loads(told["gen_ai.system_instructions"]) == [{"type": "text", "content": "Be short."}]
    asked = json.loads(told["gen_ai.input.messages"])
    assert asked[0] == {"role": "user", "parts": [{"type": "text", "content": "What time?"}]}
    assert asked[1]["parts"] == [{"type": "tool_call", "id": "c1", "name": "now", "arguments": {"zone": "UTC"}}]
    assert asked[2]["parts"] == [{"type": "tool_call_response", "id": "c1", "response": "noon"}]
    (answer,) = json.loads(told["gen_ai.output.messages"])
    assert answer == {"role": "assistant", "parts": [{"type": "text", "content": "Hi"}], "finish_reason": "stop"}
    assert (told["gen_ai.request.temperature"], told["gen_ai.request.max_tokens"]) == (1.0, 9)


def test_errors_are_told(fault_server: FaultServer, exported: Exported) -> None:
    client = kimi(fault_server.url(Script().json(429, {"error": {"message": "busy"}})))
    telemetry.instrument(client, exported.tracers, exported.meters)
    with pytest.raises(kimistream.RateLimitError):
        client.complete("hi")
    (span,) = exported.spans
    assert (span.attributes["error.type"], span.status.status_code.name) == ("429", "ERROR")
    (duration,) = exported.metrics()["gen_ai.client.operation.duration"]
    assert duration.attributes["error.type"] == "429"
