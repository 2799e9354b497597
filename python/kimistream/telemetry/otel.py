"""Spans and histograms of OpenTelemetry."""

from __future__ import annotations

from urllib.parse import urlsplit

from .._requests.watching import current_run
from .._values.errors import InvalidRequestError
from . import conventions
from .call import Call
from .messages import input_messages, instructions, output_messages
from .runs import RunSpan
from .tracing import Tracing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .. import _core
    from .._requests.watching import Past
    from .._values.message import Message


class Instrument:
    """A watcher that makes a span of each request, and counts it; and spans of runs."""

    def __init__(self, client: Any, tracer_provider: Any, meter_provider: Any, content: bool) -> None:
        context, trace, metrics = _api()
        where = {"schema_url": conventions.SCHEMA_URL}
        version = _version()
        tracer = trace.get_tracer(conventions.SCOPE, version, tracer_provider, **where)
        self._tracing = Tracing(context, trace, tracer, content)
        meter = metrics.get_meter(conventions.SCOPE, version, meter_provider, **where)
        self._tokens = _histogram(meter, conventions.TOKEN_USAGE, "{token}", "Input and output tokens.",
                                  conventions.TOKEN_BUCKETS)  # fmt: skip
        self._duration = _histogram(meter, conventions.DURATION, "s", "From the call to the end of the answer.",
                                    conventions.SECONDS_BUCKETS)  # fmt: skip
        self._first = _histogram(meter, conventions.TIME_TO_FIRST_CHUNK, "s", "From the call to the first chunk.",
                                 conventions.SECONDS_BUCKETS)  # fmt: skip

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Instrument)  # twice counts once, whatever the second one is told

    __hash__ = None  # type: ignore[assignment]

    def begin(self, core: _core.Client, arguments: tuple[Any, ...], streams: bool, past: Past | None = None) -> _Span:
        call, run = Call(core, arguments, streams, past), current_run()
        told = {**common(call), **_asked(call, self._tracing.content)}
        above = None if run is None else run.context
        span = self._tracing.client(
            f"chat {call.model}", told, above, None if past is None else int(call.started * 1e9)
        )
        return _Span(self, call, span, run)

    def run(
        self, core: _core.Client, prompt: Any, options: dict[str, Any], name: str | None, is_swarm: bool
    ) -> RunSpan:
        told = {} if is_swarm else {"gen_ai.request.model": options.get("model") or core.model}
        if not is_swarm:
            told["gen_ai.provider.name"] = conventions.PROVIDER
        if self._tracing.content:
            told.update(_said(options.get("system"), prompt))
        return RunSpan(self._tracing, "invoke_workflow" if is_swarm else "invoke_agent", name, told)

    def ended(self, call: Call, span: Any, run: RunSpan | None) -> None:
        told = common(call)
        if call.error is not None:
            told["error.type"] = error_type(call)
        response_model = getattr(call.completion or call.message, "model", None)
        if response_model:
            told["gen_ai.response.model"] = response_model
        self._duration.record(call.seconds, told)
        if call.streams and call.first_event is not None:
            self._first.record(call.first_event, told)
        for kind, tokens in (
            ("input", call.usage and call.usage.prompt_tokens),
            ("output", call.usage and call.usage.completion_tokens),
        ):
            if tokens is not None:
                self._tokens.record(tokens, {**told, "gen_ai.token.type": kind})
        answered = _answered(call, self._tracing.content)
        span.set_attributes({**told, **answered})
        if call.error is not None:
            self._tracing.failed(span, error_type(call), str(call.error))
        span.end()
        if run is not None:
            run.answered(answered)


class _Span:
    def __init__(self, instrument: Instrument, call: Call, span: Any, run: RunSpan | None) -> None:
        self._instrument = instrument
        self._call = call
        self._span = span
        self._run = run

    def first(self) -> None:
        self._call.first()

    def end(self, message: Message | None, error: BaseException | None, completion: Any) -> None:
        self._call.end(message, error, completion)
        self._instrument.ended(self._call, self._span, self._run)


def common(call: Call) -> dict[str, Any]:
    """What spans and histograms of a request have."""
    address = urlsplit(call.base_url)
    told: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": conventions.PROVIDER,
        "gen_ai.request.model": call.model,
        "server.address": address.hostname or "",
        "server.port": address.port or (443 if address.scheme == "https" else 80),
    }
    return told


def error_type(call: Call) -> str:
    """The status, else the class of the exception."""
    return call.status if call.status.isdigit() else type(call.error).__name__


def _asked(call: Call, content: bool) -> dict[str, Any]:
    request, fields = call.request, call.request["fields"]
    told: dict[str, Any] = {"gen_ai.request.stream": call.streams, "gen_ai.output.type": _output_type(fields)}
    most = request["max_tokens"] or fields.get("max_completion_tokens")
    if most is not None:
        told["gen_ai.request.max_tokens"] = most
    for name, attribute in conventions.REQUEST_FIELDS.items():
        if isinstance(fields.get(name), (int, float)):
            told[attribute] = fields[name]
    stop = fields.get("stop")
    if stop:
        told["gen_ai.request.stop_sequences"] = [stop] if isinstance(stop, str) else list(stop)
    if content:
        told.update(_said(request["system"], request["prompt"]))
    return told


def _said(system: str | None, prompt: Any) -> dict[str, Any]:
    told = {"gen_ai.input.messages": input_messages(prompt)}
    instructed = instructions(system, prompt)
    if instructed is not None:
        told["gen_ai.system_instructions"] = instructed
    return told


def _output_type(fields: dict[str, Any]) -> str:
    form = fields.get("response_format")
    kind = form.get("type") if isinstance(form, dict) else None
    return "json" if kind in ("json_object", "json_schema") else "text"


def _answered(call: Call, content: bool) -> dict[str, Any]:
    told: dict[str, Any] = {}
    source = call.completion if call.completion is not None else call.message
    identity = getattr(source, "id", None)
    if identity:
        told["gen_ai.response.id"] = identity
    reasons = _finish_reasons(call)
    if reasons:
        told["gen_ai.response.finish_reasons"] = reasons
    if call.streams and call.first_event is not None:
        told["gen_ai.response.time_to_first_chunk"] = call.first_event
    for name, attribute in conventions.USAGE_FIELDS.items():
        tokens = getattr(call.usage, name, None)
        if tokens is not None:
            told[attribute] = tokens
    if content and (call.completion is not None or call.message is not None):
        told["gen_ai.output.messages"] = output_messages(call)
    return told


def _finish_reasons(call: Call) -> list[str]:
    if call.completion is not None:
        return [str(choice.finish_reason) for choice in call.completion.choices or [] if choice.finish_reason]
    reason = getattr(call.message, "finish_reason", None)
    return [reason] if reason else []


def _histogram(meter: Any, name: str, unit: str, words: str, buckets: list[float]) -> Any:
    try:
        return meter.create_histogram(name, unit, words, explicit_bucket_boundaries_advisory=buckets)
    except TypeError:  # an API before 1.29
        return meter.create_histogram(name, unit, words)


def _version() -> str:
    from .. import _core

    return _core.__version__


def _api() -> Any:
    try:
        from opentelemetry import context, metrics, trace  # type: ignore[import-not-found, unused-ignore]
    except ImportError as missing:
        raise InvalidRequestError(
            "traces need the API of OpenTelemetry: pip install 'kimistream[otel]', and its SDK in the program"
        ) from missing
    return context, trace, metrics
