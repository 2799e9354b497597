"""What OpenTelemetry's SDK makes of a client's telemetry."""

from __future__ import annotations

from typing import Any

import pytest


class Exported:
    """What a program with OpenTelemetry's SDK would see."""

    def __init__(self) -> None:
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        self._spans, self._reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracers, self.meters = TracerProvider(), MeterProvider([self._reader])
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))

    @property
    def spans(self) -> Any:
        return self._spans.get_finished_spans()

    def named(self, name: str) -> Any:
        """The one span of this name."""
        (span,) = (span for span in self.spans if span.name == name)
        return span

    def clear(self) -> None:
        self._spans.clear()

    def metrics(self) -> dict[str, Any]:
        data = self._reader.get_metrics_data()
        return {
            metric.name: metric.data.data_points
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


@pytest.fixture
def exported() -> Exported:
    pytest.importorskip("opentelemetry.sdk")
    return Exported()
