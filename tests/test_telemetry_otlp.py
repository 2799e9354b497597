"""A collector of OTLP over HTTP, as OpenTelemetry's own exporter finds it: what of real calls arrives there."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from kit import async_kimi, kimi, run

from kimistream import telemetry

pytest.importorskip("aiohttp")
pytest.importorskip("opentelemetry.sdk")
pytest.importorskip("opentelemetry.exporter.otlp.proto.http")

from kimistream.simulator import Simulator

MOST_BYTES = 16 << 20


class Collector:
    """Listens on loopback; `spans` and `metrics` are what has been sent to it, as opentelemetry-proto has them."""

    def __init__(self) -> None:
        from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        kinds = {"/v1/traces": ExportTraceServiceRequest, "/v1/metrics": ExportMetricsServiceRequest}
        self.received: list[Any] = []
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(min(int(self.headers["Content-Length"]), MOST_BYTES))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                received.append(kinds[self.path].FromString(body))
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def spans(self) -> list[Any]:
        """(scope, span) of each, in order of their beginning."""
        found = [
            (scope.scope, span, scope.schema_url)
            for each in self.received if hasattr(each, "resource_spans")
            for resource in each.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]  # fmt: skip
        return sorted(found, key=lambda each: each[1].start_time_unix_nano)

    @property
    def metrics(self) -> dict[str, Any]:
        return {
            metric.name: metric
            for each in self.received if hasattr(each, "resource_metrics")
            for resource in each.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }  # fmt: skip


@pytest.fixture
def collector() -> Iterator[Collector]:
    running = Collector()
    yield running
    running.close()


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(pace=0) as running:
        yield running


def providers(collector: Collector) -> tuple[Any, Any]:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    tracers = TracerProvider()
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{collector.url}/v1/traces")))
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{collector.url}/v1/metrics"), 3_600_000)
    return tracers, MeterProvider([reader])


def told(span: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"24 degrees in {city}"


def test_the_spans_of_real_calls_arrive_at_a_collector(collector: Collector, sim: Simulator) -> None:
    tracers, meters = providers(collector)
    client = kimi(sim.base_url, api_key=sim.api_key, provider="moonshot")
    telemetry.instrument(client, tracers, meters, content=True)
    with tracers.get_tracer("mine").start_as_current_span("mine"):
        assert client.stream("Say yes.").message.text
        ran = client.run("What is the weather in Rome?", [get_weather])
        assert ran.message.text
        assert len(list(client.map([f"What is {number} + 1?" for number in range(20)], progress=False))) == 20
    tracers.shutdown()
    meters.shutdown()
    spans = [span for _, span, _ in collector.spans]
    by_id = {span.span_id: span for span in spans}
    assert len({span.trace_id for span in spans}) == 1
    (mine,) = (span for span in spans if span.name == "mine")
    (agent,) = (span for span in spans if span.name == "invoke_agent")
    (tool,) = (span for span in spans if span.name == "execute_tool get_weather")
    chats = [span for span in spans if span.name == "chat kimi-k2.6"]
    assert (len(chats), len(spans)) == (1 + 2 + 20, 26)
    assert agent.parent_span_id == mine.span_id
    assert tool.parent_span_id == agent.span_id
    assert [by_id[chat.parent_span_id].name for chat in chats].count("invoke_agent") == 2
    assert [by_id[chat.parent_span_id].name for chat in chats].count("mine") == 21
    assert all(span.end_time_unix_nano >= span.start_time_unix_nano > 0 for span in spans)
    for chat in chats:
        assert chat.kind == chat.SPAN_KIND_CLIENT
        attributes = told(chat)
        assert attributes["gen_ai.provider.name"] == "moonshot_ai"
        assert attributes["gen_ai.usage.input_tokens"] > 0
        assert attributes["gen_ai.usage.output_tokens"] > 0
        assert attributes["server.address"] == "127.0.0.1"
        assert "gen_ai.input.messages" in attributes
        assert sim.api_key not in str(chat)
    scopes = {(scope.name, url) for scope, span, url in collector.spans if span.name != "mine"}
    ((name, url),) = scopes
    assert name.startswith("kimistream")
    assert url.startswith("https://opentelemetry.io/schemas/")
    duration = collector.metrics["gen_ai.client.operation.duration"].histogram.data_points
    assert sum(point.count for point in duration) == 23


def test_those_of_an_event_loop_arrive_too(collector: Collector, sim: Simulator) -> None:
    tracers, meters = providers(collector)

    async def ask() -> None:
        async with async_kimi(sim.base_url, api_key=sim.api_key, provider="moonshot") as client:
            telemetry.instrument(client, tracers, meters)
            await client.stream("Say yes.").message
            await client.run("What is the weather in Rome?", [get_weather]).message

    run(ask())
    tracers.shutdown()
    meters.shutdown()
    names = sorted(span.name for _, span, _ in collector.spans)
    assert names == ["chat kimi-k2.6"] * 3 + ["execute_tool get_weather", "invoke_agent"]
