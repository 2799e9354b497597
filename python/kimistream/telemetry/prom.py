"""A collector for prometheus_client."""

from __future__ import annotations

import threading

from .._values.errors import InvalidRequestError
from .call import Call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .. import _core
    from .._requests.watching import Past
    from .._values.message import Message, Usage

# Answers take from a tenth of a second to the quarter of an hour that a model may think.
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 960.0)

_COUNTERS = (
    ("requests", "kimistream_requests", "Requests that have ended, by how they did.", ("provider", "model", "status")),
    ("tokens", "kimistream_tokens", "Tokens; cached is part of input, reasoning of output.",
     ("provider", "model", "type")),
    ("cost", "kimistream_cost", "What answers have cost, where that is known.", ("provider", "model", "currency")),
    ("retries", "kimistream_retries", "Attempts that failed and were made again.", ("provider", "model")),
    ("breaks", "kimistream_breaks", "Answers that broke after they had begun, mended or not.", ("provider", "model")),
)  # fmt: skip
_HISTOGRAMS = (
    ("seconds", "kimistream_request_seconds", "From the call to the end of the answer."),
    ("first", "kimistream_first_event_seconds", "From the call to the first of a streamed answer."),
)


class Collector:
    """Counts a client's requests. `collect()` is what prometheus_client calls; any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[tuple[str, str], int] = {}
        self._counts: dict[str, dict[tuple[str, ...], float]] = {name: {} for name, *_ in _COUNTERS}
        self._seconds: dict[str, dict[tuple[str, ...], _Histogram]] = {name: {} for name, *_ in _HISTOGRAMS}
        self._server: Any = None
        _prometheus()  # now, and not when it is first asked

    @property
    def port(self) -> int | None:
        """Where it is served, or None."""
        return None if self._server is None else self._server.server_port

    def serve(self, port: int) -> None:
        if self._server is not None:
            return
        prometheus = _prometheus()
        registry = prometheus.CollectorRegistry()
        registry.register(self)
        self._server, _ = prometheus.start_http_server(port, addr="127.0.0.1", registry=registry)

    def close(self) -> None:
        """Ends the serving."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    # ---- what is counted ----

    def begin(
        self, core: _core.Client, arguments: tuple[Any, ...], streams: bool, past: Past | None = None
    ) -> _Counted:
        call = Call(core, arguments, streams, past)
        with self._lock:
            key = (call.provider, call.model)
            self._open[key] = self._open.get(key, 0) + 1
        return _Counted(self, call)

    def ended(self, call: Call) -> None:
        who = (call.provider, call.model)
        with self._lock:
            self._open[who] -= 1
            self._add("requests", (*who, call.status), 1)
            for kind, tokens in _tokens(call.usage):
                self._add("tokens", (*who, kind), tokens)
            if call.cost is not None:
                self._add("cost", (*who, call.currency), call.cost)
            self._add("retries", who, call.retries)
            self._add("breaks", who, call.breaks)
            self._observe("seconds", who, call.seconds)
            if call.streams:
                self._observe("first", who, call.first_event)

    def _add(self, name: str, labels: tuple[str, ...], more: float) -> None:
        self._counts[name][labels] = self._counts[name].get(labels, 0) + more

    def _observe(self, name: str, labels: tuple[str, ...], seconds: float | None) -> None:
        if seconds is not None:
            self._seconds[name].setdefault(labels, _Histogram()).add(seconds)

    # ---- what is told ----

    def describe(self) -> list[Any]:
        return list(self.collect())

    def collect(self) -> Iterator[Any]:
        core = _prometheus().metrics_core
        with self._lock:
            counts = {name: dict(values) for name, values in self._counts.items()}
            seconds = {name: {labels: each.told() for labels, each in values.items()}
                       for name, values in self._seconds.items()}  # fmt: skip
            opened = dict(self._open)
        for name, metric, words, labels in _COUNTERS:
            family = core.CounterMetricFamily(metric, words, labels=labels)
            for values, count in sorted(counts[name].items()):
                family.add_metric(values, count)
            yield family
        gauge = core.GaugeMetricFamily("kimistream_open_requests", "Under way.", labels=("provider", "model"))
        for values, count in sorted(opened.items()):
            gauge.add_metric(values, count)
        yield gauge
        for name, metric, words in _HISTOGRAMS:
            histogram = core.HistogramMetricFamily(metric, words, labels=("provider", "model"))
            for values, (buckets, total) in sorted(seconds[name].items()):
                histogram.add_metric(values, buckets, total)
            yield histogram


class _Counted:
    def __init__(self, collector: Collector, call: Call) -> None:
        self._collector = collector
        self._call = call

    def first(self) -> None:
        self._call.first()

    def end(self, message: Message | None, error: BaseException | None, completion: Any) -> None:
        self._call.end(message, error, completion)
        self._collector.ended(self._call)


class _Histogram:
    def __init__(self) -> None:
        self._counts = [0] * (len(_SECONDS) + 1)
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        place = next((place for place, most in enumerate(_SECONDS) if seconds <= most), len(_SECONDS))
        self._counts[place] += 1
        self._sum += seconds

    def told(self) -> tuple[list[tuple[str, float]], float]:
        """Cumulative, as Prometheus has it."""
        buckets, so_far = [], 0
        for most, count in zip((*map(str, _SECONDS), "+Inf"), self._counts, strict=True):
            so_far += count
            buckets.append((most, float(so_far)))
        return buckets, self._sum


def _tokens(usage: Usage | None) -> Iterator[tuple[str, int]]:
    if usage is not None:
        for kind, tokens in (
            ("input", usage.prompt_tokens),
            ("cached", usage.cached_tokens),
            ("output", usage.completion_tokens),
            ("reasoning", usage.reasoning_tokens),
        ):
            if tokens is not None:
                yield kind, tokens


def _prometheus() -> Any:
    try:
        import prometheus_client  # type: ignore[import-not-found, unused-ignore]
    except ImportError as missing:
        raise InvalidRequestError(
            "metrics for Prometheus need prometheus_client: pip install 'kimistream[prometheus]'"
        ) from missing
    return prometheus_client
